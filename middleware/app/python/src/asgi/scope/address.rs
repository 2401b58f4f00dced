//! Both ends of the connection, as the door has judged them.
//!
//! ```text
//! client  ("192.0.2.7", 50000); ("192.0.2.7", 0) where a proxy has said so; None over a Unix socket
//! server  ("shop.example", 443): whom the client asked for, with the port that its scheme means; None without a Host
//! ```

use std::{cell::RefCell, net::SocketAddr};

use enfilade_core::{Canonical, ClientAddr};
use pyo3::{prelude::*, types::PyTuple};

/// Connections whose clients are kept; a power of two.
const KEPT: usize = 256;

type Client = (SocketAddr, Py<PyTuple>);

thread_local! {
    /// By the lowest bits of the port: the requests of one connection come one after the other.
    static CLIENTS: RefCell<Vec<Option<Client>>> =
        RefCell::new((0..KEPT).map(|_| None).collect());
    /// The last: most programs are asked for by one name.
    static SERVER: RefCell<Option<(String, bool, Py<PyTuple>)>> = const { RefCell::new(None) };
}

pub(super) fn client(py: Python<'_>, client: ClientAddr) -> PyResult<Option<Bound<'_, PyTuple>>> {
    let address = match client {
        ClientAddr::Tcp(address) => address,
        ClientAddr::Forwarded(ip) => SocketAddr::new(ip, 0),
        _ => return Ok(None),
    };
    CLIENTS.with_borrow_mut(|clients| {
        let kept = &mut clients[usize::from(address.port()) % KEPT];
        if let Some((whose, tuple)) = kept
            && *whose == address
        {
            return Ok(Some(tuple.bind(py).clone()));
        }
        let tuple = (address.ip().to_canonical().to_string(), address.port()).into_pyobject(py)?;
        *kept = Some((address, tuple.clone().unbind()));
        Ok(Some(tuple))
    })
}

pub(super) fn server<'py>(
    py: Python<'py>,
    canonical: Option<&Canonical>,
    https: bool,
) -> PyResult<Option<Bound<'py, PyTuple>>> {
    let Some(host) = canonical.and_then(|canonical| canonical.host()) else { return Ok(None) };
    SERVER.with_borrow_mut(|last| {
        if let Some((whose, scheme, tuple)) = last
            && whose.as_bytes() == host.as_bytes()
            && *scheme == https
        {
            return Ok(Some(tuple.bind(py).clone()));
        }
        let name = host.name();
        let name = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
        let port = host.port().unwrap_or(if https { 443 } else { 80 });
        let tuple = (name, port).into_pyobject(py)?;
        *last = Some((host.as_str().to_owned(), https, tuple.clone().unbind()));
        Ok(Some(tuple))
    })
}
