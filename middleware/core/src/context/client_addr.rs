//! Who is at the other end of a connection.
//!
//! ```text
//! TCP ─▶ address and port    Unix ─▶ user, group, process    a trusted proxy's word ─▶ address, or hidden
//! ```

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
};

/// Who is at the other end of the connection, or whom a trusted proxy names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClientAddr {
    /// A TCP peer.
    Tcp(SocketAddr),
    /// A process on this machine, over a Unix socket.
    Unix(UnixPeer),
    /// Whom a trusted proxy names; ports are not believed, proxies seldom know them.
    Forwarded(IpAddr),
    /// A client that a trusted proxy does not name (`unknown` or `_obfuscated`, RFC 7239 §6.2 and §6.3).
    Hidden,
}

impl ClientAddr {
    /// The address without the port, IPv4-mapped IPv6 as IPv4: the form that rules and logs compare.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Tcp(addr) => Some(addr.ip().to_canonical()),
            Self::Forwarded(addr) => Some(addr.to_canonical()),
            Self::Unix(_) | Self::Hidden => None,
        }
    }
}

impl fmt::Display for ClientAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(addr) => addr.fmt(f),
            Self::Forwarded(addr) => addr.fmt(f),
            Self::Unix(peer) => write!(f, "unix:{}", peer.uid),
            Self::Hidden => f.write_str("unknown"),
        }
    }
}

/// The process at the other end of a Unix socket, as the system tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct UnixPeer {
    /// Its user.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Its process, where the system tells; it may have ended, and another have its number.
    pub pid: Option<u32>,
}

impl UnixPeer {
    /// A process of this user and group.
    pub fn new(uid: u32, gid: u32) -> Self {
        Self { uid, gid, pid: None }
    }

    /// The same with its number.
    #[must_use]
    pub fn with_pid(mut self, pid: Option<u32>) -> Self {
        self.pid = pid;
        self
    }
}
