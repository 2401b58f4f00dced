//! What a script writes to its stderr, into the log: line by line, so many and no more, drained to the end.
//!
//! ```text
//! bytes ─▶ lines ─┬─ escaped, at most 1,024 bytes each ─▶ warn, target `enfilade::cgi`
//!                 └─ after 200 lines of one process: only counted, and told at its end
//! ```

use std::{
    io::{self, ErrorKind},
    os::fd::OwnedFd,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::{Buf as _, BytesMut};
use tokio::net::unix::pipe::Receiver;

/// The longest piece of a line that the log is given.
const LINE: usize = 1024;

/// Lines of one process.
const LINES: usize = 200;

/// Reads at one poll; then others have their turn.
const READS: usize = 16;

/// The reading end of a script's stderr.
pub(super) struct Stderr {
    pipe: Pipe,
    lines: Lines,
}

/// A pipe that does not block.
enum Pipe {
    /// Read when there is reason to.
    Unattended(OwnedFd),
    /// It wakes whoever waits for it.
    Attended(Receiver),
    Ended,
}

impl Stderr {
    pub(super) fn new(pipe: OwnedFd, script: Arc<str>, pid: i32) -> Self {
        let lines = Lines { script, pid, rest: BytesMut::new(), told: 0, left_out: 0 };
        Self { pipe: Pipe::Unattended(pipe), lines }
    }

    /// From now on it can be waited for.
    pub(super) fn attend(&mut self) -> io::Result<()> {
        self.pipe = match std::mem::replace(&mut self.pipe, Pipe::Ended) {
            Pipe::Unattended(pipe) => Pipe::Attended(Receiver::from_owned_fd_unchecked(pipe)?),
            other => other,
        };
        Ok(())
    }

    /// Reads all that is there and does not wait; whether nobody writes any more.
    pub(super) fn is_at_end(&mut self) -> bool {
        for _ in 0..READS {
            match self.read() {
                Ok(true) => {}
                Ok(false) => return true,
                Err(_) => return false,
            }
        }
        false
    }

    /// Reads all that is there; ready at its end.
    pub(super) fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        for _ in 0..READS {
            match self.read() {
                Ok(true) => {}
                Ok(false) => return Poll::Ready(()),
                Err(_would_block) => {
                    let Pipe::Attended(pipe) = &self.pipe else { return Poll::Pending };
                    if ready!(pipe.poll_read_ready(cx)).is_err() {
                        self.pipe = Pipe::Ended;
                    }
                }
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Whether there was something; an error only where one would have to wait.
    fn read(&mut self) -> io::Result<bool> {
        // Most scripts are silent, and a silent one costs no buffer.
        let mut scratch = [0; 4096];
        let read = match &self.pipe {
            Pipe::Unattended(pipe) => rustix::io::read(pipe, &mut scratch).map_err(io::Error::from),
            Pipe::Attended(pipe) => pipe.try_read(&mut scratch),
            Pipe::Ended => Ok(0),
        };
        match read {
            Ok(read @ 1..) => self.lines.tell(&scratch[..read]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Err(error),
            Ok(0) | Err(_) => {
                self.pipe = Pipe::Ended;
                return Ok(false);
            }
        }
        Ok(true)
    }
}

struct Lines {
    script: Arc<str>,
    pid: i32,
    rest: BytesMut,
    told: usize,
    left_out: usize,
}

impl Lines {
    /// Tells every whole line, and of one that has no end what fits.
    fn tell(&mut self, bytes: &[u8]) {
        self.rest.extend_from_slice(bytes);
        loop {
            match self.rest.iter().take(LINE + 1).position(|b| *b == b'\n') {
                Some(at) => {
                    let line = self.rest.split_to(at);
                    self.rest.advance(1);
                    self.line(&line);
                }
                None if self.rest.len() > LINE => {
                    let piece = self.rest.split_to(LINE);
                    self.line(&piece);
                }
                None => return,
            }
        }
    }

    fn line(&mut self, line: &[u8]) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            return;
        }
        if self.told == LINES {
            self.left_out += 1;
            return;
        }
        self.told += 1;
        tracing::warn!(target: "enfilade::cgi", script = %self.script, pid = self.pid, "{}", printable(line));
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        let rest = self.rest.split();
        self.line(&rest);
        if self.left_out > 0 {
            let (script, pid, left_out) = (&self.script, self.pid, self.left_out);
            tracing::warn!(target: "enfilade::cgi", %script, pid, left_out, "stderr had more lines than are told");
        }
    }
}

/// Text whose control characters cannot move a terminal's cursor or begin a line of their own.
fn printable(line: &[u8]) -> String {
    let mut text = String::with_capacity(line.len());
    for c in String::from_utf8_lossy(line).chars() {
        if c.is_control() && c != '\t' {
            text.extend(c.escape_default());
        } else {
            text.push(c);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped_and_text_stays() {
        assert_eq!(printable("café\x1b[31m \tx\r".as_bytes()), "café\\u{1b}[31m \tx\\r");
    }
}
