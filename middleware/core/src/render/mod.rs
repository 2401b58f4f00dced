//! The one link that gives refusals a body: the outermost, so that whatever refuses is told in the client's language.
//!
//! ```text
//!                                                  ┌─ application/grpc ──▶ 200, grpc-status, grpc-message
//! response ─ Rejection in its extensions? ─ yes ───┼─ Accept ──▶ problem+json (default) · HTML · plain text
//!              └─ no: left as it is, an app's      └─ HEAD, redirects, 204, 304: no body
//!                 own 4xx too
//! ```
//!
//! 1. What is needed of the request is copied in `call`, without an allocation for the usual request:
//!    a piece of the head that is kept alive would keep hyper from using its read buffer again.
//! 2. A refusal that brings a `Content-Type` brings a body of its own, and keeps it; so does one whose status a link
//!    further out has changed. Both are logged.
//! 3. Every refusal is one log line at `info` under the target [`LOG_TARGET`], as many as the limit admits.
//!
//! ```
//! use enfilade_core::{Gates, Rejection, RenderRejections, gate_fn};
//! use enfilade_test::{Probe, drive};
//! use http::StatusCode;
//! use tower::ServiceBuilder;
//!
//! let closed = gate_fn("closed", |_| Err(Rejection::new(StatusCode::FORBIDDEN, "closed.today")));
//! let layers = ServiceBuilder::new().layer(RenderRejections::new()).layer(Gates::of(closed));
//! let reply = drive(layers, &Probe::ok()).get("/").send();
//! assert_eq!(reply.header("content-type"), Some("application/problem+json"));
//! ```

mod answer;
mod asked;
pub(crate) mod escape;
mod format;
mod grpc;
mod log;
mod page;
mod service;

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use http::response;
use tower_layer::Layer;

use crate::{About, Clock, Link, LogLimit, Rejection};

pub use self::{
    asked::{Asked, RenderContext},
    format::Format,
    log::LOG_TARGET,
    page::Page,
    service::{RenderFuture, Rendered, is_untold},
};

/// Renders refusals. Put it outermost, once. See the [module docs](self).
#[derive(Clone)]
#[must_use = "a layer does nothing until it is put around a service"]
pub struct RenderRejections {
    settings: Settings,
}

#[derive(Clone)]
struct Settings {
    clock: Clock,
    limit: Arc<LogLimit>,
    page: Option<Arc<OwnPage>>,
}

type OwnPage = dyn Fn(&Rejection, &RenderContext<'_>) -> Option<Page> + Send + Sync;

impl RenderRejections {
    /// Renders by `Accept` and logs at most 100 refusals in 10 seconds.
    pub fn new() -> Self {
        let limit = Arc::new(LogLimit::new(100, Duration::from_secs(10)));
        Self { settings: Settings { clock: Clock::system(), limit, page: None } }
    }

    /// An HTML page of yours: `page` is asked about each refusal for which the client prefers HTML, and answers
    /// `None` to leave it to this link. It is not asked about redirects.
    ///
    /// ```
    /// use enfilade_core::{RenderRejections, render::Page};
    ///
    /// let layer = RenderRejections::new().with_page(|rejection, context| {
    ///     (rejection.code() == "auth.missing").then(|| {
    ///         let next = Page::escape(context.target().unwrap_or("/"));
    ///         Page::new(format!(
    ///             "<!doctype html><title>Sign in</title><form method=post action=/sign-in>\
    ///              <input type=hidden name=next value=\"{next}\"> … </form>"
    ///         ))
    ///     })
    /// });
    /// ```
    ///
    /// Escape whatever comes from the request, the refusal's detail included: [`Page::escape`].
    pub fn with_page<P>(mut self, page: P) -> Self
    where
        P: Fn(&Rejection, &RenderContext<'_>) -> Option<Page> + Send + Sync + 'static,
    {
        self.settings.page = Some(Arc::new(page));
        self
    }

    /// How many refusals are logged: `lines` in each `span`; the next line says how many were left out.
    pub fn with_log_limit(mut self, lines: u32, span: Duration) -> Self {
        self.settings.limit = Arc::new(LogLimit::new(lines, span));
        self
    }

    /// Where the log limit gets its time from.
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.settings.clock = clock;
        self
    }

    /// Tells a response's refusal, as the service of this layer does, for a server that is one service.
    ///
    /// Logs it, writes its head, and gives the body that the response shall have instead of its own; `None`, where it is
    /// no refusal, was told before, or brings a body.
    #[inline]
    pub fn tell(&self, head: &mut response::Parts, asked: &mut Asked) -> Option<Bytes> {
        if is_untold(&head.extensions) { service::tell(head, asked, &self.settings) } else { None }
    }
}

impl Default for RenderRejections {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for RenderRejections {
    type Service = Rendered<S>;

    fn layer(&self, inner: S) -> Rendered<S> {
        Rendered { settings: Arc::new(self.settings.clone()), inner }
    }
}

impl Link for RenderRejections {
    fn about(&self) -> About {
        About::named("refusals")
    }
}

impl fmt::Debug for RenderRejections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RenderRejections")
            .field("limit", &self.settings.limit)
            .field("own page", &self.settings.page.is_some())
            .finish_non_exhaustive()
    }
}
