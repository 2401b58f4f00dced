//! What an app sends over a WebSocket, and what it receives.
//!
//! ```text
//! websocket.accept · websocket.send · websocket.close · websocket.http.response.start, .body ─▶ Channel
//! websocket.connect · websocket.receive · websocket.disconnect ◀─ Channel
//! ```

use pyo3::{
    exceptions::{PyTypeError, PyValueError},
    intern,
    prelude::*,
    types::{PyByteArray, PyBytes, PyDict, PyMemoryView, PyString},
};
use tungstenite::protocol::frame::coding::CloseCode;

use super::{accept::accept, channel::Channel};
use crate::asgi::message::Message;

/// One message of the app's; a future, if the client is slower than the app.
pub(super) fn send(channel: &Channel, message: &Bound<'_, PyAny>) -> PyResult<Option<Py<PyAny>>> {
    let py = message.py();
    let dict = message.cast::<PyDict>()?;
    let Some(kind) = dict.get_item(intern!(py, "type"))? else {
        return Err(PyValueError::new_err("the message has no `type`"));
    };
    match kind.cast::<PyString>()?.to_str()? {
        "websocket.send" => data(channel, dict),
        "websocket.accept" => accept(channel, dict).map(|()| None),
        "websocket.close" => close(channel, dict).map(|()| None),
        kind @ ("websocket.http.response.start" | "websocket.http.response.body") => {
            // But for its name it is a message of a response.
            let message = dict.copy()?;
            message.set_item(intern!(py, "type"), kind.trim_start_matches("websocket."))?;
            channel.deny(py, Message::of(&message)?)
        }
        other => Err(PyValueError::new_err(format!("no message of a WebSocket: {other}"))),
    }
}

fn data(channel: &Channel, message: &Bound<'_, PyDict>) -> PyResult<Option<Py<PyAny>>> {
    let py = message.py();
    match (given(message, intern!(py, "text"))?, given(message, intern!(py, "bytes"))?) {
        (Some(text), None) => channel.write(py, true, text.cast::<PyString>()?.to_str()?.as_bytes()),
        (None, Some(bytes)) => match bytes.cast::<PyBytes>() {
            Ok(bytes) => channel.write(py, false, bytes.as_bytes()),
            Err(_) => channel.write(py, false, copied(&bytes)?.as_bytes()),
        },
        _ => Err(PyValueError::new_err("`websocket.send` needs `text` or `bytes`, and not both")),
    }
}

fn copied<'py>(bytes: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    if bytes.is_instance_of::<PyByteArray>() || bytes.is_instance_of::<PyMemoryView>() {
        let copy = bytes.py().get_type::<PyBytes>().call1((bytes,))?;
        return Ok(copy.cast_into::<PyBytes>()?);
    }
    Err(PyTypeError::new_err(format!("`bytes` is no bytes: {}", bytes.get_type())))
}

fn close(channel: &Channel, message: &Bound<'_, PyDict>) -> PyResult<()> {
    let py = message.py();
    let code: u16 = match given(message, intern!(py, "code"))? {
        Some(code) => code.extract()?,
        None => 1000,
    };
    let reason = given(message, intern!(py, "reason"))?;
    let reason = reason.as_ref().map(|reason| reason.cast::<PyString>()?.to_str()).transpose()?;
    let reason = reason.unwrap_or_default();
    if !CloseCode::from(code).is_allowed() {
        return Err(PyValueError::new_err(format!("{code} is no code that a close frame may have")));
    }
    // A control frame has 125 bytes, and two are the code's.
    if reason.len() > 123 {
        return Err(PyValueError::new_err("`reason` is longer than 123 bytes"));
    }
    channel.close(code, reason)
}

pub(super) fn given<'py>(
    message: &Bound<'py, PyDict>,
    name: &Bound<'py, PyString>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    Ok(message.get_item(name)?.filter(|value| !value.is_none()))
}

pub(super) fn connect(py: Python<'_>) -> PyResult<Py<PyAny>> {
    of_type(py, intern!(py, "websocket.connect")).map(|message| message.into_any().unbind())
}

pub(super) fn receive(py: Python<'_>, text: bool, payload: &Py<PyAny>) -> PyResult<Py<PyAny>> {
    let message = of_type(py, intern!(py, "websocket.receive"))?;
    let name = if text { intern!(py, "text") } else { intern!(py, "bytes") };
    message.set_item(name, payload)?;
    Ok(message.into_any().unbind())
}

pub(super) fn disconnect(py: Python<'_>, code: u16, reason: &str) -> PyResult<Py<PyAny>> {
    let message = of_type(py, intern!(py, "websocket.disconnect"))?;
    message.set_item(intern!(py, "code"), code)?;
    message.set_item(intern!(py, "reason"), reason)?;
    Ok(message.into_any().unbind())
}

fn of_type<'py>(py: Python<'py>, name: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyDict>> {
    let message = PyDict::new(py);
    message.set_item(intern!(py, "type"), name)?;
    Ok(message)
}
