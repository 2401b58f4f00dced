//! The way in: a request is named, counted, judged and limited, and the app is called.
//!
//! ```text
//! one walk over the fields ─▶ name ─▶ seat ─▶ judge ─▶ context ─▶ body limit ─▶ app
//!                                      └ 503    └ 400               └ 413        └ panic: 500
//! ```

use std::{
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use bytes::Bytes;
use enfilade_core::{Canonical, RequestContext, render};
use http::{Request, Response, Version};
use http_body::Body;
use hyper::body::Incoming;
use tower_service::Service;
use tracing::Span;

use super::{
    Seat, Site,
    answer::{Answer, Answering, App, Rest},
};
use crate::{
    BoxError, CleanBody, RequestBody, access_log,
    adapter::{WhenReady, call_when_ready},
    body_limit::{Fault, too_large},
    connection::Noted,
    drain::Drain,
    in_flight::busy,
    length,
    request_id::{Name, Naming},
    rescue,
    strict::{Admitted, Fields, Head, judge},
};

/// An app with all links around it, as hyper calls it; one for each connection.
pub(crate) struct Door<S>(RefCell<Inside<S>>);

struct Inside<S> {
    naming: Naming,
    site: Arc<Site>,
    /// The request before, as the connection said it: many that follow ask for the same host, which is parsed once.
    last: Option<Canonical>,
    app: S,
}

impl<S> Door<S> {
    pub(super) fn new(naming: Naming, site: Site, app: S) -> Self {
        Self(RefCell::new(Inside { naming, site: Arc::new(site), last: None, app }))
    }
}

impl<S: Service<Request<RequestBody>> + Clone> Door<S> {
    /// Lets a request in: calls the app, or says why not.
    #[inline]
    pub(super) fn enter(&self, req: Request<Incoming>, put: impl FnOnce(App<Asked<S>>)) -> Rest {
        self.0.borrow_mut().enter(req, put)
    }
}

impl<S, R> hyper::service::Service<Request<Incoming>> for Door<S>
where
    S: Service<Request<RequestBody>, Response = Response<R>> + Clone,
    S::Error: Into<BoxError>,
    R: Body<Data = Bytes>,
    R::Error: Into<BoxError>,
{
    type Response = Response<Noted<Answer<R>>>;
    type Error = std::convert::Infallible;
    type Future = Answering<Asked<S>>;

    fn call(&self, req: Request<Incoming>) -> Self::Future {
        let mut asked = None;
        let rest = self.enter(req, |app| asked = Some(app));
        Answering::new(asked.expect("a request is let in or refused"), rest)
    }
}

/// The future of an app that was asked.
pub(crate) type Asked<S> = WhenReady<S, Request<RequestBody>>;

impl<S> Inside<S>
where
    S: Service<Request<RequestBody>> + Clone,
{
    #[inline]
    fn enter(&mut self, mut req: Request<Incoming>, put: impl FnOnce(App<Asked<S>>)) -> Rest {
        let mut fields = Fields::of(Head::from(&req));
        let (id, text, trace) = if self.naming.minds(fields.others.ids) {
            let name = self.name(&mut req);
            fields = Fields::of(Head::from(&req));
            name
        } else {
            self.naming.next()
        };
        let site = &*self.site;
        let mut line = site.log.line(&req);
        let span = access_log::span(Some(id), trace);
        let entered = span.as_deref().map(Span::enter);
        let asked = render::Asked::named(&req, fields.others.accept, id, trace);
        let length = length::Asked::of(&req, fields.others.upgrade);
        let http1 = req.version() <= Version::HTTP_11;
        let seat = Seat::take(&self.site);

        let judged = if seat.admitted {
            let last = self.last.as_ref().and_then(Canonical::host);
            judge(Head::from(&req), &fields, site.strict.paths(), last)
        } else {
            Err(busy())
        };
        let admitted = judged.and_then(|judged| site.strict.admit(judged, &mut self.last, &mut req));
        let (fault, close, secure);
        match admitted {
            Ok(Admitted { canonical, close: chunked }) => {
                secure = site.headers.as_ref().is_some_and(|headers| headers.https(Some(&canonical)));
                let drain = Some(site.drain.clone());
                let context = RequestContext::at_door(Some(canonical), id, trace, drain);
                if let Some(line) = &mut line {
                    line.knows(context.clone());
                }
                req.extensions_mut().insert(context);
                let oversize = site.body.refuses(req.body());
                close = chunked || oversize && http1;
                fault = if oversize {
                    put(App::refused(too_large()));
                    None
                } else {
                    self.ask(req, put)
                };
            }
            Err(rejection) => {
                secure = site.headers.as_ref().is_some_and(|headers| headers.https(None));
                // Whoever comes too late may come again on the same connection.
                close = http1 && seat.admitted;
                if let Some(line) = &mut line {
                    line.knows(RequestContext::at_door(None, id, trace, None::<Arc<Drain>>));
                }
                put(App::refused(rejection));
                fault = None;
            }
        }
        drop(entered);
        let (id, seat) = (Some(text), Some(seat));
        Rest { asked, length, http1, close, secure, fault, id, seat, line, span }
    }

    #[cold]
    fn name(&mut self, req: &mut Request<Incoming>) -> Name {
        self.naming.name(req)
    }

    /// Calls the app.
    #[inline]
    fn ask(&mut self, req: Request<Incoming>, put: impl FnOnce(App<Asked<S>>)) -> Option<Arc<Fault>> {
        let (head, body) = req.into_parts();
        let (body, fault) = self.site.body.limit(CleanBody::new(body));
        let req = Request::from_parts(head, body);
        let called = catch_unwind(AssertUnwindSafe(|| call_when_ready(&mut self.app, req)));
        put(match called {
            Ok(future) => App::running(future),
            Err(_payload) => App::refused(rescue::panicked()),
        });
        fault
    }
}
