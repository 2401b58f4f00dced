//! What hands a request to a tower service: now if it is ready, from a box if it is not.
//!
//! ```text
//! poll_ready (no-op waker) ─┬─ ready ──▶ call, unboxed                        the usual way: no clone, no allocation
//!                           └─ waits ──▶ the polled one into a box, a fresh clone stays behind
//! ```
//!
//! 1. The *polled* service is the one that waits. It may hold a place in a queue, and a place that was left to a
//!    no-op waker would swallow a permit.
//! 2. hyper-util's `TowerToHyperService` clones the whole stack for each request and keeps the request in its future,
//!    so that hyper cannot use its read buffer again.
//!
//! ```
//! use enfilade_server::Patient;
//! use tower::{Service, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let mut service = Patient::new(service_fn(async |n: u8| Ok::<_, std::convert::Infallible>(n + 1)));
//! assert_eq!(service.ready().await.unwrap().call(1).await, Ok(2));
//! # }
//! ```

use std::{
    cell::RefCell,
    fmt, mem,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use pin_project_lite::pin_project;
use tower::util::Oneshot;
use tower_service::Service;

/// A tower service as hyper wants one; one for each connection. See the [module docs](self).
#[derive(Clone, Debug)]
pub struct HyperService<S>(RefCell<S>);

impl<S> HyperService<S> {
    /// Wraps a service for one connection.
    pub fn new(service: S) -> Self {
        Self(RefCell::new(service))
    }
}

impl<S, Req> hyper::service::Service<Req> for HyperService<S>
where
    S: Service<Req> + Clone,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = WhenReady<S, Req>;

    fn call(&self, req: Req) -> Self::Future {
        call_when_ready(&mut self.0.borrow_mut(), req)
    }
}

/// A service that is always ready: what waits for the one inside waits in the future of its call.
///
/// With it, a limit further out counts the requests that wait as well as those that run.
#[derive(Clone, Copy, Debug)]
pub struct Patient<S> {
    inner: S,
}

impl<S> Patient<S> {
    /// Wraps a service.
    pub fn new(inner: S) -> Self {
        Self { inner }
    }
}

impl<S, Req> Service<Req> for Patient<S>
where
    S: Service<Req> + Clone,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = WhenReady<S, Req>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, req: Req) -> Self::Future {
        call_when_ready(&mut self.inner, req)
    }
}

#[inline]
pub(crate) fn call_when_ready<S, Req>(service: &mut S, req: Req) -> WhenReady<S, Req>
where
    S: Service<Req> + Clone,
{
    let state = match service.poll_ready(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(())) => State::Called { future: service.call(req) },
        Poll::Ready(Err(error)) => State::Failed { error: Some(error) },
        Poll::Pending => {
            let clone = service.clone();
            let polled = mem::replace(service, clone);
            State::Waiting { oneshot: Box::pin(Oneshot::new(polled, req)) }
        }
    };
    WhenReady { state }
}

pin_project! {
    /// The future of [`HyperService`] and [`Patient`].
    #[must_use = "futures do nothing unless polled"]
    pub struct WhenReady<S, Req>
    where
        S: Service<Req>,
    {
        #[pin]
        state: State<S, Req>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S, Req>
    where
        S: Service<Req>,
    {
        Called { #[pin] future: S::Future },
        Failed { error: Option<S::Error> },
        Waiting { oneshot: Pin<Box<Oneshot<S, Req>>> },
    }
}

impl<S: Service<Req>, Req> Future for WhenReady<S, Req> {
    type Output = Result<S::Response, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProj::Called { future } => future.poll(cx),
            StateProj::Failed { error } => {
                Poll::Ready(Err(error.take().expect("a future is not polled after it is done")))
            }
            StateProj::Waiting { oneshot } => oneshot.as_mut().poll(cx),
        }
    }
}

impl<S: Service<Req>, Req> fmt::Debug for WhenReady<S, Req> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WhenReady(..)")
    }
}
