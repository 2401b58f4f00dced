//! [`Bearer`]: tokens in `Authorization: Bearer …` (RFC 6750 §2.1), and nowhere else.
//!
//! ```text
//! no Authorization, another scheme   absent
//! Bearer <token>                     judged by the Verifier: proved, or refused with its reason
//! Bearer, and no token after it      refused: auth.token-malformed
//! ```
//!
//! Tokens in a form or a query (RFC 6750 §2.2, §2.3) are never read: they end in logs and histories.
//!
//! ```
//! use enfilade_auth::{Auth, Bearer, Gate, Principal, jwt::{Algorithm, NewToken, SigningKey, Verifier}};
//!
//! let key = SigningKey::generate(Algorithm::Es256);
//! let verifier = Verifier::builder(key.verifying_key())
//!     .with_issuer("https://id.example")
//!     .with_audience("shop")
//!     .build()?;
//! let auth = Auth::new(Bearer::new(verifier));
//!
//! let token = NewToken::new("https://id.example", "shop", "ada").sign(&key);
//! let req = http::Request::builder().header("authorization", format!("Bearer {token}"));
//! let (mut req, ()) = req.body(())?.into_parts();
//! auth.enter(&mut req).unwrap();
//! assert_eq!(Principal::of(&req.extensions).unwrap().subject(), "ada");
//!
//! let forged = NewToken::new("https://id.example", "shop", "ada").sign(&SigningKey::generate(Algorithm::Es256));
//! req.headers.insert("authorization", format!("Bearer {forged}").parse()?);
//! let refused = auth.enter(&mut req).unwrap_err();
//! assert_eq!(refused.code(), "auth.token-signature");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use enfilade_core::{Challenge, Principal};
use http::{HeaderMap, header::AUTHORIZATION, request};

use super::{Issuers, TokenError, TokenFault, Verifier};
use crate::{Attempt, Authenticator, Carrier};

/// Tokens in `Authorization`. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use = "it reads nothing until it stands in an `Auth`"]
pub struct Bearer {
    judge: Judge,
}

#[derive(Clone, Debug)]
enum Judge {
    One(Verifier),
    Several(Issuers),
}

impl Bearer {
    /// Tokens that this verifier accepts.
    pub fn new(verifier: Verifier) -> Self {
        Self { judge: Judge::One(verifier) }
    }

    /// Tokens of several issuers, each judged by its own verifier.
    pub fn of_issuers(issuers: Issuers) -> Self {
        Self { judge: Judge::Several(issuers) }
    }

    /// What is remembered was judged whole: only a token that is not is looked at byte by byte.
    fn judge(&self, token: &[u8]) -> Attempt {
        let recalled = match &self.judge {
            Judge::One(verifier) => verifier.recalled(token),
            Judge::Several(issuers) => issuers.recalled(token),
        };
        if let Some(judged) = recalled {
            return attempt(judged);
        }
        match text(token) {
            Some(token) => self.verify(token),
            None => Attempt::Refused(TokenFault::Malformed.into()),
        }
    }

    fn verify(&self, token: &str) -> Attempt {
        let verifier = match &self.judge {
            Judge::One(verifier) => verifier,
            Judge::Several(issuers) => match issuers.verifier_for(token) {
                Ok(verifier) => verifier,
                Err(error) => return Attempt::Refused(error.into()),
            },
        };
        match verifier.verify(token) {
            Err(error) if error.fault().is_about_keys() => without_key(verifier, token, error),
            judged => attempt(judged),
        }
    }
}

/// Waits for newer keys, where there may be some.
#[cfg(feature = "jwks-url")]
fn without_key(verifier: &Verifier, token: &str, error: TokenError) -> Attempt {
    if !verifier.may_renew() {
        return Attempt::Refused(error.into());
    }
    let (verifier, token) = (verifier.clone(), token.to_owned());
    Attempt::later(async move { attempt(verifier.verify_renewed(&token).await) })
}

#[cfg(not(feature = "jwks-url"))]
fn without_key(_: &Verifier, _: &str, error: TokenError) -> Attempt {
    Attempt::Refused(error.into())
}

fn attempt(judged: Result<Principal, TokenError>) -> Attempt {
    judged.map_or_else(|error| Attempt::Refused(error.into()), Attempt::Proved)
}

impl Authenticator for Bearer {
    fn carriers(&self) -> Vec<Carrier> {
        vec![Carrier::Scheme("Bearer")]
    }

    fn authenticate(&self, req: &mut request::Parts) -> Attempt {
        let Some(token) = token(&req.headers) else { return Attempt::Absent };
        token.map_or_else(|fault| Attempt::Refused(fault.into()), |token| self.judge(token))
    }

    fn challenges(&self) -> Vec<Challenge> {
        vec![Challenge::bearer()]
    }
}

/// The token, if the scheme is ours: `"Bearer" 1*SP token`, the scheme in any case (RFC 9110 §11.4).
fn token(headers: &HeaderMap) -> Option<Result<&[u8], TokenFault>> {
    let value = headers.get(AUTHORIZATION)?.as_bytes();
    let (scheme, rest) = value.split_at_checked("Bearer".len())?;
    let is_ours = scheme == b"Bearer" || scheme.eq_ignore_ascii_case(b"Bearer");
    if !is_ours || rest.first().is_some_and(u8::is_ascii_graphic) {
        return None;
    }
    // Used without `Auth`, which has judged this already. As many names as values: no header is there twice.
    if headers.len() != headers.keys_len() && headers.get_all(AUTHORIZATION).iter().nth(1).is_some() {
        return Some(Err(TokenFault::Malformed));
    }
    let blanks = rest.iter().take_while(|b| **b == b' ').count();
    let token = &rest[blanks..];
    Some(if blanks > 0 && !token.is_empty() { Ok(token) } else { Err(TokenFault::Malformed) })
}

/// More of RFC 6750's `b64token` need not be looked at: the alphabet of a JWT is narrower.
fn text(token: &[u8]) -> Option<&str> {
    let graphic = token.iter().all(u8::is_ascii_graphic);
    str::from_utf8(token).ok().filter(|_| graphic)
}
