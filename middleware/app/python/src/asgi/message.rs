//! What an app sends, read strictly: every type, every name and every value.
//!
//! ```text
//! {"type": "http.response.start", "status": 200, "headers": [(b"name", b"value")], "trailers": False}
//! {"type": "http.response.body",  "body": b"…", "more_body": False}
//! ```
//!
//! What does not fit raises in the app, at the `send` that is wrong.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, response};
use pyo3::{
    exceptions::{PyTypeError, PyValueError},
    intern,
    prelude::*,
    pybacked::PyBackedBytes,
    types::{PyBool, PyByteArray, PyBytes, PyDict, PyList, PyMemoryView, PyString, PyTuple},
};

/// From here on bytes are lent by Python and not copied: giving them back costs about as much.
const LEND: usize = 16 << 10;

/// A message of a response.
pub(super) enum Message {
    Start(Box<response::Parts>),
    Body { data: Bytes, more: bool },
}

impl Message {
    pub(super) fn of(message: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = message.py();
        let message = message.cast::<PyDict>()?;
        let Some(kind) = message.get_item(intern!(py, "type"))? else {
            return Err(PyValueError::new_err("the message has no `type`"));
        };
        let kind = kind.cast::<PyString>()?;
        if is(kind, intern!(py, "http.response.start")) {
            return head(message).map(|head| Self::Start(Box::new(head)));
        }
        if is(kind, intern!(py, "http.response.body")) {
            let data = match message.get_item(intern!(py, "body"))? {
                Some(body) => bytes(&body)?,
                None => Bytes::new(),
            };
            return Ok(Self::Body { data, more: flag(message, intern!(py, "more_body"))? });
        }
        Err(PyValueError::new_err(format!("no message of a response: {kind}")))
    }
}

/// Literals in an app are the very strings that are interned here.
fn is(kind: &Bound<'_, PyString>, name: &Bound<'_, PyString>) -> bool {
    kind.is(name) || kind.to_str().is_ok_and(|kind| name.to_str().is_ok_and(|name| kind == name))
}

fn flag(message: &Bound<'_, PyDict>, name: &Bound<'_, PyString>) -> PyResult<bool> {
    match message.get_item(name)? {
        None => Ok(false),
        Some(value) => match value.cast::<PyBool>() {
            Ok(value) => Ok(value.is_true()),
            Err(_) => value.is_truthy(),
        },
    }
}

fn bytes(body: &Bound<'_, PyAny>) -> PyResult<Bytes> {
    if let Ok(body) = body.cast::<PyBytes>() {
        let data = body.as_bytes();
        return Ok(if data.len() < LEND {
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
    Err(PyTypeError::new_err(format!("`body` is no bytes: {}", body.get_type())))
}

fn head(message: &Bound<'_, PyDict>) -> PyResult<response::Parts> {
    let py = message.py();
    let Some(status) = message.get_item(intern!(py, "status"))? else {
        return Err(PyValueError::new_err("`http.response.start` has no `status`"));
    };
    let status: u16 = status.extract()?;
    // 1xx are no responses: hyper's server sends none, and 101 would end HTTP on this connection.
    let status = StatusCode::from_u16(status).ok().filter(|status| !status.is_informational());
    let Some(status) = status else {
        return Err(PyValueError::new_err("`status` is no status of a response"));
    };
    let (mut head, ()) = http::Response::new(()).into_parts();
    head.status = status;
    if let Some(headers) = message.get_item(intern!(py, "headers"))? {
        add(&mut head.headers, &headers)?;
    }
    Ok(head)
}

/// Pairs of bytes, in any iterable.
pub(super) fn add(map: &mut HeaderMap, headers: &Bound<'_, PyAny>) -> PyResult<()> {
    if let Ok(list) = headers.cast::<PyList>() {
        map.reserve(list.len());
        return list.iter().try_for_each(|pair| field(map, &pair));
    }
    headers.try_iter()?.try_for_each(|pair| field(map, &pair?))
}

fn field(map: &mut HeaderMap, pair: &Bound<'_, PyAny>) -> PyResult<()> {
    let (name, value) = if let Ok(pair) = pair.cast::<PyTuple>() {
        pair.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>()?
    } else {
        let [name, value] = pair.extract::<[Bound<'_, PyAny>; 2]>()?;
        (name, value)
    };
    let bad = |what: &str| PyValueError::new_err(format!("a header's {what} cannot be sent: {name:?}"));
    let parsed = HeaderName::from_bytes(name.cast::<PyBytes>()?.as_bytes()).map_err(|_| bad("name"))?;
    let value = value.cast::<PyBytes>()?.as_bytes().trim_ascii();
    let value = HeaderValue::from_bytes(value).map_err(|_| bad("value"))?;
    // Of this connection, and so the server's (ASGI: "servers may ignore them"); the framing follows the body.
    if is_of_the_connection(&parsed) {
        return Ok(());
    }
    if parsed == header::CONTENT_LENGTH && map.contains_key(&parsed) {
        return Err(PyValueError::new_err("`content-length` is there twice"));
    }
    map.append(parsed, value);
    Ok(())
}

fn is_of_the_connection(name: &HeaderName) -> bool {
    matches!(
        *name,
        header::CONNECTION | header::TRANSFER_ENCODING | header::UPGRADE | header::TRAILER | header::TE
    ) || matches!(name.as_str(), "keep-alive" | "proxy-connection")
}
