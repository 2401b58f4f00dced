//! A script that runs for a request: both pipes driven by whoever asks for its output.
//!
//! ```text
//! poll_more ─┬─ input moves on                                    back-pressure: nobody asks, nothing is read
//!            ├─ output comes ─────────────────────▶ More::Output
//!            ├─ output ends, or the process has ended and its children are silent ─▶ More::End
//!            └─ deadline · silence · killed · a broken body ─▶ RunFault
//! ```

mod fault;
mod input;
mod patience;

pub(crate) use self::{
    fault::RunFault,
    input::{Feed, Input, InputFault},
};

use std::{
    io::ErrorKind,
    os::unix::process::ExitStatusExt as _,
    process::ExitStatus,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::BytesMut;
use tokio::net::unix::pipe::Receiver;

use self::patience::Patience;
use crate::process::{End, Held, Watched};

/// Room for the first read, which is all that many a script says.
const FIRST: usize = 4 << 10;

/// Room for the others; a pipe holds 64 KiB unless told otherwise.
const READ: usize = 16 << 10;

/// The largest pipe that a script may ask for; so much may be in it when the process has ended.
const PIPE: usize = 1 << 20;

/// An answer that is looked for whole before its head is sent is no larger.
const WHOLE: usize = 64 << 10;

/// A script that runs.
pub(crate) struct Run {
    /// What it has said and nobody has taken yet.
    pub(crate) output: BytesMut,
    room: usize,
    input: Option<Input>,
    stdout: Option<Receiver>,
    process: Process,
    exit: Option<ExitStatus>,
    /// What failed when nobody could be told yet.
    fault: Option<RunFault>,
    /// Read since its end: more than a pipe holds is not its own.
    since_exit: usize,
    /// Until the next sign of life; after its end, or the end of its output, until the other.
    patience: Patience,
    silence: Duration,
    linger: Duration,
}

/// Who waits for its end.
#[expect(clippy::large_enum_variant, reason = "the usual one, and a run is in a box as it is")]
enum Process {
    /// We do: nothing of the answer is sent yet.
    Held(Held),
    /// A task does.
    Watched(Watched),
    /// Nobody: it was reaped, or given away.
    Gone,
}

/// What is to be done when nothing happens.
enum Due {
    /// Look at more of the process than its stdout.
    Attention,
    Deadline,
    Patience,
}

/// What there is more of.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum More {
    Output,
    End,
}

impl Run {
    pub(crate) fn new(
        input: Option<Input>,
        stdout: Receiver,
        held: Held,
        silence: Duration,
        linger: Duration,
    ) -> Self {
        Self {
            output: BytesMut::new(),
            room: FIRST,
            input,
            stdout: Some(stdout),
            process: Process::Held(held),
            exit: None,
            fault: None,
            since_exit: 0,
            patience: Patience::new(silence),
            silence,
            linger,
        }
    }

    /// How it ended, if it has.
    pub(crate) fn exit(&self) -> Option<ExitStatus> {
        self.exit
    }

    /// The response needs nothing more: the script may end by itself, and its output is thrown away.
    pub(crate) fn complete(mut self) {
        let stdout = self.stdout.take();
        match std::mem::replace(&mut self.process, Process::Gone) {
            Process::Held(held) => held.complete(stdout),
            Process::Watched(mut watched) => watched.complete(stdout),
            Process::Gone => {}
        }
    }

    /// Reads on without waiting: whether that is all that it says.
    pub(crate) fn poll_whole(&mut self, cx: &mut Context<'_>) -> bool {
        while self.output.len() <= WHOLE {
            match self.poll_more(cx) {
                Poll::Ready(Ok(More::Output)) => {}
                Poll::Ready(Ok(More::End)) => return true,
                Poll::Ready(Err(fault)) => {
                    self.fault = Some(fault);
                    return false;
                }
                Poll::Pending => return false,
            }
        }
        false
    }

    /// From now on its end and its deadline come also where nobody asks for more: a client may be slow to take it.
    pub(crate) fn watch(&mut self) -> Result<(), RunFault> {
        self.process = match std::mem::replace(&mut self.process, Process::Gone) {
            Process::Held(held) => Process::Watched(held.watch().map_err(RunFault::Pipe)?),
            other => other,
        };
        Ok(())
    }

    /// Waits for more output.
    pub(crate) fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<Result<More, RunFault>> {
        if let Some(fault) = self.fault.take() {
            return Poll::Ready(Err(fault));
        }
        self.poll_input(cx)?;
        if self.exit.is_some() && self.since_exit > PIPE && self.patience.is_over() {
            return Poll::Ready(self.end());
        }
        loop {
            if let Poll::Ready(more) = self.poll_output(cx)? {
                return Poll::Ready(Ok(more));
            }
            if self.exit.is_none()
                && let Poll::Ready(status) = self.poll_end(cx)?
            {
                self.exit = Some(status);
                self.patience.wait(self.linger);
                // What it said before its end is in the pipe by now: it is read before anything is concluded.
                if let Poll::Ready(more) = self.poll_output(cx)? {
                    return Poll::Ready(Ok(more));
                }
            }
            if self.exit.is_some() && self.stdout.is_none() {
                return Poll::Ready(self.end());
            }
            match ready!(self.poll_due(cx)) {
                Due::Attention => self.attend()?,
                Due::Deadline => return Poll::Ready(Err(RunFault::Late)),
                Due::Patience if self.is_alive() => return Poll::Ready(Err(RunFault::Silent)),
                Due::Patience => return Poll::Ready(self.end()),
            }
        }
    }

    fn poll_input(&mut self, cx: &mut Context<'_>) -> Result<(), RunFault> {
        let Some(input) = &mut self.input else { return Ok(()) };
        let mut moved = false;
        let done = input.poll(cx, &mut moved);
        if moved && self.is_alive() {
            self.patience.wait(self.silence);
        }
        if let Poll::Ready(done) = done {
            done?;
            self.input = None;
        }
        Ok(())
    }

    /// Whether it runs and may still say something.
    fn is_alive(&self) -> bool {
        self.exit.is_none() && self.stdout.is_some()
    }

    /// Ready with output only: its end is judged together with the process's.
    fn poll_output(&mut self, cx: &mut Context<'_>) -> Poll<Result<More, RunFault>> {
        while let Some(pipe) = &self.stdout {
            if self.output.capacity() - self.output.len() < FIRST / 4 {
                self.output.reserve(self.room);
            }
            match pipe.try_read_buf(&mut self.output) {
                Ok(0) => {
                    self.stdout = None;
                    self.patience.wait(self.linger);
                }
                Ok(read) => {
                    self.room = READ;
                    if self.is_alive() {
                        self.patience.wait(self.silence);
                    } else {
                        self.since_exit += read;
                    }
                    return Poll::Ready(Ok(More::Output));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    ready!(pipe.poll_read_ready(cx)).map_err(RunFault::Pipe)?;
                }
                Err(error) => return Poll::Ready(Err(RunFault::Pipe(error))),
            }
        }
        Poll::Pending
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Result<ExitStatus, RunFault>> {
        let held = match &mut self.process {
            Process::Held(held) => held,
            Process::Watched(watched) => {
                return Poll::Ready(match ready!(watched.poll_end(cx)) {
                    End::Exited(status) => Ok(status),
                    End::TimedOut => Err(RunFault::Late),
                });
            }
            Process::Gone => return Poll::Ready(Err(RunFault::Late)),
        };
        // Most end with their output: until one of the two comes alone, there is nothing else to wait for.
        if held.attend_at.is_some() && self.stdout.is_some() {
            return Poll::Pending;
        }
        let mut ended = if held.attend_at.is_some() { held.try_end() } else { Poll::Pending };
        if ended.is_pending() {
            held.attend().map_err(RunFault::Pipe)?;
            ended = held.poll_end(cx);
        }
        let status = ready!(ended);
        if let Process::Held(held) = std::mem::replace(&mut self.process, Process::Gone) {
            held.finish(None);
        }
        Poll::Ready(status.ok_or(RunFault::Late))
    }

    /// Waits until something must be done though nothing happened.
    fn poll_due(&mut self, cx: &mut Context<'_>) -> Poll<Due> {
        let patience = (self.patience.until(), Due::Patience);
        let (at, due) = match &self.process {
            Process::Held(held) => {
                let held = [
                    (held.deadline, Due::Deadline),
                    (held.attend_at.unwrap_or(held.deadline), Due::Attention),
                ];
                held.into_iter().fold(patience, |first, other| if other.0 < first.0 { other } else { first })
            }
            _ => patience,
        };
        self.patience.poll(cx, at).map(|()| due)
    }

    fn attend(&mut self) -> Result<(), RunFault> {
        let Process::Held(held) = &mut self.process else { return Ok(()) };
        held.attend().map_err(RunFault::Pipe)
    }

    /// A script that was killed has not said all. One that ends with another status than 0 has said what it wanted to.
    fn end(&mut self) -> Result<More, RunFault> {
        match self.exit.and_then(|status| status.signal()) {
            Some(signal) => Err(RunFault::Killed(signal)),
            None => Ok(More::End),
        }
    }
}

/// Kills it, unless it is [complete](Run::complete).
impl Drop for Run {
    fn drop(&mut self) {
        let stdin = self.input.take().map(Input::into_pipe);
        match std::mem::replace(&mut self.process, Process::Gone) {
            Process::Held(held) => held.abandon(stdin),
            Process::Watched(mut watched) => watched.abandon(stdin),
            Process::Gone => {}
        }
    }
}
