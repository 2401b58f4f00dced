//! The environ of one request: a `dict` made from a template, the request's head and its body.
//!
//! ```text
//! template: wsgi.version, SCRIPT_NAME …, and what the last request said as well ─┐
//! path /shop/cart ─▶ PATH_INFO /cart                                             ├─▶ a dict of its own
//! Principal ─▶ REMOTE_USER, AUTH_TYPE                                            │
//! fields ─▶ HTTP_*, CONTENT_TYPE                                                 ┘
//! ```
//!
//! Values are as `enfilade-cgi` has them. Bytes are told as Latin-1 (PEP 3333, "Unicode Issues"): an app that wants
//! text encodes them back. `REMOTE_ADDR` is absent where nobody knows it: an address is never made up.

mod header;
mod template;
mod words;

use enfilade_core::{
    Rejection,
    gateway::{Target, User},
};
use http::{Method, request};
use pyo3::{intern, prelude::*, types::PyDict};

pub(super) use self::template::Template;
use self::words::latin1;
use super::{
    input::{Input, Source},
    reason,
};
use crate::request::{Fault, Mount};

/// The request's body as the app is given it.
#[derive(Debug, Default)]
pub(super) struct Entity {
    /// What is told to the app.
    pub(super) length: Option<u64>,
    pub(super) source: Option<Source>,
}

impl Template {
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
        let target = Target::of(head).map_err(|raised| fault(raised.into()))?;
        let info = mount.path_info(&target.path).ok_or_else(|| fault(Fault::NotHere))?;
        let user = User::of(&head.extensions).map_err(|raised| fault(raised.into()))?;
        let filled = || {
            let (environ, has_path) = self.copy(py, mount, head, &target, info)?;
            if !has_path {
                template::tell_path(&environ, raw(head).as_bytes(), info)?;
            }
            about_the_rest(&environ, head, user, entity)?;
            Ok(header::add(&environ, &head.headers)?.map(|()| environ))
        };
        filled().map_err(|error| reason::app_failed(py, &error))?.map_err(fault)
    }
}

/// The target as it was sent, without a scheme and a host.
fn raw(head: &request::Parts) -> &str {
    let asterisk = head.method == Method::OPTIONS && head.uri.path() == "*";
    if asterisk { "*" } else { head.uri.path_and_query().map_or("/", |target| target.as_str()) }
}

fn about_the_rest(
    environ: &Bound<'_, PyDict>,
    head: &request::Parts,
    user: Option<User<'_>>,
    entity: Entity,
) -> PyResult<()> {
    let py = environ.py();
    if let Some(query) = head.uri.query().filter(|query| !query.is_empty()) {
        environ.set_item(intern!(py, "QUERY_STRING"), latin1(py, query.as_bytes()))?;
    }
    if let Some(length) = entity.length {
        environ.set_item(intern!(py, "CONTENT_LENGTH"), length.to_string())?;
    }
    if let Some(source) = entity.source {
        environ.set_item(intern!(py, "wsgi.input"), Py::new(py, Input::new(source))?)?;
    }
    if let Some(user) = user {
        environ.set_item(intern!(py, "REMOTE_USER"), latin1(py, user.subject.as_bytes()))?;
        match user.auth_type {
            "Bearer" => environ.set_item(intern!(py, "AUTH_TYPE"), intern!(py, "Bearer"))?,
            "Basic" => environ.set_item(intern!(py, "AUTH_TYPE"), intern!(py, "Basic"))?,
            other => environ.set_item(intern!(py, "AUTH_TYPE"), other)?,
        }
    }
    Ok(())
}
