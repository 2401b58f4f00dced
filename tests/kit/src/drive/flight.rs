//! Answers in flight: polled by hand, a few at once, broken off in the middle of the head or of the body.
//!
//! ```text
//! start() ─▶ InFlight ─┬─ is_pending() · woken()       one poll at a time
//!                      ├─ finish() ─▶ Reply            finish_all(…) ─▶ Vec<Reply>, polled in turns
//!                      └─ head() ─▶ Streaming ─┬─ step() ─▶ Data · Pending · Trailers · Error · End
//!                                              └─ finish() ─▶ Reply of what is left
//! drop either: the client hangs up
//! ```
//!
//! ```
//! use enfilade_test::{Answer, Drive, Latch, Probe, ProbeBody, drive::Step};
//!
//! let (late, probe) = (Latch::shut(), Probe::ok());
//! let body = ProbeBody::new().data("one").wait(&late).data("two");
//! let mut app = Drive::service(probe.respond(Answer::ok().body(body)).service());
//!
//! let mut body = app.get("/").stream();
//! assert_eq!(body.step(), Step::Data("one".into()));
//! assert_eq!(body.step(), Step::Pending);
//! late.open();
//! assert_eq!(body.woken(), 1);
//! assert_eq!(body.step(), Step::Data("two".into()));
//! assert_eq!(body.step(), Step::End);
//! ```

use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use bytes::{Buf, Bytes};
use enfilade_core::Rejection;
use http::{HeaderMap, Response, StatusCode, response};
use http_body::{Body, Frame};

use super::{Reply, block::block_on};

/// An answer that the test polls by hand; dropping it is what happens when a client hangs up.
///
/// ```
/// use enfilade_test::{Answer, Drive, Probe};
///
/// let probe = Probe::ok().respond(Answer::hang());
/// let mut app = Drive::service(probe.service());
/// let mut flight = app.get("/").start();
/// assert!(flight.is_pending());
/// drop(flight);
/// probe.reached();
/// ```
#[must_use = "dropping an answer in flight is a hang-up"]
pub struct InFlight<F: Future> {
    future: Pin<Box<F>>,
    answer: Option<F::Output>,
    wakes: Arc<Wakes>,
}

impl<F: Future> InFlight<F> {
    pub(super) fn new(future: F) -> Self {
        Self { future: Box::pin(future), answer: None, wakes: Arc::default() }
    }

    /// Polls once, unless the answer has come, and says whether it is still to come.
    pub fn is_pending(&mut self) -> bool {
        let waker = Waker::from(self.wakes.clone());
        self.poll_answer(&mut Context::from_waker(&waker));
        self.answer.is_none()
    }

    /// How often the answer's waker was woken.
    pub fn woken(&self) -> usize {
        self.wakes.0.load(Ordering::SeqCst)
    }

    fn poll_answer(&mut self, cx: &mut Context<'_>) {
        if self.answer.is_none()
            && let Poll::Ready(answer) = self.future.as_mut().poll(cx)
        {
            self.answer = Some(answer);
        }
    }
}

impl<F, R, E> InFlight<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Body,
    R::Error: fmt::Display,
{
    /// Waits for the whole reply on this thread.
    ///
    /// # Errors
    ///
    /// What the service failed with.
    ///
    /// # Panics
    ///
    /// If the reply waits for something that only a runtime can bring.
    #[track_caller]
    pub fn finish(self) -> Result<Reply, E> {
        block_on(self.finish_async())
    }

    /// The same inside a runtime.
    pub async fn finish_async(self) -> Result<Reply, E> {
        Ok(Reply::read(self.answer().await?).await)
    }

    /// Waits for the response's head on this thread; its body is left to be read by hand.
    ///
    /// # Errors
    ///
    /// What the service failed with.
    ///
    /// # Panics
    ///
    /// If the head waits for something that only a runtime can bring.
    #[track_caller]
    pub fn head(self) -> Result<Streaming<R>, E> {
        block_on(self.answer()).map(Streaming::new)
    }

    async fn answer(self) -> F::Output {
        match self.answer {
            Some(answer) => answer,
            None => self.future.await,
        }
    }
}

impl<F: Future> fmt::Debug for InFlight<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InFlight").field("woken", &self.woken()).finish_non_exhaustive()
    }
}

/// Waits on this thread for answers that are in flight together; all are polled before any is waited for.
///
/// ```
/// use enfilade_test::{Drive, Probe, drive::finish_all};
///
/// let door = Drive::service(Probe::ok().service());
/// let mut connections = vec![door; 3];
/// let flights: Vec<_> = connections.iter_mut().map(|door| door.get("/").start()).collect();
/// assert!(finish_all(flights).into_iter().all(|reply| reply.unwrap().status() == 200));
/// ```
///
/// # Panics
///
/// If one of them waits for something that only a runtime can bring.
#[track_caller]
pub fn finish_all<F, R, E>(flights: impl IntoIterator<Item = InFlight<F>>) -> Vec<Result<Reply, E>>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Body,
    R::Error: fmt::Display,
{
    let mut flights: Vec<_> = flights.into_iter().map(|flight| Box::pin(flight.finish_async())).collect();
    let mut replies: Vec<_> = flights.iter().map(|_| None).collect();
    block_on(poll_fn(|cx| {
        for (flight, reply) in flights.iter_mut().zip(&mut replies) {
            if reply.is_none()
                && let Poll::Ready(done) = flight.as_mut().poll(cx)
            {
                *reply = Some(done);
            }
        }
        if replies.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    }));
    replies.into_iter().flatten().collect()
}

/// A response whose head has come and whose body the test reads frame by frame; dropping it is a hang-up.
#[must_use = "dropping a response before its end is a hang-up"]
pub struct Streaming<R> {
    head: response::Parts,
    body: Pin<Box<R>>,
    wakes: Arc<Wakes>,
}

/// What one poll of a body gave.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// A data frame.
    Data(Bytes),
    /// The trailers.
    Trailers(HeaderMap),
    /// The body broke off, with this message.
    Error(String),
    /// Nothing yet.
    Pending,
    /// The body has ended.
    End,
}

impl<R> Streaming<R>
where
    R: Body,
    R::Error: fmt::Display,
{
    fn new(response: Response<R>) -> Self {
        let (head, body) = response.into_parts();
        Self { head, body: Box::pin(body), wakes: Arc::default() }
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.head.status
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// The refusal, if a link of ours refused.
    pub fn rejection(&self) -> Option<&Rejection> {
        self.head.extensions.get()
    }

    /// The body as the layer made it: its `size_hint`, its `is_end_stream`.
    pub fn body(&self) -> &R {
        &self.body
    }

    /// Polls the body once.
    pub fn step(&mut self) -> Step {
        let waker = Waker::from(self.wakes.clone());
        match self.body.as_mut().poll_frame(&mut Context::from_waker(&waker)) {
            Poll::Pending => Step::Pending,
            Poll::Ready(None) => Step::End,
            Poll::Ready(Some(Err(error))) => Step::Error(error.to_string()),
            Poll::Ready(Some(Ok(frame))) => frame.into(),
        }
    }

    /// How often the body's waker was woken.
    pub fn woken(&self) -> usize {
        self.wakes.0.load(Ordering::SeqCst)
    }

    /// Waits on this thread for what is left of the body.
    ///
    /// # Panics
    ///
    /// If it waits for something that only a runtime can bring.
    #[track_caller]
    pub fn finish(self) -> Reply {
        block_on(Reply::read(Response::from_parts(self.head, self.body)))
    }
}

impl<D: Buf> From<Frame<D>> for Step {
    fn from(frame: Frame<D>) -> Self {
        match frame.into_data() {
            Ok(mut data) => Self::Data(data.copy_to_bytes(data.remaining())),
            Err(frame) => Self::Trailers(frame.into_trailers().unwrap_or_default()),
        }
    }
}

impl<R> fmt::Debug for Streaming<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streaming").field("head", &self.head).finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
