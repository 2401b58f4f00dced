//! Listeners: where a server can be reached, and by which rules there: TLS, trusted peers.
//!
//! ```text
//! Listener::tcp("localhost:8080") ──▶ [::1]:8080, 127.0.0.1:8080 ─┐
//! Listener::tcp("0.0.0.0:8443").with_tls(…) ──────────────────────┼─▶ Server::on([…])   one set of limits for all
//! Listener::unix("/run/shop.sock").with_trust(…) ─────────────────┘
//! ```
//!
//! ```
//! use enfilade_server::{Listener, Server, Trust};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = std::env::temp_dir().join(format!("enfilade-doc-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder)?;
//! let server = Server::on([
//!     Listener::tcp("127.0.0.1:0").await?,
//!     Listener::unix(folder.join("shop.sock"), 0o660)?.with_trust(Trust::x_forwarded(["unix:"])?),
//! ]);
//! assert_eq!(server.local_addrs().len(), 1);
//! # drop(server);
//! # std::fs::remove_dir(&folder)?; // the socket is gone with its listener
//! # Ok(()) }
//! ```

mod accept;
mod error;
mod socket;
mod tcp;
#[cfg(unix)]
mod unix;

pub(crate) use self::accept::{Accepted, Listeners};
pub use self::error::BindError;

use std::{
    io,
    net::{SocketAddr, TcpListener as StdListener},
};
#[cfg(unix)]
use std::{os::unix::net::UnixListener as StdUnixListener, path::Path};

use tokio::net::{ToSocketAddrs, lookup_host};

use self::socket::Bound;
#[cfg(feature = "tls")]
use crate::tls::Tls;
use crate::{Trust, connection::Door};

/// How many connections the system keeps until they are accepted.
const BACKLOG: i32 = 1024;

/// One way in. See the [module docs](self).
#[derive(Debug)]
#[must_use = "nothing is accepted until a server serves on it"]
pub struct Listener {
    bound: Vec<Bound>,
    door: Door,
}

impl Listener {
    /// Listens on every address that is named; `localhost:8080` may be two, one of each family.
    ///
    /// # Errors
    ///
    /// When one of them cannot be listened on: then on none.
    pub async fn tcp(addrs: impl ToSocketAddrs) -> Result<Self, BindError> {
        let addrs: Vec<_> = lookup_host(addrs).await.map_err(BindError::unresolved)?.collect();
        tcp::bind_all(&addrs).map(Self::new)
    }

    /// Takes sockets that something else has bound, such as a supervisor that keeps them over restarts.
    ///
    /// # Errors
    ///
    /// When a socket cannot be made non-blocking.
    pub fn from_tcp(sockets: impl IntoIterator<Item = StdListener>) -> io::Result<Self> {
        sockets.into_iter().map(tcp::from_std).collect::<io::Result<_>>().map(Self::new)
    }

    /// Listens on a Unix socket that whoever the mode lets (such as `0o660`: owner and group) can open.
    ///
    /// A socket that is there already is removed when nobody answers on it. A symbolic link, or a file of another kind,
    /// is left alone and is an error. The socket is removed when the server drains, unless another has taken its place.
    ///
    /// # Errors
    ///
    /// When it cannot be listened on.
    #[cfg(unix)]
    pub fn unix(path: impl AsRef<Path>, mode: u32) -> Result<Self, BindError> {
        let path = path.as_ref();
        let bound = unix::bind(path, mode).map_err(|source| BindError::at_path(path, source))?;
        Ok(Self::new(vec![bound]))
    }

    /// Takes a Unix socket that something else has bound; it is not removed at the end.
    ///
    /// # Errors
    ///
    /// When it cannot be made non-blocking.
    #[cfg(unix)]
    pub fn from_unix(socket: StdUnixListener) -> io::Result<Self> {
        Ok(Self::new(vec![unix::from_std(socket)?]))
    }

    fn new(bound: Vec<Bound>) -> Self {
        Self { bound, door: Door::default() }
    }

    /// Begins each connection with a TLS handshake.
    #[cfg(feature = "tls")]
    pub fn with_tls(mut self, tls: Tls) -> Self {
        self.door.tls = Some(tls);
        self
    }

    /// Believes these peers when they speak for others. Without it: nobody.
    pub fn with_trust(mut self, trust: Trust) -> Self {
        self.door.trust = Some(trust);
        self
    }

    /// The addresses, with port 0 as the port that the system chose; none for a Unix socket.
    pub fn local_addrs(&self) -> Vec<SocketAddr> {
        self.bound.iter().filter_map(Bound::local_addr).collect()
    }
}
