//! One request on a thread of the pool, from the environ to the last chunk.
//!
//! ```text
//! environ ─▶ app ─┬─ all of it at once ─▶ one message
//!                 └─ head, then chunk by chunk while the client reads, then close()
//! ```

use std::sync::Arc;

use enfilade_core::Rejection;
use http::request;
use pyo3::{prelude::*, types::PyDict};
use tokio::sync::oneshot;

use super::{
    Ticket,
    outlet::{Outlet, Reply},
};
use crate::wsgi::{
    answer::{Answer, Chunks, Rest, call},
    body::{WsgiBody, WsgiError},
    environ::Entity,
    reason,
    respond::begin,
    service::Inner,
    start_response::{Lease, StartResponse},
};

/// One request.
pub(in crate::wsgi) struct Job {
    pub(super) app: Arc<Inner>,
    pub(super) head: request::Parts,
    pub(super) entity: Entity,
    pub(super) reply: oneshot::Sender<Reply>,
    pub(super) ticket: Arc<Ticket>,
}

impl Job {
    /// Whether whoever asked has left.
    pub(super) fn is_abandoned(&self) -> bool {
        self.ticket.is_abandoned()
    }

    /// Does it, unless whoever asked has left.
    pub(super) fn run(self, py: Python<'_>) {
        let Self { app, head, entity, reply, ticket } = self;
        if !ticket.start() {
            return;
        }
        let mut outlet = Outlet::new(head.method.clone(), reply);
        let prepared = prepare(py, &app, &head, entity);
        // Its buffer is the connection's to read on with.
        drop(head);
        match prepared {
            Ok(environ) => answer(py, &app, &environ, outlet),
            Err(rejection) => outlet.send(Err(rejection)),
        }
    }
}

fn prepare<'py>(
    py: Python<'py>,
    app: &Inner,
    head: &request::Parts,
    entity: Entity,
) -> Result<Bound<'py, PyDict>, Rejection> {
    let template = app.template(py).map_err(|error| reason::app_failed(py, &error))?;
    template.environ(py, app.mount(), head, entity)
}

fn answer(py: Python<'_>, app: &Inner, environ: &Bound<'_, PyDict>, outlet: Outlet) {
    // For want of memory only; whoever waits finds that nobody answers.
    let Ok(lease) = Lease::new(py, Some(outlet)) else { return };
    let called = call(py, app.app(), environ, &lease);
    let start = lease.get();
    let Some(mut outlet) = start.outlet() else { return };
    let answer = match called {
        Ok(answer) => answer,
        Err(error) if outlet.chunks().is_some() => return broken(py, &outlet, &error),
        Err(error) => return outlet.send(Err(reason::app_failed(py, &error))),
    };
    let Answer { head, chunks, rest } = answer;
    let there = chunks.sum();
    match (head, rest) {
        (Some(head), None) => {
            let begun = begin(outlet.method(), head, Some(there));
            let mut response = begun.response;
            if begun.has_body {
                *response.body_mut() = WsgiBody::whole(chunks, begun.length);
            }
            outlet.send(Ok(response));
        }
        (head, rest) => {
            let known = rest.as_ref().and_then(Rest::exact).map(|left| there + left);
            let has_body = head.is_none_or(|head| outlet.begin(head, known));
            if has_body {
                // What `write` was to do has a way of its own until here.
                let streamed = stream(py, &outlet, start, chunks, rest);
                if let Err(error) = streamed {
                    broken(py, &outlet, &error);
                }
            }
        }
    }
}

fn stream(
    py: Python<'_>,
    outlet: &Outlet,
    start: &StartResponse,
    chunks: Chunks,
    rest: Option<Rest>,
) -> PyResult<()> {
    let Some(way) = outlet.chunks() else { return Ok(()) };
    for chunk in chunks.into_vec().into_iter().filter(|chunk| !chunk.is_empty()) {
        if way.send(py, chunk).is_err() {
            return Ok(());
        }
    }
    let Some(mut rest) = rest else {
        way.end(py);
        return Ok(());
    };
    loop {
        let next = rest.next(py)?;
        for written in start.written() {
            if way.send(py, written).is_err() {
                return Ok(());
            }
        }
        match next {
            None => break,
            Some(chunk) if chunk.is_empty() => {}
            // Who has left reads nothing more; `close` is called as the rest is dropped.
            Some(chunk) => {
                if way.send(py, chunk).is_err() {
                    return Ok(());
                }
            }
        }
    }
    rest.close(py);
    way.end(py);
    Ok(())
}

fn broken(py: Python<'_>, outlet: &Outlet, error: &PyErr) {
    // Of one that has left, the exception says no more than that.
    if let Some(way) = outlet.chunks().filter(|way| !way.is_closed()) {
        way.fail(py, WsgiError::raised(py, error));
    }
}
