//! What one request and its app share: the request's body on the way in, the response on the way out.
//!
//! ```text
//! Python: receive, send, the task's end          Rust: AsgiFuture (the head), AsgiBody (the rest)
//!                         └──────── Exchange ────────┘
//!
//! Waiting ── start ──▶ Started ─┬─ body, the last ─▶ Whole ─────▶ Done
//!                               ├─ body, more ─────▶ Streaming ─▶ Done, Broken
//!                               └─ pathsend ───────▶ Opening ───▶ File
//! ```
//!
//! Nothing is locked while Python runs: a lock is taken for a field's change and let go.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use enfilade_core::Rejection;
use http::{HeaderMap, response};
use pyo3::prelude::*;
use tokio::{task::AbortHandle, time::Instant};

use super::{app::App, body::AsgiError, debug::AsgiDebug, file::FileBody, receive::Incoming, task::Whose};
use crate::reactor::Local;

/// Bytes that wait to be written before `send` waits as well.
pub(super) const HIGH: usize = 64 << 10;

/// How often somebody looks at the clock for those that have no head yet.
const SOON: Duration = Duration::from_millis(10);
const SECOND: Duration = Duration::from_secs(1);

/// See the [module docs](self).
#[derive(Clone)]
pub(super) struct Exchange(Arc<Shared>);

struct Shared {
    app: Arc<App>,
    state: Mutex<State>,
}

#[expect(clippy::struct_excessive_bools, reason = "each is told by another party, in any order")]
pub(super) struct State {
    pub(super) incoming: Incoming,
    pub(super) outgoing: Outgoing,
    /// The client has gone: `send` raises.
    pub(super) gone: bool,
    /// The app has sent its whole response: what its task still does is its own.
    pub(super) complete: bool,
    /// The server drains: who streams is told.
    pub(super) draining: bool,
    /// The answer to HEAD has no body, whatever the app sends.
    pub(super) bodiless: bool,
    /// The futures that `receive` has given to the app, while nothing is there to receive.
    pub(super) receiving: Vec<Py<PyAny>>,
    /// The futures that `send` has given to the app, while the client is slower than the app.
    pub(super) sending: Vec<Py<PyAny>>,
    /// The task that reads the body once the response has begun.
    pub(super) reader: Option<AbortHandle>,
    /// The app's task, until it ends.
    task: Option<Py<PyAny>>,
    pub(super) task_ended: bool,
    /// What it tells those who test it.
    pub(super) debug: Option<AsgiDebug>,
    /// In the registry, since when.
    place: Option<(usize, Instant)>,
    waker: Option<Waker>,
}

/// How far the response is.
pub(super) enum Outgoing {
    Waiting,
    /// The head is held back until the body begins: a response of one part goes out as one.
    Started(Head),
    /// A file is being opened.
    Opening(Head),
    Whole(Box<response::Parts>, Bytes),
    File(Box<response::Parts>, FileBody),
    Streaming(Stream),
    Refused(Box<Rejection>),
    /// The client has all that it gets, and the app goes on: the body of a response to HEAD.
    Sink,
    Done,
}

pub(super) struct Head {
    pub(super) parts: Box<response::Parts>,
    /// Trailers follow the body.
    pub(super) trailers: bool,
}

pub(super) struct Stream {
    /// Until the future has taken it.
    pub(super) head: Option<Box<response::Parts>>,
    pub(super) chunks: VecDeque<Bytes>,
    pub(super) waiting: usize,
    /// Bytes to come, where the head says so.
    pub(super) left: Option<u64>,
    /// Those that have come, where some will.
    pub(super) trailers: Option<Box<HeaderMap>>,
    pub(super) body_ended: bool,
    pub(super) end: Option<Result<(), AsgiError>>,
    /// A stream of events, which has no end of its own.
    pub(super) events: bool,
}

/// What the future of a request ends with.
pub(super) enum Answer {
    Whole(Box<response::Parts>, Bytes),
    File(Box<response::Parts>, FileBody),
    Stream(Box<response::Parts>),
    Refused(Rejection),
}

impl Exchange {
    pub(super) fn new(app: Arc<App>, incoming: Incoming, bodiless: bool) -> Self {
        let state = Mutex::new(State {
            incoming,
            outgoing: Outgoing::Waiting,
            gone: false,
            complete: false,
            draining: false,
            bodiless,
            receiving: Vec::new(),
            sending: Vec::new(),
            reader: None,
            task: None,
            task_ended: false,
            debug: None,
            place: None,
            waker: None,
        });
        Self(Arc::new(Shared { app, state }))
    }

    pub(super) fn app(&self) -> &Arc<App> {
        &self.0.app
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers without the app.
    pub(super) fn refuse(&self, rejection: Rejection) {
        let mut state = self.lock();
        state.task_ended = true;
        state.outgoing = Outgoing::Refused(Box::new(rejection));
        state.wake();
    }

    /// The request is let go of before its app was called.
    pub(super) fn never_called(&self) {
        self.lock().task_ended = true;
    }

    /// The app's task has made its first step; one that has not ended is counted and timed from now on.
    pub(super) fn started(&self, task: Py<PyAny>) {
        let mut state = self.lock();
        if state.task_ended {
            return;
        }
        state.task = Some(task);
        let app = &self.0.app;
        let (place, unwatched) = app.registry.enter(Whose::Http(self.clone()));
        state.place = Some((place, Instant::now()));
        drop(state);
        if unwatched {
            let every = (app.settings.deadline / 8).clamp(SOON, SECOND);
            let core = app.core().clone();
            app.remote.spawn(async move { core.registry.watch(every).await });
        }
    }

    /// The app's task has ended.
    pub(super) fn ended(&self) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        state.task_ended = true;
        let task = state.task.take();
        if let Some((place, _)) = state.place.take() {
            // What leaves is a clone of this exchange, which is not dropped by it.
            self.0.app.registry.leave(place);
        }
        if task.is_some() {
            drop(state);
            drop(task);
            state = self.lock();
        }
        state
    }

    /// What the app is answered by, once it is known.
    pub(super) fn poll_head(&self, cx: &mut Context<'_>) -> Poll<Answer> {
        let mut state = self.lock();
        match std::mem::replace(&mut state.outgoing, Outgoing::Done) {
            Outgoing::Whole(head, body) => Poll::Ready(Answer::Whole(head, body)),
            Outgoing::File(head, file) => Poll::Ready(Answer::File(head, file)),
            Outgoing::Refused(rejection) => Poll::Ready(Answer::Refused(*rejection)),
            Outgoing::Streaming(mut stream) if stream.head.is_some() => {
                let head = stream.head.take().expect("looked at in this arm");
                if state.bodiless {
                    state.outgoing = if state.complete { Outgoing::Done } else { Outgoing::Sink };
                    return Poll::Ready(Answer::Whole(head, Bytes::new()));
                }
                state.outgoing = Outgoing::Streaming(stream);
                let tell = if state.draining { std::mem::take(&mut state.receiving) } else { Vec::new() };
                let read_on = !state.receiving.is_empty();
                drop(state);
                self.settle_all(tell, |py| Ok(py.None()));
                if read_on {
                    self.read_on();
                }
                Poll::Ready(Answer::Stream(head))
            }
            other => {
                state.outgoing = other;
                state.wait(cx);
                // What it wakes wakes this future again.
                let _ = self.poll_body(state, cx);
                Poll::Pending
            }
        }
    }

    /// The next part of a body that streams.
    pub(super) fn poll_chunk(&self, cx: &mut Context<'_>) -> Poll<Option<Result<Part, AsgiError>>> {
        let mut state = self.lock();
        let Outgoing::Streaming(stream) = &mut state.outgoing else { return Poll::Ready(None) };
        if let Some(chunk) = stream.chunks.pop_front() {
            stream.waiting -= chunk.len();
            let resume = stream.waiting < HIGH / 2 && !state.sending.is_empty();
            let resume = if resume { std::mem::take(&mut state.sending) } else { Vec::new() };
            drop(state);
            self.settle_all(resume, |py| Ok(py.None()));
            return Poll::Ready(Some(Ok(Part::Data(chunk))));
        }
        match stream.end.take() {
            Some(Err(error)) => {
                state.outgoing = Outgoing::Done;
                Poll::Ready(Some(Err(error)))
            }
            Some(Ok(())) => {
                let trailers = stream.trailers.take().filter(|trailers| !trailers.is_empty());
                state.outgoing = Outgoing::Done;
                Poll::Ready(trailers.map(|trailers| Ok(Part::Trailers(*trailers))))
            }
            None => {
                state.wait(cx);
                Poll::Pending
            }
        }
    }
}

pub(super) enum Part {
    Data(Bytes),
    Trailers(HeaderMap),
}

impl State {
    /// Since when the app is at work; `None` once it is not.
    pub(super) fn since(&self) -> Option<Instant> {
        self.place.map(|(_, since)| since)
    }

    /// The app's task, to cancel it.
    pub(super) fn take_task(&mut self) -> Option<Py<PyAny>> {
        self.task.take()
    }

    pub(super) fn wait(&mut self, cx: &Context<'_>) {
        if !self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            self.waker = Some(cx.waker().clone());
        }
    }

    /// Tells the Rust side that there is something new.
    pub(super) fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            match Local::current() {
                Some(local) => local.wake(waker),
                None => waker.wake(),
            }
        }
    }
}
