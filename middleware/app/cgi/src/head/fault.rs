//! What can be wrong with a script's head, each with its reason code.

use std::{error::Error, fmt};

use enfilade_core::Rejection;

use crate::reason;

/// What is wrong with a script's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeadFault {
    /// There is no field at all.
    Empty,
    /// This line, counted from 1, is no header field.
    Line(usize),
    /// A field that may be there once is there twice, or beside a status line.
    Repeated(&'static str),
    /// The status is no final status of three digits.
    Status,
    /// `Location` is empty, holds blanks or other bytes than ASCII, or begins with `//`.
    Location,
    /// `Content-Length` is no number.
    Length,
    /// A non-parsed script has encoded its body for a connection that is not its own.
    Encoded,
    /// There is a body and no `Content-Type`.
    Untyped,
    /// It has more bytes or fields than allowed.
    TooLarge,
    /// The output ended within it.
    Incomplete,
    /// There was no output at all.
    NoAnswer,
}

impl HeadFault {
    /// The stable reason code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "cgi.head-empty",
            Self::Line(_) => "cgi.head-bad",
            Self::Repeated(_) => "cgi.field-repeated",
            Self::Status => "cgi.status-bad",
            Self::Location => "cgi.location-bad",
            Self::Length => "cgi.length-bad",
            Self::Encoded => "cgi.body-encoded",
            Self::Untyped => "cgi.content-type-missing",
            Self::TooLarge => "cgi.head-too-large",
            Self::Incomplete => "cgi.head-incomplete",
            Self::NoAnswer => "cgi.no-answer",
        }
    }
}

impl From<HeadFault> for Rejection {
    fn from(fault: HeadFault) -> Self {
        reason::script(fault.code(), fault.to_string())
    }
}

impl fmt::Display for HeadFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => {
                f.write_str("the script's output has no header field: it begins with an empty line")
            }
            Self::Line(number) => write!(f, "line {number} of the script's output is no header field"),
            Self::Repeated(name) => write!(f, "the script says `{name}` twice"),
            Self::Status => f.write_str("the script's status is not three digits from 200 to 999"),
            Self::Location => f.write_str("the script's `Location` is no URL and no path"),
            Self::Length => f.write_str("the script's `Content-Length` is no number"),
            Self::Encoded => f.write_str("the script says `Transfer-Encoding`, which is the server's to say"),
            Self::Untyped => f.write_str("the script sends a body and no `Content-Type`"),
            Self::TooLarge => f.write_str("the script's header fields are larger than allowed"),
            Self::Incomplete => f.write_str("the script's output ends within its header fields"),
            Self::NoAnswer => f.write_str("the script ended without output"),
        }
    }
}

impl Error for HeadFault {}
