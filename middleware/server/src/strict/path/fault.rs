//! Why a path is refused: each reason with its code and what to do about it.
//!
//! ```text
//! Fault ──▶ Rejection { 400, "http.path-…", detail }
//! ```

use enfilade_core::Rejection;
use http::StatusCode;

/// What is wrong with a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::strict) enum Fault {
    Form,
    NotAscii,
    TooLong,
    DotSegment,
    EmptySegment,
    EncodedSlash,
    Backslash,
    Control,
    Escape,
    DoubleEscape,
    Delimiter,
    Parameter,
    NotUtf8,
}

impl Fault {
    fn code(self) -> &'static str {
        match self {
            Self::Form => "http.target-form",
            Self::NotAscii => "http.target-not-ascii",
            Self::TooLong => "http.path-too-long",
            Self::DotSegment => "http.path-dot-segment",
            Self::EmptySegment => "http.path-empty-segment",
            Self::EncodedSlash => "http.path-encoded-slash",
            Self::Backslash => "http.path-backslash",
            Self::Control => "http.path-control",
            Self::Escape => "http.path-escape",
            Self::DoubleEscape => "http.path-double-escape",
            Self::Delimiter => "http.path-delimiter",
            Self::Parameter => "http.path-parameter",
            Self::NotUtf8 => "http.path-not-utf8",
        }
    }

    fn detail(self) -> &'static str {
        match self {
            Self::Form => "ask for a path that begins with /",
            Self::NotAscii => "percent-encode what is not ASCII in the request target",
            Self::TooLong => "the path is too long",
            Self::DotSegment => "ask for the path that `.` and `..` lead to",
            Self::EmptySegment => "leave out the second of two slashes in the path",
            Self::EncodedSlash => "this server takes no %2F in a path",
            Self::Backslash => "this server takes no backslash in a path",
            Self::Control => "this server takes no control characters in a path",
            Self::Escape => "in a path % stands before two hexadecimal digits; write %25 for the character",
            Self::DoubleEscape => "escape the path once",
            Self::Delimiter => "this server takes no %3F and no %23 in a path",
            Self::Parameter => "this server takes no semicolon in a path",
            Self::NotUtf8 => "the path's escapes must be UTF-8",
        }
    }
}

impl From<Fault> for Rejection {
    #[cold]
    fn from(fault: Fault) -> Self {
        let status = if fault == Fault::TooLong { StatusCode::URI_TOO_LONG } else { StatusCode::BAD_REQUEST };
        Rejection::new(status, fault.code()).with_detail(fault.detail())
    }
}
