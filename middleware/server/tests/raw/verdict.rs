//! What becomes of a raw request, and how a page says it.
//!
//! ```text
//! answer on the wire + reason code in the log ──▶ Verdict ──▶ one line of src/verdicts.md
//! ```

use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// hyper answers so without asking us, and closes an HTTP/1 connection.
    Hyper(u16),
    /// One of our links answers so, with this reason code, and closes an HTTP/1 connection.
    Us(u16, &'static str),
    /// The app is asked, says what it was asked, and the connection goes on.
    App(&'static str),
    /// The app is asked, says what it was asked, and the connection is closed.
    Last(&'static str),
    /// h2 resets the stream with this reason.
    Reset(&'static str),
    /// h2 ends the connection with this reason.
    Goaway(&'static str),
    /// The connection is closed without an answer.
    Closed,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hyper(status) => write!(f, "refused by hyper: {status}"),
            Self::Us(status, code) => write!(f, "refused by us: {status} `{code}`"),
            Self::App(said) => write!(f, "accepted: `{said}`"),
            Self::Last(said) => write!(f, "accepted, then closed: `{said}`"),
            Self::Reset(reason) => write!(f, "refused by h2: stream, `{reason}`"),
            Self::Goaway(reason) => write!(f, "refused by h2: connection, `{reason}`"),
            Self::Closed => f.write_str("closed without an answer"),
        }
    }
}

/// Whether what was seen is this verdict; what was seen is told as a verdict is.
pub(crate) fn differs(name: &str, expected: Verdict, seen: &str) -> Option<String> {
    (expected.to_string() != seen)
        .then(|| format!("{name}\n      expected: {expected}\n      seen:     {seen}"))
}

/// `9112 §3.2; a remark` with the section as a link.
pub(crate) fn link(clause: &str) -> String {
    let (section, remark) = clause.split_once(';').unwrap_or((clause, ""));
    let remark = if remark.is_empty() { String::new() } else { format!(";{remark}") };
    let (rfc, number) = section.split_once(" §").expect("an RFC and its section");
    format!("[{rfc} §{number}](https://www.rfc-editor.org/rfc/rfc{rfc}#section-{number}){remark}")
}
