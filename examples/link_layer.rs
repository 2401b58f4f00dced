//! Run with `cargo run -p enfilade-core --example link_layer`, test with `cargo test -p enfilade-core --examples`.
//!
//! A link as a plain tower layer, for what exerts back-pressure: while all places are taken it is not ready,
//! so the caller waits and nothing is queued here.

use std::task::{Context, Poll, ready};
use std::{convert::Infallible, pin::Pin, sync::Arc};

use enfilade_core::{About, Chain, Link};
use http::{Request, Response};
use pin_project_lite::pin_project;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::PollSemaphore;
use tower::{Layer, Service, ServiceExt};

/// Lets so many requests be at work at once.
#[derive(Clone)]
struct AtMost(Arc<Semaphore>);

impl Link for AtMost {
    fn about(&self) -> About {
        About::of::<Self>()
    }
}

impl<S> Layer<S> for AtMost {
    type Service = Seated<S>;

    fn layer(&self, inner: S) -> Seated<S> {
        Seated { places: PollSemaphore::new(self.0.clone()), place: None, inner }
    }
}

struct Seated<S> {
    places: PollSemaphore,
    place: Option<OwnedSemaphorePermit>,
    inner: S,
}

/// A clone waits for a place of its own: readiness belongs to the instance that was asked.
impl<S: Clone> Clone for Seated<S> {
    fn clone(&self) -> Self {
        Self { places: self.places.clone(), place: None, inner: self.inner.clone() }
    }
}

impl<S: Service<Request<B>>, B> Service<Request<B>> for Seated<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = SeatedFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        if self.place.is_none() {
            self.place = ready!(self.places.poll_acquire(cx));
        }
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, req: Request<B>) -> Self::Future {
        let place = self.place.take().expect("tower: ready before call");
        SeatedFuture { future: self.inner.call(req), _place: place }
    }
}

pin_project! {
    /// Keeps its place until the answer is there, or until it is dropped.
    struct SeatedFuture<F> { #[pin] future: F, _place: OwnedSemaphorePermit }
}

impl<F: Future> Future for SeatedFuture<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.project().future.poll(cx)
    }
}

#[allow(clippy::print_stdout)] // an example shows what it does
fn main() {
    let app = tower::service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(())));
    let limit = AtMost(Arc::new(Semaphore::new(2)));
    let (service, plan) = Chain::new().link(limit).build(app).expect("nothing is required here");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime without I/O");
    println!("{plan}{:?}", runtime.block_on(service.oneshot(Request::new(()))));
}

#[test]
fn the_second_waits_for_a_place_and_giving_up_frees_it() {
    use enfilade_test::{Answer, Probe, ProbeBody};

    let cx = &mut Context::from_waker(std::task::Waker::noop());
    let probe = Probe::ok().respond(Answer::hang());
    let mut first = AtMost(Arc::new(Semaphore::new(1))).layer(probe.service());
    let mut second = first.clone();
    assert!(Service::<Request<ProbeBody>>::poll_ready(&mut first, cx).is_ready());
    let at_work = first.call(Request::new(ProbeBody::default()));
    assert!(Service::<Request<ProbeBody>>::poll_ready(&mut second, cx).is_pending());
    drop(at_work);
    assert!(Service::<Request<ProbeBody>>::poll_ready(&mut second, cx).is_ready());
}
