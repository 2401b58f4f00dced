//! `--reload`: the same command in a process of its own, ended and started anew when a file of the app changes.
//!
//! ```text
//! this process ── keeps the listeners, looks at the files ── hands over ─▶ the process that serves
//!   a file has changed    ─▶ lets go of it: it drains, and a new one takes over; who comes meanwhile waits
//!   the app does not start ─▶ its error stays on the screen until a file changes
//!   Ctrl-C, SIGTERM        ─▶ lets go of it, and ends with it
//! ```
//!
//! A process of its own, because Python cannot forget a module: what is imported anew beside the old one is another app.

mod files;
mod handover;

pub(super) use self::handover::Taken;

use std::{env, ffi::OsString, io, path::PathBuf, process::ExitStatus, time::Duration};

use tokio::{
    process::{Child, Command},
    runtime::Builder,
    signal::unix::{Signal, SignalKind, signal},
    time::timeout,
};
use tower::BoxError;

use self::{files::Files, handover::Handover};
use super::CONFIG;
use crate::cli::{Listen, RunArgs};

/// How long requests in flight may take when the app is started anew.
const PATIENCE: Duration = Duration::from_secs(3);

/// Watches until it is told to stop, and lets the app end then.
///
/// # Errors
///
/// When an address cannot be listened on, when the command cannot be started again, and when it ends by itself because
/// something else than the app is wrong: it has said what.
pub(super) fn watch(args: &RunArgs) -> Result<(), BoxError> {
    let listen = Listen::of(&args.server)?;
    let folder = args.python.folder()?;
    Builder::new_current_thread().enable_all().build()?.block_on(async {
        let mut watcher = Watcher { folder, handover: Handover::new(listen)?, told: Told::new()? };
        while let Next::Anew = watcher.run_once().await? {}
        Ok(())
    })
}

const NOT_THE_APP: &str = "no change of the app would mend what is said above: mend it, and start again";

struct Watcher {
    folder: PathBuf,
    handover: Handover,
    told: Told,
}

enum Next {
    Anew,
    End,
}

impl Watcher {
    /// One process, from its start to its end.
    async fn run_once(&mut self) -> Result<Next, BoxError> {
        let seen = Files::below(&self.folder);
        let mut child = self.start()?;
        let mut line = None;
        loop {
            tokio::select! {
                () = self.told.next() => {
                    drop(line);
                    return Ok(self.end(child).await?);
                }
                () = seen.changed(&self.folder) => {
                    say("a file has changed: starting anew");
                    drop(line);
                    return Ok(self.replace(child).await?);
                }
                taken = self.handover.give(), if line.is_none() => line = Some(taken?),
                status = child.wait() => return self.ended(status?, &seen).await,
            }
        }
    }

    /// The same command, which is told where to take the listeners from.
    fn start(&self) -> io::Result<Child> {
        let mut arguments: Vec<OsString> = env::args_os().skip(1).collect();
        // Behind `run`, for what stands last may be behind `--`.
        arguments.splice(1..1, ["--reloaded".into(), self.handover.path().into()]);
        Command::new(env::current_exe()?).args(arguments).kill_on_drop(true).spawn()
    }

    /// Lets it drain for as long as it likes; told again, it has ended.
    async fn end(&mut self, mut child: Child) -> io::Result<Next> {
        tokio::select! {
            status = child.wait() => drop(status?),
            () = self.told.next() => child.kill().await?,
        }
        Ok(Next::End)
    }

    async fn replace(&mut self, mut child: Child) -> io::Result<Next> {
        tokio::select! {
            drained = timeout(PATIENCE, child.wait()) => match drained {
                Ok(status) => drop(status?),
                Err(_) => child.kill().await?,
            },
            () = self.told.next() => {
                child.kill().await?;
                return Ok(Next::End);
            }
        }
        Ok(Next::Anew)
    }

    /// It has ended by itself: what no change of the app would mend ends the watch too.
    async fn ended(&mut self, status: ExitStatus, seen: &Files) -> Result<Next, BoxError> {
        match status.code() {
            Some(0) => return Ok(Next::End),
            Some(code) if code == i32::from(CONFIG) => return Err(NOT_THE_APP.into()),
            _ => say("the app has ended: waiting for a file to change"),
        }
        tokio::select! {
            () = self.told.next() => Ok(Next::End),
            () = seen.changed(&self.folder) => Ok(Next::Anew),
        }
    }
}

/// SIGTERM and SIGINT, one after the other. A terminal tells both processes of Ctrl-C.
struct Told([Signal; 2]);

impl Told {
    fn new() -> io::Result<Self> {
        Ok(Self([signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?]))
    }

    async fn next(&mut self) {
        let [end, interrupt] = &mut self.0;
        tokio::select! {
            _ = end.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
}

fn say(what: &str) {
    tracing::info!(target: "enfilade", "--reload: {what}");
}
