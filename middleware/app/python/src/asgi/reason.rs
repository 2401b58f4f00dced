//! Every reason code of an ASGI app's service.
//!
//! ```text
//! 400  path-unclear      500  app-failed  no-response  no-body      503  ended      504  timeout
//! ```

use std::{fmt, time::Duration};

use enfilade_core::{Clock, LogLimit, Rejection};
use http::StatusCode;

pub(super) fn path() -> Rejection {
    Rejection::new(StatusCode::BAD_REQUEST, "asgi.path-unclear")
        .with_detail("the path is no UTF-8, or can be read in two ways")
}

pub(super) fn app(code: &'static str, log: impl Into<String>) -> Rejection {
    Rejection::new(StatusCode::INTERNAL_SERVER_ERROR, code).with_log(log)
}

/// A fault that comes when the answer has begun; so many lines and no more, since a client can cause some.
#[cold]
pub(super) fn log(code: &'static str, what: &dyn fmt::Display) {
    static LIMIT: LogLimit = LogLimit::new(100, Duration::from_secs(10));
    if let Some(left_out) = LIMIT.admit(&Clock::system()) {
        let left_out = (left_out > 0).then_some(left_out);
        tracing::error!(target: "enfilade::asgi", code, left_out, "{what}");
    }
}
