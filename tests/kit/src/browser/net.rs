//! The services that answer, by their origin: what takes the place of DNS, sockets and TLS.
//!
//! ```text
//! https://shop.example ─▶ Box<shop>        https://evil.example ─▶ Box<evil>        elsewhere ─▶ the test fails
//! ```

use std::{fmt, pin::Pin};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;
use url::Url;

use super::site;
use crate::{Drive, ProbeBody, Reply};

type Answer<'a> = Pin<Box<dyn Future<Output = Reply> + 'a>>;

/// A service whose type is forgotten: a browser knows many.
trait Answers {
    fn answer(&mut self, request: Request<ProbeBody>) -> Answer<'_>;
}

impl<S, R> Answers for Drive<S>
where
    S: Service<Request<ProbeBody>, Response = Response<R>>,
    S::Error: fmt::Debug,
    R: Body + 'static,
    R::Error: fmt::Display,
{
    fn answer(&mut self, request: Request<ProbeBody>) -> Answer<'_> {
        Box::pin(self.given(request).send_async())
    }
}

#[derive(Default)]
pub(super) struct Net(Vec<(Url, Box<dyn Answers>)>);

impl Net {
    /// Another service at an origin replaces the one before: a server that was started anew.
    pub(super) fn add<S, R>(&mut self, origin: Url, service: S)
    where
        S: Service<Request<ProbeBody>, Response = Response<R>> + 'static,
        S::Error: fmt::Debug,
        R: Body + 'static,
        R::Error: fmt::Display,
    {
        self.0.retain(|(known, _)| !site::same_origin(known, &origin));
        self.0.push((origin, Box::new(Drive::service(service))));
    }

    pub(super) fn first(&self) -> Option<&Url> {
        self.0.first().map(|(origin, _)| origin)
    }

    /// # Panics
    ///
    /// If nothing is there.
    pub(super) async fn send(&mut self, url: &Url, request: Request<ProbeBody>) -> Reply {
        let known: Vec<_> = self.0.iter().map(|(origin, _)| site::origin(origin)).collect();
        let served = self.0.iter_mut().find(|(origin, _)| site::same_origin(origin, url));
        let Some((_, service)) = served else {
            panic!("nothing answers at {url}: give the browser a service there with `at`. It has {known:?}")
        };
        service.answer(request).await
    }
}

impl fmt::Debug for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.iter().map(|(origin, _)| site::origin(origin))).finish()
    }
}
