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
    process: [u8; DIGITS],
    next: AtomicU64,
}

/// Hexadecimal digits of a number.
const DIGITS: usize = 16;

impl RequestIds {
    /// Ids with a new random prefix.
    pub fn new() -> Self {
        // The standard library's hash keys are random for each process; an id has to differ, not to be secret.
        let process = hexadecimal(RandomState::new().build_hasher().finish());
        Self(Arc::new(Ids { process, next: AtomicU64::new(1) }))
    }

    fn next(&self) -> HeaderValue {
        let number = self.0.next.fetch_add(1, Relaxed);
        let digits = hexadecimal(number);
        let zeros = number.leading_zeros() as usize / 4;
        let mut id = Id { text: [b'-'; LONGEST], len: LONGEST - zeros };
        id.text[..DIGITS].copy_from_slice(&self.0.process);
        id.text[DIGITS + 1..id.len].copy_from_slice(&digits[zeros..]);
        // Owned whole: the clones in request, response and log share this one allocation.
        HeaderValue::from_maybe_shared(Bytes::from_owner(id)).expect("hexadecimal digits and a hyphen")
    }
}

fn hexadecimal(number: u64) -> [u8; DIGITS] {
    let mut rest = number;
    let mut digits = [0; DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(rest & 15) as usize];
        rest >>= 4;
    }
    digits
}

/// Two numbers and a hyphen.
const LONGEST: usize = 2 * DIGITS + 1;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_the_processes_number_and_the_requests() {
        for (number, text) in [(1, "1"), (0x1c, "1c"), (0xffff_ffff_ffff_ffff, "ffffffffffffffff")] {
            let ids =
                RequestIds(Arc::new(Ids { process: hexadecimal(0x9f2c), next: AtomicU64::new(number) }));
            assert_eq!(ids.next(), format!("0000000000009f2c-{text}"));
        }
    }
}
