//! `wsgi.errors`: what an app writes there goes to the log, line by line.
//!
//! ```text
//! write("half ") write("a line\n") ─▶ warn "half a line", target `enfilade::wsgi`       flush: what has no end yet
//! ```
//!
//! One object serves every request; what has no end yet is kept for each thread, so that lines of two do not mix.

use std::{cell::RefCell, time::Duration};

use enfilade_core::{Clock, LogLimit};
use pyo3::{prelude::*, types::PyString};

/// The longest piece of a line that the log is given.
const LINE: usize = 1024;

thread_local! {
    static REST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// `wsgi.errors`.
#[pyclass(frozen, module = "enfilade", name = "Errors")]
#[derive(Debug)]
pub(super) struct Errors;

#[pymethods]
impl Errors {
    #[pyo3(signature = (text, /))]
    #[expect(clippy::unused_self, reason = "Python calls it as a method")]
    fn write(&self, text: &Bound<'_, PyString>) {
        let text = text.to_string_lossy();
        REST.with_borrow_mut(|rest| tell(rest, &text));
    }

    #[pyo3(signature = (lines, /))]
    fn writelines(&self, lines: &Bound<'_, PyAny>) -> PyResult<()> {
        for line in lines.try_iter()? {
            self.write(line?.cast()?);
        }
        Ok(())
    }

    #[expect(clippy::unused_self, reason = "Python calls it as a method")]
    fn flush(&self) {
        line(&REST.take());
    }
}

fn tell(rest: &mut String, text: &str) {
    for piece in text.split_inclusive('\n') {
        match piece.strip_suffix('\n') {
            Some(end) if rest.is_empty() => line(end),
            Some(end) => {
                rest.push_str(end);
                line(&std::mem::take(rest));
            }
            None => rest.push_str(piece),
        }
        if rest.len() > LINE {
            line(&std::mem::take(rest));
        }
    }
}

fn line(line: &str) {
    static LIMIT: LogLimit = LogLimit::new(1000, Duration::from_secs(10));
    let line = line.trim_end_matches('\r');
    if line.is_empty() {
        return;
    }
    if let Some(left_out) = LIMIT.admit(&Clock::system()) {
        let left_out = (left_out > 0).then_some(left_out);
        tracing::warn!(target: "enfilade::wsgi", left_out, "{}", printable(line));
    }
}

/// Text whose control characters cannot move a terminal's cursor or begin a line of their own; not too long.
fn printable(line: &str) -> String {
    let mut text = String::with_capacity(line.len().min(LINE));
    for c in line.chars().take(LINE) {
        if c.is_control() && c != '\t' {
            text.extend(c.escape_default());
        } else {
            text.push(c);
        }
    }
    text
}
