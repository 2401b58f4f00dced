//! The task that stays with a process until it is reaped, when its request's future does not.
//!
//! ```text
//! it ends ───────────────────▶ reap, tell the response; stderr a little longer, for children that still write
//! the response is dropped ───▶ SIGTERM to the group · grace · SIGKILL to the group · reap
//! the deadline passes ───────▶ the same, and tell the response
//! the response is complete ──▶ it may end by itself; what it still writes is thrown away
//! ```
//!
//! What the process started has as long after SIGTERM as the process itself takes: once it has ended the group is
//! killed. Children that stay after an end in peace keep running, without our ends of the pipes.

use std::{
    future::poll_fn,
    pin::Pin,
    process::ExitStatus,
    task::{Context, Poll, ready},
    time::Duration,
};

use rustix::process::Signal;
use tokio::{
    net::unix::pipe::{Receiver, Sender},
    sync::oneshot,
    time::{Instant, Sleep, sleep_until, timeout},
};

use super::{Process, stderr::Stderr};
use crate::{queue::Place, reason};

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watcher {
    /// The whole run.
    pub(crate) deadline: Duration,
    /// From SIGTERM to SIGKILL.
    pub(crate) grace: Duration,
    /// From the process's end to the end of what its children hold open.
    pub(crate) linger: Duration,
}

/// How a process ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    Exited(ExitStatus),
    TimedOut,
}

/// How a response leaves its process.
enum Leave {
    /// It needs nothing more; what comes out of this is thrown away.
    Complete(Option<Receiver>),
    /// It is given up, with a body that has not all been written: an end that the script reads would tell it that it had.
    Abandoned(Option<Sender>),
}

/// The response's side. Dropped before [`complete`](Self::complete), it kills.
pub(crate) struct Watched {
    end: oneshot::Receiver<End>,
    leave: Option<oneshot::Sender<Leave>>,
}

/// The task's side.
pub(super) struct Side {
    tell: oneshot::Sender<End>,
    left: oneshot::Receiver<Leave>,
}

impl Watched {
    pub(super) fn new() -> (Self, Side) {
        let (tell, end) = oneshot::channel();
        let (leave, left) = oneshot::channel();
        (Self { end, leave: Some(leave) }, Side { tell, left })
    }

    /// Waits for the end; only until it is ready once.
    pub(crate) fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        Pin::new(&mut self.end).poll(cx).map(|end| end.unwrap_or(End::TimedOut))
    }

    /// The response needs nothing more; what comes out of `stdout` is thrown away.
    pub(crate) fn complete(&mut self, stdout: Option<Receiver>) {
        self.leave(Leave::Complete(stdout));
    }

    /// Kills; `stdin` is closed only afterwards.
    pub(crate) fn abandon(&mut self, stdin: Option<Sender>) {
        self.leave(Leave::Abandoned(stdin));
    }

    fn leave(&mut self, how: Leave) {
        if let Some(leave) = self.leave.take() {
            let _ = leave.send(how);
        }
    }
}

impl Watcher {
    /// The task of a process that may end by itself.
    pub(super) async fn run(self, mut watch: Watch, deadline: Instant, place: Place) {
        let mut deadline = std::pin::pin!(sleep_until(deadline));
        match poll_fn(|cx| watch.poll_event(cx, deadline.as_mut())).await {
            Event::Ended => {}
            Event::Abandoned(stdin) => return self.end(watch, stdin, place).await,
            Event::Late => {
                watch.tell(End::TimedOut);
                self.kill(&mut watch).await;
                watch.reaped();
                return;
            }
        }
        self.last(watch, place).await;
    }

    /// The task of a process that is to end; `stdin` stays open until it has.
    pub(super) async fn end(self, mut watch: Watch, stdin: Option<Sender>, place: Place) {
        self.kill(&mut watch).await;
        drop(stdin);
        self.last(watch, place).await;
    }

    async fn last(self, mut watch: Watch, place: Place) {
        let status = watch.reaped();
        drop(place);
        if let Some(status) = status {
            watch.tell(End::Exited(status));
        }
        watch.linger(self.linger).await;
    }

    async fn kill(&self, watch: &mut Watch) {
        watch.process.signal(Signal::TERM);
        let ended = poll_fn(|cx| {
            let _ = watch.stderr.poll_drain(cx);
            watch.process.poll_end(cx)
        });
        let _ = timeout(self.grace, ended).await;
        watch.process.signal(Signal::KILL);
        poll_fn(|cx| watch.process.poll_end(cx)).await;
    }
}

enum Event {
    Ended,
    Abandoned(Option<Sender>),
    Late,
}

/// What a task has of a process.
pub(super) struct Watch {
    process: Process,
    stderr: Stderr,
    tell: Option<oneshot::Sender<End>>,
    left: Option<oneshot::Receiver<Leave>>,
    rest: Option<Receiver>,
}

impl Watch {
    pub(super) fn new(process: Process, stderr: Stderr) -> Self {
        Self { process, stderr, tell: None, left: None, rest: None }
    }

    /// There is a response that goes on.
    pub(super) fn with_response(self, Side { tell, left }: Side) -> Self {
        Self { tell: Some(tell), left: Some(left), ..self }
    }

    /// There is output that nobody wants.
    pub(super) fn with_rest(self, rest: Option<Receiver>) -> Self {
        Self { rest, ..self }
    }

    /// Reads a little longer what nobody else reads.
    pub(super) async fn linger(&mut self, span: Duration) {
        if self.stderr.attend().is_ok() {
            let _ = timeout(span, poll_fn(|cx| self.poll_rest(cx))).await;
        }
    }

    fn poll_event(&mut self, cx: &mut Context<'_>, deadline: Pin<&mut Sleep>) -> Poll<Event> {
        if let Some(left) = &mut self.left
            && let Poll::Ready(how) = Pin::new(left).poll(cx)
        {
            self.left = None;
            match how.unwrap_or(Leave::Abandoned(None)) {
                Leave::Complete(stdout) => self.rest = stdout,
                Leave::Abandoned(stdin) => return Poll::Ready(Event::Abandoned(stdin)),
            }
        }
        let _ = self.poll_rest(cx);
        if self.process.poll_end(cx).is_ready() {
            return Poll::Ready(Event::Ended);
        }
        ready!(deadline.poll(cx));
        Poll::Ready(Event::Late)
    }

    /// Drains what nobody else reads; ready when nobody writes any more.
    fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let stderr = self.stderr.poll_drain(cx);
        if let Some(stdout) = &self.rest {
            ready!(poll_discard(stdout, cx));
            self.rest = None;
        }
        stderr
    }

    fn tell(&mut self, end: End) {
        if let Some(tell) = self.tell.take() {
            let _ = tell.send(end);
        }
    }

    fn reaped(&mut self) -> Option<ExitStatus> {
        self.process.reap().inspect_err(|error| reason::log("cgi.not-reaped", error)).ok()
    }
}

fn poll_discard(pipe: &Receiver, cx: &mut Context<'_>) -> Poll<()> {
    let mut scratch = [0; 4096];
    for _ in 0..16 {
        match pipe.try_read(&mut scratch) {
            Ok(1..) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                if ready!(pipe.poll_read_ready(cx)).is_err() {
                    return Poll::Ready(());
                }
            }
            Ok(0) | Err(_) => return Poll::Ready(()),
        }
    }
    cx.waker().wake_by_ref();
    Poll::Pending
}
