//! How a run can fail: as a refusal before the answer has begun, as a broken body after.

use std::{error::Error, fmt, io};

use enfilade_core::Rejection;
use http::StatusCode;

use super::input::InputFault;
use crate::reason;

/// How a run failed.
#[derive(Debug)]
pub(crate) enum RunFault {
    /// It ran longer than it may.
    Late,
    /// It neither took input nor gave output for too long.
    Silent,
    /// A signal ended it.
    Killed(i32),
    /// The request's body was not what was said.
    Input(InputFault),
    /// Its output could not be read.
    Pipe(io::Error),
}

impl RunFault {
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Late | Self::Silent => "cgi.timeout",
            Self::Killed(_) => "cgi.killed",
            Self::Input(_) => "cgi.body-broken",
            Self::Pipe(_) => "cgi.pipe-broken",
        }
    }
}

impl From<InputFault> for RunFault {
    fn from(fault: InputFault) -> Self {
        Self::Input(fault)
    }
}

impl From<RunFault> for Rejection {
    fn from(fault: RunFault) -> Self {
        let status = match fault {
            RunFault::Late | RunFault::Silent => StatusCode::GATEWAY_TIMEOUT,
            RunFault::Input(_) => StatusCode::BAD_REQUEST,
            RunFault::Killed(_) | RunFault::Pipe(_) => {
                return reason::script(fault.code(), fault.to_string());
            }
        };
        Self::new(status, fault.code()).with_log(fault.to_string())
    }
}

impl fmt::Display for RunFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Late => f.write_str("the script ran longer than it may"),
            Self::Silent => f.write_str("the script neither took input nor gave output for too long"),
            Self::Killed(signal) => write!(f, "the script was killed by signal {signal}"),
            Self::Input(InputFault::Broken(error)) => write!(f, "the request's body broke off: {error}"),
            Self::Input(InputFault::Short) => f.write_str("the request's body is shorter than was said"),
            Self::Input(InputFault::Long) => f.write_str("the request's body is longer than was said"),
            Self::Pipe(error) => write!(f, "the script's output cannot be read: {error}"),
        }
    }
}

impl Error for RunFault {}
