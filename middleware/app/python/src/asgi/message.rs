//! What an app sends, read strictly: every type, every name and every value.
//!
//! ```text
//! {"type": "http.response.start",    "status": 200, "headers": [(b"name", b"value")], "trailers": False}
//! {"type": "http.response.body",     "body": b"…", "more_body": False}
//! {"type": "http.response.pathsend", "path": "/absolute"}
//! {"type": "http.response.trailers", "headers": […], "more_trailers": False}
//! {"type": "http.response.debug",    "info": {…}}
//! ```
//!
//! What does not fit raises in the app, at the `send` that is wrong.

use std::{fmt, path::PathBuf};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use pyo3::{
    exceptions::{PyTypeError, PyValueError},
    intern,
    prelude::*,
    pybacked::PyBackedBytes,
    types::{PyBool, PyByteArray, PyBytes, PyDict, PyMemoryView, PyString},
};

use super::{debug::AsgiDebug, exchange::Head, fields};

/// From here on bytes are lent by Python and not copied: giving them back costs about as much.
const LEND: usize = 16 << 10;

/// A message of a response.
pub(super) enum Message {
    Start(Head),
    Body { data: Bytes, more: bool },
    PathSend(PathBuf),
    Trailers { fields: Box<HeaderMap>, more: bool },
    Debug(AsgiDebug),
}

impl Message {
    pub(super) fn of(message: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = message.py();
        let message = message.cast::<PyDict>().map_err(|_| wrong("a message", "a dict", message))?;
        let Some(kind) = message.get_item(intern!(py, "type"))? else {
            return Err(PyValueError::new_err("the message has no `type`"));
        };
        // Literals in an app are the very strings that are interned here.
        if kind.is(intern!(py, "http.response.start")) {
            return head(message);
        }
        if kind.is(intern!(py, "http.response.body")) {
            return body(message);
        }
        let name = kind.cast::<PyString>().map_err(|_| wrong("`type`", "a str", &kind))?;
        match name.to_str()? {
            "http.response.start" => head(message),
            "http.response.body" => body(message),
            "http.response.pathsend" => path(message),
            "http.response.trailers" => trailers(message),
            "http.response.debug" => debug(message),
            other => Err(PyValueError::new_err(format!("no message of a response: {other:?}"))),
        }
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Start(_) => "`http.response.start`",
            Self::Body { .. } => "`http.response.body`",
            Self::PathSend(_) => "`http.response.pathsend`",
            Self::Trailers { .. } => "`http.response.trailers`",
            Self::Debug(_) => "`http.response.debug`",
        })
    }
}

/// The error of what is no such thing.
pub(super) fn wrong(what: &str, wanted: &str, got: &Bound<'_, PyAny>) -> PyErr {
    let name = got.get_type().name().map_or_else(|_| "something else".to_owned(), |name| name.to_string());
    PyTypeError::new_err(format!("{what} is {wanted}, not {name}"))
}

fn flag(message: &Bound<'_, PyDict>, name: &Bound<'_, PyString>) -> PyResult<bool> {
    let Some(value) = message.get_item(name)? else { return Ok(false) };
    let flag = value.cast::<PyBool>().map_err(|_| wrong(&format!("`{name}`"), "a bool", &value))?;
    Ok(flag.is_true())
}

fn head(message: &Bound<'_, PyDict>) -> PyResult<Message> {
    let py = message.py();
    let Some(status) = message.get_item(intern!(py, "status"))? else {
        return Err(PyValueError::new_err("`http.response.start` has no `status`"));
    };
    let number: i64 = status.extract().map_err(|_| wrong("`status`", "an int", &status))?;
    // 1xx are no responses: hyper's server sends none, and 101 would end HTTP on this connection.
    let status = u16::try_from(number).ok().and_then(|number| StatusCode::from_u16(number).ok());
    let Some(status) = status.filter(|status| !status.is_informational()) else {
        return Err(PyValueError::new_err(format!("`status` is no status of a response: {number}")));
    };
    let trailers = flag(message, intern!(py, "trailers"))?;
    let (mut parts, ()) = http::Response::new(()).into_parts();
    parts.status = status;
    if let Some(headers) = message.get_item(intern!(py, "headers"))? {
        fields::add(&mut parts.headers, &headers, fields::Of::Head { trailers })?;
    }
    Ok(Message::Start(Head { parts: Box::new(parts), trailers }))
}

fn body(message: &Bound<'_, PyDict>) -> PyResult<Message> {
    let py = message.py();
    let data = match message.get_item(intern!(py, "body"))? {
        Some(body) => bytes(&body)?,
        None => Bytes::new(),
    };
    Ok(Message::Body { data, more: flag(message, intern!(py, "more_body"))? })
}

fn path(message: &Bound<'_, PyDict>) -> PyResult<Message> {
    let Some(path) = message.get_item(intern!(message.py(), "path"))? else {
        return Err(PyValueError::new_err("`http.response.pathsend` has no `path`"));
    };
    let text = path.cast::<PyString>().map_err(|_| wrong("`path`", "a str", &path))?;
    // The extension asks for an absolute path, and Starlette's `FileResponse` sends what it was given.
    Ok(Message::PathSend(std::path::absolute(text.extract::<PathBuf>()?)?))
}

fn trailers(message: &Bound<'_, PyDict>) -> PyResult<Message> {
    let py = message.py();
    let mut trailers = Box::<HeaderMap>::default();
    if let Some(headers) = message.get_item(intern!(py, "headers"))? {
        fields::add(&mut trailers, &headers, fields::Of::Trailers)?;
    }
    Ok(Message::Trailers { fields: trailers, more: flag(message, intern!(py, "more_trailers"))? })
}

fn debug(message: &Bound<'_, PyDict>) -> PyResult<Message> {
    let Some(info) = message.get_item(intern!(message.py(), "info"))? else {
        return Err(PyValueError::new_err("`http.response.debug` has no `info`"));
    };
    let info = info.cast::<PyDict>().map_err(|_| wrong("`info`", "a dict", &info))?;
    Ok(Message::Debug(AsgiDebug::new(info.clone().unbind())))
}

fn bytes(body: &Bound<'_, PyAny>) -> PyResult<Bytes> {
    if let Ok(body) = body.cast::<PyBytes>() {
        let data = body.as_bytes();
        // One of a class of the app's may have a `__del__`, which must not run wherever its bytes are let go.
        return Ok(if data.len() < LEND || !body.is_exact_instance_of::<PyBytes>() {
            Bytes::copy_from_slice(data)
        } else {
            Bytes::from_owner(PyBackedBytes::from(body.clone()))
        });
    }
    // Those may change after `send`: they are copied.
    if body.is_instance_of::<PyByteArray>() || body.is_instance_of::<PyMemoryView>() {
        let copy = body.py().get_type::<PyBytes>().call1((body,))?;
        return Ok(Bytes::from_owner(PyBackedBytes::from(copy.cast_into::<PyBytes>()?)));
    }
    Err(wrong("`body`", "bytes", body))
}
