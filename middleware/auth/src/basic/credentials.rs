//! The `Basic` credentials of RFC 7617, parsed strictly: a name and a password, or a refusal.
//!
//! ```text
//! Authorization: Basic YWRhOnNlY3JldA==   ──▶ ada · secret
//! ```
//!
//! 1. One token of canonical, padded base64 (RFC 7617 §2); no blanks behind it.
//! 2. UTF-8, no control characters in either, and the first colon ends the name.
//! 3. A password longer than 1,024 bytes, or a name longer than 255, cannot be right: it costs no hash.

use std::{fmt, str};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use enfilade_core::Rejection;
use http::StatusCode;
use zeroize::Zeroizing;

use super::{bad_credentials, hash::MAX_PASSWORD};

const MAX_NAME: usize = 255;
/// Beyond this nothing is decoded: name, colon and password at their longest, in base64, and some blanks.
const MAX_HEADER: usize = (MAX_NAME + 1 + MAX_PASSWORD).div_ceil(3) * 4 + 32;

/// A name and a password; wiped when dropped.
pub(super) struct Credentials {
    pair: Zeroizing<String>,
    colon: usize,
}

impl Credentials {
    /// Parses the value of `Authorization`; `None` for another scheme.
    pub(super) fn parse(authorization: &[u8]) -> Result<Option<Self>, Rejection> {
        let blank = authorization.iter().position(|b| *b == b' ').unwrap_or(authorization.len());
        let (scheme, token) = authorization.split_at(blank);
        if !scheme.eq_ignore_ascii_case(b"basic") {
            return Ok(None);
        }
        if authorization.len() > MAX_HEADER {
            return Err(bad_credentials("longer than any name and password"));
        }
        // RFC 9110 §11.4: one or more blanks.
        let token = token.iter().position(|b| *b != b' ').map_or(&[][..], |at| &token[at..]);
        Self::decode(token).map(Some)
    }

    fn decode(token: &[u8]) -> Result<Self, Rejection> {
        let bytes = BASE64_STANDARD.decode(token).map_err(|_| malformed("not base64 with its padding"))?;
        let bytes = Zeroizing::new(bytes);
        let text = str::from_utf8(&bytes).map_err(|_| malformed("not UTF-8"))?;
        if text.contains(char::is_control) {
            return Err(malformed("a control character"));
        }
        let colon = text.find(':').ok_or_else(|| malformed("no colon between name and password"))?;
        if colon > MAX_NAME || text.len() - colon - 1 > MAX_PASSWORD {
            return Err(bad_credentials("longer than any name or password"));
        }
        Ok(Self { pair: Zeroizing::new(text.to_owned()), colon })
    }

    /// Of a name and a password that came apart. A name with a colon is nobody's: no header could say it.
    pub(super) fn new(name: &str, password: &str) -> Result<Self, Rejection> {
        if name.contains(char::is_control) || password.contains(char::is_control) {
            return Err(malformed("a control character"));
        }
        if name.contains(':') || name.len() > MAX_NAME || password.len() > MAX_PASSWORD {
            return Err(bad_credentials("longer than any name or password, or a colon in the name"));
        }
        Ok(Self { pair: Zeroizing::new(format!("{name}:{password}")), colon: name.len() })
    }

    pub(super) fn name(&self) -> &str {
        &self.pair[..self.colon]
    }

    pub(super) fn password(&self) -> &str {
        &self.pair[self.colon + 1..]
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}

/// A 401 and not a 400: a browser remembers what it sent as good unless it hears a 401, and would send it again.
fn malformed(log: &'static str) -> Rejection {
    Rejection::new(StatusCode::UNAUTHORIZED, "auth.credentials-malformed")
        .with_detail("send name and password as RFC 7617 says: base64 of UTF-8, with a colon between them")
        .with_log(log)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code(authorization: &[u8]) -> Option<&'static str> {
        Credentials::parse(authorization).err().map(|rejection| rejection.code())
    }

    #[test]
    fn malformed_credentials_are_refused() {
        let table: &[(&[u8], &str)] = &[
            (b"Basic", "auth.credentials-malformed"),
            (b"Basic ", "auth.credentials-malformed"),
            (b"Basic YWRh", "auth.credentials-malformed"), // no colon
            (b"Basic YWRhOnNlY3JldA", "auth.credentials-malformed"), // no padding
            (b"Basic YWRhOnNlY3JldB==", "auth.credentials-malformed"), // stray bits
            (b"Basic YWRhOnNlY3JldA== ", "auth.credentials-malformed"),
            (b"Basic YWRhOnNlY3Jl dA==", "auth.credentials-malformed"),
            (b"Basic YWRhOnNlY3JldA==, Bearer x", "auth.credentials-malformed"),
            (b"Basic\tYWRhOnNlY3JldA==", ""), // a scheme ends at a blank: Auth knows none of this name
            (b"Basic YWRhOnNl_3JldA==", "auth.credentials-malformed"), // the URL alphabet
            (b"Basic YWRhOv8=", "auth.credentials-malformed"), // not UTF-8
            (b"Basic YQBkYTpi", "auth.credentials-malformed"), // NUL in the name
            (b"Basic YWRhOmEKYg==", "auth.credentials-malformed"), // LF in the password
            (b"Basic YWRhOmHChWI=", "auth.credentials-malformed"), // U+0085
            (b"Basic \xff\xfe", "auth.credentials-malformed"),
        ];
        for (value, expected) in table {
            assert_eq!(code(value).unwrap_or_default(), *expected, "{}", value.escape_ascii());
        }
    }

    #[test]
    fn what_is_too_long_costs_no_hash() {
        for (name, password, expected) in [
            (255, 1024, None),
            (256, 1, Some("auth.bad-credentials")),
            (1, 1025, Some("auth.bad-credentials")),
            (9000, 9000, Some("auth.bad-credentials")),
        ] {
            let pair = BASE64_STANDARD.encode(format!("{}:{}", "n".repeat(name), "p".repeat(password)));
            assert_eq!(code(format!("Basic {pair}").as_bytes()), expected, "{name}:{password}");
        }
    }

    #[test]
    fn the_first_colon_ends_the_name_and_the_scheme_has_no_case() {
        for scheme in ["Basic ", "basic ", "BASIC  "] {
            let pair = BASE64_STANDARD.encode("ada:a:b:");
            let credentials = Credentials::parse(format!("{scheme}{pair}").as_bytes()).unwrap().unwrap();
            assert_eq!((credentials.name(), credentials.password()), ("ada", "a:b:"));
        }
        assert!(Credentials::parse(b"Basics YTpi").unwrap().is_none());
        assert!(Credentials::parse(b"").unwrap().is_none());
    }

    proptest! {
        #[test]
        fn every_pair_without_controls_comes_through(name in "[^:\\p{Cc}]{0,40}", password in "[^\\p{Cc}]{0,100}") {
            let value = format!("Basic {}", BASE64_STANDARD.encode(format!("{name}:{password}")));
            let parsed = Credentials::parse(value.as_bytes()).unwrap().unwrap();
            prop_assert_eq!(parsed.name(), name);
            prop_assert_eq!(parsed.password(), password);
        }

        #[test]
        fn no_header_panics_and_no_second_spelling_is_accepted(value in prop::collection::vec(any::<u8>(), 0..80)) {
            if let Ok(Some(parsed)) = Credentials::parse(&[b"Basic ", &value[..]].concat()) {
                let again = BASE64_STANDARD.encode(format!("{}:{}", parsed.name(), parsed.password()));
                prop_assert_eq!(again.as_bytes(), value.trim_ascii_start());
            }
        }
    }
}
