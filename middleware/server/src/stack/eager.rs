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
//! 2. A future must not move once it was polled. So the app's has a place of its own, one for each connection, and what
//!    hyper moves about is the answer, which is a fraction of its size.
//! 3. The waker is the one that the connection's futures were polled with before: the first request on a connection is
//!    not asked early. hyper's own poll, which follows at once, is left out where nothing can have happened in between:
//!    in the same turn of the same task, which comes again if it was woken meanwhile.
//! 4. A request with a body is left to hyper: its first frame is often there before the app is polled.

use std::{
    cell::RefCell,
    convert::Infallible,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker, ready},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use tower_service::Service;

use super::{
    Door,
    answer::{Answer, App, OVER, Rest},
    door::Asked,
};
use crate::{
    BoxError, RequestBody,
    connection::{Noted, handed_over},
};

/// What stays with a connection between its requests.
pub(crate) struct Home<F> {
    place: Pin<Box<Option<App<F>>>>,
    waker: Option<Waker>,
}

/// The door of an HTTP/1 connection, which has one request at a time.
pub(crate) struct Eager<S: Service<Request<RequestBody>>> {
    door: Door<S>,
    home: RefCell<Option<Home<Asked<S>>>>,
    /// Where a future that was waited for leaves what it took.
    left: Arc<Left<Asked<S>>>,
}

type Left<F> = Mutex<Option<Home<F>>>;

impl<S: Service<Request<RequestBody>>> Eager<S> {
    pub(crate) fn new(door: Door<S>) -> Self {
        Self { door, home: RefCell::new(None), left: Arc::new(Mutex::new(None)) }
    }

    /// What the future before has left, or one to begin with.
    #[cold]
    fn back(&self) -> Home<Asked<S>> {
        open(&self.left).take().unwrap_or_else(|| Home { place: Box::pin(None), waker: None })
    }
}

/// Nobody waits for it: hyper calls when the future before is done.
fn open<F>(left: &Left<F>) -> MutexGuard<'_, Option<Home<F>>> {
    left.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S, R> hyper::service::Service<Request<Incoming>> for Eager<S>
where
    S: Service<Request<RequestBody>, Response = Response<R>> + Clone,
    S::Error: Into<BoxError>,
    R: Body<Data = Bytes>,
    R::Error: Into<BoxError>,
{
    type Response = Response<Noted<Answer<R>>>;
    type Error = Infallible;
    type Future = EagerFuture<Asked<S>, R>;

    fn call(&self, req: Request<Incoming>) -> Self::Future {
        let at_once = req.body().is_end_stream();
        let mut stays = self.home.borrow_mut();
        let home = stays.get_or_insert_with(|| self.back());
        let mut rest = self.door.enter(req, |app| home.place.set(Some(app)));
        if let (true, Some(waker), Some(app)) = (at_once, &home.waker, home.place.as_mut().as_pin_mut()) {
            let answered = {
                let _entered = rest.enter();
                app.answered(&mut Context::from_waker(waker))
            };
            if let Poll::Ready(answered) = answered {
                home.place.set(None);
                return EagerFuture::Done { answer: Some(rest.finish(answered)) };
            }
        }
        let home = stays.take().map(|home| Home { waker: home.waker.filter(|_| at_once), ..home });
        EagerFuture::Running { home, turn: rest.turn(), rest, left: self.left.clone() }
    }
}

/// The future of [`Eager`].
pub(crate) enum EagerFuture<F, R> {
    Done {
        answer: Option<Response<Noted<Answer<R>>>>,
    },
    Running {
        /// With the waker with which it was just polled.
        home: Option<Home<F>>,
        /// In which turn that was.
        turn: u64,
        rest: Rest,
        left: Arc<Left<F>>,
    },
}

// What must not move is in its place.
impl<F, R> Unpin for EagerFuture<F, R> {}

impl<F, R, E> Future for EagerFuture<F, R>
where
    F: Future<Output = Result<Response<R>, E>>,
    E: Into<BoxError>,
    R: Body<Data = Bytes>,
    R::Error: Into<BoxError>,
{
    type Output = Result<Response<Noted<Answer<R>>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = match self.get_mut() {
            Self::Done { answer } => answer.take().expect(OVER),
            Self::Running { home, turn, rest, left } => {
                let Home { place, waker } = home.as_mut().expect(OVER);
                let asked = waker.take().filter(|_| *turn == rest.turn());
                if asked.is_some_and(|waker| waker.will_wake(cx.waker())) {
                    return Poll::Pending;
                }
                let answered = {
                    let _entered = rest.enter();
                    ready!(place.as_mut().as_pin_mut().expect(OVER).answered(cx))
                };
                place.set(None);
                *waker = Some(cx.waker().clone());
                *open(left) = home.take();
                rest.finish(answered)
            }
        };
        handed_over();
        Poll::Ready(Ok(answer))
    }
}
