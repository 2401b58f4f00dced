//! A body compared line by line, and JSON by what it means; only where they differ is shown.
//!
//! ```text
//! assert_body!(reply, "one\ntwo")            assert_json!(reply, r#"{"code": "auth.missing"}"#)
//!   ≠ line 2  two  too                         ≠ .errors[1].code  auth.missing  auth.expired
//! ```

use std::fmt::Write as _;

use super::{
    json::{self, Json},
    table::Table,
};
use crate::Reply;

/// More differing rows than this are counted and not shown.
const MOST_ROWS: usize = 8;

/// Asserts that a reply has this body, as text.
///
/// ```
/// use enfilade_test::{Answer, Drive, Probe, assert_body};
///
/// let reply = Drive::service(Probe::ok().respond(Answer::ok().body("tea")).service()).get("/").send();
/// assert_body!(reply, "tea");
/// ```
#[macro_export]
macro_rules! assert_body {
    ($reply:expr, $text:expr $(,)?) => {
        $crate::assert::body(&$reply, ::core::convert::AsRef::<str>::as_ref(&$text))
    };
}

/// Asserts that a reply's body is this JSON: members in any order, blanks anywhere, numbers as they are written.
///
/// ```
/// use enfilade_test::{Answer, Drive, Probe, assert_json};
///
/// let answer = Answer::ok().body(r#"{"status":403,"errors":["a","b"]}"#);
/// let reply = Drive::service(Probe::ok().respond(answer).service()).get("/").send();
/// assert_json!(reply, r#"{ "errors": ["a", "b"], "status": 403 }"#);
/// ```
#[macro_export]
macro_rules! assert_json {
    ($reply:expr, $json:expr $(,)?) => {
        $crate::assert::json(&$reply, ::core::convert::AsRef::<str>::as_ref(&$json))
    };
}

/// The check behind [`assert_body!`].
///
/// # Panics
///
/// If the body is another.
#[track_caller]
pub fn body(reply: &Reply, expected: &str) {
    let found = String::from_utf8_lossy(reply.body());
    let (mut left, mut right) = (expected.split('\n'), found.split('\n'));
    let mut differences = Differences::default();
    for number in 1.. {
        match (left.next(), right.next()) {
            (None, None) => break,
            (expected, found) if expected == found => {}
            (expected, found) => {
                let [expected, found] = [expected, found].map(|line| line.unwrap_or("(no line)"));
                differences.note(&format!("line {number}"), expected, found);
            }
        }
    }
    differences.check("expected this body");
}

/// The check behind [`assert_json!`].
///
/// # Panics
///
/// If the body is no such JSON, or what the test expects is none.
#[track_caller]
pub fn json(reply: &Reply, expected: &str) {
    let expected =
        json::parse(expected).unwrap_or_else(|error| panic!("the JSON that the test expects: {error}"));
    let found = json::parse(&String::from_utf8_lossy(reply.body()));
    let found = found.unwrap_or_else(|error| panic!("the reply's body is no JSON: {error}"));
    let mut differences = Differences::default();
    differences.compare("", &expected, &found);
    differences.check("expected this JSON");
}

#[derive(Default)]
struct Differences {
    table: Table,
    count: usize,
}

impl Differences {
    fn note(&mut self, place: &str, expected: &str, found: &str) {
        self.count += 1;
        if self.count <= MOST_ROWS {
            self.table.row(place, expected, found, true);
        }
    }

    fn compare(&mut self, place: &str, expected: &Json, found: &Json) {
        match (expected, found) {
            (Json::Object(left), Json::Object(right)) => {
                for (name, value) in left {
                    self.optional(&format!("{place}.{name}"), Some(value), json::member(right, name));
                }
                for (name, value) in right.iter().filter(|(name, _)| json::member(left, name).is_none()) {
                    self.optional(&format!("{place}.{name}"), None, Some(value));
                }
            }
            (Json::Array(left), Json::Array(right)) => {
                for at in 0..left.len().max(right.len()) {
                    self.optional(&format!("{place}[{at}]"), left.get(at), right.get(at));
                }
            }
            (left, right) if left == right => {}
            (left, right) => {
                let place = if place.is_empty() { "(whole)" } else { place };
                self.note(place, &left.to_string(), &right.to_string());
            }
        }
    }

    fn optional(&mut self, place: &str, expected: Option<&Json>, found: Option<&Json>) {
        if let (Some(expected), Some(found)) = (expected, found) {
            return self.compare(place, expected, found);
        }
        let shown = |value: Option<&Json>| value.map_or("(absent)".to_owned(), Json::to_string);
        self.note(place, &shown(expected), &shown(found));
    }

    #[track_caller]
    fn check(self, what: &str) {
        let mut what = what.to_owned();
        if self.count > MOST_ROWS {
            let _ = write!(what, ": {} differences, the first {MOST_ROWS}", self.count);
        }
        self.table.check(&what);
    }
}
