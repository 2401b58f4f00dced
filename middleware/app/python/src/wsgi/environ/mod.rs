//! The environ of one request: a `dict` made from a template, the request's head and its body.
//!
//! ```text
//! template: wsgi.version, wsgi.errors, SCRIPT_NAME … ─┐
//! path /shop/cart ─▶ PATH_INFO /cart                  ├─▶ a dict of its own
//! Principal ─▶ REMOTE_USER, AUTH_TYPE                 │
//! fields ─▶ HTTP_*, CONTENT_TYPE                      ┘
//! ```
//!
//! Values are as `enfilade-cgi` has them. Bytes are told as Latin-1 (PEP 3333, "Unicode Issues"): an app that wants
//! text encodes them back. `REMOTE_ADDR` is absent where nobody knows it: an address is never made up.

mod header;
mod words;

use std::{cell::RefCell, net::IpAddr};

use enfilade_core::{ClientAddr, Host, Rejection};
use http::{Method, Version, request};
use pyo3::{
    intern,
    prelude::*,
    types::{PyDict, PyString},
};

use self::words::{Last, latin1};
use super::{
    errors::Errors,
    file_wrapper::FileWrapper,
    input::{Input, Source},
    reason,
};
use crate::request::{Fault, Mount, Target, User};

/// The request's body as the app is given it.
#[derive(Debug, Default)]
pub(super) struct Entity {
    /// What is told to the app.
    pub(super) length: Option<u64>,
    pub(super) source: Option<Source>,
}

/// What all requests have in common.
#[derive(Debug)]
pub(super) struct Template {
    environ: Py<PyDict>,
}

thread_local! {
    static SEEN: RefCell<Seen> = const { RefCell::new(Seen::new()) };
}

/// What requests have told before.
struct Seen {
    host: Last,
    name: Last,
    port: Last,
    peer: Option<(IpAddr, Py<PyString>)>,
    peer_port: Option<(u16, Py<PyString>)>,
}

impl Seen {
    const fn new() -> Self {
        Self { host: Last::new(), name: Last::new(), port: Last::new(), peer: None, peer_port: None }
    }
}

impl Template {
    /// For an app that stands here, called by one thread or by several.
    ///
    /// # Errors
    ///
    /// For want of memory.
    pub(super) fn new(py: Python<'_>, mount: &Mount, multithread: bool) -> PyResult<Self> {
        let environ = PyDict::new(py);
        // Those that each request sets anew stand in it too: a copy has room for them then, and need not grow.
        for key in ["REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "REQUEST_URI", "RAW_URI", "SERVER_NAME"] {
            environ.set_item(PyString::intern(py, key), "")?;
        }
        for key in ["SERVER_PORT", "SERVER_PROTOCOL", "wsgi.url_scheme"] {
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
        Ok(Self { environ: environ.unbind() })
    }

    /// The environ of one request.
    ///
    /// # Errors
    ///
    /// What cannot be told to an app: see [`Fault`].
    pub(super) fn environ<'py>(
        &self,
        py: Python<'py>,
        mount: &Mount,
        head: &request::Parts,
        entity: Entity,
    ) -> Result<Bound<'py, PyDict>, Rejection> {
        let fault = |fault: Fault| fault.reject(&reason::CODES);
        let target = Target::of(head).map_err(fault)?;
        let info = mount.path_info(&target.path).ok_or_else(|| fault(Fault::NotHere))?;
        let user = User::of(&head.extensions).map_err(fault)?;
        self.fill(py, mount, head, &target, info, user, entity)
            .map_err(|error| reason::app_failed(py, &error))?
            .map_err(fault)
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one request, judged")]
    fn fill<'py>(
        &self,
        py: Python<'py>,
        mount: &Mount,
        head: &request::Parts,
        target: &Target<'_>,
        info: &[u8],
        user: Option<User<'_>>,
        entity: Entity,
    ) -> PyResult<Result<Bound<'py, PyDict>, Fault>> {
        let environ = self.environ.bind(py).copy()?;
        about_the_request(&environ, head, info)?;
        about_the_body(&environ, entity)?;
        SEEN.with_borrow_mut(|seen| {
            about_the_server(&environ, seen, mount, target)?;
            about_the_client(&environ, seen, target.client)
        })?;
        if let Some(user) = user {
            environ.set_item(intern!(py, "REMOTE_USER"), latin1(py, user.subject.as_bytes()))?;
            environ.set_item(intern!(py, "AUTH_TYPE"), user.auth_type)?;
        }
        Ok(header::add(&environ, &head.headers)?.map(|()| environ))
    }
}

fn about_the_request(environ: &Bound<'_, PyDict>, head: &request::Parts, info: &[u8]) -> PyResult<()> {
    let py = environ.py();
    environ.set_item(intern!(py, "REQUEST_METHOD"), method(py, &head.method))?;
    environ.set_item(intern!(py, "SERVER_PROTOCOL"), protocol(py, head.version))?;
    let asterisk = head.method == Method::OPTIONS && head.uri.path() == "*";
    let raw = if asterisk { "*" } else { head.uri.path_and_query().map_or("/", |target| target.as_str()) };
    let raw_text = latin1(py, raw.as_bytes());
    if raw.as_bytes() == info {
        environ.set_item(intern!(py, "PATH_INFO"), &raw_text)?;
    } else {
        environ.set_item(intern!(py, "PATH_INFO"), latin1(py, info))?;
    }
    environ.set_item(intern!(py, "RAW_URI"), &raw_text)?;
    environ.set_item(intern!(py, "REQUEST_URI"), raw_text)?;
    match head.uri.query() {
        Some(query) if !query.is_empty() => {
            environ.set_item(intern!(py, "QUERY_STRING"), latin1(py, query.as_bytes()))
        }
        _ => Ok(()),
    }
}

fn about_the_body(environ: &Bound<'_, PyDict>, entity: Entity) -> PyResult<()> {
    let py = environ.py();
    if let Some(length) = entity.length {
        environ.set_item(intern!(py, "CONTENT_LENGTH"), length.to_string())?;
    }
    match entity.source {
        Some(source) => environ.set_item(intern!(py, "wsgi.input"), Py::new(py, Input::new(source))?),
        None => Ok(()),
    }
}

fn about_the_server(
    environ: &Bound<'_, PyDict>,
    seen: &mut Seen,
    mount: &Mount,
    target: &Target<'_>,
) -> PyResult<()> {
    let py = environ.py();
    let host = target.host.as_deref();
    let (scheme, usual) = if target.https { (intern!(py, "https"), 443) } else { (intern!(py, "http"), 80) };
    environ.set_item(intern!(py, "wsgi.url_scheme"), scheme)?;
    if target.https {
        environ.set_item(intern!(py, "HTTPS"), intern!(py, "on"))?;
    }
    let name = host.map_or(mount.server_name(), Host::name);
    environ.set_item(intern!(py, "SERVER_NAME"), seen.name.text(py, name.as_bytes()))?;
    let port = match host.and_then(Host::port).unwrap_or(usual) {
        80 => intern!(py, "80").clone(),
        443 => intern!(py, "443").clone(),
        port => {
            let mut digits = [0; 5];
            seen.port.text(py, decimal(&mut digits, port))
        }
    };
    environ.set_item(intern!(py, "SERVER_PORT"), port)?;
    match host {
        Some(host) => environ.set_item(intern!(py, "HTTP_HOST"), seen.host.text(py, host.as_bytes())),
        None => Ok(()),
    }
}

fn about_the_client(
    environ: &Bound<'_, PyDict>,
    seen: &mut Seen,
    client: Option<ClientAddr>,
) -> PyResult<()> {
    let py = environ.py();
    let Some(client) = client else { return Ok(()) };
    if let Some(address) = client.ip() {
        let known = seen.peer.as_ref().filter(|(known, _)| *known == address);
        let text = match known {
            Some((_, text)) => text,
            None => &seen.peer.insert((address, PyString::new(py, &address.to_string()).unbind())).1,
        };
        environ.set_item(intern!(py, "REMOTE_ADDR"), text)?;
    }
    match client {
        ClientAddr::Tcp(address) => {
            let port = address.port();
            let known = seen.peer_port.as_ref().filter(|(known, _)| *known == port);
            let text = match known {
                Some((_, text)) => text,
                None => {
                    let mut digits = [0; 5];
                    let text = latin1(py, decimal(&mut digits, port));
                    &seen.peer_port.insert((port, text.unbind())).1
                }
            };
            environ.set_item(intern!(py, "REMOTE_PORT"), text)
        }
        ClientAddr::Unix(_) => environ.set_item(intern!(py, "REMOTE_ADDR"), intern!(py, "unix:")),
        _ => Ok(()),
    }
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

fn method<'py>(py: Python<'py>, method: &Method) -> Bound<'py, PyString> {
    match *method {
        Method::GET => intern!(py, "GET").clone(),
        Method::POST => intern!(py, "POST").clone(),
        Method::HEAD => intern!(py, "HEAD").clone(),
        Method::PUT => intern!(py, "PUT").clone(),
        Method::DELETE => intern!(py, "DELETE").clone(),
        Method::PATCH => intern!(py, "PATCH").clone(),
        Method::OPTIONS => intern!(py, "OPTIONS").clone(),
        _ => latin1(py, method.as_str().as_bytes()),
    }
}

fn protocol<'py>(py: Python<'py>, version: Version) -> Bound<'py, PyString> {
    match version {
        Version::HTTP_11 => intern!(py, "HTTP/1.1").clone(),
        Version::HTTP_2 => intern!(py, "HTTP/2.0").clone(),
        Version::HTTP_10 => intern!(py, "HTTP/1.0").clone(),
        other => PyString::new(py, &format!("{other:?}")),
    }
}
