//! The `traceparent` of a request, parsed by the letter of W3C Trace Context (level 1 and 2).
//!
//! ```text
//! 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
//! version   trace id                    parent id      flags
//! ```
//!
//! | what comes | what it is |
//! |---|---|
//! | version `ff`, an id of zeros alone, an upper-case digit, any other length or hyphen | nothing (§3.2.2) |
//! | version `00` with more behind the flags | nothing |
//! | a higher version with more behind the flags, after a hyphen | the four fields that are known (§3.2.4) |
//!
//! ```
//! use enfilade_core::TraceContext;
//!
//! let trace = TraceContext::parse(b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").unwrap();
//! assert_eq!(trace.trace_id().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
//! assert_eq!(trace.parent_id().to_string(), "00f067aa0ba902b7");
//! assert!(trace.is_sampled());
//! assert!(TraceContext::parse(b"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01").is_none());
//! ```

use std::{fmt, str};

use http::Extensions;

use super::hexadecimal::{self, DIGITS};
use crate::RequestContext;

/// Of which trace a request is part, and which span it came from. See the [module docs](self).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceContext {
    trace: TraceId,
    parent: SpanId,
    version: u8,
    flags: u8,
}

/// Sixteen bytes, not all zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId {
    high: u64,
    low: u64,
}

/// Eight bytes, not all zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SpanId(u64);

/// The length of a `traceparent` of version `00`.
const LENGTH: usize = 55;

impl TraceContext {
    /// Parses a `traceparent`; `None` when the request has to be treated as if it had none.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let (known, more) = text.split_at_checked(LENGTH)?;
        let hyphens = [known[2], known[35], known[52]];
        if hyphens != [b'-'; 3] {
            return None;
        }
        let version = byte(&known[..2])?;
        // §3.2.4: a higher version adds fields behind the flags, and changes none before them.
        let ends = more.is_empty() || (version > 0 && more[0] == b'-');
        if version == 0xff || !ends {
            return None;
        }
        let (high, low) = (hexadecimal::read(&known[3..19])?, hexadecimal::read(&known[19..35])?);
        let parent = hexadecimal::read(&known[36..52])?;
        let flags = byte(&known[53..])?;
        ((high | low) != 0 && parent != 0).then_some(Self {
            trace: TraceId { high, low },
            parent: SpanId(parent),
            version,
            flags,
        })
    }

    /// The trace of a request that a link of ours has judged.
    pub fn of(extensions: &Extensions) -> Option<Self> {
        RequestContext::of(extensions)?.trace()
    }

    /// The trace: all that one action of a user has caused.
    pub fn trace_id(&self) -> TraceId {
        self.trace
    }

    /// Who asks: the span from which this request was sent.
    pub fn parent_id(&self) -> SpanId {
        self.parent
    }

    /// The version, `00` for all that is known today.
    pub fn version(&self) -> u8 {
        self.version
    }

    /// The flags as they came (§3.2.2.5).
    pub fn flags(&self) -> u8 {
        self.flags
    }

    /// Whether the caller says that it may have recorded its part. A client's word: it costs whoever records by it.
    pub fn is_sampled(&self) -> bool {
        self.flags & 1 != 0
    }

    /// Whether the caller says that at least seven bytes of the trace id are random (level 2).
    pub fn is_random(&self) -> bool {
        self.flags & 2 != 0
    }
}

fn byte(digits: &[u8]) -> Option<u8> {
    hexadecimal::read(digits).and_then(|byte| u8::try_from(byte).ok())
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = [0; 2 * DIGITS];
        digits[..DIGITS].copy_from_slice(&hexadecimal::write(self.high));
        digits[DIGITS..].copy_from_slice(&hexadecimal::write(self.low));
        f.pad(text(&digits))
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(text(&hexadecimal::write(self.0)))
    }
}

impl fmt::Debug for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn text(digits: &[u8]) -> &str {
    str::from_utf8(digits).expect("hexadecimal digits")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    fn parse(text: &str) -> Option<TraceContext> {
        TraceContext::parse(text.as_bytes())
    }

    #[test]
    fn what_the_standard_allows_is_understood() {
        for (text, version, flags) in [
            (format!("00-{TRACE}-{SPAN}-00"), 0, 0),
            (format!("00-{TRACE}-{SPAN}-01"), 0, 1),
            (format!("00-{TRACE}-{SPAN}-ff"), 0, 0xff),
            // §3.2.4: what a later version adds is not read.
            (format!("01-{TRACE}-{SPAN}-03"), 1, 3),
            (format!("cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like"), 0xcc, 1),
            (format!("fe-{TRACE}-{SPAN}-01-"), 0xfe, 1),
        ] {
            let trace = parse(&text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((trace.version(), trace.flags()), (version, flags), "{text}");
            assert_eq!(
                (trace.trace_id().to_string(), trace.parent_id().to_string()),
                (TRACE.into(), SPAN.into())
            );
            assert_eq!((trace.is_sampled(), trace.is_random()), (flags & 1 == 1, flags & 2 == 2));
        }
    }

    #[test]
    fn an_id_is_valid_unless_all_of_it_is_zero() {
        for trace in ["00000000000000000000000000000001", "00000000000000010000000000000000"] {
            assert!(parse(&format!("00-{trace}-0000000000000001-00")).is_some(), "{trace}");
        }
    }

    #[test]
    fn what_the_standard_forbids_is_nothing() {
        let (zero, upper) = ("0".repeat(32), TRACE.to_uppercase());
        for text in [
            String::new(),
            TRACE.to_owned(),
            // The version: `ff`, no digits, one or three of them, none.
            format!("ff-{TRACE}-{SPAN}-01"),
            format!("FE-{TRACE}-{SPAN}-01"),
            format!(".0-{TRACE}-{SPAN}-01"),
            format!("0-{TRACE}-{SPAN}-01"),
            format!("000-{TRACE}-{SPAN}-01"),
            format!("-{TRACE}-{SPAN}-01"),
            format!("+0-{TRACE}-{SPAN}-01"),
            // The trace id.
            format!("00-{zero}-{SPAN}-01"),
            format!("00-{upper}-{SPAN}-01"),
            format!("00-{}-{SPAN}-01", &TRACE[1..]),
            format!("00-{TRACE}0-{SPAN}-01"),
            format!("00-{}.-{SPAN}-01", &TRACE[1..]),
            format!("00-{}+-{SPAN}-01", &TRACE[1..]),
            // The parent id.
            format!("00-{TRACE}-0000000000000000-01"),
            format!("00-{TRACE}-{}-01", SPAN.to_uppercase()),
            format!("00-{TRACE}-{}-01", &SPAN[1..]),
            format!("00-{TRACE}-{SPAN}0-01"),
            format!("00-{TRACE}-{}g-01", &SPAN[1..]),
            // The flags.
            format!("00-{TRACE}-{SPAN}"),
            format!("00-{TRACE}-{SPAN}-"),
            format!("00-{TRACE}-{SPAN}-1"),
            format!("00-{TRACE}-{SPAN}-0G"),
            format!("00-{TRACE}-{SPAN}-0F"),
            format!("00-{TRACE}-{SPAN}-001"),
            // More, where the version allows none, or without a hyphen.
            format!("00-{TRACE}-{SPAN}-01-"),
            format!("00-{TRACE}-{SPAN}-01-more"),
            format!("01-{TRACE}-{SPAN}-01more"),
            format!("01-{TRACE}-{SPAN}-01.more"),
            // Other hyphens, other blanks, two of them in one field.
            format!("00_{TRACE}-{SPAN}-01"),
            format!("00-{TRACE}_{SPAN}-01"),
            format!("00-{TRACE}-{SPAN}_01"),
            format!(" 00-{TRACE}-{SPAN}-01"),
            format!("00-{TRACE}-{SPAN}-01 "),
            format!("00-{TRACE}-{SPAN}-01,00-{TRACE}-{SPAN}-01"),
            format!("00-{TRACE}-{SPAN}-0\u{e9}"),
        ] {
            assert_eq!(parse(&text), None, "{text:?}");
        }
    }
}
