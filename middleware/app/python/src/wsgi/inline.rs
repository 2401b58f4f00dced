//! The app called right here, on the reactor's thread: no hand-over, and nobody else is served meanwhile.
//!
//! ```text
//! environ ─▶ app ─▶ head, first chunk ─▶ Response<WsgiBody>, whose body pulls the rest when it is polled
//! ```

use enfilade_core::Rejection;
use http::{Response, request};
use pyo3::prelude::*;

use super::{
    answer::call,
    body::{Pulled, WsgiBody},
    environ::Entity,
    reason,
    respond::{Begun, begin},
    service::Inner,
    start_response::Lease,
};

/// Answers a request.
pub(super) fn answer(app: &Inner, head: &request::Parts, entity: Entity) -> Response<WsgiBody> {
    Python::attach(|py| try_answer(py, app, head, entity)).unwrap_or_else(Rejection::into_response)
}

fn try_answer(
    py: Python<'_>,
    app: &Inner,
    head: &request::Parts,
    entity: Entity,
) -> Result<Response<WsgiBody>, Rejection> {
    let failed = |error: PyErr| reason::app_failed(py, &error);
    let environ = app.template(py).map_err(failed)?.environ(py, app.mount(), head, entity)?;
    let lease = Lease::new(py, None).map_err(failed)?;
    let answer = call(py, app.app(), &environ, &lease).map_err(failed)?;
    let said = answer.head.ok_or_else(|| reason::answer_bad("the head was committed before it was due"))?;
    let there = answer.chunks.sum();
    let known = match &answer.rest {
        None => Some(there),
        Some(rest) => rest.exact().map(|left| there + left),
    };
    let Begun { mut response, has_body, length } = begin(&head.method, said, known);
    if has_body {
        *response.body_mut() = match answer.rest {
            None => WsgiBody::whole(answer.chunks, length),
            Some(rest) => WsgiBody::pulled(answer.chunks, Pulled::new(rest, lease), length),
        };
    }
    Ok(response)
}
