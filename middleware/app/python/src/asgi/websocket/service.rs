//! A handshake as a request of the app's: judged without Python, then a task on the loop.
//!
//! ```text
//! no good handshake ─▶ 400, 426, and Python is not touched        good ─▶ Channel, scope, asyncio.Task
//! ```

use std::sync::Arc;

use http::request;
use pyo3::prelude::*;

use super::{
    call::{Receive, Send},
    channel::Channel,
    handshake::Handshake,
    lifetime::ending,
    scope::scope,
};
use crate::asgi::{
    app::App,
    call::admit,
    exchange::Exchange,
    receive::Incoming,
    service::Start,
    task::{self, Whose},
};

/// What answers the handshake.
pub(in crate::asgi) fn call(app: &Arc<App>, mut head: request::Parts, has_body: bool) -> Exchange {
    let exchange = Exchange::new(app.clone(), Incoming::Over, false);
    let settings = app.settings.websocket;
    match Handshake::of(&mut head, has_body, &settings) {
        Err(rejection) => exchange.refuse(rejection),
        Ok(handshake) => {
            let channel = Channel::new(exchange.clone(), settings, handshake, ending(&head.extensions));
            if app.is_here() {
                start(&channel, &head);
            } else {
                let waiting = Start::new(&exchange);
                app.remote.spawn(async move { waiting.now(|_| start(&channel, &head)) });
            }
        }
    }
    exchange
}

/// Makes the task, on the loop's thread.
fn start(channel: &Channel, head: &request::Parts) {
    let exchange = channel.exchange();
    let path = match admit(channel.app(), head) {
        Ok(path) => path,
        Err(rejection) => return exchange.refuse(rejection),
    };
    Python::attach(|py| match task(py, channel, head, &path) {
        Ok(task) => exchange.started(task),
        Err(error) => exchange.failed(|| Some(crate::traceback::of(py, &error))),
    });
}

fn task(py: Python<'_>, channel: &Channel, head: &request::Parts, path: &str) -> PyResult<Py<PyAny>> {
    let app = channel.app();
    let scope = scope(py, app, head, path, &channel.subprotocols())?;
    let receive = Py::new(py, Receive(channel.clone()))?;
    let send = Py::new(py, Send(channel.clone()))?;
    let whose = Whose::Other(Arc::new(channel.clone()));
    let arguments = (scope, receive, send).into_pyobject(py)?;
    task::start(py, app, whose, arguments.into_any().unbind()).map(Bound::unbind)
}
