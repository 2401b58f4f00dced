//! The canonical request: what routing, policy, log and app all read, so that no two of them read differently.
//!
//! ```text
//! connection, host ─▶ Origin, shared by the requests that follow ─┬─▶ Canonical
//! target ───────────▶ path, decoded once ─────────────────────────┘
//! ```

use std::{fmt, sync::Arc};

use http::uri::Scheme;
use smallvec::SmallVec;

use super::{ClientAddr, Host};
#[cfg(doc)]
use crate::RequestContext;

/// The one canonical request: computed once at the door, read by routing, policy, log and app.
#[derive(Clone)]
pub struct Canonical {
    origin: Arc<Origin>,
    path: Option<Path>,
}

/// What the requests of one connection have in common, as long as they name one host.
#[derive(Clone)]
struct Origin {
    scheme: Scheme,
    host: Option<Host>,
    client: Option<ClientAddr>,
    peer: Option<ClientAddr>,
    tls: Option<TlsSession>,
}

/// What client and server agreed on when the connection began, by the numbers that IANA gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsSession {
    /// `0x0304` for TLS 1.3 (RFC 8446 §4.2.1).
    pub version: u16,
    /// `0x1301` for `TLS_AES_128_GCM_SHA256` (RFC 8446 §B.4).
    pub cipher_suite: u16,
}

impl TlsSession {
    /// A session of this version, with this cipher suite.
    pub fn new(version: u16, cipher_suite: u16) -> Self {
        Self { version, cipher_suite }
    }
}

/// Copied into the context, whose allocation is there anyway. A longer one is worth an allocation of its own: to share
/// the request's would keep hyper's read buffer, so that hyper allocates another.
type Path = SmallVec<[u8; 64]>;

impl Canonical {
    /// The canonical request. `host` is `None` only for an HTTP/1.0 request without one.
    pub fn new(scheme: Scheme, host: Option<Host>, client: Option<ClientAddr>) -> Self {
        Self { origin: Arc::new(Origin { scheme, host, client, peer: None, tls: None }), path: None }
    }

    /// Another request from the same client for the same host, as it is before its path is known: no allocation.
    pub fn another(&self) -> Self {
        Self { origin: self.origin.clone(), path: None }
    }

    /// Says which path is asked for, as [`path`](Self::path) gives it; it is copied.
    pub fn with_path(self, path: &[u8]) -> Self {
        Self { path: Some(Path::from_slice(path)), ..self }
    }

    /// Says who is at the other end of the connection itself, whomever that proxy names as its client.
    pub fn with_peer(mut self, peer: ClientAddr) -> Self {
        Arc::make_mut(&mut self.origin).peer = Some(peer);
        self
    }

    /// Says that the connection itself is one of TLS, whatever a proxy says of its client's.
    pub fn with_tls(mut self, session: TlsSession) -> Self {
        Arc::make_mut(&mut self.origin).tls = Some(session);
        self
    }

    /// `http` or `https`, as the client sees it.
    pub fn scheme(&self) -> &Scheme {
        &self.origin.scheme
    }

    /// The host that the client asked for.
    pub fn host(&self) -> Option<&Host> {
        self.origin.host.as_ref()
    }

    /// The path, percent-decoded exactly once: bytes that begin with `/`, or `*` alone (RFC 9112 §3.2.4).
    ///
    /// Upper and lower case differ, and nothing is normalised beyond it: no dot segments, no Unicode. `None`, where the
    /// door judges none; what decides by a path asks [`RequestContext::path`], which refuses then.
    pub fn path(&self) -> Option<&[u8]> {
        self.path.as_deref()
    }

    /// Who asks: the connection's peer, or whom a trusted proxy names.
    pub fn client(&self) -> Option<ClientAddr> {
        self.origin.client
    }

    /// Who is at the other end of the connection itself: whom to ask before a proxy is believed. `None`, where the
    /// door does not say.
    pub fn peer(&self) -> Option<ClientAddr> {
        self.origin.peer
    }

    /// The TLS of the connection itself; `None` without one, and where the door does not say.
    pub fn tls(&self) -> Option<TlsSession> {
        self.origin.tls
    }
}

impl fmt::Debug for Canonical {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canonical")
            .field("scheme", self.scheme())
            .field("host", &self.host())
            .field("path", &self.path().map(String::from_utf8_lossy))
            .field("client", &self.client())
            .field("peer", &self.peer())
            .finish()
    }
}
