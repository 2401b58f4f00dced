//! Names that belong to the links: the app behind neither sees nor sets them.
//!
//! ```text
//! Cookie: __Host-sid=1; theme=dark; __hOsT-sid=2; ..Host-sid=3      ──▶  Cookie: theme=dark
//! Set-Cookie: __Host-sid=4   Set-Cookie: theme=light                ──▶  Set-Cookie: theme=light
//! ```
//!
//! Apps read names loosely: PHP takes `.` and blanks for `_`, `sid[x]` for `sid` and undoes percent-encoding,
//! Django trims Unicode blanks, Perl's CGI splits at `,`, some fold case. So names are compared after all of that.

use std::{sync::Arc, time::Duration};

use enfilade_core::{Clock, LogLimit};
use http::{HeaderMap, HeaderValue, header::COOKIE};

use crate::{
    ConfigError, CookieError,
    jar::{self, Line},
    set_cookie::grammar,
};

/// The reserved names, folded.
#[derive(Clone, Debug, Default)]
pub(super) struct Reserved(Option<Arc<[Box<[u8]>]>>);

impl Reserved {
    pub(super) fn with(self, names: impl Iterator<Item = String>) -> Result<Self, ConfigError> {
        let mut all: Vec<_> = self.names().to_vec();
        for name in names {
            if !grammar::is_token(&name) {
                return Err(ConfigError::Name {
                    setting: "Cookies::reserve",
                    name,
                    error: CookieError::Name,
                });
            }
            all.push(folded(name.as_bytes()).collect());
        }
        Ok(Self((!all.is_empty()).then(|| all.into())))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Takes reserved cookies out of the request's `Cookie` fields.
    pub(super) fn hide(&self, headers: &mut HeaderMap) {
        let fields = headers.get_all(COOKIE);
        if !fields.iter().any(|field| crumbs(field).any(|crumb| self.is_in(crumb))) {
            return;
        }
        let left: Vec<_> = fields.iter().filter_map(|field| self.without(field)).collect();
        headers.remove(COOKIE);
        for field in left {
            headers.append(COOKIE, field);
        }
    }

    /// Takes what the app sets under reserved names out of the response.
    pub(super) fn protect(&self, headers: &mut HeaderMap) {
        static LOG: LogLimit = LogLimit::new(1, Duration::from_secs(10));
        let dropped = jar::retain(headers, |line| !self.holds(Line::parse(line.as_bytes()).name));
        if dropped > 0
            && let Some(left_out) = LOG.admit(&Clock::system())
        {
            tracing::warn!(
                target: "enfilade::cookie",
                dropped,
                left_out,
                "the app behind sets a reserved cookie: rename its cookie, or do not reserve that name"
            );
        }
    }

    /// The field without reserved cookies; `None` when nothing is left of it.
    fn without(&self, field: &HeaderValue) -> Option<HeaderValue> {
        let kept = crumbs(field).filter(|crumb| !self.is_in(crumb)).map(<[u8]>::trim_ascii);
        let kept: Vec<_> = kept.filter(|crumb| !crumb.is_empty()).collect();
        let mut left =
            HeaderValue::from_bytes(&kept.join(&b"; "[..])).ok().filter(|left| !left.is_empty())?;
        left.set_sensitive(field.is_sensitive());
        Some(left)
    }

    /// Whether an app could find a reserved name in it. A crumb without `=` is all name.
    fn is_in(&self, crumb: &[u8]) -> bool {
        let mut names = crumb.split(|b| *b == b',').filter_map(|part| part.split(|b| *b == b'=').next());
        names.any(|name| self.holds(name))
    }

    fn holds(&self, name: &[u8]) -> bool {
        let before_bracket = name.split(|b| *b == b'[').next().unwrap_or_default();
        let known = |reserved: &[u8], name| folded(name).eq(reserved.iter().copied());
        self.names().iter().any(|reserved| known(reserved, name) || known(reserved, before_bracket))
    }

    fn names(&self) -> &[Box<[u8]>] {
        self.0.as_deref().unwrap_or_default()
    }
}

fn crumbs(field: &HeaderValue) -> impl Iterator<Item = &[u8]> {
    field.as_bytes().split(|b| *b == b';')
}

/// A name as the loosest of apps reads it: decoded, trimmed, in lower case, `_` for what PHP turns into it.
fn folded(name: &[u8]) -> impl Iterator<Item = u8> {
    percent_decoded(name.trim_ascii())
        .map(|b| if b == b'+' { b' ' } else { b })
        // Bytes of Unicode blanks among them, which some apps trim.
        .filter(|b| *b == b' ' || b.is_ascii_graphic())
        .skip_while(|b| *b == b' ')
        .map(|b| if matches!(b, b'.' | b'[' | b' ') { b'_' } else { b.to_ascii_lowercase() })
}

fn percent_decoded(text: &[u8]) -> impl Iterator<Item = u8> {
    let hex = |b: Option<&u8>| b.and_then(|b| char::from(*b).to_digit(16)).and_then(|d| u8::try_from(d).ok());
    let mut at = 0;
    std::iter::from_fn(move || {
        let b = *text.get(at)?;
        if b == b'%'
            && let (Some(high), Some(low)) = (hex(text.get(at + 1)), hex(text.get(at + 2)))
        {
            at += 3;
            return Some(high << 4 | low);
        }
        at += 1;
        Some(b)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reserved() -> Reserved {
        Reserved::default().with(["__Host-sid".to_owned(), "SID.x".to_owned()].into_iter()).unwrap()
    }

    fn hidden(lines: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(COOKIE, HeaderValue::from_bytes(line).unwrap());
        }
        reserved().hide(&mut headers);
        headers.get_all(COOKIE).iter().map(|field| field.as_bytes().to_vec()).collect()
    }

    #[test]
    fn no_spelling_of_a_reserved_name_reaches_the_app() {
        for spelling in [
            "__Host-sid",
            "__hOsT-SID",
            "..Host-sid",
            "__Host-sid ",
            " __Host-sid",
            "%5f_Host-sid",
            "_[Host-sid",
            "\u{2000}__Host-sid",
            "__Host-sid\u{a0}",
            "__Host-%73id",
            "+__Host-sid",
            "%20__Host-sid",
            "__Host-sid[x]",
            "c=1,__Host-sid",
        ] {
            let line = format!("a=1; {spelling}=x; b=2");
            assert_eq!(hidden(&[line.as_bytes()]), [b"a=1; b=2"], "{spelling:?}");
        }
        assert_eq!(
            hidden(&[b"a=1; __Host-sid", b"__Host-sid=1", b"b=2"]),
            [b"a=1".to_vec(), b"b=2".to_vec()]
        );
    }

    #[test]
    fn a_reader_of_quoted_strings_finds_none_between_the_quotes() {
        assert_eq!(hidden(&[b"$Version=1; a=\"s; __Host-sid=x; b=e\""]), [b"$Version=1; a=\"s; b=e\""]);
    }

    #[test]
    fn other_cookies_pass_byte_for_byte() {
        let line: &[u8] = b"a=1;b=\xff\xfe;; __Host-side=1; %zz=1; x";
        assert_eq!(hidden(&[line]), [line]);
    }

    #[test]
    fn what_no_cookie_is_called_cannot_be_reserved() {
        let error = Reserved::default().with(["a b".to_owned()].into_iter()).unwrap_err();
        assert_eq!(error.to_string().split(": ").next(), Some("Cookies::reserve"));
    }
}
