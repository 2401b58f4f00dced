//! What a script writes to its stderr, into the log: line by line, so many and no more, drained to the end.
//!
//! ```text
//! bytes ─▶ lines ─┬─ escaped, at most 1,024 bytes each ─▶ warn, target `enfilade::cgi`
//!                 └─ after 200 lines of one process: only counted, and told at its end
//! ```

use std::{
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
    pipe: Option<Receiver>,
    lines: Lines,
}

impl Stderr {
    pub(super) fn new(pipe: Receiver, script: Arc<str>, pid: i32) -> Self {
        Self { pipe: Some(pipe), lines: Lines { script, pid, rest: BytesMut::new(), told: 0, left_out: 0 } }
    }

    /// Reads all that is there; ready at its end.
    pub(super) fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // Most scripts are silent, and a silent one costs no buffer.
        let mut scratch = [0; 4096];
        for _ in 0..READS {
            let Some(pipe) = &self.pipe else { return Poll::Ready(()) };
            match pipe.try_read(&mut scratch) {
                Ok(read @ 1..) => self.lines.tell(&scratch[..read]),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    if ready!(pipe.poll_read_ready(cx)).is_err() {
                        self.pipe = None;
                    }
                }
                Ok(0) | Err(_) => self.pipe = None,
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
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
