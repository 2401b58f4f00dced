//! [`Served`]: an issuer's public side on loopback, for tests of whoever fetches keys, and trouble by script.
//!
//! ```text
//! GET /.well-known/openid-configuration          issuer, jwks_uri, … (OpenID Connect Discovery §4)
//! GET /.well-known/oauth-authorization-server    the same (RFC 8414)
//! GET /jwks.json                                 the keys that are published now, never a shared secret
//! ```
//!
//! 1. Threads of std and nothing else; it listens on a free port of 127.0.0.1 and stops when it is dropped.
//! 2. [`Served::issuer`] is the issuer under the name by which it is served, with the same keys: who reads its discovery
//!    document expects that name. Rotate either of the two, and both have rotated.
//! 3. The other endpoints that a discovery document must name are named, and answer 404.
//!
//! ```
//! use std::{io::{Read, Write}, net::TcpStream};
//!
//! use enfilade_test::issuer::{Endpoint, Issuer, Trouble};
//!
//! let served = Issuer::new().serve();
//! let fetch = |path: &str| {
//!     let mut stream = TcpStream::connect(served.address()).unwrap();
//!     write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", served.address()).unwrap();
//!     let mut answer = String::new();
//!     stream.read_to_string(&mut answer).unwrap();
//!     answer
//! };
//! assert!(fetch("/jwks.json").ends_with(&served.issuer().jwks().to_string()));
//!
//! served.trouble(Endpoint::Jwks, Trouble::Status(503));
//! assert!(fetch("/jwks.json").starts_with("HTTP/1.1 503 "));
//! served.recover();
//! assert!(fetch("/jwks.json").starts_with("HTTP/1.1 200 "));
//! assert_eq!(served.count(Endpoint::Jwks), 3);
//! ```

mod answer;
mod listen;

use std::{collections::HashMap, fmt, net::SocketAddr, sync::Arc};

use self::listen::Server;
use super::Issuer;

/// A document of an issuer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// `/.well-known/openid-configuration`
    OpenId,
    /// `/.well-known/oauth-authorization-server`
    OAuth,
    /// `/jwks.json`
    Jwks,
    /// Whatever else was asked for: 404.
    Other,
}

/// What goes wrong at an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trouble {
    /// This status, with a body that is no JSON.
    Status(u16),
    /// Nothing comes until [`Served::release`].
    Hold,
    /// The head and half of the body come, the rest not until [`Served::release`].
    HoldBody,
    /// The connection is closed without a byte.
    Close,
    /// The connection is closed after half of the body that `content-length` announced.
    Truncate,
    /// The right document with blanks behind it, so many bytes in all.
    Oversize(usize),
    /// A chunked body without an end, until the client hangs up.
    Endless,
    /// 302 to there.
    Redirect(String),
    /// A discovery document that names this issuer; elsewhere the right document.
    Issuer(String),
    /// A discovery document that names this address for the keys; elsewhere the right document.
    JwksUri(String),
    /// 200 with this content type and this body.
    Body(String, Vec<u8>),
}

/// A request that came.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Asked {
    /// What it asked for.
    pub endpoint: Endpoint,
    /// Its whole head as it came: request line and headers.
    pub head: String,
}

/// A provider that listens on loopback until it is dropped. See the [module docs](self).
pub struct Served {
    issuer: Issuer,
    server: Server,
}

impl Issuer {
    /// Serves this issuer's discovery documents and keys on loopback.
    ///
    /// # Panics
    ///
    /// If no port of 127.0.0.1 is free.
    pub fn serve(&self) -> Served {
        Served::new(self)
    }
}

impl Served {
    fn new(issuer: &Issuer) -> Self {
        let server = Server::bind(issuer);
        Self { issuer: issuer.renamed(&server.url()), server }
    }

    /// The issuer under the name by which it is served: `http://127.0.0.1:…`.
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Where the keys are.
    pub fn jwks_url(&self) -> String {
        format!("{}/jwks.json", self.server.url())
    }

    /// From now on this goes wrong at that endpoint.
    pub fn trouble(&self, endpoint: Endpoint, trouble: Trouble) {
        self.server.shared().lock().troubles.insert(endpoint, trouble);
    }

    /// From now on nothing goes wrong; what is held stays held.
    pub fn recover(&self) {
        self.server.shared().lock().troubles.clear();
    }

    /// Lets go whatever is held now.
    pub fn release(&self) {
        self.server.shared().release();
    }

    /// How many requests are held now.
    pub fn held(&self) -> usize {
        self.server.shared().lock().held
    }

    /// Waits until so many requests are held.
    ///
    /// # Panics
    ///
    /// If they are not within ten seconds.
    #[track_caller]
    pub fn wait_for_held(&self, count: usize) {
        self.server.shared().wait("held requests", |state| state.held >= count);
    }

    /// Waits until so many requests have come to that endpoint.
    ///
    /// # Panics
    ///
    /// If they have not within ten seconds.
    #[track_caller]
    pub fn wait_for(&self, endpoint: Endpoint, count: usize) {
        self.server.shared().wait("requests", |state| state.count(endpoint) >= count);
    }

    /// How many requests have come to that endpoint.
    pub fn count(&self, endpoint: Endpoint) -> usize {
        self.server.shared().lock().count(endpoint)
    }

    /// Every request that came, in order.
    pub fn requests(&self) -> Vec<Asked> {
        self.server.shared().lock().asked.clone()
    }
}

impl fmt::Debug for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Served").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// What the test and the threads that answer share.
#[derive(Default)]
struct State {
    troubles: HashMap<Endpoint, Trouble>,
    asked: Vec<Asked>,
    held: usize,
    /// Counts the releases: whoever is held waits for the next.
    released: u64,
    stopped: bool,
}

impl State {
    fn count(&self, endpoint: Endpoint) -> usize {
        self.asked.iter().filter(|asked| asked.endpoint == endpoint).count()
    }
}

type Shared = Arc<listen::Shared>;
