//! The scope of a request: a copy of what all have in common, and what this one says.
//!
//! ```text
//! path        decoded once, UTF-8        raw_path, query_string   as they came
//! headers     [(b"name", b"value"), …]   scheme, client, server   as the door has judged them
//! state       a copy of the lifespan's   extensions               what this server can do
//! ```

use std::borrow::Cow;

use enfilade_core::{ClientAddr, RequestContext};
use http::{HeaderMap, Version, request, uri::Scheme};
use pyo3::{
    intern,
    prelude::*,
    types::{PyBytes, PyDict, PyList, PyString, PyTuple},
};

use super::app::App;

/// `path`: what the request's path is to the app.
pub(super) fn scope<'py>(
    py: Python<'py>,
    app: &App,
    head: &request::Parts,
    path: &str,
) -> PyResult<Bound<'py, PyDict>> {
    let scope = app.scope.bind(py).copy()?;
    let version = match head.version {
        Version::HTTP_10 => intern!(py, "1.0"),
        Version::HTTP_2 => intern!(py, "2"),
        _ => intern!(py, "1.1"),
    };
    let canonical = RequestContext::of(&head.extensions).and_then(RequestContext::canonical);
    let scheme = canonical.map_or(head.uri.scheme(), |canonical| Some(canonical.scheme()));
    let scheme = if scheme == Some(&Scheme::HTTPS) { intern!(py, "https") } else { intern!(py, "http") };
    scope.set_item(intern!(py, "http_version"), version)?;
    scope.set_item(intern!(py, "method"), method(py, head.method.as_str()))?;
    scope.set_item(intern!(py, "scheme"), scheme)?;
    scope.set_item(intern!(py, "path"), path)?;
    scope.set_item(intern!(py, "raw_path"), PyBytes::new(py, head.uri.path().as_bytes()))?;
    let query = head.uri.query().unwrap_or_default();
    scope.set_item(intern!(py, "query_string"), PyBytes::new(py, query.as_bytes()))?;
    scope.set_item(intern!(py, "headers"), headers(py, &head.headers)?)?;
    scope.set_item(intern!(py, "client"), client(py, canonical.and_then(|canonical| canonical.client()))?)?;
    scope.set_item(intern!(py, "state"), app.state.bind(py).copy()?)?;
    Ok(scope)
}

fn method<'py>(py: Python<'py>, name: &str) -> Bound<'py, PyString> {
    match name {
        "GET" => intern!(py, "GET").clone(),
        "POST" => intern!(py, "POST").clone(),
        other => PyString::new(py, other),
    }
}

fn headers<'py>(py: Python<'py>, headers: &HeaderMap) -> PyResult<Bound<'py, PyList>> {
    let pairs = headers.iter().map(|(name, value)| {
        (PyBytes::new(py, name.as_str().as_bytes()), PyBytes::new(py, value.as_bytes()))
    });
    PyList::new(py, pairs.collect::<Vec<_>>())
}

fn client<'py>(py: Python<'py>, client: Option<ClientAddr>) -> PyResult<Option<Bound<'py, PyTuple>>> {
    match client {
        Some(ClientAddr::Tcp(address)) => {
            (address.ip().to_string(), address.port()).into_pyobject(py).map(Some)
        }
        _ => Ok(None),
    }
}

/// The canonical path, where a door of ours stands before; else the target's, decoded once.
pub(super) fn path(head: &request::Parts) -> Option<Cow<'_, str>> {
    let canonical = RequestContext::of(&head.extensions).and_then(RequestContext::canonical);
    match canonical.and_then(|canonical| canonical.path()) {
        Some(path) => std::str::from_utf8(path).ok().map(Cow::Borrowed),
        None => Some(Cow::Borrowed(head.uri.path())),
    }
}
