//! WebSocket handshakes with what a browser sends by itself: their `Origin` must be ours or listed.
//!
//! ```text
//! GET + Upgrade: websocket (RFC 6455), CONNECT (RFC 8441) ── who is proved, by what?
//!   a cookie ─────────────────────── Origin ours or listed? ── yes: on · no, none, null, twice: 403
//!   Basic, Digest … ── any Origin? ── yes ───▶ the same
//!                                  └─ no: on   a program; browsers always send one (RFC 6455 §4.1)
//! ```
//!
//! A handshake is a GET, which CSRF checks let pass, and the same-origin policy does not cover it: any site can
//! open a socket to us with the user's cookies, or the password that the browser keeps since its dialog. So it is
//! judged as an unsafe method is.

use enfilade_core::{Canonical, Host, Principal, RequestContext};
use http::{
    HeaderMap, HeaderValue, Method,
    header::{AUTHORIZATION, HOST, ORIGIN, UPGRADE},
    request,
};

/// Whether this is a handshake that a page of another site could have had a browser send as this user.
pub(crate) fn may_be_forged(who: &Principal, req: &request::Parts) -> bool {
    let is_sent_by_itself =
        who.is_ambient() || (has_what_browsers_keep(&req.headers) && req.headers.contains_key(ORIGIN));
    is_sent_by_itself && is_handshake(req)
}

/// Judged by the scheme, not by the principal's method: a user store may give its users any.
fn has_what_browsers_keep(headers: &HeaderMap) -> bool {
    headers.get_all(AUTHORIZATION).iter().any(|value| {
        let shown = value.as_bytes().split(|b| *b == b' ').next().unwrap_or_default();
        is_kept_by_browsers(shown)
    })
}

/// Whether browsers keep what a user typed for this scheme, and send it by themselves.
pub(crate) fn is_kept_by_browsers(scheme: &[u8]) -> bool {
    let schemes: [&[u8]; 4] = [b"basic", b"digest", b"negotiate", b"ntlm"];
    schemes.iter().any(|kept| scheme.eq_ignore_ascii_case(kept))
}

/// Whether this request opens a WebSocket, or any other tunnel.
fn is_handshake(req: &request::Parts) -> bool {
    req.method == Method::CONNECT
        || (req.method == Method::GET && req.headers.get_all(UPGRADE).iter().any(names_websocket))
}

fn names_websocket(upgrade: &HeaderValue) -> bool {
    upgrade.as_bytes().split(|b| *b == b',').any(|word| word.trim_ascii().eq_ignore_ascii_case(b"websocket"))
}

/// Whether the page that opens it is one of ours, or of a listed origin.
pub(crate) fn is_from_trusted_page(req: &request::Parts, trusted: &[Origin]) -> bool {
    let Some(origin) = only(&req.headers, &ORIGIN).and_then(Origin::parse) else { return false };
    trusted.contains(&origin) || is_ours(&origin, req)
}

/// A web origin: scheme, host and port, never left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    is_https: bool,
    host: Host,
    port: u16,
}

impl Origin {
    /// Parses `scheme "://" host [":" port]` (RFC 6454 §6.1); `null` and other schemes are nothing.
    pub(crate) fn parse(value: &HeaderValue) -> Option<Self> {
        let text = value.to_str().ok()?;
        let (is_https, host) = match text.strip_prefix("https://") {
            Some(host) => (true, host),
            None => (false, text.strip_prefix("http://")?),
        };
        let host = Host::parse(&HeaderValue::from_str(host).ok()?)?;
        let port = host.port().unwrap_or(default_port(is_https));
        Some(Self { is_https, host, port })
    }

    /// Same host and port, and the same scheme where ours is known.
    fn is_at(&self, host: &Host, is_https: Option<bool>) -> bool {
        let is_https = is_https.unwrap_or(self.is_https);
        self.is_https == is_https
            && self.host.name() == host.name()
            && self.port == host.port().unwrap_or(default_port(is_https))
    }
}

fn default_port(is_https: bool) -> u16 {
    if is_https { 443 } else { 80 }
}

/// By the canonical request; where the door is not ours, by `:authority` or `Host`.
fn is_ours(origin: &Origin, req: &request::Parts) -> bool {
    if let Some(canonical) = RequestContext::of(&req.extensions).and_then(RequestContext::canonical) {
        return canonical.host().is_some_and(|host| origin.is_at(host, Some(is_https(canonical))));
    }
    let host = match req.uri.authority() {
        Some(authority) => HeaderValue::from_str(authority.as_str()).ok().and_then(|text| Host::parse(&text)),
        None => only(&req.headers, &HOST).and_then(Host::parse),
    };
    // Behind a proxy that ends TLS, the request's own scheme would be the wrong one: only its absence is believed.
    host.is_some_and(|host| origin.is_at(&host, None))
}

fn is_https(canonical: &Canonical) -> bool {
    *canonical.scheme() == http::uri::Scheme::HTTPS
}

fn only<'a>(headers: &'a HeaderMap, name: &http::HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}
