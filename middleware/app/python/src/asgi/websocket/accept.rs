//! `websocket.accept`: the app's yes, checked against what the client has offered.
//!
//! ```text
//! {"type": "websocket.accept", "subprotocol": "chat", "headers": [(b"set-cookie", b"…")]}
//!   a subprotocol that was not offered, a field of the handshake's own ─▶ raises
//! ```

use http::{HeaderMap, header::CONTENT_LENGTH};
use pyo3::{exceptions::PyValueError, intern, prelude::*, types::PyDict};

use super::{channel::Channel, message::given};
use crate::asgi::fields::{self, Of};

pub(super) fn accept(channel: &Channel, message: &Bound<'_, PyDict>) -> PyResult<()> {
    let py = message.py();
    let subprotocol = given(message, intern!(py, "subprotocol"))?;
    let subprotocol: Option<String> = subprotocol.map(|name| name.extract()).transpose()?;
    let mut extra = HeaderMap::new();
    if let Some(headers) = given(message, intern!(py, "headers"))? {
        fields::add(&mut extra, &headers, Of::Head { trailers: false })?;
    }
    if let Some(name) = extra.keys().find(|name| name.as_str().starts_with("sec-websocket-")) {
        return Err(PyValueError::new_err(format!("`{name}` is the server's to send")));
    }
    // RFC 9110 §8.6: never in a 1xx.
    extra.remove(CONTENT_LENGTH);
    channel.accept(py, subprotocol.as_deref(), extra)
}
