//! TCP sockets: bound all or none.
//!
//! ```text
//! "localhost:8080" ──▶ [::1]:8080, 127.0.0.1:8080
//! ```

use std::{
    io,
    net::{SocketAddr, TcpListener as StdListener},
    time::Duration,
};

use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
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
    // What is accepted has it from here. While an app waits with nothing to send, nothing else tells that a client vanished.
    let _ = SockRef::from(&listener).set_tcp_keepalive(&keep_alive());
    TcpListener::from_std(listener).map(Bound::Tcp)
}

/// Gone for two minutes is gone.
fn keep_alive() -> TcpKeepalive {
    let keep_alive = TcpKeepalive::new().with_time(Duration::from_secs(60));
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "macos", target_os = "freebsd"))]
    let keep_alive = keep_alive.with_interval(Duration::from_secs(15)).with_retries(4);
    keep_alive
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_that_is_accepted_is_asked_whether_its_client_is_still_there() {
        let Bound::Tcp(listener) = &bind_all(&["127.0.0.1:0".parse().unwrap()]).unwrap()[0] else {
            panic!("another kind of socket")
        };
        let _client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (accepted, _) = listener.accept().await.unwrap();
        let socket = SockRef::from(&accepted);
        assert!(socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), Duration::from_secs(60));
        assert_eq!(socket.tcp_keepalive_interval().unwrap(), Duration::from_secs(15));
        assert_eq!(socket.tcp_keepalive_retries().unwrap(), 4);
    }
}
