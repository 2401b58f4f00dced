//! [`SessionError`]: why nobody could be signed in, or out.
//!
//! ```text
//! Anonymous  500 auth.session-anonymous      Full       503 auth.sessions-full, Retry-After
//! Unfit      500 auth.session-unfit          OfOneUser  429 auth.sessions-of-one-user, Retry-After
//! Cookie     431 cookie.jar-full, for the request brings too many; else 500, as the jar says: too long, too late
//! ```

use std::{error::Error, fmt, time::Duration};

use enfilade_cookie::CookieError;
use enfilade_core::Rejection;
use http::{HeaderValue, StatusCode, header::RETRY_AFTER};

use super::{TokenError, TokenFault};
use crate::revocation::RevocationError;

/// Why nobody could be signed in, or out.
#[derive(Debug)]
#[non_exhaustive]
pub enum SessionError {
    /// Nobody was to be signed in: `Principal::anonymous`.
    Anonymous,
    /// The principal has something that a token of ours cannot hold, such as an empty subject.
    Unfit(TokenError),
    /// Every place for a sign-out is taken until a session expires.
    Full {
        /// After what time the first place is free; `None`: nobody can say.
        free_in: Option<Duration>,
    },
    /// This user has as many sessions, signed-out ones included, as one user can until the first expires.
    OfOneUser {
        /// After what time the first place is free; `None`: nobody can say.
        free_in: Option<Duration>,
    },
    /// The cookie cannot be set.
    Cookie(CookieError),
}

impl From<RevocationError> for SessionError {
    fn from(error: RevocationError) -> Self {
        match error {
            RevocationError::Full { free_in } => Self::Full { free_in },
            RevocationError::OfOneUser { free_in } => Self::OfOneUser { free_in },
            RevocationError::Unnamed => Self::Unfit(TokenFault::Claim("jti").into()),
        }
    }
}

impl From<SessionError> for Rejection {
    fn from(error: SessionError) -> Self {
        let fault = StatusCode::INTERNAL_SERVER_ERROR;
        match &error {
            SessionError::Anonymous => Self::new(fault, "auth.session-anonymous"),
            SessionError::Unfit(_) => Self::new(fault, "auth.session-unfit"),
            // What the browser brings leaves no room: only its user can do something about it.
            SessionError::Cookie(cookie @ CookieError::JarFull { .. }) => {
                Self::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, cookie.code())
                    .with_detail("remove cookies of this site and try again")
            }
            SessionError::Cookie(cookie) => Self::new(fault, cookie.code()),
            SessionError::Full { free_in } => {
                let full = Self::new(StatusCode::SERVICE_UNAVAILABLE, "auth.sessions-full");
                retry_after(full.with_detail("too many are signed in: try again later"), *free_in)
            }
            SessionError::OfOneUser { free_in } => {
                let of_one = Self::new(StatusCode::TOO_MANY_REQUESTS, "auth.sessions-of-one-user");
                retry_after(
                    of_one.with_detail("this user has signed in too often: try again later"),
                    *free_in,
                )
            }
        }
        .with_log(error.to_string())
    }
}

fn retry_after(rejection: Rejection, wait: Option<Duration>) -> Rejection {
    match wait {
        Some(wait) => rejection.with_header(RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1))),
        None => rejection,
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("the anonymous principal cannot be signed in: prove who it is first"),
            Self::Unfit(error) => write!(f, "no token can be made for this principal: {error}"),
            Self::Full { .. } => f.write_str(
                "no room to remember another sign-out: raise the capacity of `Revocations`, or shorten the lifetime",
            ),
            Self::OfOneUser { .. } => f.write_str(
                "one user has signed in as often as one may until a session expires: see \
                 `Revocations::with_most_of_one_user`",
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
            Self::Anonymous | Self::Full { .. } | Self::OfOneUser { .. } => None,
        }
    }
}
