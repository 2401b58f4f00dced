//! The cookies that a request brought, read where they lie: in the bytes of its fields.
//!
//! ```text
//! "a=1; b=\xff; c"  "d=4"   ──▶   a=1  b=\xff  d=4      c has no name: hidden, the others are not
//! ```
//!
//! No table is kept of them. A request is asked for a cookie or two, and to meet these by name takes less than to
//! note where all of them are.

use std::slice;

use http::{HeaderMap, HeaderValue, header::COOKIE};
use memchr::{memchr, memchr2};

use crate::prefix::{Found, Prefix};

/// Cookies beyond this number are hidden. Browsers keep at most 180 for a site.
pub(super) const COUNT_MAX: usize = 256;

/// Cookies that end beyond this many bytes, over all fields, are hidden.
pub(super) const BYTES_MAX: usize = 32 * 1024;

/// What one cookie adds to a header beyond its name, `=` and value. HTTP/2 may send each in a field of its own
/// (RFC 9113 §8.2.3), and counts the field's name and 32 bytes more for it (§6.5.2); `; ` is less.
pub(super) const PER_COOKIE: usize = "cookie".len() + 32;

/// The request's fields, held by reference count: HTTP/2 splits them into crumbs, and all are one.
#[derive(Debug, Default)]
pub(super) struct Received {
    first: Option<HeaderValue>,
    more: Vec<HeaderValue>,
}

impl Received {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        // As many names as values: no field is there twice, as with most requests.
        if headers.len() == headers.keys_len() {
            return Self { first: headers.get(COOKIE).cloned(), more: Vec::new() };
        }
        let mut fields = headers.get_all(COOKIE).iter().cloned();
        Self { first: fields.next(), more: fields.collect() }
    }

    /// Name and value of each, in the order in which they came.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.crumbs().filter_map(readable)
    }

    /// Every value of that name.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        Values { crumbs: self.crumbs(), name: name.as_bytes() }
    }

    /// Every value of that name, also beyond the bounds: for whoever must not miss one.
    pub(super) fn every(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let fields = self.first.iter().chain(&self.more);
        let crumbs = fields.flat_map(|field| field.as_bytes().split(|b| *b == b';'));
        crumbs.filter_map(|crumb| after_name(crumb, name.as_bytes()).map(trim))
    }

    /// How many were there but cannot be read.
    pub(super) fn hidden(&self) -> usize {
        self.crumbs().filter(|crumb| !trim(crumb).is_empty() && readable(crumb).is_none()).count()
    }

    /// Whether some were beyond the bounds.
    pub(super) fn is_truncated(&self) -> bool {
        let mut crumbs = self.crumbs();
        crumbs.by_ref().for_each(drop);
        crumbs.truncated
    }

    /// What all of them take of a header limit.
    pub(super) fn size(&self) -> usize {
        let lengths = self.crumbs().map(|crumb| trim(crumb).len());
        lengths.filter(|length| *length > 0).map(|length| length + PER_COOKIE).sum()
    }

    fn crumbs(&self) -> Crumbs<'_> {
        Crumbs {
            rest: self.first.as_ref().map(HeaderValue::as_bytes),
            more: self.more.iter(),
            bytes: BYTES_MAX,
            count: COUNT_MAX,
            truncated: false,
        }
    }
}

/// What stands between the semicolons of all fields, within the bounds.
struct Crumbs<'a> {
    /// Of the field at hand.
    rest: Option<&'a [u8]>,
    more: slice::Iter<'a, HeaderValue>,
    /// How many may still come.
    bytes: usize,
    count: usize,
    truncated: bool,
}

impl<'a> Iterator for Crumbs<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest()?;
        self.cut(rest, memchr(b';', rest))
    }
}

impl<'a> Crumbs<'a> {
    /// What is left of the field at hand, or the next one.
    #[inline]
    fn rest(&mut self) -> Option<&'a [u8]> {
        match self.rest.take() {
            Some(rest) => Some(rest),
            None => Some(self.more.next()?.as_bytes()),
        }
    }

    /// Takes the first crumb of `rest`, which ends at `semicolon`.
    #[inline]
    fn cut(&mut self, rest: &'a [u8], semicolon: Option<usize>) -> Option<&'a [u8]> {
        let crumb = &rest[..semicolon.unwrap_or(rest.len())];
        if self.count == 0 || crumb.len() > self.bytes {
            self.truncated = true;
            self.more = [].iter();
            return None;
        }
        self.count -= 1;
        self.bytes -= crumb.len();
        self.rest = semicolon.map(|at| &rest[at + 1..]);
        Some(crumb)
    }
}

/// The values of one name. A loop by hand: adapters would take half as much again.
struct Values<'a, 'n> {
    crumbs: Crumbs<'a>,
    name: &'n [u8],
}

impl<'a> Iterator for Values<'a, '_> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        while let Some(rest) = self.crumbs.rest() {
            let Some(after) = after_name(rest, self.name) else {
                self.crumbs.cut(rest, memchr(b';', rest))?;
                continue;
            };
            // One look for both: a value's end, and what no value has.
            let mut end = memchr2(b';', b'\t', after);
            let has_tab = end.is_some_and(|at| after[at] == b'\t');
            if has_tab {
                end = memchr(b';', after);
            }
            let start = rest.len() - after.len();
            let value = trim(&self.crumbs.cut(rest, end.map(|end| start + end))?[start..]);
            if is_name(self.name) && (!has_tab || is_value(value)) {
                return Some(value);
            }
        }
        None
    }
}

/// Splits a crumb at its first `=`. Without one it is a value without a name (RFC 6265bis §5.6): nobody's.
pub(super) fn pair(crumb: &[u8]) -> Option<(&[u8], &[u8])> {
    let equals = memchr(b'=', crumb)?;
    Some((trim(&crumb[..equals]), trim(&crumb[equals + 1..])))
}

/// What stands behind `=`, when `rest` begins with a crumb of this name. What [`pair`] says, without a look at what other
/// crumbs hold.
#[inline]
fn after_name<'a>(rest: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let rest = trim_start(rest);
    if rest.first() != name.first() {
        return None;
    }
    trim_start(rest.strip_prefix(name)?).strip_prefix(b"=")
}

fn readable(crumb: &[u8]) -> Option<(&[u8], &[u8])> {
    pair(crumb).filter(|(name, value)| is_name(name) && is_value(value))
}

/// A name in another script, or with a prefix in another case, is hidden: `U+2000 __Host-a` and `__hOsT-a` are
/// made to be mistaken for `__Host-a` by whoever trims or folds.
fn is_name(name: &[u8]) -> bool {
    !name.is_empty()
        && name.iter().fold(true, |all, b| all & NAMES_HAVE[usize::from(*b)])
        && Prefix::find(name) != Found::Misspelt
}

/// The bytes that a name may have.
static NAMES_HAVE: [bool; 256] = {
    let mut has = [false; 256];
    let mut b = b'!';
    while b <= b'~' {
        has[b as usize] = !matches!(b, b'=' | b';');
        b += 1;
    }
    has
};

/// Browsers send more than RFC 6265 allows (blanks, UTF-8); control characters are no one's cookie, and of these
/// the tab is the one that can stand in a field.
fn is_value(value: &[u8]) -> bool {
    memchr(b'\t', value).is_none()
}

/// Without the blanks and tabs at both ends; no other white space (RFC 6265bis §5.6).
pub(super) fn trim(bytes: &[u8]) -> &[u8] {
    let start = trim_start(bytes);
    let end = start.iter().rposition(|b| !is_blank(*b)).map_or(0, |last| last + 1);
    &start[..end]
}

fn trim_start(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|b| !is_blank(*b)).unwrap_or(bytes.len());
    &bytes[start..]
}

fn is_blank(b: u8) -> bool {
    b == b' ' || b == b'\t'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

    fn received<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> Received {
        let fields = lines.into_iter().filter_map(|line| HeaderValue::from_bytes(line).ok());
        Received::of(&fields.map(|field| (COOKIE, field)).collect())
    }

    fn read(lines: &[&[u8]]) -> (Pairs, Received) {
        let received = received(lines.iter().copied());
        let pairs = received.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
        (pairs, received)
    }

    fn pairs(expected: &[(&str, &str)]) -> Pairs {
        expected.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec())).collect()
    }

    #[test]
    fn each_spelling_is_read_as_browsers_and_crumbs_mean_it() {
        type Case = (&'static [&'static [u8]], &'static [(&'static str, &'static str)], usize);
        let cases: [Case; 12] = [
            (&[], &[], 0),
            (&[b""], &[], 0),
            (&[b"a=1"], &[("a", "1")], 0),
            (&[b"a=1; b=2"], &[("a", "1"), ("b", "2")], 0),
            (&[b"a=1", b"b=2"], &[("a", "1"), ("b", "2")], 0),
            (&[b" a = 1 ;;b=2; "], &[("a", "1"), ("b", "2")], 0),
            (&[b"a=b=c; d=\"x y\""], &[("a", "b=c"), ("d", "\"x y\"")], 0),
            (&[b"a=1; a=2"], &[("a", "1"), ("a", "2")], 0),
            (&[b"a; =b; c=3; ="], &[("c", "3")], 3),
            (&[b"a=1; b=x\ty; c=3"], &[("a", "1"), ("c", "3")], 1),
            (&[b"\xff=1; b=2; \xe2\x80\x80__Host-a=3"], &[("b", "2")], 2),
            (&[b"__hOsT-a=1; __Host-a=2"], &[("__Host-a", "2")], 1),
        ];
        for (lines, expected, hidden) in cases {
            let (found, received) = read(lines);
            assert_eq!(found, pairs(expected), "{lines:?}");
            assert_eq!(received.hidden(), hidden, "{lines:?}");
            assert!(!received.is_truncated());
        }
    }

    #[test]
    fn a_value_may_hold_bytes_that_are_no_text() {
        let (found, _) = read(&[b"a=\xff\xfe; b=2"]);
        assert_eq!(found, [(b"a".to_vec(), b"\xff\xfe".to_vec()), (b"b".to_vec(), b"2".to_vec())]);
    }

    #[test]
    fn number_and_size_are_bounded() {
        let many = "a=1;".repeat(COUNT_MAX + 1);
        let (found, received) = read(&[many.as_bytes()]);
        assert_eq!((found.len(), received.is_truncated()), (COUNT_MAX, true));

        let crumbs = vec![b"a=1".as_slice(); 10_000];
        let (found, received) = read(&crumbs);
        assert_eq!((found.len(), received.is_truncated()), (COUNT_MAX, true));

        let long = format!("a=1; b={}; c=3", "x".repeat(BYTES_MAX));
        let (found, received) = read(&[long.as_bytes()]);
        assert_eq!((found.len(), received.is_truncated()), (1, true));
    }

    proptest! {
        #[test]
        fn no_bytes_bring_it_down(lines in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..6)) {
            let received = received(lines.iter().map(Vec::as_slice));
            for (name, value) in received.iter() {
                prop_assert!(is_name(name) && !value.iter().any(u8::is_ascii_control));
            }
        }

        #[test]
        fn what_is_met_by_name_is_what_a_reader_of_all_finds(
            lines in prop::collection::vec("[ab=; \t_]{0,24}", 0..3),
            asked in "[ab=; \t_]{0,3}",
        ) {
            let received = received(lines.iter().map(String::as_bytes));
            let met: Vec<_> = received.all(&asked).collect();
            let found: Vec<_> =
                received.iter().filter(|(name, _)| *name == asked.as_bytes()).map(|(_, value)| value).collect();
            prop_assert_eq!(met, found);
        }

        #[test]
        fn what_was_written_is_read_in_order(
            pairs in prop::collection::vec(("[!#-+\\--:<>-~]{1,9}", "[!#-+\\--:<-\\[\\]-~]{0,12}"), 0..20),
            cut in 0usize..20,
        ) {
            let pairs: Vec<_> = pairs.into_iter().filter(|(name, _)| !name.starts_with("__")).collect();
            let joined = |pairs: &[(String, String)]| {
                pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
            };
            let (one, two) = pairs.split_at(cut.min(pairs.len()));
            let (found, received) = read(&[joined(one).as_bytes(), joined(two).as_bytes()]);
            let expected: Vec<_> =
                pairs.iter().map(|(name, value)| (name.clone().into_bytes(), value.clone().into_bytes())).collect();
            prop_assert_eq!(found, expected);
            prop_assert_eq!(received.hidden(), 0);
        }
    }
}
