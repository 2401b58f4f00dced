//! TCP sockets: bound all or none.
//!
//! ```text
//! "localhost:8080" ──▶ [::1]:8080, 127.0.0.1:8080
//! ```

use std::{
    io,
    net::{SocketAddr, TcpListener as StdListener},
};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

use super::{BACKLOG, BindError, socket::Bound};

pub(super) fn bind_all(addrs: &[SocketAddr]) -> Result<Vec<Bound>, BindError> {
    if addrs.is_empty() {
        return Err(BindError::unresolved(io::Error::other("the name has no address")));
    }
    // Beside an IPv4 address an IPv6 one is for IPv6 only, or `0.0.0.0` and `[::]` would not go together.
    let only_v6 = addrs.iter().any(SocketAddr::is_ipv4);
    let bind_one =
        |&addr| bind(addr, only_v6).and_then(from_std).map_err(|source| BindError::at_addr(addr, source));
    addrs.iter().map(bind_one).collect()
}

pub(super) fn from_std(listener: StdListener) -> io::Result<Bound> {
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener).map(Bound::Tcp)
}

fn bind(addr: SocketAddr, only_v6: bool) -> io::Result<StdListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    if addr.is_ipv6() && only_v6 {
        socket.set_only_v6(true)?;
    }
    // Unix: a restart need not wait for the last connections' TIME_WAIT; two servers on one port still collide.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}
