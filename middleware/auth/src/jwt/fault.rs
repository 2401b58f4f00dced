//! [`TokenFault`]: every reason why a token is refused, with its stable code and the words that a client reads.
//!
//! ```text
//! TokenError { fault, log } ──▶ Rejection { 401, code, Bearer error="invalid_token", detail; log: log only }
//! ```
//!
//! ```
//! use enfilade_auth::{Rejection, jwt::TokenFault};
//!
//! let refused = Rejection::from(TokenFault::Expired);
//! assert_eq!((refused.status().as_u16(), refused.code()), (401, "auth.token-expired"));
//! assert_eq!(refused.challenges()[0].param("error"), Some("invalid_token"));
//! ```

use std::{borrow::Cow, fmt};

use enfilade_core::{Challenge, Rejection};
use http::{HeaderValue, StatusCode, header::RETRY_AFTER};

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenFault {
    /// It is too long, or not three parts of strict base64url with JSON objects in the first two.
    Malformed,
    /// It demands an extension by `crit` or `b64`; none is offered (RFC 7515 §4.1.11, RFC 7797).
    Critical,
    /// Its `typ` is not one that is accepted here (RFC 8725 §3.11).
    Type,
    /// Its `alg` is not offered, or not the one that its key is bound to.
    Algorithm,
    /// No key, or more than one, fits its `kid` and `alg`.
    KeyUnknown,
    /// Nobody can say now which keys its issuer has: a 503.
    KeysUnavailable,
    /// The signature is not the key's.
    Signature,
    /// This claim is missing, doubled or malformed.
    Claim(&'static str),
    /// It comes from another issuer.
    Issuer,
    /// It is meant for others.
    Audience,
    /// It has expired.
    Expired,
    /// Its `nbf` or `iat` lies in the future.
    NotYetValid,
    /// It is bound to its sender by `cnf` (RFC 7800): whether that sender brings it cannot be checked here, and as a
    /// mere bearer token it must not pass (RFC 9449 §7.2, RFC 8705 §3).
    Bound,
    /// It was revoked.
    Revoked,
}

impl TokenFault {
    /// The stable reason code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Malformed => "auth.token-malformed",
            Self::Critical => "auth.token-critical",
            Self::Type => "auth.token-type",
            Self::Algorithm => "auth.token-algorithm",
            Self::KeyUnknown => "auth.token-key-unknown",
            Self::KeysUnavailable => "auth.keys-unavailable",
            Self::Signature => "auth.token-signature",
            Self::Claim(_) => "auth.token-claims",
            Self::Issuer => "auth.token-issuer",
            Self::Audience => "auth.token-audience",
            Self::Expired => "auth.token-expired",
            Self::NotYetValid => "auth.token-not-yet-valid",
            Self::Bound => "auth.token-bound",
            Self::Revoked => "auth.token-revoked",
        }
    }

    /// Whether newer keys of the issuer could change it.
    pub(super) fn is_about_keys(self) -> bool {
        matches!(self, Self::KeyUnknown | Self::KeysUnavailable)
    }

    /// What the client reads: nothing of the token, nothing of the keys.
    pub fn detail(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Malformed => "the token is malformed",
            Self::Critical => "the token demands an extension that is not offered here",
            Self::Type => "the token is of a type that is not accepted here",
            Self::Algorithm => "the token's algorithm is not accepted here",
            Self::KeyUnknown => "the token's key is not known here",
            Self::KeysUnavailable => "the token cannot be checked now: try again in a moment",
            Self::Signature => "the token's signature is wrong",
            Self::Claim(name) => {
                return Cow::Owned(format!("the token's claim {name} is missing or malformed"));
            }
            Self::Issuer => "the token comes from an issuer that is not accepted here",
            Self::Audience => "the token is meant for others",
            Self::Expired => "the token has expired",
            Self::NotYetValid => "the token is not valid yet",
            Self::Bound => "the token is bound to a sender, which is not checked here",
            Self::Revoked => "the token was revoked",
        })
    }
}

/// The refusal for the client, without a word for the log.
impl From<TokenFault> for Rejection {
    fn from(fault: TokenFault) -> Self {
        let detail = fault.detail();
        if fault == TokenFault::KeysUnavailable {
            return Self::new(StatusCode::SERVICE_UNAVAILABLE, fault.code())
                .with_detail(detail)
                .with_header(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        let challenge = Challenge::bearer().with_error("invalid_token", detail.clone());
        Self::new(StatusCode::UNAUTHORIZED, fault.code()).with_challenge(challenge).with_detail(detail)
    }
}

/// A refused token: why, and what the log may read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenError {
    fault: TokenFault,
    log: Option<String>,
}

impl TokenError {
    /// Why.
    pub fn fault(&self) -> TokenFault {
        self.fault
    }

    /// What the log may read; holds nothing of the signature and no whole token.
    pub fn log(&self) -> Option<&str> {
        self.log.as_deref()
    }

    /// Says more to the log. Claims and headers of a token are the client's words: only escaped and cut.
    pub(super) fn with_log(fault: TokenFault, log: impl fmt::Display) -> Self {
        Self { fault, log: Some(log.to_string()) }
    }
}

impl From<TokenFault> for TokenError {
    fn from(fault: TokenFault) -> Self {
        Self { fault, log: None }
    }
}

impl From<TokenError> for Rejection {
    fn from(error: TokenError) -> Self {
        let rejection = Self::from(error.fault);
        match error.log {
            Some(log) => rejection.with_log(log),
            None => rejection,
        }
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fault.detail())?;
        match &self.log {
            Some(log) => write!(f, ": {log}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for TokenError {}

/// A word of the client's for the log: quoted, escaped, at most 64 characters.
pub(super) struct Quoted<'a>(pub(super) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cut = self.0.char_indices().nth(64).map_or(self.0, |(end, _)| &self.0[..end]);
        write!(f, "{cut:?}{}", if cut.len() < self.0.len() { "…" } else { "" })
    }
}
