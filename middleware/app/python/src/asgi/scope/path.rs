//! The path as text, decoded once: the door's word, or read here where no door stands before.
//!
//! ```text
//! /caf%C3%A9 ─▶ path "/café", raw_path b"/caf%C3%A9"        /%ff, /%2e%2e/a ─▶ 400 asgi.path-unclear
//! ```

use std::borrow::Cow;

use enfilade_core::{RequestContext, gateway::decode};
use http::request;
use pyo3::{
    intern,
    prelude::*,
    types::{PyBytes, PyDict},
};

/// What the path is to an app; `None` where it is no UTF-8, or where two parties could read two paths.
pub(in crate::asgi) fn path(head: &request::Parts) -> Option<Cow<'_, str>> {
    let canonical = RequestContext::of(&head.extensions).and_then(RequestContext::canonical);
    match canonical.and_then(|canonical| canonical.path()) {
        Some(path) => std::str::from_utf8(path).ok().map(Cow::Borrowed),
        None => String::from_utf8(decode(head.uri.path())?).ok().map(Cow::Owned),
    }
}

pub(super) fn set(scope: &Bound<'_, PyDict>, head: &request::Parts, path: &str) -> PyResult<()> {
    let py = scope.py();
    scope.set_item(intern!(py, "path"), path)?;
    scope.set_item(intern!(py, "raw_path"), PyBytes::new(py, head.uri.path().as_bytes()))
}
