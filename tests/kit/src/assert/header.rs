//! One header: its value, all its values, a member of its list, or its absence.
//!
//! ```text
//! assert_header!(reply, "vary" = "accept" | ["a", "b"])   … lists "origin"   … absent
//! ```

use std::borrow::Cow;

use enfilade_core::{Rejection, Verdict};
use http::{HeaderMap, Request, Response, request, response};

use super::table::Table;
use crate::{Reply, Seen, drive::Entered};

/// Asserts what a header says.
///
/// ```
/// use enfilade_test::{Answer, Drive, Probe, assert_header};
///
/// let answer = Answer::ok()
///     .header("content-type", "text/plain")
///     .header("link", "</a>")
///     .header("link", "</b>")
///     .header("vary", "Accept, Origin");
/// let reply = Drive::service(Probe::ok().respond(answer).service()).get("/").send();
///
/// assert_header!(reply, "content-type" = "text/plain");
/// assert_header!(reply, "link" = ["</a>", "</b>"]);
/// assert_header!(reply, "vary" lists "origin");
/// assert_header!(reply, "location" absent);
/// ```
///
/// `=` compares every line of the header: one text means exactly one line. `lists` looks for one member of a
/// comma-separated list (RFC 9110 §5.6.1), in any case. A name or a value that is no literal stands in parentheses.
#[macro_export]
macro_rules! assert_header {
    ($from:expr, $name:tt absent $(,)?) => {
        $crate::assert::header_absent(&$from, ::core::convert::AsRef::<str>::as_ref(&$name))
    };
    ($from:expr, $name:tt lists $member:expr $(,)?) => {
        $crate::assert::header_lists(&$from, ::core::convert::AsRef::<str>::as_ref(&$name), $member)
    };
    ($from:expr, $name:tt = $value:expr $(,)?) => {
        $crate::assert::header(&$from, ::core::convert::AsRef::<str>::as_ref(&$name), $value)
    };
    ($($other:tt)*) => {
        ::core::compile_error!(
            "write `assert_header!(reply, \"name\" = \"value\")`, `… = [\"one\", \"two\"]`, `… lists \"member\"` or `… absent`"
        )
    };
}

/// Whatever has headers.
pub trait HasHeaders {
    /// Its headers.
    fn fields(&self) -> Cow<'_, HeaderMap>;
}

impl HasHeaders for HeaderMap {
    fn fields(&self) -> Cow<'_, HeaderMap> {
        Cow::Borrowed(self)
    }
}

impl HasHeaders for Reply {
    fn fields(&self) -> Cow<'_, HeaderMap> {
        Cow::Borrowed(self.headers())
    }
}

impl HasHeaders for Seen {
    fn fields(&self) -> Cow<'_, HeaderMap> {
        Cow::Borrowed(&self.headers)
    }
}

impl<B> HasHeaders for Response<B> {
    fn fields(&self) -> Cow<'_, HeaderMap> {
        Cow::Borrowed(self.headers())
    }
}

impl<B> HasHeaders for Request<B> {
    fn fields(&self) -> Cow<'_, HeaderMap> {
        Cow::Borrowed(self.headers())
    }
}

impl HasHeaders for response::Parts {
    fn fields(&self) -> Cow<'_, HeaderMap> {
        Cow::Borrowed(&self.headers)
    }
}

impl HasHeaders for request::Parts {
    fn fields(&self) -> Cow<'_, HeaderMap> {
        Cow::Borrowed(&self.headers)
    }
}

/// The headers of the response that the refusal becomes.
impl HasHeaders for Rejection {
    fn fields(&self) -> Cow<'_, HeaderMap> {
        Cow::Owned(self.clone().into_parts().headers)
    }
}

/// Those of a refusal; a pass has no response yet.
impl HasHeaders for Verdict {
    fn fields(&self) -> Cow<'_, HeaderMap> {
        self.as_ref().err().map(HasHeaders::fields).unwrap_or_default()
    }
}

/// Those of a refusal; a pass has no response yet.
impl HasHeaders for Entered {
    fn fields(&self) -> Cow<'_, HeaderMap> {
        self.rejection().map(HasHeaders::fields).unwrap_or_default()
    }
}

/// One line, or all of them.
pub trait HeaderTest {
    /// The lines expected.
    fn lines(&self) -> Vec<String>;
}

impl HeaderTest for &str {
    fn lines(&self) -> Vec<String> {
        vec![(*self).to_owned()]
    }
}

impl HeaderTest for String {
    fn lines(&self) -> Vec<String> {
        vec![self.clone()]
    }
}

impl HeaderTest for &String {
    fn lines(&self) -> Vec<String> {
        vec![(*self).clone()]
    }
}

impl<const N: usize> HeaderTest for [&str; N] {
    fn lines(&self) -> Vec<String> {
        self.iter().map(|&line| line.to_owned()).collect()
    }
}

/// The check behind `assert_header!(x, "name" = …)`.
///
/// # Panics
///
/// If the header says something else.
#[track_caller]
pub fn header(from: &impl HasHeaders, name: &str, expected: impl HeaderTest) {
    let (expected, found) = (expected.lines(), found(from, name));
    let mut table = Table::default();
    for at in 0..expected.len().max(found.len()) {
        let of = |lines: &[String]| lines.get(at).cloned().unwrap_or_else(|| "(no line)".to_owned());
        table.compare(name, &of(&expected), &of(&found));
    }
    table.check("expected this header");
}

/// The check behind `assert_header!(x, "name" absent)`.
///
/// # Panics
///
/// If it is there.
#[track_caller]
pub fn header_absent(from: &impl HasHeaders, name: &str) {
    let mut table = Table::default();
    for line in found(from, name) {
        table.row(name, "(no line)", &line, true);
    }
    table.check("expected no such header");
}

/// The check behind `assert_header!(x, "name" lists "member")`.
///
/// # Panics
///
/// If no line lists it.
#[track_caller]
pub fn header_lists(from: &impl HasHeaders, name: &str, member: &str) {
    let lines = found(from, name);
    let listed =
        lines.iter().flat_map(|line| line.split(',')).any(|one| one.trim().eq_ignore_ascii_case(member));
    let mut table = Table::default();
    let found = if lines.is_empty() { "(no line)".to_owned() } else { lines.join(", ") };
    table.row(name, &format!("… {member} …"), &found, !listed);
    table.check("expected this member of the list");
}

/// Every line of a header as text.
pub(super) fn found(from: &impl HasHeaders, name: &str) -> Vec<String> {
    let fields = from.fields();
    let lines = fields.get_all(name).iter();
    lines.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect()
}
