//! One process: started, its pipes, its group, and its end.
//!
//! ```text
//! start ─┬─ posix_spawn (its own group, its directory, nothing of our environment)
//!        ├─ prlimit
//!        ├─ stdin, stdout ─▶ the request's future, then the response's body
//!        └─ pidfd, stderr ─▶ `watch`, a task that outlives both and reaps
//! ```
//!
//! The process stays unreaped until its group has been dealt with: after that its number, and so its group's, may be
//! another's. tokio's own `Child` reaps as soon as it can, so the standard library's is used, with a pidfd to wait on.

mod stderr;
mod watch;

pub(crate) use self::watch::{End, Watched, Watcher};

use std::{
    io,
    os::{fd::OwnedFd, unix::process::CommandExt as _},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    task::{Context, Poll},
};

use enfilade_core::Rejection;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, kill_process_group, pidfd_open};
use tokio::{
    io::{Interest, unix::AsyncFd},
    net::unix::pipe::{Receiver, Sender},
};

use self::stderr::Stderr;
use crate::{ProcessLimits, environment::Variables, reason};

/// A process that was started, with our ends of its pipes.
pub(crate) struct Started {
    pub(crate) stdin: Option<Sender>,
    pub(crate) stdout: Receiver,
    stderr: Receiver,
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
        .stdin(if with_stdin { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| reason::not_started(&error))?;
    let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    // From here on whatever fails kills and reaps it: that is how a `Process` is dropped.
    let process = Process::new(child).map_err(|error| reason::not_started(&error))?;
    limits.apply(process.pid).map_err(|error| reason::limits(&error))?;
    let (stdin, stdout, stderr) = pipes;
    let ours = || {
        Ok::<_, io::Error>((
            stdin.map(|pipe| Sender::from_owned_fd(OwnedFd::from(pipe))).transpose()?,
            Receiver::from_owned_fd(OwnedFd::from(stdout.expect("asked for above")))?,
            Receiver::from_owned_fd(OwnedFd::from(stderr.expect("asked for above")))?,
        ))
    };
    let (stdin, stdout, stderr) = ours().map_err(|error| reason::not_started(&error))?;
    Ok(Started { stdin, stdout, stderr, process })
}

/// A process that is the first of its group, and not reaped.
pub(crate) struct Process {
    child: Child,
    pid: Pid,
    pidfd: AsyncFd<OwnedFd>,
    reaped: bool,
}

impl Process {
    fn new(mut child: Child) -> io::Result<Self> {
        let pid = Pid::from_child(&child);
        let opened = pidfd_open(pid, PidfdFlags::NONBLOCK).map_err(io::Error::from).and_then(registered);
        match opened {
            Ok(pidfd) => Ok(Self { child, pid, pidfd, reaped: false }),
            Err(error) => {
                let _ = kill_process_group(pid, Signal::KILL);
                child.wait().ok();
                Err(error)
            }
        }
    }

    /// Waits for its end, without reaping it.
    fn poll_end(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.pidfd.poll_read_ready(cx).map(|_| ())
    }

    /// Sends a signal to all of its group; to nobody once it is reaped.
    fn signal(&self, signal: Signal) {
        if !self.reaped {
            let _ = kill_process_group(self.pid, signal);
        }
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

/// Only where `watch` could not finish: the runtime ends, or the process was given up right after its start.
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
