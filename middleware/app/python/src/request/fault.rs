//! Why a request cannot be told to an app, and the refusal that it becomes.
//!
//! ```text
//! 400  path-unclear  host-unclear  header-collision  header-repeated  length-unclear
//! 404  not-here      500  user-unfit
//! ```

use enfilade_core::{Rejection, gateway};
use http::StatusCode;

/// The reason codes of one interface.
pub(crate) struct Codes {
    pub(crate) path: &'static str,
    pub(crate) host: &'static str,
    pub(crate) collision: &'static str,
    pub(crate) repeated: &'static str,
    pub(crate) length: &'static str,
    pub(crate) not_here: &'static str,
    pub(crate) user: &'static str,
}

/// Why a request cannot be told to an app.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The path can be read in two ways.
    Path,
    /// No host, or two.
    Host,
    /// Two fields would be one for the app.
    Collision(String),
    /// A field that may be there once is there twice.
    Repeated(&'static str),
    /// The length is no number.
    Length,
    /// The path is not below the app's.
    NotHere,
    /// The proved subject cannot be told.
    User,
}

impl From<gateway::Fault> for Fault {
    fn from(fault: gateway::Fault) -> Self {
        match fault {
            gateway::Fault::Path => Self::Path,
            gateway::Fault::Host => Self::Host,
            _ => Self::User,
        }
    }
}

impl Fault {
    /// The refusal.
    #[cold]
    pub(crate) fn reject(self, codes: &Codes) -> Rejection {
        let bad = |code| Rejection::new(StatusCode::BAD_REQUEST, code);
        match self {
            Self::Path => bad(codes.path).with_detail("the path can be read in two ways"),
            Self::Host => bad(codes.host).with_detail("name one host"),
            Self::Collision(name) => {
                bad(codes.collision).with_detail("two header fields would be one for the app").with_log(name)
            }
            Self::Repeated(name) => {
                bad(codes.repeated).with_detail("a header field is there twice").with_log(name)
            }
            Self::Length => bad(codes.length).with_detail("content-length is no number"),
            Self::NotHere => Rejection::new(StatusCode::NOT_FOUND, codes.not_here),
            Self::User => Rejection::new(StatusCode::INTERNAL_SERVER_ERROR, codes.user)
                .with_log("the proved subject is empty or holds a NUL: no app would take it for a user"),
        }
    }
}
