//! The decision: whether a request can be read in one way only, and which host it is for.
//!
//! ```text
//! judge(parts) ── target ── framing ── host ──▶ Ok(Judged) | Err(Rejection "http.…")
//! ```

use enfilade_core::{Host, Rejection};
use http::{
    HeaderValue, Method, StatusCode, Version,
    header::{ALLOW, CONTENT_LENGTH, HOST, TRANSFER_ENCODING},
    request::Parts,
};

use super::aliases;

/// What the head says that counts.
pub(super) struct Judged {
    /// `None` only for HTTP/1.0 without one.
    pub(super) host: Option<Host>,
    /// Whether the body is chunked.
    pub(super) chunked: bool,
    /// Whether there are fields that speak of another hop.
    pub(super) forwarding: bool,
}

/// Judges a request's head; `last` is a host found on the same connection before, which spares parsing it again.
///
/// # Errors
///
/// A rejection with one of the codes in the [module docs](super).
pub(super) fn judge(parts: &Parts, last: Option<&Host>) -> Result<Judged, Rejection> {
    judge_target(parts)?;
    let fields = Fields::of(parts);
    judge_framing(&fields, parts.version)?;
    let host = judge_host(&fields, parts, last)?;
    Ok(Judged { host, chunked: fields.coding.is_some(), forwarding: fields.forwarding })
}

/// The fields that count, found in one walk: looking each up costs a hash.
#[derive(Default)]
struct Fields<'a> {
    host: Option<&'a HeaderValue>,
    coding: Option<&'a HeaderValue>,
    length: Option<&'a HeaderValue>,
    repeated: Repeated,
    outer_blank: bool,
    forwarding: bool,
}

#[derive(Default)]
struct Repeated {
    host: bool,
    coding: bool,
    length: bool,
}

impl<'a> Fields<'a> {
    fn of(parts: &'a Parts) -> Self {
        let mut fields = Self::default();
        let http2 = parts.version >= Version::HTTP_2;
        for (name, value) in &parts.headers {
            if *name == HOST {
                fields.repeated.host |= fields.host.replace(value).is_some();
            } else if *name == CONTENT_LENGTH {
                fields.repeated.length |= fields.length.replace(value).is_some();
            } else if *name == TRANSFER_ENCODING {
                fields.repeated.coding |= fields.coding.replace(value).is_some();
            } else {
                fields.forwarding |= aliases::is_forwarding(name);
            }
            fields.outer_blank |= http2 && has_outer_blank(value);
        }
        fields
    }
}

/// RFC 9112 §3.2: origin-form, absolute-form with `http` or `https`, and `*` for OPTIONS.
fn judge_target(parts: &Parts) -> Result<(), Rejection> {
    let uri = &parts.uri;
    if parts.method == Method::CONNECT {
        return Err(Rejection::new(StatusCode::METHOD_NOT_ALLOWED, "http.connect-refused")
            .with_detail("this server is no tunnel")
            .with_header(ALLOW, HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")));
    }
    if !uri.path().is_ascii() || !uri.query().unwrap_or_default().is_ascii() {
        return Err(refuse(
            "http.target-not-ascii",
            "percent-encode what is not ASCII in the request target",
        ));
    }
    let form = "ask for a path that begins with /";
    match uri.scheme_str() {
        None | Some("http" | "https") => {}
        Some(_) => return Err(refuse("http.target-form", form)),
    }
    match uri.path() {
        "*" if parts.method == Method::OPTIONS && uri.query().is_none() => Ok(()),
        // Authority-form and a bare word have an empty path, in absolute-form http reads an empty one as `/`.
        path if path.starts_with('/') => Ok(()),
        _ => Err(refuse("http.target-form", form)),
    }
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

/// RFC 9110 §7.2 and RFC 9113 §8.3.1: one host, said once or twice the same.
fn judge_host(fields: &Fields<'_>, parts: &Parts, last: Option<&Host>) -> Result<Option<Host>, Rejection> {
    if fields.repeated.host {
        return Err(refuse("http.host-repeated", "send one Host field"));
    }
    let field = fields.host.map(|value| parse(value.as_bytes(), last)).transpose()?;
    let named = parts.uri.authority().map(|named| parse(named.as_str().as_bytes(), last)).transpose()?;
    match (field, named) {
        (Some(field), Some(named)) if !agree(&field, &named, parts.uri.scheme_str()) => {
            Err(refuse("http.host-mismatch", "the request target and the Host field name different hosts"))
        }
        // RFC 9112 §3.2.2: HTTP/1.1 needs the field also beside absolute-form. HTTP/2 needs one of the two.
        (None, _) if parts.version == Version::HTTP_11 => Err(missing()),
        (None, None) if parts.version >= Version::HTTP_2 => Err(missing()),
        (field, named) => Ok(named.or(field)),
    }
}

fn parse(text: &[u8], last: Option<&Host>) -> Result<Host, Rejection> {
    if let Some(last) = last
        && last.as_str().as_bytes() == text
    {
        return Ok(last.clone());
    }
    // Copied: a value of the request's would keep hyper's read buffer for as long as the host is kept.
    HeaderValue::from_bytes(text)
        .ok()
        .and_then(|value| Host::parse(&value))
        .ok_or_else(|| refuse("http.host-invalid", "the host is a name or an address, perhaps with a port"))
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

fn missing() -> Rejection {
    refuse("http.host-missing", "send a Host field")
}

fn refuse(code: &'static str, detail: &'static str) -> Rejection {
    Rejection::new(StatusCode::BAD_REQUEST, code).with_detail(detail)
}
