//! A process while its request's future stays with it: most have ended before their answer begins, and need no task.
//!
//! ```text
//! stdout ends, and so has the process ─▶ reaped at once: nothing was registered but stdout
//! stdout ends alone, or 5 ms passed ──▶ attended: pidfd and stderr are waited for as well
//! its answer streams, is complete, or is given up ─▶ `watch`, a task that outlives the request
//! ```
//!
//! What is not registered need not be taken off again: of a process that lives for a moment that is half of what it
//! costs beside its start.

use std::{
    io,
    process::ExitStatus,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    net::unix::pipe::{Receiver, Sender},
    runtime::Handle,
    time::Instant,
};

use super::{
    Process, Started,
    stderr::Stderr,
    watch::{Watch, Watched, Watcher},
};
use crate::{queue::Place, reason};

/// How long a process may live before more of it is waited for than its stdout.
const MOMENT: Duration = Duration::from_millis(5);

/// A process that has not been reaped, and what its end sets free. Dropped, it kills at once: give it to a task.
pub(crate) struct Held {
    pub(super) process: Process,
    pub(super) stderr: Stderr,
    pub(super) place: Place,
    pub(super) watcher: Watcher,
    /// When its time is over.
    pub(crate) deadline: Instant,
    /// When it is to be [attended](Self::attend); `None` once it is.
    pub(crate) attend_at: Option<Instant>,
    runtime: Handle,
}

impl Watcher {
    /// Holds a process that was started.
    pub(crate) fn hold(
        self,
        started: Started,
        script: Arc<str>,
        place: Place,
    ) -> (Held, Option<Sender>, Receiver) {
        let Started { stdin, stdout, stderr, process } = started;
        let stderr = Stderr::new(stderr, script, process.pid.as_raw_nonzero().get());
        let now = Instant::now();
        let (deadline, attend_at) = (later(now, self.deadline), Some(later(now, MOMENT)));
        let runtime = Handle::current();
        (Held { process, stderr, place, watcher: self, deadline, attend_at, runtime }, stdin, stdout)
    }
}

impl Held {
    /// From now on its end and its stderr wake whoever polls.
    pub(crate) fn attend(&mut self) -> io::Result<()> {
        self.attend_at = None;
        // A response may be dropped on any thread, and what is registered is its own runtime's.
        let _entered = self.runtime.enter();
        self.stderr.attend()?;
        self.process.attend()
    }

    /// Reaps it if it has ended, and wakes nobody later if not; `None` where another has reaped it.
    pub(crate) fn try_end(&mut self) -> Poll<Option<ExitStatus>> {
        match self.process.try_reap().map_err(not_reaped) {
            Ok(Some(status)) => Poll::Ready(Some(status)),
            Ok(None) => Poll::Pending,
            Err(()) => Poll::Ready(None),
        }
    }

    /// Waits for its end, once it is attended, and reaps it; `None` where another has.
    pub(crate) fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Option<ExitStatus>> {
        let _ = self.stderr.poll_drain(cx);
        ready!(self.process.poll_end(cx));
        Poll::Ready(self.process.reap().map_err(not_reaped).ok())
    }

    /// After it was reaped: its place is free, and what children still write is read a little longer.
    pub(crate) fn finish(mut self, rest: Option<Receiver>) {
        if self.stderr.is_at_end() && rest.is_none() {
            return;
        }
        drop(self.place);
        let mut watch = Watch::new(self.process, self.stderr).with_rest(rest);
        self.runtime.spawn(async move { watch.linger(self.watcher.linger).await });
    }

    /// Gives it to a task; the response goes on.
    pub(crate) fn watch(mut self) -> io::Result<Watched> {
        self.attend()?;
        let (watched, side) = Watched::new();
        let watch = Watch::new(self.process, self.stderr).with_response(side);
        self.runtime.spawn(self.watcher.run(watch, self.deadline, self.place));
        Ok(watched)
    }

    /// Gives it to a task; the response needs nothing more, and what comes out of `stdout` is thrown away.
    pub(crate) fn complete(mut self, stdout: Option<Receiver>) {
        if self.try_end().is_ready() {
            return self.finish(stdout);
        }
        if let Err(error) = self.attend() {
            return reason::log("cgi.pipe-broken", &error);
        }
        let watch = Watch::new(self.process, self.stderr).with_rest(stdout);
        self.runtime.spawn(self.watcher.run(watch, self.deadline, self.place));
    }

    /// Kills it, by a task; `stdin` is closed only afterwards.
    pub(crate) fn abandon(mut self, stdin: Option<Sender>) {
        if let Err(error) = self.attend() {
            return reason::log("cgi.pipe-broken", &error);
        }
        let watch = Watch::new(self.process, self.stderr);
        self.runtime.spawn(self.watcher.end(watch, stdin, self.place));
    }
}

fn not_reaped(error: io::Error) {
    reason::log("cgi.not-reaped", &error);
}

/// So much later, or as late as it gets.
pub(crate) fn later(now: Instant, span: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(30 * 365 * 86_400);
    now + span.min(FAR)
}
