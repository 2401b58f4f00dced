//! The scope of a request: a copy of what all have in common, and what this one says.
//!
//! ```text
//! path        decoded once, UTF-8        raw_path, query_string   as they came
//! headers     [(b"name", b"value"), …]   scheme, client, server   as the door has judged them
//! state       a copy of the lifespan's   extensions               what this server can do
//! ```
//!
//! What an app puts into it, into its state or its extensions is not seen by another request; `asgi` and what says no
//! more than that an extension is there are the same objects for all.

mod address;
mod fields;
mod path;
mod principal;

pub(super) use self::path::path;

use enfilade_core::{Canonical, RequestContext, TlsSession};
use http::{HeaderMap, Method, Version, header::TE, request, uri::Scheme};
use pyo3::{
    intern,
    prelude::*,
    types::{PyBytes, PyDict, PyString, PyTuple},
};

use super::{app::App, settings::Settings};

/// What the scopes of an app have in common: a dict with every key, so that a copy has room for all, and what most requests
/// say: a plain GET of HTTP/1.1.
pub(super) struct Template {
    http: Py<PyDict>,
    /// What every request can do.
    extensions: Py<PyDict>,
}

impl Template {
    pub(super) fn new(py: Python<'_>, settings: &Settings, asgi: &Py<PyDict>) -> PyResult<Self> {
        let http = PyDict::new(py);
        http.set_item(intern!(py, "type"), intern!(py, "http"))?;
        for key in KEYS {
            http.set_item(PyString::intern(py, key), py.None())?;
        }
        http.set_item(intern!(py, "asgi"), asgi)?;
        http.set_item(intern!(py, "http_version"), intern!(py, "1.1"))?;
        http.set_item(intern!(py, "method"), intern!(py, "GET"))?;
        http.set_item(intern!(py, "scheme"), intern!(py, "http"))?;
        http.set_item(intern!(py, "root_path"), settings.mount.script_name())?;
        http.set_item(intern!(py, "query_string"), PyBytes::new(py, b""))?;
        let extensions = PyDict::new(py);
        extensions.set_item(intern!(py, "http.response.pathsend"), PyDict::new(py))?;
        if settings.debug {
            extensions.set_item(intern!(py, "http.response.debug"), PyDict::new(py))?;
        }
        Ok(Self { http: http.unbind(), extensions: extensions.unbind() })
    }
}

const KEYS: [&str; 13] = [
    "asgi",
    "http_version",
    "server",
    "client",
    "scheme",
    "method",
    "root_path",
    "path",
    "raw_path",
    "query_string",
    "headers",
    "state",
    "extensions",
];

/// `asgi` of every scope.
pub(super) fn asgi(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let asgi = PyDict::new(py);
    asgi.set_item(intern!(py, "version"), intern!(py, "3.0"))?;
    asgi.set_item(intern!(py, "spec_version"), intern!(py, "2.5"))?;
    Ok(asgi)
}

/// `path`: what the request's path is to the app.
pub(super) fn scope<'py>(
    py: Python<'py>,
    app: &App,
    head: &request::Parts,
    path: &str,
) -> PyResult<Bound<'py, PyDict>> {
    let scope = app.template.http.bind(py).copy()?;
    let context = RequestContext::of(&head.extensions);
    let canonical = context.and_then(RequestContext::canonical);
    let scheme = canonical.map_or(head.uri.scheme(), |canonical| Some(canonical.scheme()));
    let https = scheme == Some(&Scheme::HTTPS);
    differs(&scope, head, https)?;
    path::set(&scope, head, path)?;
    let (headers, has_te) = fields::list(py, head)?;
    scope.set_item(intern!(py, "headers"), headers)?;
    if let Some(client) = canonical.and_then(Canonical::client) {
        scope.set_item(intern!(py, "client"), address::client(py, client)?)?;
    }
    if let Some(server) = address::server(py, canonical, https)? {
        scope.set_item(intern!(py, "server"), server)?;
    }
    let state = app.state.bind(py).copy()?;
    let extensions = extensions(py, app, head, has_te, canonical)?;
    if let Some(principal) = principal::of(py, context.and_then(RequestContext::principal))? {
        state.set_item(intern!(py, "principal"), &principal)?;
        extensions.set_item(intern!(py, "enfilade.principal"), principal)?;
    }
    scope.set_item(intern!(py, "state"), state)?;
    scope.set_item(intern!(py, "extensions"), extensions)?;
    Ok(scope)
}

/// Says what this request says otherwise than the template.
fn differs(scope: &Bound<'_, PyDict>, head: &request::Parts, https: bool) -> PyResult<()> {
    let py = scope.py();
    match head.version {
        Version::HTTP_10 => scope.set_item(intern!(py, "http_version"), intern!(py, "1.0"))?,
        Version::HTTP_2 => scope.set_item(intern!(py, "http_version"), intern!(py, "2"))?,
        _ => {}
    }
    if head.method != Method::GET {
        scope.set_item(intern!(py, "method"), method(py, head.method.as_str()))?;
    }
    if https {
        scope.set_item(intern!(py, "scheme"), intern!(py, "https"))?;
    }
    if let Some(query) = head.uri.query() {
        scope.set_item(intern!(py, "query_string"), PyBytes::new(py, query.as_bytes()))?;
    }
    Ok(())
}

fn method<'py>(py: Python<'py>, name: &str) -> Bound<'py, PyString> {
    match name {
        "POST" => intern!(py, "POST").clone(),
        "HEAD" => intern!(py, "HEAD").clone(),
        "PUT" => intern!(py, "PUT").clone(),
        other => PyString::new(py, other),
    }
}

fn extensions<'py>(
    py: Python<'py>,
    app: &App,
    head: &request::Parts,
    has_te: bool,
    canonical: Option<&Canonical>,
) -> PyResult<Bound<'py, PyDict>> {
    let extensions = app.template.extensions.bind(py).copy()?;
    if head.version == Version::HTTP_2 || (has_te && takes_trailers(head.version, &head.headers)) {
        extensions.set_item(intern!(py, "http.response.trailers"), PyDict::new(py))?;
    }
    if let Some(session) = canonical.and_then(Canonical::tls) {
        extensions.set_item(intern!(py, "tls"), tls(py, session)?)?;
    }
    Ok(extensions)
}

/// The extension `tls`; no client is asked for a certificate, and the server's is not told.
#[cold]
fn tls(py: Python<'_>, session: TlsSession) -> PyResult<Bound<'_, PyDict>> {
    let tls = PyDict::new(py);
    tls.set_item(intern!(py, "server_cert"), py.None())?;
    tls.set_item(intern!(py, "client_cert_chain"), PyTuple::empty(py))?;
    tls.set_item(intern!(py, "client_cert_name"), py.None())?;
    tls.set_item(intern!(py, "client_cert_error"), py.None())?;
    tls.set_item(intern!(py, "tls_version"), session.version)?;
    tls.set_item(intern!(py, "cipher_suite"), session.cipher_suite)?;
    Ok(tls)
}

/// HTTP/2 carries trailers; of HTTP/1.1 only who says so is sent any (RFC 9110 §6.5.1).
fn takes_trailers(version: Version, headers: &HeaderMap) -> bool {
    let names = |value: &http::HeaderValue| {
        value
            .to_str()
            .is_ok_and(|value| value.split(',').any(|word| word.trim().eq_ignore_ascii_case("trailers")))
    };
    version == Version::HTTP_11 && headers.get_all(TE).iter().any(names)
}
