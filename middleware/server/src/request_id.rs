//! Every request gets an id, in its head, in the response's and in the log.
//!
//! ```text
//! x-request-id: 9f2c61d07ab3e415-1c      random when the process starts, then the number of the request
//! ```
//!
//! What a client sends under that name, in any spelling, is removed first: an id that it can choose is one that it can
//! repeat, and a log line that it can write into. tower-http's layers do the rest.
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
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

use enfilade_core::{About, Link};
use http::{HeaderName, HeaderValue, Request, Response};
use tower_http::request_id::{MakeRequestId, PropagateRequestId, RequestId, SetRequestId};
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
}

impl Default for RequestIds {
    fn default() -> Self {
        Self::new()
    }
}

impl MakeRequestId for RequestIds {
    fn make_request_id<B>(&mut self, _: &Request<B>) -> Option<RequestId> {
        let id = format!("{:016x}-{:x}", self.0.process, self.0.next.fetch_add(1, Relaxed));
        HeaderValue::try_from(id).ok().map(RequestId::new)
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
        let propagate = PropagateRequestId::x_request_id(inner);
        WithRequestId { inner: SetRequestId::x_request_id(propagate, self.clone()) }
    }
}

/// The service of [`RequestIds`].
#[derive(Clone, Debug)]
pub struct WithRequestId<S> {
    inner: SetRequestId<PropagateRequestId<S>, RequestIds>,
}

impl<S, B, R> Service<Request<B>> for WithRequestId<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = <SetRequestId<PropagateRequestId<S>, RequestIds> as Service<Request<B>>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut req: Request<B>) -> Self::Future {
        aliases::remove(req.headers_mut(), |name| aliases::same(name, X_REQUEST_ID.as_str()));
        self.inner.call(req)
    }
}
