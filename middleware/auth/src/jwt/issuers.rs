//! [`Issuers`]: tokens of several issuers at once, each judged by the verifier of the issuer that it names.
//!
//! ```text
//! token ─▶ remembered by one of them? ──▶ its word
//!      └─▶ iss, unproved ── listed? ──▶ that issuer's verifier: its keys, audience, types … and iss again, proved
//!                        └ no ──▶ auth.token-issuer: no key is looked up, and nothing fetched
//! ```
//!
//! The unproved `iss` only picks who judges. A token that names another issuer than its signer is judged by the keys of
//! the issuer that it names, and those never made it.
//!
//! ```
//! use enfilade_auth::{Auth, Bearer, jwt::{Algorithm, Issuers, NewToken, SigningKey, Verifier}};
//!
//! let (staff, guests) = (SigningKey::generate(Algorithm::Es256), SigningKey::generate(Algorithm::EdDsa));
//! let verifier = |key: &SigningKey, issuer: &str| {
//!     Verifier::builder(key.verifying_key()).with_issuer(issuer).with_audience("shop").build()
//! };
//! let issuers = Issuers::new([verifier(&staff, "https://staff.example")?, verifier(&guests, "https://guests.example")?])?;
//!
//! let token = NewToken::new("https://guests.example", "shop", "bob").sign(&guests);
//! assert_eq!(issuers.verify(&token).unwrap().issuer(), Some("https://guests.example"));
//! let posing = NewToken::new("https://staff.example", "shop", "ada").sign(&guests);
//! assert!(issuers.verify(&posing).is_err());
//! let auth = Auth::new(Bearer::of_issuers(issuers));
//! # Ok::<(), enfilade_auth::ConfigError>(())
//! ```

use std::sync::Arc;

use enfilade_core::Principal;

use super::{TokenError, TokenFault, Verifier, base64url, compact::MAX_TOKEN, fault::Quoted, object::Object};
use crate::ConfigError;

/// Verifiers by the issuer. Cheap to clone. See the [module docs](self).
#[derive(Clone, Debug)]
pub struct Issuers(Arc<[Verifier]>);

impl Issuers {
    /// These verifiers, each for the issuers that it accepts.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Verifier`], when there is none, when one accepts any issuer, or two accept the same.
    pub fn new(verifiers: impl IntoIterator<Item = Verifier>) -> Result<Self, ConfigError> {
        let verifiers: Arc<[Verifier]> = verifiers.into_iter().collect();
        let wrong = |problem| Err(ConfigError::Verifier { setting: "issuers", problem });
        if verifiers.is_empty() {
            return wrong("give at least one verifier");
        }
        if verifiers.iter().any(|verifier| verifier.issuers().is_empty()) {
            return wrong("a verifier for any issuer cannot stand beside others");
        }
        let mut names: Vec<_> = verifiers.iter().flat_map(Verifier::issuers).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return wrong("two verifiers accept the same issuer: nobody could say which of them judges");
        }
        Ok(Self(verifiers))
    }

    /// Judges a token by the verifier of the issuer that it names.
    ///
    /// # Errors
    ///
    /// [`TokenError`], as that verifier says; [`TokenFault::Issuer`], when there is none for it.
    pub fn verify(&self, token: &str) -> Result<Principal, TokenError> {
        match self.recalled(token.as_bytes()) {
            Some(judged) => judged,
            None => self.verifier_for(token)?.verify(token),
        }
    }

    /// The word on a token that one of them remembers: its issuer was proved then.
    pub(super) fn recalled(&self, token: &[u8]) -> Option<Result<Principal, TokenError>> {
        self.0.iter().find_map(|verifier| verifier.recalled(token))
    }

    pub(super) fn verifier_for(&self, token: &str) -> Result<&Verifier, TokenError> {
        let issuer = unproved_issuer(token)?;
        let accepts = |verifier: &&Verifier| verifier.issuers().iter().any(|name| **name == *issuer);
        let unlisted = || TokenError::with_log(TokenFault::Issuer, format_args!("iss {}", Quoted(&issuer)));
        self.0.iter().find(accepts).ok_or_else(unlisted)
    }
}

/// Which issuer a token says that it is from; nothing is proved.
fn unproved_issuer(token: &str) -> Result<String, TokenError> {
    if token.len() > MAX_TOKEN {
        return Err(TokenError::with_log(TokenFault::Malformed, format_args!("{} bytes", token.len())));
    }
    let payload = token.split('.').nth(1).and_then(base64url::decode).ok_or(TokenFault::Malformed)?;
    let json = String::from_utf8(payload).map_err(|_| TokenFault::Malformed)?;
    let claims = Object::parse(&json).ok_or(TokenFault::Malformed)?;
    Ok(claims.string("iss").ok().flatten().ok_or(TokenFault::Claim("iss"))?.into_owned())
}
