//! [`SessionError`]: why nobody could be signed in, or out.
//!
//! ```text
//! Anonymous  500 auth.session-anonymous      Full    503 auth.sessions-full, Retry-After
//! Unfit      500 auth.session-unfit          Cookie  what the jar says: too long, jar full, too late
//! ```

use std::{error::Error, fmt};

use enfilade_cookie::CookieError;
use enfilade_core::Rejection;
use http::{HeaderValue, StatusCode, header::RETRY_AFTER};

use super::TokenError;

/// Why nobody could be signed in, or out.
#[derive(Debug)]
#[non_exhaustive]
pub enum SessionError {
    /// Nobody was to be signed in: `Principal::anonymous`.
    Anonymous,
    /// The principal has something that a token of ours cannot hold, such as an empty subject.
    Unfit(TokenError),
    /// Every place for a sign-out is taken until a session expires.
    Full,
    /// The cookie cannot be set.
    Cookie(CookieError),
}

impl From<SessionError> for Rejection {
    fn from(error: SessionError) -> Self {
        let fault = StatusCode::INTERNAL_SERVER_ERROR;
        match &error {
            SessionError::Anonymous => Self::new(fault, "auth.session-anonymous"),
            SessionError::Unfit(_) => Self::new(fault, "auth.session-unfit"),
            SessionError::Cookie(cookie) => Self::new(fault, cookie.code()),
            SessionError::Full => Self::new(StatusCode::SERVICE_UNAVAILABLE, "auth.sessions-full")
                .with_header(RETRY_AFTER, HeaderValue::from_static("60"))
                .with_detail("too many are signed in: try again in a minute"),
        }
        .with_log(error.to_string())
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("the anonymous principal cannot be signed in: prove who it is first"),
            Self::Unfit(error) => write!(f, "no token can be made for this principal: {error}"),
            Self::Full => f.write_str(
                "no room to remember another sign-out: raise the capacity of `Revocations`, or shorten the lifetime",
            ),
            Self::Cookie(error) => write!(f, "the session cookie cannot be set: {error}"),
        }
    }
}

impl Error for SessionError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unfit(error) => Some(error),
            Self::Cookie(error) => Some(error),
            Self::Anonymous | Self::Full => None,
        }
    }
}
