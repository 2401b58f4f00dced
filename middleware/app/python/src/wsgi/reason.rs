//! Every reason code of WSGI, and what goes with it.
//!
//! ```text
//! 400  path-unclear  host-unclear  header-collision  header-repeated  length-unclear  body-broken
//! 404  not-here      413  body-too-large
//! 500  app-failed    answer-bad  user-unfit  spool-failed  no-thread
//! 503  busy          504  timeout
//! ```

use std::{fmt, io, time::Duration};

use enfilade_core::{Clock, LogLimit, Rejection};
use http::{HeaderValue, StatusCode, header::RETRY_AFTER};
use pyo3::{PyErr, Python};

use crate::{request::Codes, traceback};

/// The codes of what both interfaces refuse.
pub(super) const CODES: Codes = Codes {
    path: "wsgi.path-unclear",
    host: "wsgi.host-unclear",
    collision: "wsgi.header-collision",
    repeated: "wsgi.header-repeated",
    length: "wsgi.length-unclear",
    not_here: "wsgi.not-here",
    user: "wsgi.user-unfit",
};

/// An exception of the app before it has answered.
#[cold]
pub(super) fn app_failed(py: Python<'_>, error: &PyErr) -> Rejection {
    raised(py, error);
    Rejection::new(StatusCode::INTERNAL_SERVER_ERROR, "wsgi.app-failed").with_log(error.to_string())
}

/// An answer that is none by PEP 3333.
#[cold]
pub(super) fn answer_bad(what: &'static str) -> Rejection {
    Rejection::new(StatusCode::INTERNAL_SERVER_ERROR, "wsgi.answer-bad").with_log(what)
}

pub(super) fn body_broken(log: impl Into<String>) -> Rejection {
    Rejection::new(StatusCode::BAD_REQUEST, "wsgi.body-broken")
        .with_detail("the request's body broke off, or is not as long as was said")
        .with_log(log)
}

pub(super) fn body_too_large() -> Rejection {
    Rejection::new(StatusCode::PAYLOAD_TOO_LARGE, "wsgi.body-too-large").with_detail("the body is too large")
}

pub(super) fn spool(error: &io::Error) -> Rejection {
    Rejection::new(StatusCode::INTERNAL_SERVER_ERROR, "wsgi.spool-failed").with_log(error.to_string())
}

pub(super) fn no_thread() -> Rejection {
    Rejection::new(StatusCode::INTERNAL_SERVER_ERROR, "wsgi.no-thread")
        .with_log("the system gives no thread for the app, or the app's thread has ended")
}

pub(super) fn busy() -> Rejection {
    Rejection::new(StatusCode::SERVICE_UNAVAILABLE, "wsgi.busy")
        .with_detail("too many requests at once; try again")
        .with_header(RETRY_AFTER, HeaderValue::from_static("1"))
}

pub(super) fn timeout() -> Rejection {
    Rejection::new(StatusCode::GATEWAY_TIMEOUT, "wsgi.timeout").with_log("the app did not answer in time")
}

/// A traceback into the log; so many and no more, since a client can cause some.
#[cold]
pub(super) fn raised(py: Python<'_>, error: &PyErr) {
    static LIMIT: LogLimit = LogLimit::new(100, Duration::from_secs(10));
    if let Some(left_out) = LIMIT.admit(&Clock::system()) {
        let left_out = (left_out > 0).then_some(left_out);
        tracing::error!(target: "enfilade::wsgi", code = "wsgi.app-failed", left_out, "{}", traceback::of(py, error));
    }
}

/// A fault that comes when the answer has begun; so many lines and no more.
#[cold]
pub(super) fn log(code: &'static str, what: &dyn fmt::Display) {
    static LIMIT: LogLimit = LogLimit::new(100, Duration::from_secs(10));
    if let Some(left_out) = LIMIT.admit(&Clock::system()) {
        let left_out = (left_out > 0).then_some(left_out);
        tracing::error!(target: "enfilade::wsgi", code, left_out, "{what}");
    }
}
