//! The opening handshake (RFC 6455 §4.2), read strictly: what half looks like one is refused and never an HTTP request.
//!
//! ```text
//! GET, HTTP/1.1, Connection: upgrade, Upgrade: websocket, version 13, one key ─▶ 101
//! CONNECT, HTTP/2, :protocol websocket, version 13 (RFC 8441) ─────────────────▶ 200
//! anything else with Upgrade: websocket ─▶ 400, another version ─▶ 426
//! ```

use enfilade_core::Rejection;
use http::{
    HeaderMap, HeaderValue, Method, StatusCode, Version,
    header::{
        CONNECTION, HeaderName, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
        SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
    },
    request, response,
};
use hyper::{ext::Protocol, upgrade::OnUpgrade};
use tungstenite::handshake::derive_accept_key;

use super::{WebSocketSettings, deflate::Agreed};

/// Whether a request asks for a WebSocket, well or badly.
pub(in crate::asgi) fn is_handshake(head: &request::Parts) -> bool {
    match head.version {
        Version::HTTP_11 => head.headers.contains_key(UPGRADE) && lists(&head.headers, &UPGRADE, "websocket"),
        Version::HTTP_2 => head.method == Method::CONNECT && head.extensions.get::<Protocol>().is_some(),
        _ => false,
    }
}

/// A handshake that can be answered.
pub(super) struct Handshake {
    pub(super) upgrade: OnUpgrade,
    /// Those that the client speaks, in its order.
    pub(super) subprotocols: Vec<String>,
    pub(super) agreed: Option<Agreed>,
    /// Over HTTP/1 alone.
    accept: Option<HeaderValue>,
}

impl Handshake {
    /// Takes it out of the request.
    pub(super) fn of(
        head: &mut request::Parts,
        has_body: bool,
        settings: &WebSocketSettings,
    ) -> Result<Self, Rejection> {
        let accept = if head.method == Method::CONNECT {
            let protocol = head.extensions.get::<Protocol>().map(Protocol::as_str);
            if !protocol.is_some_and(|protocol| protocol.eq_ignore_ascii_case("websocket")) {
                return Err(bad(
                    "asgi.websocket-protocol",
                    "the one protocol that is spoken here is websocket",
                ));
            }
            None
        } else {
            Some(first(head, has_body)?)
        };
        version(&head.headers)?;
        let agreed = if settings.compression { Agreed::of(&head.headers) } else { None };
        let subprotocols = subprotocols(&head.headers)?;
        let Some(upgrade) = head.extensions.remove::<OnUpgrade>() else {
            let why = "this connection cannot be upgraded: a link or a server before has taken that away";
            let rejection = Rejection::new(StatusCode::INTERNAL_SERVER_ERROR, "asgi.websocket-no-upgrade");
            return Err(rejection.with_log(why));
        };
        Ok(Self { upgrade, subprotocols, agreed, accept })
    }

    /// The head of the response that begins it.
    pub(super) fn response(&self, subprotocol: Option<&str>, extra: HeaderMap) -> response::Parts {
        let (mut head, ()) = http::Response::new(()).into_parts();
        head.headers = extra;
        if let Some(accept) = &self.accept {
            head.status = StatusCode::SWITCHING_PROTOCOLS;
            head.headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
            head.headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
            head.headers.insert(SEC_WEBSOCKET_ACCEPT, accept.clone());
        }
        if let Some(subprotocol) = subprotocol {
            let value = HeaderValue::from_str(subprotocol).expect("the client's own token");
            head.headers.insert(SEC_WEBSOCKET_PROTOCOL, value);
        }
        if let Some(agreed) = &self.agreed {
            head.headers.insert(SEC_WEBSOCKET_EXTENSIONS, agreed.header());
        }
        head
    }
}

/// What HTTP/1 asks for besides: the value of `Sec-WebSocket-Accept`.
fn first(head: &request::Parts, has_body: bool) -> Result<HeaderValue, Rejection> {
    if head.method != Method::GET {
        return Err(bad("asgi.websocket-method", "a WebSocket begins with GET"));
    }
    if !lists(&head.headers, &CONNECTION, "upgrade") {
        return Err(bad("asgi.websocket-connection", "`Connection: upgrade` is missing"));
    }
    // A body would be read as the first frames.
    if has_body {
        return Err(bad("asgi.websocket-body", "a WebSocket's handshake has no body"));
    }
    let key = one(&head.headers, &SEC_WEBSOCKET_KEY).filter(|key| is_key(key.as_bytes()));
    let Some(key) = key else {
        return Err(bad("asgi.websocket-key", "`Sec-WebSocket-Key` is no 16 bytes in base64"));
    };
    Ok(HeaderValue::try_from(derive_accept_key(key.as_bytes())).expect("base64 is a header value"))
}

fn version(headers: &HeaderMap) -> Result<(), Rejection> {
    if one(headers, &SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13") {
        return Ok(());
    }
    let rejection = Rejection::new(StatusCode::UPGRADE_REQUIRED, "asgi.websocket-version");
    let rejection = rejection.with_detail("WebSockets are spoken in version 13");
    Err(rejection
        .with_header(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"))
        .with_header(UPGRADE, HeaderValue::from_static("websocket"))
        .with_header(CONNECTION, HeaderValue::from_static("upgrade")))
}

fn subprotocols(headers: &HeaderMap) -> Result<Vec<String>, Rejection> {
    let fault = || bad("asgi.websocket-subprotocol", "`Sec-WebSocket-Protocol` is no list of tokens");
    let mut all: Vec<String> = Vec::new();
    for field in headers.get_all(SEC_WEBSOCKET_PROTOCOL) {
        for name in field.to_str().map_err(|_| fault())?.split(',') {
            let name = name.trim_matches([' ', '\t']);
            let fits =
                !name.is_empty() && name.bytes().all(is_token) && all.iter().all(|other| other != name);
            if !fits {
                return Err(fault());
            }
            all.push(name.to_owned());
        }
    }
    Ok(all)
}

fn bad(code: &'static str, detail: &'static str) -> Rejection {
    Rejection::new(StatusCode::BAD_REQUEST, code).with_detail(detail)
}

fn one<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h HeaderValue> {
    let mut fields = headers.get_all(name).iter();
    let field = fields.next();
    if fields.next().is_some() { None } else { field }
}

fn lists(headers: &HeaderMap, name: &HeaderName, wanted: &str) -> bool {
    headers.get_all(name).iter().any(|field| {
        field
            .as_bytes()
            .split(|byte| *byte == b',')
            .any(|one| one.trim_ascii().eq_ignore_ascii_case(wanted.as_bytes()))
    })
}

/// Base64 of 16 bytes: 22 digits, of which the last has four bits of zero, and two `=`.
fn is_key(key: &[u8]) -> bool {
    let digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    matches!(key, [digits @ .., last, b'=', b'='] if digits.len() == 21 && digits.iter().all(digit)
        && matches!(last, b'A' | b'Q' | b'g' | b'w'))
}

/// RFC 9110 §5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
