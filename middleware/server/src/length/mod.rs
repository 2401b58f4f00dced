//! What a response says about its length is true, or it is not sent: hyper believes an app's `content-length`.
//!
//! ```text
//! content-length agrees with the body ───────▶ as it is, counted while it is sent
//! … disagrees before the head is sent ───────▶ 500 server.length-mismatch
//! … disagrees while the body is sent ────────▶ the body fails, hyper cuts the connection or the stream
//! … twice, or not digits ────────────────────▶ 500 server.length-mismatch
//! status below 200, but a 101 that was asked ─▶ 500 server.status-unsupported (hyper sends no 1xx)
//! HEAD, 304 ─────────────────────────────────▶ the app's content-length, no body
//! 204, 205 ──────────────────────────────────▶ no content-length (204), no body
//! transfer-encoding ─────────────────────────▶ removed: framing is the server's business
//! ```
//!
//! Two responses on one connection can be mixed up only by a length that is wrong: the client would take the next
//! response's first bytes for the end of this one. A body that panics fails as well.
//!
//! ```
//! use enfilade_core::Rejection;
//! use enfilade_server::TrueLength;
//! use http::{Request, Response};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let app = TrueLength::new().layer(service_fn(async |_: Request<()>| {
//!     Response::builder().header("content-length", "10").body("abc".to_owned())
//! }));
//! let response = app.oneshot(Request::new(())).await.unwrap();
//! assert_eq!(response.extensions().get::<Rejection>().unwrap().code(), "server.length-mismatch");
//! # }
//! ```

mod body;

pub use self::body::{LengthError, Measured};

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use enfilade_core::{About, Link, Rejection};
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version,
    header::{CONTENT_LENGTH, TRANSFER_ENCODING, UPGRADE},
};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::log;

/// The layer that reconciles a response's length with its body. See the [module docs](self).
#[derive(Clone, Copy, Debug, Default)]
#[must_use = "a layer does nothing until it is put around a service"]
pub struct TrueLength;

impl TrueLength {
    /// Nothing to set.
    pub fn new() -> Self {
        Self
    }
}

impl Link for TrueLength {
    fn about(&self) -> About {
        About::of::<Self>()
    }
}

impl<S> Layer<S> for TrueLength {
    type Service = Measuring<S>;

    fn layer(&self, inner: S) -> Measuring<S> {
        Measuring { inner }
    }
}

/// The service of [`TrueLength`].
#[derive(Clone, Copy, Debug)]
pub struct Measuring<S> {
    inner: S,
}

impl<S, B, R> Service<Request<B>> for Measuring<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Body,
{
    type Response = Response<Measured<R>>;
    type Error = S::Error;
    type Future = MeasuringFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, req: Request<B>) -> Self::Future {
        let asked = Asked::of(&req, req.headers().contains_key(UPGRADE));
        MeasuringFuture { future: self.inner.call(req), asked }
    }
}

pin_project! {
    /// The future of [`Measuring`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct MeasuringFuture<F> {
        #[pin]
        future: F,
        asked: Asked,
    }
}

impl<F, R, E> Future for MeasuringFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Body,
{
    type Output = Result<Response<Measured<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.future.poll(cx))?;
        let (status, exact) = (response.status(), response.body().size_hint().exact());
        Poll::Ready(Ok(match this.asked.reconcile(status, response.headers_mut(), exact) {
            Ok(length) => response.map(|body| length.of(body)),
            Err(rejection) => rejection.into_response(),
        }))
    }
}

/// What of the request decides about the response's length.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    head: bool,
    upgrade: bool,
    version: Version,
}

impl Asked {
    /// `upgrade`: whether the request has that field.
    #[inline]
    pub(crate) fn of<B>(req: &Request<B>, upgrade: bool) -> Self {
        let version = req.version();
        Self { head: req.method() == Method::HEAD, upgrade: upgrade && version == Version::HTTP_11, version }
    }

    /// Reconciles a response's head with its body, which says of itself that it has `exact` bytes.
    #[inline]
    pub(crate) fn reconcile(
        self,
        status: StatusCode,
        headers: &mut HeaderMap,
        exact: Option<u64>,
    ) -> Result<Length, Rejection> {
        reconcile(self, status, headers, exact).inspect_err(report)
    }
}

#[cold]
fn report(rejection: &Rejection) {
    log::fault(rejection.code(), &rejection.log().unwrap_or_default());
}

/// How long the response's body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    /// No body is sent.
    Withheld,
    /// No body is sent, and hyper must not know: see [`Measured::declared`].
    Declared,
    /// The head says so many bytes.
    Known(u64),
    /// The head says nothing.
    Open,
}

impl Length {
    #[inline]
    pub(crate) fn of<R>(self, body: R) -> Measured<R> {
        match self {
            Self::Withheld => Measured::default(),
            Self::Declared => Measured::declared(),
            Self::Known(length) => Measured::counted(body, length),
            Self::Open => Measured::open(body),
        }
    }
}

/// The decision, and what of the head has to change for it. `exact` is what the body says of itself.
fn reconcile(
    asked: Asked,
    status: StatusCode,
    headers: &mut HeaderMap,
    exact: Option<u64>,
) -> Result<Length, Rejection> {
    if status.is_informational() {
        let switched = status == StatusCode::SWITCHING_PROTOCOLS && asked.upgrade;
        return if switched { Ok(Length::Open) } else { Err(unsupported(status)) };
    }
    headers.remove(TRANSFER_ENCODING);
    let said = said(headers)?;
    match status {
        StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT => {
            headers.remove(CONTENT_LENGTH);
            Ok(Length::Withheld)
        }
        StatusCode::NOT_MODIFIED if said.is_some() && !asked.head && asked.version <= Version::HTTP_11 => {
            Ok(Length::Declared)
        }
        StatusCode::NOT_MODIFIED => Ok(Length::Withheld),
        _ if asked.head => {
            // What a GET would have said (RFC 9110 §8.6). An empty body says nothing: apps answer HEAD with one.
            if let (None, Some(length @ 1..)) = (said, exact) {
                headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
            }
            Ok(Length::Withheld)
        }
        _ => match (said, exact) {
            (Some(said), Some(exact)) if said != exact => {
                Err(mismatch(format!("content-length {said}, body of {exact} bytes")))
            }
            (Some(length), _) => Ok(Length::Known(length)),
            (None, _) => Ok(Length::Open),
        },
    }
}

fn said(headers: &HeaderMap) -> Result<Option<u64>, Rejection> {
    let mut values = headers.get_all(CONTENT_LENGTH).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(mismatch("content-length twice".to_owned()));
    }
    // `u64::from_str` takes a leading `+`.
    let digits = value.to_str().ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    match digits.and_then(|text| text.parse().ok()) {
        Some(length) => Ok(Some(length)),
        None => Err(mismatch(format!("content-length {value:?}"))),
    }
}

#[cold]
fn mismatch(log: String) -> Rejection {
    Rejection::new(StatusCode::INTERNAL_SERVER_ERROR, "server.length-mismatch").with_log(log)
}

#[cold]
fn unsupported(status: StatusCode) -> Rejection {
    Rejection::new(StatusCode::INTERNAL_SERVER_ERROR, "server.status-unsupported")
        .with_log(format!("the app answered {status}, which cannot be a final response"))
}
