//! Every reason code of this crate, and what goes with it.
//!
//! ```text
//! 400  path-unclear  host-unclear  header-collision  header-repeated  length-unclear  body-broken
//! 404  not-here      411  length-required      431  request-too-large
//! 500  not-started   limits-failed  user-unfit
//! 502  no-answer  head-incomplete  head-too-large  head-bad  … (see `head`)  killed  pipe-broken  redirect-…
//! 503  busy  no-resources      504  timeout
//! ```

use std::{fmt, time::Duration};

use enfilade_core::{Clock, LogLimit, Rejection, gateway::Fault};
use http::{HeaderValue, StatusCode, header::RETRY_AFTER};

/// What the gateways have in common, by this one's codes.
#[cold]
pub(crate) fn fault(fault: Fault) -> Rejection {
    match fault {
        Fault::Path => Rejection::new(StatusCode::BAD_REQUEST, "cgi.path-unclear")
            .with_detail("the path can be read in two ways"),
        Fault::Host => {
            Rejection::new(StatusCode::BAD_REQUEST, "cgi.host-unclear").with_detail("name one host")
        }
        _ => Rejection::new(StatusCode::INTERNAL_SERVER_ERROR, "cgi.user-unfit")
            .with_log("the proved subject is empty or holds a NUL: no environment can carry it"),
    }
}

pub(crate) fn collision(name: &str) -> Rejection {
    Rejection::new(StatusCode::BAD_REQUEST, "cgi.header-collision")
        .with_detail("two header fields would be one for the script")
        .with_log(name)
}

pub(crate) fn repeated(name: &'static str) -> Rejection {
    Rejection::new(StatusCode::BAD_REQUEST, "cgi.header-repeated")
        .with_detail("a header field is there twice")
        .with_log(name)
}

pub(crate) fn length() -> Rejection {
    Rejection::new(StatusCode::BAD_REQUEST, "cgi.length-unclear").with_detail("content-length is no number")
}

pub(crate) fn length_required() -> Rejection {
    Rejection::new(StatusCode::LENGTH_REQUIRED, "cgi.length-required")
        .with_detail("send the body with its content-length")
}

pub(crate) fn not_here() -> Rejection {
    Rejection::new(StatusCode::NOT_FOUND, "cgi.not-here")
}

pub(crate) fn busy() -> Rejection {
    Rejection::new(StatusCode::SERVICE_UNAVAILABLE, "cgi.busy")
        .with_detail("too many requests at once; try again")
        .with_header(RETRY_AFTER, HeaderValue::from_static("1"))
}

/// A process that did not start: for want of resources, for a request that is too large, or for good.
pub(crate) fn not_started(error: &std::io::Error) -> Rejection {
    use rustix::io::Errno;
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::AGAIN | Errno::NOMEM | Errno::MFILE | Errno::NFILE) => {
            Rejection::new(StatusCode::SERVICE_UNAVAILABLE, "cgi.no-resources")
                .with_header(RETRY_AFTER, HeaderValue::from_static("1"))
                .with_log(error.to_string())
        }
        Some(Errno::TOOBIG) => {
            Rejection::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "cgi.request-too-large")
        }
        Some(Errno::NOEXEC) => Rejection::new(StatusCode::INTERNAL_SERVER_ERROR, "cgi.not-started")
            .with_log(format!("{error}: does the script begin with `#!` and its interpreter?")),
        _ => Rejection::new(StatusCode::INTERNAL_SERVER_ERROR, "cgi.not-started").with_log(error.to_string()),
    }
}

pub(crate) fn limits(error: &std::io::Error) -> Rejection {
    Rejection::new(StatusCode::INTERNAL_SERVER_ERROR, "cgi.limits-failed").with_log(error.to_string())
}

/// The script's fault.
pub(crate) fn script(code: &'static str, log: impl Into<String>) -> Rejection {
    Rejection::new(StatusCode::BAD_GATEWAY, code).with_log(log)
}

/// A fault that comes when the answer has begun; so many lines and no more, since a client can cause some.
#[cold]
pub(crate) fn log(code: &'static str, what: &dyn fmt::Display) {
    static LIMIT: LogLimit = LogLimit::new(100, Duration::from_secs(10));
    if let Some(left_out) = LIMIT.admit(&Clock::system()) {
        let left_out = (left_out > 0).then_some(left_out);
        tracing::error!(target: "enfilade::cgi", code, left_out, "{what}");
    }
}
