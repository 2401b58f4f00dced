//! Why a sealed cookie counts as absent.
//!
//! ```text
//! Absent · Duplicated · Invalid · KeyUnknown · Expired · NotYetValid ── code() ──▶ the log; to the app it is absent
//! ```

use std::{error::Error, fmt};

/// Why a sealed cookie counts as absent: for logs and metrics, never for the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unopened {
    /// The request brought no such cookie.
    Absent,
    /// It came more than once, with different values, under a `__Host-` name.
    Duplicated,
    /// It is no seal, or was changed, or was made for another name, purpose, kind or profile.
    Invalid,
    /// A key made it that the ring does not hold (any more).
    KeyUnknown,
    /// Its time is over.
    Expired,
    /// It was made more than five minutes in the future: a clock is wrong.
    NotYetValid,
}

impl Unopened {
    /// The stable reason code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Absent => "cookie.absent",
            Self::Duplicated => "cookie.duplicated",
            Self::Invalid => "cookie.seal-invalid",
            Self::KeyUnknown => "cookie.seal-key-unknown",
            Self::Expired => "cookie.seal-expired",
            Self::NotYetValid => "cookie.seal-not-yet-valid",
        }
    }
}

impl fmt::Display for Unopened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent => "the request brought no such cookie",
            Self::Duplicated => "the cookie came twice under a name that cannot",
            Self::Invalid => "the seal is broken, or was made for another use",
            Self::KeyUnknown => "the seal was made by a key that this ring does not hold",
            Self::Expired => "the seal has expired",
            Self::NotYetValid => "the seal was made in the future",
        })
    }
}

impl Error for Unopened {}
