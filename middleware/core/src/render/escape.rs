//! Text of anybody's inside markup and log lines of ours.
//!
//! ```text
//! html:  a<b "c"  ─▶  a&lt;b &quot;c&quot;          line:  a\r\nb  ─▶  a\r\nb in visible characters
//! ```

use std::fmt::{self, Write as _};

/// Escapes text for HTML and XML, in content and in quoted attributes; what XML cannot hold becomes U+FFFD.
pub(crate) fn html(into: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            '"' => into.push_str("&quot;"),
            '\'' => into.push_str("&#39;"),
            '\t' | '\n' | '\r' => into.push(' '),
            '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => into.push('\u{fffd}'),
            _ => into.push(c),
        }
    }
}

/// Text as one field of one log line: whatever is not visible ASCII or a blank is written as an escape.
pub(super) struct Line<'a>(pub(super) &'a str);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            ' '..='~' if c != '"' && c != '\\' => f.write_char(c),
            _ => write!(f, "{}", c.escape_default()),
        })
    }
}
