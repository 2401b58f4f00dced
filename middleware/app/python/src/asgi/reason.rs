//! Every reason code of an ASGI app's service.
//!
//! ```text
//! 400  path-unclear      404  not-here      500  app-failed  no-response  no-body      503  busy  ended
//! 504  timeout
//! ```

use std::{fmt, time::Duration};

use enfilade_core::{Clock, LogLimit, Rejection};
use http::{HeaderValue, StatusCode, header::RETRY_AFTER};
use pyo3::{PyErr, exceptions::PyRuntimeError};

pub(super) fn path() -> Rejection {
    Rejection::new(StatusCode::BAD_REQUEST, "asgi.path-unclear")
        .with_detail("the path is no UTF-8, or can be read in two ways")
}

pub(super) fn not_here() -> Rejection {
    Rejection::new(StatusCode::NOT_FOUND, "asgi.not-here")
}

pub(super) fn app(code: &'static str, log: impl Into<String>) -> Rejection {
    Rejection::new(StatusCode::INTERNAL_SERVER_ERROR, code).with_log(log)
}

pub(super) fn busy() -> Rejection {
    unavailable("asgi.busy").with_detail("too many requests at once; try again")
}

pub(super) fn ended() -> Rejection {
    unavailable("asgi.ended").with_log("the app's loop has ended")
}

fn unavailable(code: &'static str) -> Rejection {
    Rejection::new(StatusCode::SERVICE_UNAVAILABLE, code)
        .with_header(RETRY_AFTER, HeaderValue::from_static("1"))
}

pub(super) fn timeout() -> Rejection {
    Rejection::new(StatusCode::GATEWAY_TIMEOUT, "asgi.timeout").with_log("the app did not answer in time")
}

/// For a function that was taken from another object.
pub(super) fn no_request() -> PyErr {
    PyRuntimeError::new_err("no request of HTTP")
}

/// A fault of the app; so many lines and no more, since a client can cause some.
#[cold]
pub(super) fn log(code: &'static str, what: &dyn fmt::Display) {
    static LIMIT: LogLimit = LogLimit::new(100, Duration::from_secs(10));
    if let Some(left_out) = LIMIT.admit(&Clock::system()) {
        let left_out = (left_out > 0).then_some(left_out);
        tracing::error!(target: "enfilade::asgi", code, left_out, "{what}");
    }
}
