//! Every request gets an id, in its head, in the response's and in the log.
//!
//! ```text
//! x-request-id: 9f2c61d07ab3e415-1c      random when the process starts, then the number of the request
//! ```
//!
//! What a client sends under that name, in any spelling, is removed first: an id that it can choose is one that it can
//! repeat, and a log line that it can write into.
//!
//! tower-http's two layers put the id into the extensions of request and response as well: six allocations more, and
//! nobody here reads them there. This one allocates once.
//!
//! ```
//! use enfilade_server::RequestIds;
//! use http::{Request, Response};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let app = service_fn(async |_: Request<()>| Ok::<_, std::convert::Infallible>(Response::new(())));
//! let request = Request::get("/").header("x-request-id", "mine").body(()).unwrap();
//! let response = RequestIds::new().layer(app).oneshot(request).await.unwrap();
//! assert_ne!(response.headers()["x-request-id"], "mine");
//! # }
//! ```

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    io::Write as _,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use enfilade_core::{About, Link};
use http::{HeaderName, HeaderValue, Request, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::strict::aliases;

/// The header's name.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The layer that gives ids. Clones count on together. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is put around a service"]
pub struct RequestIds(Arc<Ids>);

#[derive(Debug)]
struct Ids {
    process: u64,
    next: AtomicU64,
}

impl RequestIds {
    /// Ids with a new random prefix.
    pub fn new() -> Self {
        // The standard library's hash keys are random for each process; an id has to differ, not to be secret.
        let process = RandomState::new().build_hasher().finish();
        Self(Arc::new(Ids { process, next: AtomicU64::new(1) }))
    }

    fn next(&self) -> HeaderValue {
        let mut id = Id { text: [0; LONGEST], len: LONGEST };
        let mut rest = &mut id.text[..];
        let number = self.0.next.fetch_add(1, Relaxed);
        write!(rest, "{:016x}-{number:x}", self.0.process).expect("two numbers and a hyphen fit");
        id.len = LONGEST - rest.len();
        // Owned whole: the clones in request, response and log share this one allocation.
        HeaderValue::from_maybe_shared(Bytes::from_owner(id)).expect("hexadecimal digits and a hyphen")
    }
}

/// Two numbers of 16 digits and a hyphen.
const LONGEST: usize = 33;

struct Id {
    text: [u8; LONGEST],
    len: usize,
}

impl AsRef<[u8]> for Id {
    fn as_ref(&self) -> &[u8] {
        &self.text[..self.len]
    }
}

impl Default for RequestIds {
    fn default() -> Self {
        Self::new()
    }
}

impl Link for RequestIds {
    fn about(&self) -> About {
        About::of::<Self>()
    }
}

impl<S> Layer<S> for RequestIds {
    type Service = WithRequestId<S>;

    fn layer(&self, inner: S) -> WithRequestId<S> {
        WithRequestId { ids: self.clone(), inner }
    }
}

/// The service of [`RequestIds`].
#[derive(Clone, Debug)]
pub struct WithRequestId<S> {
    ids: RequestIds,
    inner: S,
}

impl<S, B, R> Service<Request<B>> for WithRequestId<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = WithRequestIdFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut req: Request<B>) -> Self::Future {
        let id = self.ids.next();
        aliases::remove(req.headers_mut(), |name| aliases::same(name, X_REQUEST_ID.as_str()));
        req.headers_mut().insert(X_REQUEST_ID, id.clone());
        WithRequestIdFuture { future: self.inner.call(req), id: Some(id) }
    }
}

pin_project! {
    /// The future of [`WithRequestId`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct WithRequestIdFuture<F> {
        #[pin]
        future: F,
        id: Option<HeaderValue>,
    }
}

impl<F, R, E> Future for WithRequestIdFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = Result<Response<R>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.future.poll(cx))?;
        if let Some(id) = this.id.take() {
            // An app's own id under this name would be another request's in the log.
            response.headers_mut().insert(X_REQUEST_ID, id);
        }
        Poll::Ready(Ok(response))
    }
}
