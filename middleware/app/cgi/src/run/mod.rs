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

pub(crate) use self::{
    fault::RunFault,
    input::{Feed, Input, InputFault},
};

use std::{
    io::ErrorKind,
    os::unix::process::ExitStatusExt as _,
    pin::Pin,
    process::ExitStatus,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::BytesMut;
use tokio::{
    net::unix::pipe::Receiver,
    time::{Instant, Sleep, sleep},
};

use crate::process::{End, Watched};

/// Room for the first read, which is all that many a script says.
const FIRST: usize = 4 << 10;

/// Room for the others; a pipe holds 64 KiB unless told otherwise.
const READ: usize = 16 << 10;

/// The largest pipe that a script may ask for; so much may be in it when the process has ended.
const PIPE: usize = 1 << 20;

/// A script that runs.
pub(crate) struct Run {
    /// What it has said and nobody has taken yet.
    pub(crate) output: BytesMut,
    room: usize,
    input: Option<Input>,
    stdout: Option<Receiver>,
    watched: Watched,
    exit: Option<ExitStatus>,
    /// Read since its end: more than a pipe holds is not its own.
    since_exit: usize,
    /// Until the next sign of life; after its end, or the end of its output, until the other.
    patience: Pin<Box<Sleep>>,
    silence: Duration,
    linger: Duration,
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
        watched: Watched,
        silence: Duration,
        linger: Duration,
    ) -> Self {
        let patience = Box::pin(sleep(silence));
        let (output, room) = (BytesMut::new(), FIRST);
        Self {
            output,
            room,
            input,
            stdout: Some(stdout),
            watched,
            exit: None,
            since_exit: 0,
            patience,
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
        self.watched.complete(stdout);
    }

    /// Waits for more output.
    pub(crate) fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<Result<More, RunFault>> {
        self.poll_input(cx)?;
        if self.exit.is_some() && self.since_exit > PIPE && self.patience.as_mut().poll(cx).is_ready() {
            return Poll::Ready(self.end());
        }
        if let Poll::Ready(more) = self.poll_output(cx)? {
            return Poll::Ready(Ok(more));
        }
        if self.exit.is_none()
            && let Poll::Ready(end) = self.watched.poll_end(cx)
        {
            let End::Exited(status) = end else { return Poll::Ready(Err(RunFault::Late)) };
            self.exit = Some(status);
            self.wait_for(self.linger);
            // What it said before its end is in the pipe by now: it is read before anything is concluded.
            if let Poll::Ready(more) = self.poll_output(cx)? {
                return Poll::Ready(Ok(more));
            }
        }
        if self.exit.is_some() && self.stdout.is_none() {
            return Poll::Ready(self.end());
        }
        ready!(self.patience.as_mut().poll(cx));
        Poll::Ready(if self.is_alive() { Err(RunFault::Silent) } else { self.end() })
    }

    fn poll_input(&mut self, cx: &mut Context<'_>) -> Result<(), RunFault> {
        let Some(input) = &mut self.input else { return Ok(()) };
        let mut moved = false;
        let done = input.poll(cx, &mut moved);
        if moved && self.is_alive() {
            self.wait_for(self.silence);
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
                    self.wait_for(self.linger);
                }
                Ok(read) => {
                    self.room = READ;
                    if self.is_alive() {
                        self.wait_for(self.silence);
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

    /// A script that was killed has not said all. One that ends with another status than 0 has said what it wanted to.
    fn end(&mut self) -> Result<More, RunFault> {
        match self.exit.and_then(|status| status.signal()) {
            Some(signal) => Err(RunFault::Killed(signal)),
            None => Ok(More::End),
        }
    }

    fn wait_for(&mut self, span: Duration) {
        self.patience.as_mut().reset(Instant::now() + span);
    }
}

/// Kills it, unless it is [complete](Run::complete).
impl Drop for Run {
    fn drop(&mut self) {
        self.watched.abandon(self.input.take().map(Input::into_pipe));
    }
}
