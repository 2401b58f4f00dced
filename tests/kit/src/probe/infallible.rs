//! A probe whose error type has no values, for layers that ask for one, as axum's do.
//!
//! ```text
//! ProbeService ── infallible() ──▶ InfallibleProbe: Service<Error = Infallible>      an error by script: a panic
//! ```

use std::{
    convert::Infallible,
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::{ProbeFuture, ProbeService};
use crate::{ProbeBody, ProbeError};

/// A [`ProbeService`] that cannot fail; see [`ProbeService::infallible`].
#[derive(Clone, Debug)]
#[must_use]
pub struct InfallibleProbe(ProbeService);

impl InfallibleProbe {
    pub(super) fn new(probe: ProbeService) -> Self {
        Self(probe)
    }
}

impl<B> Service<Request<B>> for InfallibleProbe
where
    B: Body + Send + 'static,
    B::Data: Send,
{
    type Response = Response<ProbeBody>;
    type Error = Infallible;
    type Future = InfallibleFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        let ready = Service::<Request<B>>::poll_ready(&mut self.0, cx);
        ready.map(|ready| {
            cannot_fail(ready);
            Ok(())
        })
    }

    fn call(&mut self, req: Request<B>) -> InfallibleFuture {
        InfallibleFuture(self.0.call(req))
    }
}

/// The future of [`InfallibleProbe`].
#[must_use = "futures do nothing unless polled"]
pub struct InfallibleFuture(ProbeFuture);

impl Future for InfallibleFuture {
    type Output = Result<Response<ProbeBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|result| Ok(cannot_fail(result)))
    }
}

impl fmt::Debug for InfallibleFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InfallibleFuture(..)")
    }
}

fn cannot_fail<T>(result: Result<T, ProbeError>) -> T {
    result.unwrap_or_else(|error| panic!("`{error}` was scripted, but an infallible service cannot fail"))
}
