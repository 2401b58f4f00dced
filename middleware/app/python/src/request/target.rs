//! Which path, scheme, host and client a request is for: the door's word, or read here where no door stands before.
//!
//! ```text
//! RequestContext with a Canonical ─▶ what the door found
//! none ─▶ target and Host, strictly: what could be read in two ways is a 400
//! ```

use std::borrow::Cow;

use enfilade_core::{ClientAddr, Host, RequestContext};
use http::{HeaderValue, header::HOST, request, uri::Scheme};

use super::Fault;

/// What an app is told about the target.
#[derive(Debug)]
pub(crate) struct Target<'a> {
    pub(crate) path: Cow<'a, [u8]>,
    pub(crate) https: bool,
    pub(crate) host: Option<Cow<'a, Host>>,
    pub(crate) client: Option<ClientAddr>,
}

impl<'a> Target<'a> {
    /// Reads it from a request's head.
    pub(crate) fn of(head: &'a request::Parts) -> Result<Self, Fault> {
        let canonical = RequestContext::of(&head.extensions).and_then(RequestContext::canonical);
        let path = match canonical.and_then(|canonical| canonical.path()) {
            Some(path) => Cow::Borrowed(path),
            None => Cow::Owned(decode(head.uri.path()).ok_or(Fault::Path)?),
        };
        let Some(canonical) = canonical else {
            let https = head.uri.scheme() == Some(&Scheme::HTTPS);
            return Ok(Self { path, https, host: named(head)?.map(Cow::Owned), client: None });
        };
        Ok(Self {
            path,
            https: *canonical.scheme() == Scheme::HTTPS,
            host: canonical.host().map(Cow::Borrowed),
            client: canonical.client(),
        })
    }
}

/// The path, percent-decoded once; `None` where two parties could read two paths.
///
/// What decodes to `/` is refused, as RFC 3875 §4.1.5 lets a server do: an app could not tell it from a separator.
pub(crate) fn decode(path: &str) -> Option<Vec<u8>> {
    if path == "*" {
        return Some(b"*".to_vec());
    }
    let mut decoded = Vec::with_capacity(path.len());
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let (high, low) = (digit(bytes.next()?)?, digit(bytes.next()?)?);
        match high * 16 + low {
            b'/' | b'\\' | 0..0x20 | 0x7f => return None,
            byte => decoded.push(byte),
        }
    }
    let dots = |segment: &[u8]| matches!(segment, b"." | b"..");
    (decoded.first() == Some(&b'/') && !decoded.split(|b| *b == b'/').any(dots)).then_some(decoded)
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// The target's authority goes before `Host` (RFC 9112 §3.2.2).
fn named(head: &request::Parts) -> Result<Option<Host>, Fault> {
    let mut fields = head.headers.get_all(HOST).iter();
    let field = fields.next();
    if fields.next().is_some() {
        return Err(Fault::Host);
    }
    let value = match head.uri.authority() {
        Some(authority) => {
            Some(Cow::Owned(HeaderValue::from_str(authority.as_str()).map_err(|_| Fault::Host)?))
        }
        None => field.map(Cow::Borrowed),
    };
    value.map(|value| Host::parse(&value).ok_or(Fault::Host)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_decoded_once_or_refused() {
        let table: [(&str, Option<&[u8]>); 14] = [
            ("/", Some(b"/")),
            ("*", Some(b"*")),
            ("/a%20b", Some(b"/a b")),
            ("/caf%C3%A9", Some("/café".as_bytes())),
            ("/%ff", Some(b"/\xff")),
            ("/%2541", Some(b"/%41")),
            ("/a//b", Some(b"/a//b")),
            ("/a%2fb", None),
            ("/a%5cb", None),
            ("/a%00", None),
            ("/a%0a", None),
            ("/%zz", None),
            ("/a%2", None),
            ("/a/%2e%2e/b", None),
        ];
        for (path, expected) in table {
            assert_eq!(decode(path).as_deref(), expected, "{path}");
        }
    }
}
