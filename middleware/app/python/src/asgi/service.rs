//! The service: an app on a loop; each request is a task of that loop.
//!
//! ```text
//! called on the loop's thread ─▶ the task is made at once       elsewhere ─▶ it is made there, and the answer comes back
//! ```

use std::{
    convert::Infallible,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header::CONTENT_LENGTH, request, response};
use http_body::Body;
use pyo3::{ffi, prelude::*};
use tower_service::Service;

use super::{
    app::App,
    body::AsgiBody,
    call::{Receive, Send},
    exchange::{Answer, Exchange, Outgoing},
    reason,
    receive::Incoming,
    scope,
    task::{Run, Running},
};
use crate::{BoxError, reactor::Local};

/// An ASGI app as a tower service. Cheap to clone.
#[derive(Clone)]
#[must_use = "a service does nothing until it is called"]
pub struct AsgiApp(pub(super) Arc<App>);

impl fmt::Debug for AsgiApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AsgiApp")
    }
}

impl<B> Service<Request<B>> for AsgiApp
where
    B: Body<Data = Bytes> + std::marker::Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<AsgiBody>;
    type Error = Infallible;
    type Future = AsgiFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> AsgiFuture {
        let (head, body) = request.into_parts();
        let exchange = Exchange::new(self.0.clone(), Incoming::of(body), head.method == Method::HEAD);
        if Local::current().is_some() {
            start(&exchange, &head);
        } else {
            let exchange = exchange.clone();
            self.0.remote.spawn(async move { start(&exchange, &head) });
        }
        AsgiFuture(Some(Running::new(exchange)))
    }
}

/// Makes the task, on the loop's thread.
fn start(exchange: &Exchange, head: &request::Parts) {
    let Some(path) = scope::path(head) else {
        exchange.lock().outgoing = Outgoing::Refused(Box::new(reason::path()));
        return;
    };
    Python::attach(|py| match task(py, exchange, head, &path) {
        Ok(task) => {
            exchange.lock().task = Some(task);
            if let Some(local) = Local::current() {
                local.python_ready();
            }
        }
        Err(error) => exchange.failed(|| Some(crate::traceback::of(py, &error))),
    });
}

fn task(py: Python<'_>, exchange: &Exchange, head: &request::Parts, path: &str) -> PyResult<Py<PyAny>> {
    let app = exchange.app();
    let scope = scope::scope(py, app, head, path)?;
    let receive = Py::new(py, Receive(exchange.clone()))?;
    let send = Py::new(py, Send(exchange.clone()))?;
    let coroutine = app.callable.call1(py, (scope, receive, send))?;
    let run = Py::new(py, Run::new(coroutine, exchange.clone()))?;
    let arguments = [run.as_ptr(), app.event_loop.as_ptr()];
    // SAFETY: one positional argument and one for the one keyword, all alive through the call; it gives a new
    // reference, or none and an exception.
    unsafe {
        let task =
            ffi::PyObject_Vectorcall(app.task.as_ptr(), arguments.as_ptr(), 1, app.task_keywords.as_ptr());
        Bound::from_owned_ptr_or_err(py, task).map(Bound::unbind)
    }
}

/// The future of [`AsgiApp`]; dropped, it tells the app that its client has gone.
#[must_use = "futures do nothing unless polled"]
pub struct AsgiFuture(Option<Running>);

impl Future for AsgiFuture {
    type Output = Result<Response<AsgiBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let running = self.0.as_ref().expect("a future is not polled after it is done");
        let answer = ready!(running.exchange().poll_head(cx));
        let running = self.0.take();
        Poll::Ready(Ok(match answer {
            Answer::Whole(head, body) => respond(head, |_| AsgiBody::whole(body)),
            Answer::Stream(head) => respond(head, |length| match running {
                Some(running) => AsgiBody::stream(running, length),
                None => AsgiBody::default(),
            }),
            Answer::Refused(rejection) => rejection.into_response(),
        }))
    }
}

fn respond(mut head: Box<response::Parts>, body: impl FnOnce(Option<u64>) -> AsgiBody) -> Response<AsgiBody> {
    let empty = matches!(head.status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT);
    if empty {
        head.headers.remove(CONTENT_LENGTH);
    }
    let length = head.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let body =
        if empty || head.status == StatusCode::NOT_MODIFIED { AsgiBody::default() } else { body(length) };
    Response::from_parts(*head, body)
}

impl fmt::Debug for AsgiFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AsgiFuture")
    }
}
