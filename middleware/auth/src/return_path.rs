//! [`ReturnPath`]: where to go after signing in. One path of this site; whatever else was asked for becomes `/`.
//!
//! ```text
//! /orders?page=2                      stays
//! https://evil.example  //evil.example  /\evil.example  /%2fevil.example  /a/../b  ⟶  /
//! ```
//!
//! 1. It starts with `/`, and its second byte is neither `/` nor `\`: browsers read both as "another host".
//! 2. No control byte: browsers drop TAB, CR and LF before they look, so `/<TAB>/evil.example` would pass 1.
//! 3. The path can be read in one way only, by the rule of enfilade-server's `PathRules`, as they are by default: no dot
//!    segments, `//`, `;`, escaped `/`, `\`, `?`, `#` or control byte, no broken or double escape, and UTF-8. So both hold
//!    again for whatever decodes between us and the browser, and nobody signs in to meet a refusal. Where the door lets
//!    more in, such a path leads to `/`.
//! 4. At most 2,048 bytes, escapes included.
//!
//! ```
//! use enfilade_auth::ReturnPath;
//!
//! assert_eq!(ReturnPath::parse("/orders?page=2").as_str(), "/orders?page=2");
//! assert_eq!(ReturnPath::parse("//evil.example/").as_str(), "/");
//! assert_eq!(ReturnPath::parse("/caf\u{e9} au lait").as_str(), "/caf%C3%A9%20au%20lait");
//! ```

use std::{borrow::Cow, fmt};

use http::HeaderValue;

/// One path of this site, perhaps with a query. See the [module docs](self).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReturnPath(Cow<'static, str>);

impl ReturnPath {
    const MAX_LEN: usize = 2048;

    /// The path that `next` asks for, or `/`. `next` is the parameter's value, already form-decoded.
    pub fn parse(next: &str) -> Self {
        Self::parse_strict(next).unwrap_or_default()
    }

    /// The path, or nothing where [`parse`](Self::parse) falls back to `/`.
    pub(crate) fn parse_strict(next: &str) -> Option<Self> {
        let fits = next.len() <= Self::MAX_LEN;
        let clean = !next.bytes().any(|b| b.is_ascii_control());
        if !(fits && clean && stays_here(next.as_bytes())) {
            return None;
        }
        let mut text = String::with_capacity(next.len());
        escape_into(&mut text, next, is_url_byte);
        // Escapes make it longer, and it is read again after the sign-in page has carried it.
        let fits = text.len() <= Self::MAX_LEN;
        canonical(path_of(&text)).filter(|_| fits)?;
        Some(Self(Cow::Owned(text)))
    }

    /// The path, in visible ASCII: fit for a `Location` header and, escaped, for a page.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path without the query.
    pub(crate) fn path(&self) -> &str {
        path_of(&self.0)
    }

    /// The same, in the form in which the door's is compared.
    pub(crate) fn canonical(&self) -> Vec<u8> {
        canonical(self.path()).expect("judged when it was parsed")
    }

    /// `login` with this path as its parameter `next`, which is left out when it says nothing.
    pub(crate) fn behind(&self, login: &Self) -> HeaderValue {
        let mut location = login.as_str().to_owned();
        if self.as_str() != "/" {
            location.push_str(if location.contains('?') { "&next=" } else { "?next=" });
            escape_into(&mut location, self.as_str(), |b| is_unreserved(b) || b == b'/');
        }
        HeaderValue::from_str(&location).expect("escaped to visible ASCII")
    }
}

/// `/`.
impl Default for ReturnPath {
    fn default() -> Self {
        Self(Cow::Borrowed("/"))
    }
}

impl fmt::Display for ReturnPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn path_of(next: &str) -> &str {
    next.split(['?', '#']).next().unwrap_or(next)
}

/// Whether a browser resolves this against our own host.
fn stays_here(path: &[u8]) -> bool {
    match path {
        [b'/', second, ..] => !matches!(second, b'/' | b'\\'),
        _ => path == b"/",
    }
}

/// The path decoded once, if it can be read in one way only: ASCII in, by the rule of `PathRules::new()` in
/// enfilade-server, which this crate does without; a test compares the two.
fn canonical(path: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((byte, escaped, tail)) = unit(rest) {
        let fits = match byte {
            b'/' => !escaped,
            b'%' => escaped && !begins_evasion(tail),
            b'\\' | b';' | b'?' | b'#' => false,
            byte => !byte.is_ascii_control(),
        };
        if !fits {
            return None;
        }
        out.push(byte);
        rest = tail;
    }
    let is_dots = |segment: &[u8]| matches!(segment, b"." | b"..");
    let doubled = out.windows(2).any(|pair| pair == b"//");
    let one_way = !doubled && !out.split(|b| *b == b'/').any(is_dots) && str::from_utf8(&out).is_ok();
    one_way.then_some(out)
}

/// A byte, whether it was escaped, and what follows; a broken escape is a `%` that was not.
fn unit(path: &[u8]) -> Option<(u8, bool, &[u8])> {
    match path {
        [] => None,
        [b'%', high, low, rest @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
            Some((hex_value(*high) << 4 | hex_value(*low), true, rest))
        }
        [byte, rest @ ..] => Some((*byte, false, rest)),
    }
}

/// Whether what stands behind `%25` is an escape for whoever decodes again, and itself written with escapes.
fn begins_evasion(tail: &[u8]) -> bool {
    let Some((high, high_escaped, tail)) = unit(tail) else { return false };
    let Some((low, low_escaped, _)) = unit(tail) else { return false };
    high.is_ascii_hexdigit() && low.is_ascii_hexdigit() && (high_escaped || low_escaped)
}

fn hex_value(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

fn escape_into(out: &mut String, text: &str, keep: impl Fn(u8) -> bool) {
    const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    for byte in text.bytes() {
        if keep(byte) {
            out.push(char::from(byte));
        } else {
            out.extend(['%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
    }
}

/// What may stand in a URL as it is (RFC 3986 §2), `%` of an escape included.
fn is_url_byte(b: u8) -> bool {
    is_unreserved(b) || b":/?#[]@!$&'()*+,;=%".contains(&b)
}

fn is_unreserved(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"-._~".contains(&b)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn whatever_leaves_this_site_becomes_the_root() {
        for next in [
            "",
            " ",
            "orders",
            "https://evil.example",
            "javascript:alert(1)",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "/\r\n/evil.example",
            "\t//evil.example",
            " //evil.example",
            "/%2fevil.example",
            "/%2Fevil.example",
            "/%5cevil.example",
            "/%5Cevil.example",
            "/%09/evil.example",
            "/%0a/evil.example",
            "/%00/evil.example",
            "%2f%2fevil.example",
            "/\u{7f}/evil.example",
            "/a\0b",
            "/a//b",
            "/a/../b",
            "/a/%2e%2e/b",
            "/a%2fb",
            "/a;b",
            "/a\\b",
            "/100%",
            "/%25%32%66",
            "/%C0%AE",
        ] {
            assert_eq!(ReturnPath::parse(next).as_str(), "/", "{next:?}");
        }
        assert_eq!(ReturnPath::parse(&format!("/{}", "a".repeat(2048))).as_str(), "/");
    }

    /// Found by `tests/fuzz`.
    #[test]
    fn a_path_that_is_too_long_only_once_escaped_is_the_root_at_once_and_not_on_the_second_reading() {
        assert_eq!(ReturnPath::parse(&format!("/{}", "\u{e9}".repeat(1000))).as_str(), "/");
        let fits = ReturnPath::parse(&format!("/{}", "\u{e9}".repeat(341)));
        assert_eq!((fits.as_str().len(), ReturnPath::parse(fits.as_str())), (2047, fits));
    }

    #[test]
    fn paths_of_this_site_stay_what_they_are() {
        for next in
            ["/", "/orders", "/orders?page=2&q=a%0Ab", "/a/b#c", "/@evil.example", "/a/", "/a?b=//c", "/%41"]
        {
            assert_eq!(ReturnPath::parse(next).as_str(), next);
        }
        assert_eq!(ReturnPath::parse("/a b\"<>").as_str(), "/a%20b%22%3C%3E");
        assert_eq!(ReturnPath::parse("/%53ign-in/%c3%a9?a").canonical(), "/Sign-in/é".as_bytes());
    }

    #[test]
    fn the_path_travels_as_one_parameter() {
        let login = ReturnPath::parse("/sign-in");
        assert_eq!(
            ReturnPath::parse("/a?b=c&next=//x#d").behind(&login),
            "/sign-in?next=/a%3Fb%3Dc%26next%3D//x%23d"
        );
        assert_eq!(ReturnPath::default().behind(&login), "/sign-in");
        assert_eq!(ReturnPath::parse("/a").behind(&ReturnPath::parse("/in?lang=en")), "/in?lang=en&next=/a");
    }

    proptest! {
        /// The URL standard: TAB, CR and LF are dropped, blanks and controls trimmed, `\` is `/`.
        #[test]
        fn no_browser_leaves_this_site(next in r"[/\\\t\r\n %.@:a-z0-9?#]{0,12}|\PC{0,12}|/.{0,12}") {
            let path = ReturnPath::parse(&next);
            let read: String = path.as_str().chars().filter(|c| !"\t\r\n".contains(*c)).collect();
            let read = read.trim_matches(|c: char| c <= ' ').replace('\\', "/");
            prop_assert!(read.starts_with('/') && !read.starts_with("//"), "{next:?} became {path}");
            prop_assert!(path.as_str().bytes().all(|b| b.is_ascii_graphic()));
            prop_assert_eq!(ReturnPath::parse(path.as_str()), path.clone());
            path.behind(&ReturnPath::parse("/sign-in"));
        }
    }
}
