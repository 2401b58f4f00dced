//! The scope of a WebSocket: that of its handshake as a request, without a method and with subprotocols.
//!
//! ```text
//! type "websocket"    scheme "ws", "wss"    subprotocols ["chat", …]    extensions {"websocket.http.response": {}}
//! ```

use http::request;
use pyo3::{
    intern,
    prelude::*,
    types::{PyDict, PyString},
};

use crate::asgi::{app::App, scope};

pub(super) fn scope<'py>(
    py: Python<'py>,
    app: &App,
    head: &request::Parts,
    path: &str,
    subprotocols: &[String],
) -> PyResult<Bound<'py, PyDict>> {
    let scope = scope::scope(py, app, head, path)?;
    scope.set_item(intern!(py, "type"), intern!(py, "websocket"))?;
    let secure =
        scope.get_item(intern!(py, "scheme"))?.is_some_and(|scheme| scheme.eq("https").unwrap_or(false));
    scope.set_item(intern!(py, "scheme"), if secure { intern!(py, "wss") } else { intern!(py, "ws") })?;
    scope.del_item(intern!(py, "method"))?;
    scope.set_item(intern!(py, "subprotocols"), subprotocols)?;
    let extensions = PyDict::new(py);
    if let Some(all) = scope.get_item(intern!(py, "extensions"))? {
        for (name, value) in all.cast::<PyDict>()? {
            let of_http = name.cast::<PyString>()?.to_str()?.starts_with("http.");
            if !of_http {
                extensions.set_item(name, value)?;
            }
        }
    }
    extensions.set_item("websocket.http.response", PyDict::new(py))?;
    scope.set_item(intern!(py, "extensions"), extensions)?;
    Ok(scope)
}
