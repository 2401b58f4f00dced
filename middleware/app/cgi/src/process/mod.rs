//! One process: started, its pipes, its group, and its end.
//!
//! ```text
//! start ─┬─ posix_spawn (its own group, its directory, nothing of our environment)
//!        ├─ prlimit
//!        ├─ stdin, stdout ─▶ the request's future, then the response's body
//!        └─ end, stderr ──▶ `held` by the request's future; where that goes first, `watch`, a task that reaps
//! ```
//!
//! The process stays unreaped until its group has been dealt with: after that its number, and so its group's, may be
//! another's. tokio's own `Child` reaps as soon as it can, so the standard library's is used, with a pidfd to wait on.

mod held;
mod stderr;
mod watch;

pub(crate) use self::{
    held::{Held, later},
    watch::{End, Watched, Watcher},
};

use std::{
    fs::File,
    io,
    os::{fd::OwnedFd, unix::process::CommandExt as _},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::OnceLock,
    task::{Context, Poll},
};

use enfilade_core::Rejection;
use rustix::{
    io::ioctl_fionbio,
    process::{Pid, PidfdFlags, Signal, kill_process, kill_process_group, pidfd_open},
};
use tokio::{
    io::{Interest, unix::AsyncFd},
    net::unix::pipe::{Receiver, Sender},
};

use crate::{ProcessLimits, environment::Variables, reason};

/// A process that was started, with our ends of its pipes.
pub(crate) struct Started {
    pub(crate) stdin: Option<Sender>,
    pub(crate) stdout: Receiver,
    stderr: OwnedFd,
    process: Process,
}

/// Starts the script: no arguments (a query without `=` is not turned into a command line, RFC 3875 §4.4), its own
/// directory, its own group. `with_stdin`: there is a body; without one it reads an empty file.
pub(crate) fn start(
    script: &Path,
    variables: &Variables,
    limits: &ProcessLimits,
    with_stdin: bool,
) -> Result<Started, Rejection> {
    let mut command = Command::new(script);
    command
        .current_dir(script.parent().unwrap_or(Path::new("/")))
        .env_clear()
        .envs(variables.iter())
        .process_group(0)
        .stdin(if with_stdin { Stdio::piped() } else { nothing() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| reason::not_started(&error))?;
    // It holds a descriptor that is the script's alone.
    drop(command);
    let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    // From here on whatever fails kills and reaps it: that is how a `Process` is dropped.
    let process = Process::new(child);
    limits.apply(process.pid).map_err(|error| reason::limits(&error))?;
    let (stdin, stdout, stderr) = pipes;
    let ours = || {
        Ok::<_, io::Error>((
            stdin.map(|pipe| Sender::from_owned_fd_unchecked(unblocked(pipe)?)).transpose()?,
            Receiver::from_owned_fd_unchecked(unblocked(stdout.expect("asked for above"))?)?,
            unblocked(stderr.expect("asked for above"))?,
        ))
    };
    let (stdin, stdout, stderr) = ours().map_err(|error| reason::not_started(&error))?;
    Ok(Started { stdin, stdout, stderr, process })
}

/// An empty file to read: a copy of one descriptor, since to open a path takes several times as long.
fn nothing() -> Stdio {
    static NULL: OnceLock<Option<File>> = OnceLock::new();
    let null = NULL.get_or_init(|| File::open("/dev/null").ok());
    null.as_ref().and_then(|null| null.try_clone().ok()).map_or_else(Stdio::null, Stdio::from)
}

/// Our end of a pipe: the other end stays as programs expect theirs.
fn unblocked(pipe: impl Into<OwnedFd>) -> io::Result<OwnedFd> {
    let pipe = pipe.into();
    ioctl_fionbio(&pipe, true)?;
    Ok(pipe)
}

/// A process that is the first of its group, and not reaped.
pub(crate) struct Process {
    child: Child,
    pid: Pid,
    pidfd: Option<AsyncFd<OwnedFd>>,
    reaped: bool,
}

impl Process {
    fn new(child: Child) -> Self {
        let pid = Pid::from_child(&child);
        Self { child, pid, pidfd: None, reaped: false }
    }

    /// From now on its end can be waited for.
    fn attend(&mut self) -> io::Result<()> {
        if self.pidfd.is_none() {
            self.pidfd = Some(registered(pidfd_open(self.pid, PidfdFlags::NONBLOCK)?)?);
        }
        Ok(())
    }

    /// Waits for its end, without reaping it; for ever, unless [attended](Self::attend).
    fn poll_end(&self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(pidfd) = &self.pidfd else { return Poll::Pending };
        pidfd.poll_read_ready(cx).map(|_| ())
    }

    /// Sends a signal to all of its group; to nobody once it is reaped.
    fn signal(&self, signal: Signal) {
        if !self.reaped {
            let _ = kill_process_group(self.pid, signal);
        }
    }

    /// Reaps it, if it has ended.
    fn try_reap(&mut self) -> io::Result<Option<ExitStatus>> {
        let status = self.child.try_wait()?;
        self.reaped = status.is_some();
        Ok(status)
    }

    /// Reaps it; it has ended, or is about to after a SIGKILL.
    fn reap(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait();
        self.reaped = status.is_ok();
        status
    }
}

#[expect(
    deprecated,
    reason = "what is registered is owned, so its number stays its own; the other way is `unsafe`"
)]
fn registered(pidfd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(pidfd, Interest::READABLE)
}

/// Only where nobody could finish: the runtime ends, or the process was given up right after its start.
impl Drop for Process {
    fn drop(&mut self) {
        if self.reaped {
            return;
        }
        self.signal(Signal::KILL);
        // A script that has become another user's is not ours to kill, and nobody waits for it here.
        if kill_process(self.pid, Signal::KILL).is_ok() {
            self.child.wait().ok();
        }
    }
}
