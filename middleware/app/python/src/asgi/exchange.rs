//! What one request and its app share: the request's body on the way in, the response on the way out.
//!
//! ```text
//! Python: receive, send, the task's end          Rust: AsgiFuture (the head), AsgiBody (the rest)
//!                         └──────── Exchange ────────┘
//!
//! Waiting ── start ──▶ Started ── body, the last ──▶ Whole ──▶ Done
//!                              └─ body, more ──▶ Streaming ──▶ Done, Broken
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
use http::response;
use pyo3::{intern, prelude::*};

use super::{
    app::App,
    body::AsgiError,
    receive::{Incoming, disconnect},
};
use crate::reactor::Local;

/// Bytes that wait to be written before `send` waits as well.
const HIGH: usize = 64 << 10;

/// From the word that the client has gone to the end of the app's task.
const GRACE: Duration = Duration::from_secs(5);

/// See the [module docs](self).
#[derive(Clone)]
pub(super) struct Exchange(Arc<Shared>);

struct Shared {
    app: Arc<App>,
    state: Mutex<State>,
}

pub(super) struct State {
    pub(super) incoming: Incoming,
    pub(super) outgoing: Outgoing,
    /// The client has gone.
    pub(super) gone: bool,
    /// The answer to HEAD has no body, whatever the app sends.
    pub(super) bodiless: bool,
    /// The future that `receive` has given to the app, while nothing is there to receive.
    pub(super) receiving: Option<Py<PyAny>>,
    /// The future that `send` has given to the app, while the client is slower than the app.
    sending: Option<Py<PyAny>>,
    /// The app's task, until it ends.
    pub(super) task: Option<Py<PyAny>>,
    waker: Option<Waker>,
}

/// How far the response is.
pub(super) enum Outgoing {
    Waiting,
    /// The head is held back until the body begins: a response of one part goes out as one.
    Started(Box<response::Parts>),
    Whole(Box<response::Parts>, Bytes),
    Streaming(Stream),
    Refused(Box<Rejection>),
    Done,
}

pub(super) struct Stream {
    /// Until the future has taken it.
    pub(super) head: Option<Box<response::Parts>>,
    pub(super) chunks: VecDeque<Bytes>,
    pub(super) waiting: usize,
    /// Bytes to come, where the head says so.
    pub(super) left: Option<u64>,
    pub(super) bodiless: bool,
    pub(super) end: Option<Result<(), AsgiError>>,
}

impl Exchange {
    pub(super) fn new(app: Arc<App>, incoming: Incoming, bodiless: bool) -> Self {
        let state = Mutex::new(State {
            incoming,
            outgoing: Outgoing::Waiting,
            gone: false,
            bodiless,
            receiving: None,
            sending: None,
            task: None,
            waker: None,
        });
        Self(Arc::new(Shared { app, state }))
    }

    pub(super) fn app(&self) -> &App {
        &self.0.app
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the app is answered by, once it is known.
    pub(super) fn poll_head(&self, cx: &mut Context<'_>) -> Poll<Answer> {
        let mut state = self.lock();
        match std::mem::replace(&mut state.outgoing, Outgoing::Done) {
            Outgoing::Whole(head, body) => {
                state.gone = true;
                let receiving = state.receiving.take();
                drop(state);
                self.resolve(receiving, disconnect);
                Poll::Ready(Answer::Whole(head, body))
            }
            Outgoing::Refused(rejection) => Poll::Ready(Answer::Refused(*rejection)),
            Outgoing::Streaming(Stream { head: Some(head), chunks, waiting, left, bodiless, end }) => {
                state.outgoing =
                    Outgoing::Streaming(Stream { head: None, chunks, waiting, left, bodiless, end });
                Poll::Ready(Answer::Stream(head))
            }
            other => {
                state.outgoing = other;
                state.wait(cx);
                Poll::Pending
            }
        }
    }

    /// The next part of a body that streams.
    pub(super) fn poll_chunk(&self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, AsgiError>>> {
        let mut state = self.lock();
        let Outgoing::Streaming(stream) = &mut state.outgoing else { return Poll::Ready(None) };
        if let Some(chunk) = stream.chunks.pop_front() {
            stream.waiting -= chunk.len();
            let resume = if stream.waiting < HIGH / 2 { state.sending.take() } else { None };
            drop(state);
            self.resolve(resume, |py| py.None());
            return Poll::Ready(Some(Ok(chunk)));
        }
        match stream.end.take() {
            Some(end) => {
                state.outgoing = Outgoing::Done;
                Poll::Ready(end.err().map(Err))
            }
            None => {
                state.wait(cx);
                Poll::Pending
            }
        }
    }

    /// Nobody waits for the response any more: the app is told, waited for, and cancelled unless it was done.
    pub(super) fn let_go(&self) {
        let mut state = self.lock();
        let over = matches!(state.outgoing, Outgoing::Done);
        state.gone = true;
        state.outgoing = Outgoing::Done;
        let (receiving, sending) = (state.receiving.take(), state.sending.take());
        let running = !over && state.task.is_some();
        drop(state);
        self.resolve(receiving, disconnect);
        self.resolve(sending, |py| py.None());
        if running {
            let exchange = self.clone();
            self.0.app.remote.spawn(async move {
                tokio::time::sleep(GRACE).await;
                exchange.cancel();
            });
        }
    }

    fn cancel(&self) {
        let Some(task) = self.lock().task.take() else { return };
        Python::attach(|py| {
            if task.call_method0(py, intern!(py, "cancel")).is_ok() {
                ready();
            }
        });
    }

    /// Sets the result of a future of Python's, on the loop's thread.
    pub(super) fn resolve(
        &self,
        future: Option<Py<PyAny>>,
        value: impl FnOnce(Python<'_>) -> Py<PyAny> + Send + 'static,
    ) {
        let Some(future) = future else { return };
        if Local::current().is_some() {
            resolve(&future, value);
        } else {
            self.0.app.remote.spawn(async move { resolve(&future, value) });
        }
    }
}

impl State {
    fn wait(&mut self, cx: &Context<'_>) {
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

    /// The future that `send` waits for, if the client is slower than the app.
    pub(super) fn throttle(&mut self, py: Python<'_>, event_loop: &Py<PyAny>) -> PyResult<Option<Py<PyAny>>> {
        let Outgoing::Streaming(Stream { waiting, .. }) = &self.outgoing else { return Ok(None) };
        if *waiting < HIGH {
            return Ok(None);
        }
        let future = event_loop.call_method0(py, intern!(py, "create_future"))?;
        self.sending = Some(future.clone_ref(py));
        Ok(Some(future))
    }
}

/// What the future of a request ends with.
pub(super) enum Answer {
    Whole(Box<response::Parts>, Bytes),
    Stream(Box<response::Parts>),
    Refused(Rejection),
}

fn resolve(future: &Py<PyAny>, value: impl FnOnce(Python<'_>) -> Py<PyAny>) {
    Python::attach(|py| {
        let future = future.bind(py);
        // One that the app has cancelled is done already.
        let done = future.call_method0(intern!(py, "done")).and_then(|done| done.is_truthy()).unwrap_or(true);
        if !done && future.call_method1(intern!(py, "set_result"), (value(py),)).is_ok() {
            ready();
        }
    });
}

fn ready() {
    if let Some(local) = Local::current() {
        local.python_ready();
    }
}
