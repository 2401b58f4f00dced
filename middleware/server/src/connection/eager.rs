//! Asks the app as soon as a request without a body is there, so that the request is gone when hyper looks for more.
//!
//! ```text
//! head parsed ─▶ call, and poll at once ──┬─ answered: the request is dropped ─▶ hyper reads on into the same buffer
//!                                         └─ waits: polled again when its waker says so
//! ```
//!
//! 1. hyper looks whether the client is still there between the call and the first poll of its future, and needs room to
//!    read for that. While the request lives, which is cut from the buffer, the room is a new buffer: 8 KiB and an
//!    allocation to share it, for every request.
//! 2. A future must not move once it was polled. So it has a place of its own, one for each connection, and what hyper
//!    moves about is the answer, which is a fraction of its size.
//! 3. The waker is the one that the connection's futures were polled with before: the first request on a connection is
//!    not asked early. Should the task be another one meanwhile, hyper's own poll, which follows at once, is a real one.
//! 4. A request with a body is left to hyper: its first frame is often there before the app is polled.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use http::Request;
use hyper::{body::Body, service::Service};

type Place<F> = Pin<Box<Option<F>>>;

/// What stays with a connection between its requests.
pub(super) struct Home<F> {
    place: Option<Place<F>>,
    waker: Option<Waker>,
}

/// A service of one HTTP/1 connection, which has one request at a time.
pub(super) struct Eager<S, F> {
    inner: S,
    home: Arc<Mutex<Home<F>>>,
}

impl<S, F> Eager<S, F> {
    pub(super) fn new(inner: S) -> Self {
        Self { inner, home: Arc::new(Mutex::new(Home { place: None, waker: None })) }
    }
}

/// Nobody else waits for it: hyper calls when the future before is done.
fn enter<F>(home: &Mutex<Home<F>>) -> MutexGuard<'_, Home<F>> {
    home.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S, B> Service<Request<B>> for Eager<S, S::Future>
where
    S: Service<Request<B>>,
    B: Body,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = EagerFuture<S::Future, Result<S::Response, S::Error>>;

    fn call(&self, req: Request<B>) -> Self::Future {
        let at_once = req.body().is_end_stream();
        let home = &mut *enter(&self.home);
        let place = home.place.get_or_insert_with(|| Box::pin(None));
        place.set(Some(self.inner.call(req)));
        let mut polled = false;
        if let (true, Some(waker), Some(future)) = (at_once, &home.waker, place.as_mut().as_pin_mut()) {
            if let Poll::Ready(answer) = future.poll(&mut Context::from_waker(waker)) {
                place.set(None);
                return EagerFuture::Done { answer: Some(answer) };
            }
            polled = true;
        }
        EagerFuture::Running { place: home.place.take(), polled, home: self.home.clone() }
    }
}

/// The future of [`Eager`].
pub(super) enum EagerFuture<F, T> {
    Done {
        answer: Option<T>,
    },
    Running {
        // Goes back home in the end.
        place: Option<Place<F>>,
        polled: bool,
        home: Arc<Mutex<Home<F>>>,
    },
}

// What must not move is in its place.
impl<F, T> Unpin for EagerFuture<F, T> {}

impl<F: Future> Future for EagerFuture<F, F::Output> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        const OVER: &str = "a future is not polled after it is done";
        match self.get_mut() {
            Self::Done { answer } => Poll::Ready(answer.take().expect(OVER)),
            Self::Running { place, polled, home } => {
                let known = enter(home).waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker()));
                if std::mem::take(polled) && known {
                    return Poll::Pending;
                }
                if !known {
                    enter(home).waker = Some(cx.waker().clone());
                }
                let here = place.as_mut().expect(OVER);
                let future = here.as_mut().as_pin_mut().expect(OVER);
                let polled = future.poll(cx);
                if polled.is_ready() {
                    here.set(None);
                    enter(home).place = place.take();
                }
                polled
            }
        }
    }
}
