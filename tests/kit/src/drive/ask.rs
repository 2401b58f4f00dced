//! A request that is being built: its head in a few words, and its body.
//!
//! ```text
//! door.get("/x")      ─┐                                       ┌─▶ send() …       (Sending: it knows its service)
//!                      ├─ header · cookie · bearer · form · … ─┤
//! Ask::get("/x")      ─┘                                       └─▶ build(), enter(&gate, …)   (for nobody yet)
//! ```
//!
//! It names `localhost` as its host and is HTTP/1.1, unless it is told otherwise. `content-length` is not added: a
//! layer that reads it is tested with [`Ask::header`].
//!
//! ```
//! use enfilade_test::Ask;
//! use http::Version;
//!
//! let request = Ask::post("/orders?x=1").authority("shop.example").http2().form(&[("tea", "two & a half")]).build();
//! assert_eq!(request.uri(), "http://shop.example/orders?x=1");
//! assert_eq!((request.version(), request.headers().get("host")), (Version::HTTP_2, None));
//! assert_eq!(request.headers()["content-type"], "application/x-www-form-urlencoded");
//! ```

use std::fmt;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{
    HeaderName, HeaderValue, Method, Request, Uri, Version, header, request,
    uri::{Authority, PathAndQuery, Scheme},
};

use crate::{ProbeBody, body::field};

/// A request that is being built, for `T`: a service that it can be sent to, or nobody yet. See the
/// [module docs](self).
#[must_use = "a request does nothing until it is sent"]
pub struct Ask<T, B = ProbeBody> {
    pub(super) to: T,
    pub(super) parts: request::Parts,
    pub(super) body: Option<B>,
}

impl Ask<()> {
    /// A GET request for nobody yet.
    pub fn get(target: &str) -> Self {
        Self::request(Method::GET, target)
    }

    /// A POST request for nobody yet.
    pub fn post(target: &str) -> Self {
        Self::request(Method::POST, target)
    }

    /// Any request for nobody yet.
    ///
    /// # Panics
    ///
    /// If `target` is no request target.
    pub fn request(method: Method, target: &str) -> Self {
        Self::new((), method, target)
    }
}

impl<B: Default> Ask<(), B> {
    /// The request as it stands.
    pub fn build(self) -> Request<B> {
        Request::from_parts(self.parts, self.body.unwrap_or_default())
    }
}

/// The head.
impl<T, B> Ask<T, B> {
    pub(super) fn new(to: T, method: Method, target: &str) -> Self {
        let (mut parts, ()) = Request::new(()).into_parts();
        parts.method = method;
        parts.uri = target.parse().unwrap_or_else(|e| panic!("`{target}` is no request target: {e}"));
        parts.headers.insert(header::HOST, HeaderValue::from_static("localhost"));
        Self { to, parts, body: None }
    }

    pub(super) fn given(to: T, request: Request<B>) -> Self {
        let (parts, body) = request.into_parts();
        Self { to, parts, body: Some(body) }
    }

    /// Adds a header; `host` replaces the one that is there.
    ///
    /// # Panics
    ///
    /// If `name` or `value` cannot be a header.
    pub fn header(self, name: &str, value: &str) -> Self {
        let (name, value) = field(name, value);
        self.append(name, value)
    }

    /// Adds a header of raw bytes: all but controls may stand there (RFC 9110 §5.5), and clients send them.
    ///
    /// # Panics
    ///
    /// If `name` or `value` cannot be a header.
    pub fn header_bytes(self, name: &str, value: &[u8]) -> Self {
        let value = HeaderValue::from_bytes(value).unwrap_or_else(|_| panic!("{value:?} is no header value"));
        self.append(field(name, "").0, value)
    }

    /// Adds several headers.
    ///
    /// # Panics
    ///
    /// If a name or a value cannot be a header.
    pub fn headers<'h>(self, fields: impl IntoIterator<Item = (&'h str, &'h str)>) -> Self {
        fields.into_iter().fold(self, |ask, (name, value)| ask.header(name, value))
    }

    /// Leaves a header out, such as `host`.
    pub fn without(mut self, name: &str) -> Self {
        self.parts.headers.remove(name);
        self
    }

    /// `Authorization: Bearer …` (RFC 6750).
    ///
    /// # Panics
    ///
    /// If the token cannot stand in a header.
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// `Authorization: Basic …` (RFC 7617).
    pub fn basic(self, user: &str, password: &str) -> Self {
        let pair = BASE64_STANDARD.encode(format!("{user}:{password}"));
        self.header("authorization", &format!("Basic {pair}"))
    }

    /// Adds a cookie to the one `Cookie` header. What HTTP/2 clients do, several fields, is [`Ask::header`] twice.
    ///
    /// # Panics
    ///
    /// If the cookie cannot stand in a header.
    pub fn cookie(mut self, name: &str, value: &str) -> Self {
        let pair = format!("{name}={value}");
        let all = match self.parts.headers.remove(header::COOKIE) {
            Some(before) => [before.as_bytes(), b"; ", pair.as_bytes()].concat(),
            None => pair.into_bytes(),
        };
        let all = HeaderValue::from_bytes(&all).expect("a cookie that can stand in a header");
        self.parts.headers.insert(header::COOKIE, all);
        self
    }

    /// Adds several cookies to the one `Cookie` header.
    ///
    /// # Panics
    ///
    /// If a cookie cannot stand in a header.
    pub fn cookies<'c>(self, cookies: impl IntoIterator<Item = (&'c str, &'c str)>) -> Self {
        cookies.into_iter().fold(self, |ask, (name, value)| ask.cookie(name, value))
    }

    /// Puts a value into the request's extensions, as an outer link would.
    pub fn extension<V: Clone + Send + Sync + 'static>(mut self, value: V) -> Self {
        self.parts.extensions.insert(value);
        self
    }

    /// Changes the request's head in any way.
    pub fn edit(mut self, change: impl FnOnce(&mut request::Parts)) -> Self {
        change(&mut self.parts);
        self
    }

    fn append(mut self, name: HeaderName, value: HeaderValue) -> Self {
        if name == header::HOST {
            self.parts.headers.remove(header::HOST);
        }
        self.parts.headers.append(name, value);
        self
    }
}

/// The target and the version.
impl<T, B> Ask<T, B> {
    /// Gives the target a scheme, and the host as its authority if it has none: the absolute form of RFC 9112 §3.2.2.
    ///
    /// # Panics
    ///
    /// If it is no scheme.
    pub fn scheme(self, scheme: &str) -> Self {
        let scheme = scheme.parse().unwrap_or_else(|_| panic!("`{scheme}` is no scheme"));
        self.absolute(Some(scheme), None)
    }

    /// Gives the target an authority, and the scheme `http` if it has none. The `host` header becomes the same.
    ///
    /// # Panics
    ///
    /// If it is no authority.
    pub fn authority(self, authority: &str) -> Self {
        let parsed = authority.parse().unwrap_or_else(|_| panic!("`{authority}` is no authority"));
        self.header("host", authority).absolute(None, Some(parsed))
    }

    /// Another version of HTTP, and nothing else.
    pub fn version(mut self, version: Version) -> Self {
        self.parts.version = version;
        self
    }

    /// Makes it a request as hyper hands it on from HTTP/2: `:scheme` and `:authority` in the target, no `host`.
    pub fn http2(self) -> Self {
        self.absolute(None, None).without("host").version(Version::HTTP_2)
    }

    fn absolute(mut self, scheme: Option<Scheme>, authority: Option<Authority>) -> Self {
        let host = self.parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()?.parse().ok());
        let mut uri = std::mem::take(&mut self.parts.uri).into_parts();
        uri.scheme = scheme.or(uri.scheme).or(Some(Scheme::HTTP));
        uri.authority = authority.or(uri.authority).or(host);
        uri.path_and_query = uri.path_and_query.or(Some(PathAndQuery::from_static("/")));
        let target = Uri::from_parts(uri);
        self.parts.uri = target.unwrap_or_else(|e| panic!("an absolute target needs a host: {e}"));
        self
    }
}

/// The body.
impl<T, B> Ask<T, B> {
    /// Gives the request a body.
    pub fn body(mut self, body: impl Into<B>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Gives the request a JSON text and its media type; the text is not checked.
    pub fn json(self, text: impl Into<B>) -> Self {
        self.header("content-type", "application/json").body(text)
    }

    /// Gives the request the fields of a form, as a browser writes them (`application/x-www-form-urlencoded`).
    pub fn form(self, fields: &[(&str, &str)]) -> Self
    where
        B: From<String>,
    {
        let pairs: Vec<_> =
            fields.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect();
        self.header("content-type", "application/x-www-form-urlencoded").body(pairs.join("&"))
    }
}

/// The serializer of the URL standard: `*-._` and letters and digits stay, a blank is `+`.
fn escape(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b' ' => "+".to_owned(),
            b'*' | b'-' | b'.' | b'_' => char::from(byte).to_string(),
            _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

impl<T, B> fmt::Debug for Ask<T, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ask").field("parts", &self.parts).finish_non_exhaustive()
    }
}
