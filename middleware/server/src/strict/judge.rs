//! The decision: whether a request can be read in one way only, which host it is for, and which path.
//!
//! ```text
//! judge(head) ── target ── path ── framing ── host ──▶ Ok(Judged) | Err(Rejection "http.…")
//! ```

use enfilade_core::{Host, Rejection};
use http::{
    HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, Version, header::ALLOW, request::Parts,
};

use super::{
    aliases,
    path::{Fault, PathRules, Spelled, read},
};
use crate::request_id::may_name;

/// What of a head is judged. Borrowed: to take a request apart and put it together again copies it twice.
#[derive(Clone, Copy)]
pub(crate) struct Head<'a> {
    pub(super) method: &'a Method,
    pub(super) uri: &'a Uri,
    pub(super) version: Version,
    pub(super) headers: &'a HeaderMap,
}

impl<'a, B> From<&'a Request<B>> for Head<'a> {
    fn from(req: &'a Request<B>) -> Self {
        Self { method: req.method(), uri: req.uri(), version: req.version(), headers: req.headers() }
    }
}

impl<'a> From<&'a Parts> for Head<'a> {
    fn from(parts: &'a Parts) -> Self {
        Self { method: &parts.method, uri: &parts.uri, version: parts.version, headers: &parts.headers }
    }
}

impl<'a> Head<'a> {
    /// The canonical path: the target's own, unless that was found to be another.
    pub(super) fn path(self, spelled: Option<&'a Spelled>) -> &'a [u8] {
        spelled.map_or(self.uri.path().as_bytes(), |spelled| &*spelled.path)
    }
}

/// What the head says that counts.
pub(crate) struct Judged {
    pub(super) host: Named,
    /// `None`, where the target's own path is the canonical one. Boxed, as what is rare must not be moved each time.
    pub(super) path: Option<Box<Spelled>>,
    /// Whether the body is chunked.
    pub(super) chunked: bool,
    /// Whether there are fields that speak of another hop.
    pub(super) forwarding: bool,
    /// Whether a name ends in the dot that its canonical form has not.
    pub(super) dotted: bool,
}

/// The host that a head names.
pub(crate) enum Named {
    /// None: only over HTTP/1.0.
    Nobody,
    /// The one of the request before, which need not be parsed again.
    Last,
    /// Another one.
    Other(Box<Host>),
}

/// Judges a request's head by its fields; `last` is the host of the request before on the same connection.
///
/// # Errors
///
/// A rejection with one of the codes in the [module docs](super).
pub(crate) fn judge(
    head: Head<'_>,
    fields: &Fields<'_>,
    rules: PathRules,
    last: Option<&Host>,
) -> Result<Judged, Rejection> {
    let path = judge_target(head, rules)?;
    judge_framing(fields, head.version)?;
    let (host, dotted) = judge_host(fields, head, last)?;
    Ok(Judged { host, path, chunked: fields.coding.is_some(), forwarding: fields.forwarding, dotted })
}

/// The fields that count, found in one walk: looking each up costs a hash.
#[derive(Default)]
pub(crate) struct Fields<'a> {
    host: Option<&'a HeaderValue>,
    coding: Option<&'a HeaderValue>,
    length: Option<&'a HeaderValue>,
    repeated: Repeated,
    outer_blank: bool,
    forwarding: bool,
    /// What links around this one ask for.
    pub(crate) others: Others,
}

/// Whether there are fields that other links of the server ask for.
#[derive(Clone, Copy, Default)]
pub(crate) struct Others {
    pub(crate) accept: bool,
    pub(crate) ids: bool,
    pub(crate) upgrade: bool,
}

#[derive(Default)]
struct Repeated {
    host: bool,
    coding: bool,
    length: bool,
}

impl<'a> Fields<'a> {
    #[inline]
    pub(crate) fn of(head: Head<'a>) -> Self {
        let mut fields = Self::default();
        let http2 = head.version >= Version::HTTP_2;
        for (name, value) in head.headers {
            let name = name.as_str();
            // By length first: a name that is none of these costs one jump.
            match name.len() {
                4 if name == "host" => fields.repeated.host |= fields.host.replace(value).is_some(),
                6 if name == "accept" => fields.others.accept = true,
                7 if name == "upgrade" => fields.others.upgrade = true,
                10..=12 if may_name(name) => fields.others.ids = true,
                14 if name == "content-length" => {
                    fields.repeated.length |= fields.length.replace(value).is_some();
                }
                17 if name == "transfer-encoding" => {
                    fields.repeated.coding |= fields.coding.replace(value).is_some();
                }
                _ => fields.forwarding |= aliases::may_forward(name) && aliases::is_forwarding(name),
            }
            fields.outer_blank |= http2 && has_outer_blank(value);
        }
        fields
    }
}

/// RFC 9112 §3.2: origin-form, absolute-form with `http` or `https`, and `*` for OPTIONS.
fn judge_target(head: Head<'_>, rules: PathRules) -> Result<Option<Box<Spelled>>, Rejection> {
    let uri = head.uri;
    if *head.method == Method::CONNECT {
        return Err(connect_refused());
    }
    if uri.query().is_some_and(|query| !query.is_ascii()) {
        return Err(Fault::NotAscii.into());
    }
    if !matches!(uri.scheme_str(), None | Some("http" | "https")) {
        return Err(Fault::Form.into());
    }
    match uri.path() {
        "*" if *head.method == Method::OPTIONS && uri.query().is_none() => Ok(None),
        // Authority-form and a bare word have an empty path, in absolute-form http reads an empty one as `/`.
        path if path.starts_with('/') => Ok(read(path.as_bytes(), rules)?),
        _ => Err(Fault::Form.into()),
    }
}

#[cold]
fn connect_refused() -> Rejection {
    Rejection::new(StatusCode::METHOD_NOT_ALLOWED, "http.connect-refused")
        .with_detail("this server is no tunnel")
        .with_header(ALLOW, HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"))
}

/// RFC 9112 §6.1 and RFC 9113 §8.2.
fn judge_framing(fields: &Fields<'_>, version: Version) -> Result<(), Rejection> {
    if let Some(coding) = fields.coding {
        let chunked = coding.as_bytes().eq_ignore_ascii_case(b"chunked");
        if !chunked || fields.repeated.coding || version != Version::HTTP_11 {
            return Err(refuse(
                "http.transfer-coding",
                "the only transfer coding is chunked, once, over HTTP/1.1",
            ));
        }
    }
    if let Some(length) = fields.length {
        let digits = !length.is_empty() && length.as_bytes().iter().all(u8::is_ascii_digit);
        if !digits || fields.repeated.length {
            return Err(refuse("http.content-length", "send one content-length, in digits"));
        }
    }
    // HTTP/1's parser takes blanks away; in HTTP/2 such a value is malformed (RFC 9113 §8.2.1), and h2 lets it through.
    if fields.outer_blank {
        return Err(refuse("http.field-blank", "a field value neither begins nor ends with a blank"));
    }
    Ok(())
}

/// RFC 9110 §7.2 and RFC 9113 §8.3.1: one host, said once or twice the same; and whether a dot ends one of the names.
fn judge_host(fields: &Fields<'_>, head: Head<'_>, last: Option<&Host>) -> Result<(Named, bool), Rejection> {
    if fields.repeated.host {
        return Err(refuse("http.host-repeated", "send one Host field"));
    }
    let mut dotted = false;
    let mut parse = |text| parse(text, last, &mut dotted);
    let field = fields.host.map(|value| parse(value.as_bytes())).transpose()?;
    let named = head.uri.authority().map(|named| parse(named.as_str().as_bytes())).transpose()?;
    let host = match (field, named) {
        (Some(field), Some(named)) => match (field.or(last), named.or(last)) {
            (Some(a), Some(b)) if agree(a, b, head.uri.scheme_str()) => named,
            _ => {
                return Err(refuse(
                    "http.host-mismatch",
                    "the request target and the Host field name different hosts",
                ));
            }
        },
        // RFC 9112 §3.2.2: HTTP/1.1 needs the field also beside absolute-form. HTTP/2 needs one of the two.
        (None, _) if head.version == Version::HTTP_11 => return Err(missing()),
        (None, None) if head.version >= Version::HTTP_2 => return Err(missing()),
        (field, named) => named.or(field).unwrap_or(Named::Nobody),
    };
    Ok((host, dotted))
}

fn parse(text: &[u8], last: Option<&Host>, dotted: &mut bool) -> Result<Named, Rejection> {
    if let Some(last) = last
        && last.as_bytes() == text
    {
        return Ok(Named::Last);
    }
    // Copied: a value of the request's would keep hyper's read buffer for as long as the host is kept.
    let host = HeaderValue::from_bytes(text).ok().and_then(|value| Host::parse(&value)).ok_or_else(|| {
        refuse("http.host-invalid", "the host is a name or an address, perhaps with a port")
    })?;
    *dotted |= host.as_bytes().len() < text.len();
    Ok(Named::Other(Box::new(host)))
}

/// Whether two hosts are one: the same name, and the same port once the scheme's own is filled in.
fn agree(field: &Host, named: &Host, scheme: Option<&str>) -> bool {
    let own = if scheme == Some("https") { 443 } else { 80 };
    field.name() == named.name() && field.port().unwrap_or(own) == named.port().unwrap_or(own)
}

fn has_outer_blank(value: &HeaderValue) -> bool {
    let blank = |b: Option<&u8>| matches!(b, Some(b' ' | b'\t'));
    blank(value.as_bytes().first()) || blank(value.as_bytes().last())
}

impl Named {
    /// The host itself.
    fn or<'a>(&'a self, last: Option<&'a Host>) -> Option<&'a Host> {
        match self {
            Self::Nobody => None,
            Self::Last => last,
            Self::Other(host) => Some(&**host),
        }
    }
}

fn missing() -> Rejection {
    refuse("http.host-missing", "send a Host field")
}

#[cold]
fn refuse(code: &'static str, detail: &'static str) -> Rejection {
    Rejection::new(StatusCode::BAD_REQUEST, code).with_detail(detail)
}
