//! What every gateway to an app in another language tells of a request: its one target, its place below the app, who
//! asks.
//!
//! ```text
//! Canonical ─▶ what the door found ─────────────────┐
//! none ─▶ target and Host, strictly, or a Fault ────┴─▶ Target { path, https, host, client }
//! path ─▶ path_info below a script name             Principal ─▶ User
//! ```
//!
//! One reading for CGI, WSGI and ASGI: a path that two of them read in two ways would be a way around a policy.
//!
//! ```
//! use enfilade_core::{Principal, gateway::{Fault, Target, User, path_info}};
//!
//! let (mut head, ()) = http::Request::get("/shop/caf%C3%A9").body(())?.into_parts();
//! Principal::new("ada").put(&mut head.extensions);
//! let target = Target::of(&head)?;
//! assert_eq!(path_info("/shop", &target.path), Some("/café".as_bytes()));
//! assert_eq!(User::of(&head.extensions)?.unwrap().subject, "ada");
//!
//! let (head, ()) = http::Request::get("/a/%2e%2e/b").body(())?.into_parts();
//! assert_eq!(Target::of(&head).unwrap_err(), Fault::Path);
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

use std::{borrow::Cow, error::Error, fmt};

use http::{Extensions, HeaderValue, header::HOST, request, uri::Scheme};

use crate::{AuthMethod, ClientAddr, Host, Principal, RequestContext};

/// Which path, scheme, host and client a request is for.
#[derive(Debug)]
#[non_exhaustive]
pub struct Target<'a> {
    /// Percent-decoded once; `*` for the server itself.
    pub path: Cow<'a, [u8]>,
    /// Whether the scheme is `https`.
    pub https: bool,
    /// Absent in HTTP/1.0 alone, or where no door stands before.
    pub host: Option<Cow<'a, Host>>,
    /// Absent where the door does not say.
    pub client: Option<ClientAddr>,
}

impl<'a> Target<'a> {
    /// Reads it from a request's head: the door's word, or the head itself where no door stands before.
    ///
    /// # Errors
    ///
    /// [`Fault::Path`] or [`Fault::Host`], for what could be read in two ways.
    pub fn of(head: &'a request::Parts) -> Result<Self, Fault> {
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

/// A proved user, in the words of CGI: never from a header field.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct User<'a> {
    /// `REMOTE_USER` (RFC 3875 §4.1.11).
    pub subject: &'a str,
    /// `AUTH_TYPE` (RFC 3875 §4.1.1).
    pub auth_type: &'static str,
}

impl<'a> User<'a> {
    /// The user, if one is proved.
    ///
    /// # Errors
    ///
    /// [`Fault::User`], for a subject that is empty or holds a NUL.
    pub fn of(extensions: &'a Extensions) -> Result<Option<Self>, Fault> {
        let proved = Principal::of(extensions).filter(|who| !who.is_anonymous());
        let Some(who) = proved else { return Ok(None) };
        let subject = who.subject();
        // Cut off at a NUL it would be somebody else, and an empty one is nobody.
        if subject.is_empty() || subject.contains('\0') {
            return Err(Fault::User);
        }
        let auth_type = match who.method() {
            AuthMethod::Basic => "Basic",
            AuthMethod::Bearer => "Bearer",
            other => other.as_str(),
        };
        Ok(Some(Self { subject, auth_type }))
    }
}

/// What of a decoded path follows the script's name, by bytes (RFC 3875 §4.1.5); `None` if the path is not below it.
pub fn path_info<'p>(script_name: &str, path: &'p [u8]) -> Option<&'p [u8]> {
    if path == b"*" {
        return Some(b"");
    }
    let info = path.strip_prefix(script_name.as_bytes())?;
    matches!(info.first(), None | Some(b'/')).then_some(info)
}

/// The path, percent-decoded once; `None` where two parties could read two paths.
///
/// RFC 3875 §4.1.5 lets a server refuse what decodes to `/`, since the app could not tell it from a separator.
pub fn decode(path: &str) -> Option<Vec<u8>> {
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

/// Why a request cannot be told to an app; each gateway has a reason code of its own for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The path can be read in two ways.
    Path,
    /// Two hosts are named, or one that is no host.
    Host,
    /// The proved subject is empty or holds a NUL.
    User,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Path => "the path can be read in two ways",
            Self::Host => "no one host is named",
            Self::User => "the proved subject is empty or holds a NUL",
        })
    }
}

impl Error for Fault {}

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
