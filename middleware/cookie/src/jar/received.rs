//! The cookies that a request brought, parsed once from bytes.
//!
//! ```text
//! "a=1; b=\xff; c"  "d=4"   ──▶   a=1  b=\xff  d=4      c has no name: hidden, the others are not
//! ```
//!
//! Spans into the fields, not copies: up to eight cookies cost no allocation.

use http::{HeaderMap, HeaderValue, header::COOKIE};
use memchr::{memchr, memchr_iter};
use smallvec::SmallVec;

use crate::prefix::{Found, Prefix};

/// Cookies beyond this number are hidden. Browsers keep at most 180 for a site.
pub(super) const COUNT_MAX: usize = 256;

/// Cookies that end beyond this many bytes, over all fields, are hidden.
pub(super) const BYTES_MAX: usize = 32 * 1024;

/// What one cookie adds to a header beyond its name, `=` and value. HTTP/2 may send each in a field of its own
/// (RFC 9113 §8.2.3), and counts the field's name and 32 bytes more for it (§6.5.2); `; ` is less.
pub(super) const PER_COOKIE: usize = "cookie".len() + 32;

/// The request's fields, held by reference count.
pub(super) type Fields = SmallVec<[HeaderValue; 1]>;

/// Takes the `Cookie` fields: HTTP/2 splits them into crumbs, and all are one.
pub(super) fn fields(headers: &HeaderMap) -> Fields {
    headers.get_all(COOKIE).iter().cloned().collect()
}

/// The cookies of a request. See the [module docs](self).
#[derive(Debug, Default)]
pub(super) struct Received {
    cookies: SmallVec<[Spans; 8]>,
    hidden: usize,
    size: usize,
    truncated: bool,
}

#[derive(Clone, Copy, Debug)]
struct Spans {
    field: u16,
    name: (u16, u16),
    value: (u16, u16),
}

impl Received {
    pub(super) fn parse(fields: &Fields) -> Self {
        let mut received = Self::default();
        let mut before = 0;
        for (index, field) in fields.iter().enumerate() {
            let mut start = 0;
            for end in memchr_iter(b';', field.as_bytes()).chain([field.len()]) {
                let crumb = &field.as_bytes()[start..end];
                if before + end > BYTES_MAX || received.cookies.len() == COUNT_MAX || index == COUNT_MAX {
                    received.truncated = true;
                    return received;
                }
                received.take(index, start, crumb);
                start = end + 1;
            }
            before += field.len();
        }
        received
    }

    fn take(&mut self, field: usize, start: usize, crumb: &[u8]) {
        let length = trim(crumb).len();
        if length == 0 {
            return;
        }
        self.size += length + PER_COOKIE;
        let Some((name, value)) = pair(crumb).filter(|(name, value)| is_readable(name, value)) else {
            self.hidden += 1;
            return;
        };
        let span = |part: &[u8]| {
            // Both are parts of the crumb: their distance from its start says where.
            let from = start + (part.as_ptr().addr() - crumb.as_ptr().addr());
            (narrow(from), narrow(from + part.len()))
        };
        self.cookies.push(Spans { field: narrow(field), name: span(name), value: span(value) });
    }

    /// Name and value of each, in the order in which they came.
    pub(super) fn iter<'a>(&'a self, fields: &'a Fields) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        self.cookies.iter().map(|Spans { field, name, value }| {
            let bytes = fields[usize::from(*field)].as_bytes();
            let part = |(from, to): (u16, u16)| &bytes[usize::from(from)..usize::from(to)];
            (part(*name), part(*value))
        })
    }

    /// How many were there but cannot be read.
    pub(super) fn hidden(&self) -> usize {
        self.hidden
    }

    /// Whether some were beyond the bounds.
    pub(super) fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// What all of them take of a header limit.
    pub(super) fn size(&self) -> usize {
        self.size
    }
}

/// Every value of that name, also beyond the bounds: for whoever must not miss one.
pub(super) fn every<'a>(fields: &'a Fields, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    let crumbs = fields.iter().flat_map(|field| field.as_bytes().split(|b| *b == b';'));
    crumbs.filter_map(pair).filter(move |(known, _)| *known == name.as_bytes()).map(|(_, value)| value)
}

fn narrow(n: usize) -> u16 {
    u16::try_from(n).expect("BYTES_MAX and COUNT_MAX fit")
}

/// Splits a crumb at its first `=`. Without one it is a value without a name (RFC 6265bis §5.6): nobody's.
pub(super) fn pair(crumb: &[u8]) -> Option<(&[u8], &[u8])> {
    let equals = memchr(b'=', crumb)?;
    Some((trim(&crumb[..equals]), trim(&crumb[equals + 1..])))
}

/// Browsers send more than RFC 6265 allows in values (blanks, UTF-8); control characters are no one's cookie.
///
/// A name in another script, or with a prefix in another case, is hidden: `U+2000 __Host-a` and `__hOsT-a` are
/// made to be mistaken for `__Host-a` by whoever trims or folds.
fn is_readable(name: &[u8], value: &[u8]) -> bool {
    !name.is_empty()
        && name.iter().all(u8::is_ascii_graphic)
        && Prefix::find(name) != Found::Misspelt
        // Without a way out of the loop, it goes by sixteen bytes.
        && !value.iter().fold(false, |found, b| found | b.is_ascii_control())
}

/// Without the blanks and tabs at both ends; no other white space (RFC 6265bis §5.6).
pub(super) fn trim(bytes: &[u8]) -> &[u8] {
    let blank = |b: &u8| *b == b' ' || *b == b'\t';
    let start = bytes.iter().position(|b| !blank(b)).unwrap_or(bytes.len());
    let end = bytes.iter().rposition(|b| !blank(b)).map_or(start, |last| last + 1);
    &bytes[start..end]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

    fn read(lines: &[&[u8]]) -> (Pairs, Received) {
        let fields: Fields = lines.iter().map(|line| HeaderValue::from_bytes(line).unwrap()).collect();
        let received = Received::parse(&fields);
        let pairs = received.iter(&fields).map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
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
            let fields: Fields = lines.iter().filter_map(|line| HeaderValue::from_bytes(line).ok()).collect();
            let received = Received::parse(&fields);
            for (name, value) in received.iter(&fields) {
                prop_assert!(is_readable(name, value));
            }
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
