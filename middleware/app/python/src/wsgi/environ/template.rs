//! What all requests have in common, and what the last one said: most say the same again, and cost no more than a copy.
//!
//! ```text
//! REQUEST_METHOD, SERVER_NAME, REMOTE_ADDR, a short path … ─┬─ as last time ─▶ stand in the template
//!                                                           └─ otherwise ────▶ set there; absent: taken out
//! a query, a long path ─▶ not kept: for whoever makes the copy to set
//! ```

use std::{
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use enfilade_core::{ClientAddr, Host, gateway::Target};
use http::{Version, request};
use pyo3::{
    intern,
    prelude::*,
    sync::MutexExt as _,
    types::{PyDict, PyString},
};

use super::words::latin1;
use crate::{
    request::Mount,
    wsgi::{errors::Errors, file_wrapper::FileWrapper, input::Input},
};

/// A longer path is not kept, nor one with a query: such may hold a secret.
const KEPT: usize = 256;

/// What all requests have in common.
#[derive(Debug)]
pub(in crate::wsgi) struct Template(Mutex<Kept>);

#[derive(Debug)]
struct Kept {
    environ: Py<PyDict>,
    method: Said,
    protocol: Said,
    scheme: Said,
    https: Said,
    name: Said,
    port: Said,
    host: Said,
    address: Said,
    peer_port: Ports,
    /// Whose text `address` is.
    peer: Option<IpAddr>,
    client: Option<ClientAddr>,
    /// The version and whether it was over TLS, where all of the request's own variables are told.
    seen: Option<(Version, bool)>,
    raw: Vec<u8>,
    info: Vec<u8>,
}

/// A variable of the template, and the bytes that it stands for; `None` where it is absent.
#[derive(Debug)]
struct Said {
    key: Py<PyString>,
    bytes: Option<Vec<u8>>,
}

impl Template {
    /// For an app that stands here, called by one thread or by several.
    ///
    /// # Errors
    ///
    /// For want of memory.
    pub(in crate::wsgi) fn new(py: Python<'_>, mount: &Mount, multithread: bool) -> PyResult<Self> {
        let environ = PyDict::new(py);
        // A copy has room for as much as this; what each request sets is among it, so that a copy need not grow.
        for key in ["REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "REQUEST_URI", "RAW_URI", "SERVER_NAME"] {
            environ.set_item(PyString::intern(py, key), "")?;
        }
        environ.set_item(intern!(py, "SCRIPT_NAME"), latin1(py, mount.script_name().as_bytes()))?;
        environ.set_item(intern!(py, "SERVER_SOFTWARE"), concat!("enfilade/", env!("CARGO_PKG_VERSION")))?;
        environ.set_item(intern!(py, "wsgi.version"), (1, 0))?;
        environ.set_item(intern!(py, "wsgi.input"), Py::new(py, Input::empty())?)?;
        environ.set_item(intern!(py, "wsgi.errors"), Py::new(py, Errors)?)?;
        environ.set_item(intern!(py, "wsgi.multithread"), multithread)?;
        // As far as the app can know: another process of the same app is none of this server's.
        environ.set_item(intern!(py, "wsgi.multiprocess"), false)?;
        environ.set_item(intern!(py, "wsgi.run_once"), false)?;
        environ.set_item(intern!(py, "wsgi.input_terminated"), true)?;
        environ.set_item(intern!(py, "wsgi.file_wrapper"), py.get_type::<FileWrapper>())?;
        Ok(Self(Mutex::new(Kept::new(environ))))
    }

    /// A copy for one request, and whether its path is in it; `info`: what follows the script's name.
    pub(super) fn copy<'py>(
        &self,
        py: Python<'py>,
        mount: &Mount,
        head: &request::Parts,
        target: &Target<'_>,
        info: &[u8],
    ) -> PyResult<(Bound<'py, PyDict>, bool)> {
        let mut kept = self.0.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner);
        let environ = kept.environ.bind(py).clone();
        kept.follow(&environ, mount, head, target)?;
        let has_path = kept.follow_path(&environ, super::raw(head), head.uri.query(), info)?;
        Ok((environ.copy()?, has_path))
    }
}

impl Kept {
    fn new(environ: Bound<'_, PyDict>) -> Self {
        let py = environ.py();
        let said = |key: &Bound<'_, PyString>| Said { key: key.clone().unbind(), bytes: None };
        Self {
            method: said(intern!(py, "REQUEST_METHOD")),
            protocol: said(intern!(py, "SERVER_PROTOCOL")),
            scheme: said(intern!(py, "wsgi.url_scheme")),
            https: said(intern!(py, "HTTPS")),
            name: said(intern!(py, "SERVER_NAME")),
            port: said(intern!(py, "SERVER_PORT")),
            host: said(intern!(py, "HTTP_HOST")),
            address: said(intern!(py, "REMOTE_ADDR")),
            peer_port: Ports { stands: false, texts: (0..PORTS).map(|_| None).collect() },
            peer: None,
            client: None,
            seen: None,
            raw: Vec::new(),
            info: Vec::new(),
            environ: environ.unbind(),
        }
    }

    fn follow(
        &mut self,
        environ: &Bound<'_, PyDict>,
        mount: &Mount,
        head: &request::Parts,
        target: &Target<'_>,
    ) -> PyResult<()> {
        let host = target.host.as_deref();
        // Few comparisons and little code: what a request costs here is to fetch its instructions.
        let same = self.seen == Some((head.version, target.https))
            && self.method.is(Some(head.method.as_str().as_bytes()))
            && self.host.is(host.map(Host::as_bytes));
        if !same {
            self.change(environ, mount, head, target)?;
        }
        if self.client != target.client {
            self.change_client(environ, target.client)?;
        }
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn change(
        &mut self,
        environ: &Bound<'_, PyDict>,
        mount: &Mount,
        head: &request::Parts,
        target: &Target<'_>,
    ) -> PyResult<()> {
        let host = target.host.as_deref();
        let (scheme, usual) = if target.https { ("https", 443) } else { ("http", 80) };
        self.seen = None;
        self.method.tell(environ, Some(head.method.as_str().as_bytes()))?;
        self.protocol.tell(environ, Some(protocol(head.version).as_bytes()))?;
        self.scheme.tell(environ, Some(scheme.as_bytes()))?;
        self.https.tell(environ, target.https.then_some(b"on"))?;
        self.name.tell(environ, Some(host.map_or(mount.server_name(), Host::name).as_bytes()))?;
        let port = host.and_then(Host::port).unwrap_or(usual);
        self.port.tell(environ, Some(decimal(&mut [0; 5], port)))?;
        self.host.tell(environ, host.map(Host::as_bytes))?;
        self.seen = Some((head.version, target.https));
        Ok(())
    }

    /// An address is never made up: absent where nobody knows it.
    #[inline(never)]
    fn change_client(&mut self, environ: &Bound<'_, PyDict>, client: Option<ClientAddr>) -> PyResult<()> {
        let port = match client {
            Some(ClientAddr::Tcp(address)) => Some(address.port()),
            _ => None,
        };
        self.peer_port.tell(environ, port)?;
        let address = client.and_then(|client| client.ip());
        if address.is_none() || self.peer != address {
            self.peer = None;
            match (address, client) {
                (Some(address), _) => self.address.tell(environ, Some(address.to_string().as_bytes()))?,
                (None, Some(ClientAddr::Unix(_))) => self.address.tell(environ, Some(b"unix:"))?,
                (None, _) => self.address.tell(environ, None)?,
            }
            self.peer = address;
        }
        self.client = client;
        Ok(())
    }

    fn follow_path(
        &mut self,
        environ: &Bound<'_, PyDict>,
        raw: &str,
        query: Option<&str>,
        info: &[u8],
    ) -> PyResult<bool> {
        let raw = raw.as_bytes();
        if raw == self.raw && info == self.info {
            return Ok(true);
        }
        if query.is_some() || raw.len() > KEPT || info.len() > KEPT {
            return Ok(false);
        }
        self.raw.clear();
        tell_path(environ, raw, info)?;
        self.raw.extend_from_slice(raw);
        self.info.clear();
        self.info.extend_from_slice(info);
        Ok(true)
    }
}

impl Said {
    fn is(&self, bytes: Option<&[u8]>) -> bool {
        self.bytes.as_deref() == bytes
    }

    #[inline(never)]
    fn tell(&mut self, environ: &Bound<'_, PyDict>, bytes: Option<&[u8]>) -> PyResult<()> {
        if self.is(bytes) {
            return Ok(());
        }
        let key = self.key.bind(environ.py());
        match bytes {
            Some(bytes) => environ.set_item(key, latin1(environ.py(), bytes))?,
            None => environ.del_item(key)?,
        }
        self.bytes = bytes.map(<[u8]>::to_vec);
        Ok(())
    }
}

/// The clients' ports as text, by their lowest bits: the requests of many connections come in turns.
#[derive(Debug)]
struct Ports {
    stands: bool,
    texts: Box<[Option<Port>]>,
}

/// And its text.
type Port = (u16, Py<PyString>);

const PORTS: usize = 256;

impl Ports {
    fn tell(&mut self, environ: &Bound<'_, PyDict>, port: Option<u16>) -> PyResult<()> {
        let py = environ.py();
        let key = intern!(py, "REMOTE_PORT");
        let Some(port) = port else {
            return if std::mem::take(&mut self.stands) { environ.del_item(key) } else { Ok(()) };
        };
        let kept = &mut self.texts[usize::from(port) % PORTS];
        let text = match kept {
            Some((same, text)) if *same == port => text,
            kept => &mut kept.insert((port, latin1(py, decimal(&mut [0; 5], port)).unbind())).1,
        };
        self.stands = true;
        environ.set_item(key, &*text)
    }
}

/// The three variables that a path is.
pub(super) fn tell_path(environ: &Bound<'_, PyDict>, raw: &[u8], info: &[u8]) -> PyResult<()> {
    let py = environ.py();
    let text = latin1(py, raw);
    environ.set_item(intern!(py, "RAW_URI"), &text)?;
    environ.set_item(intern!(py, "REQUEST_URI"), &text)?;
    let info = if raw == info { text } else { latin1(py, info) };
    environ.set_item(intern!(py, "PATH_INFO"), info)
}

fn decimal(digits: &mut [u8; 5], mut number: u16) -> &[u8] {
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
        if number == 0 {
            return &digits[at..];
        }
    }
}

fn protocol(version: Version) -> &'static str {
    match version {
        Version::HTTP_09 => "HTTP/0.9",
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2.0",
        Version::HTTP_3 => "HTTP/3.0",
        _ => "HTTP/1.1",
    }
}
