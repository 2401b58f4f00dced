//! Why a cookie was not taken.
//!
//! ```text
//! CookieError ── code() "cookie.bad-value" ── into a Rejection ──▶ 500: the app's fault, and nothing was sent
//! ```

use std::{error::Error, fmt};

use enfilade_core::Rejection;
use http::StatusCode;

/// Why a cookie was not taken; nothing of it is sent.
///
/// It is the app's fault, not the client's, so as a [`Rejection`] it is a 500 with [`CookieError::code`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CookieError {
    /// The name is not a token (RFC 9110 §5.6.2).
    Name,
    /// The name lacks the profile's prefix, carries another one, or spells one in another case.
    Prefix {
        /// What the name must begin with; empty for no prefix at all.
        expected: &'static str,
    },
    /// The value holds a byte that may not stand in a cookie (RFC 6265 §4.1.1).
    Value,
    /// An attribute's value may not stand in a cookie, or is longer than 1,024 bytes.
    Attribute {
        /// Which attribute.
        attribute: &'static str,
    },
    /// Attributes that no browser accepts together.
    Combination,
    /// It would live longer than 400 days (RFC 6265bis §5.5).
    Lifetime,
    /// Name, value and attributes together are longer than 4,096 bytes (RFC 6265 §6.1).
    TooLong {
        /// How many bytes it has.
        bytes: usize,
    },
    /// All cookies together would take more than half of the header limit: see [`Jar::add`](crate::Jar::add).
    JarFull {
        /// What they would take.
        bytes: usize,
        /// What they may take.
        limit: usize,
    },
    /// One response sets more than 64 cookies.
    TooMany,
    /// The response's head has left already.
    TooLate,
    /// The machine gave no randomness, or the cipher failed.
    Seal,
}

impl CookieError {
    /// The stable reason code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Name => "cookie.bad-name",
            Self::Prefix { .. } => "cookie.bad-prefix",
            Self::Value => "cookie.bad-value",
            Self::Attribute { .. } => "cookie.bad-attribute",
            Self::Combination => "cookie.bad-combination",
            Self::Lifetime => "cookie.lifetime-too-long",
            Self::TooLong { .. } => "cookie.too-long",
            Self::JarFull { .. } => "cookie.jar-full",
            Self::TooMany => "cookie.too-many",
            Self::TooLate => "cookie.too-late",
            Self::Seal => "cookie.seal-failed",
        }
    }
}

impl fmt::Display for CookieError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => f.write_str("a cookie's name is letters, digits and `-_.`: choose another name"),
            Self::Prefix { expected: "" } => {
                f.write_str("this profile's names have no prefix: leave it out or choose another profile")
            }
            Self::Prefix { expected } => {
                write!(f, "this profile's names begin with `{expected}`, in this spelling: add it or choose another profile")
            }
            Self::Value => f.write_str(
                "a cookie's value is visible ASCII without `\"`, `,`, `;` and `\\`: encode it, or use the private view",
            ),
            Self::Attribute { attribute } => {
                write!(f, "`{attribute}` may not have this value: see `Profile`")
            }
            Self::Combination => f.write_str(
                "no browser takes these attributes together: `__Host-` wants Path=/ and no Domain, `__Http-` wants HttpOnly, \
                 SameSite=None and Partitioned want Secure",
            ),
            Self::Lifetime => f.write_str("a cookie lives at most 400 days: shorten its Max-Age"),
            Self::TooLong { bytes } => {
                write!(f, "a cookie has at most 4096 bytes, this one has {bytes}: keep the data elsewhere")
            }
            Self::TooMany => f.write_str("one response sets at most 64 cookies: set fewer"),
            Self::JarFull { bytes, limit } => write!(
                f,
                "all cookies together may take {limit} bytes and would take {bytes}: remove one, or raise \
                 `Cookies::with_header_limit` if every server before this one accepts more"
            ),
            Self::TooLate => f.write_str("the response's head has left: set cookies before the response is returned"),
            Self::Seal => f.write_str("the cookie could not be sealed"),
        }
    }
}

impl Error for CookieError {}

impl From<CookieError> for Rejection {
    fn from(error: CookieError) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, error.code()).with_log(error.to_string())
    }
}
