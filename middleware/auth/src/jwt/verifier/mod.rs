//! [`Verifier`]: from the text of a token to a [`Principal`], or to the reason why not.
//!
//! ```text
//! token ─▶ remembered? ──no──▶ size ▸ shape ▸ header ▸ typ ▸ key ▸ algorithm is the key's ▸ signature ▸ claims
//!              │ yes                                          ┌── issuer ▸ audience ◀─────────────────────┘
//!              └──────────────▶ judged on every request: exp ▸ nbf ▸ iat ▸ revoked
//! ```
//!
//! 1. An expected issuer or audience makes the claim required. Without an expected audience a token that has one
//!    is meant for others (RFC 7519 §4.1.3), so one is named, or [`insecure_any_audience`] says that none counts.
//! 2. `exp` and `sub` are required; whatever registered claim is there must be well-formed, wanted or not.
//! 3. `typ` is `JWT`, `at+jwt` or absent. RFC 7519 §5.1 makes it optional and RFC 9068 §4 wants `at+jwt` alone,
//!    which is [`with_types`]`(["at+jwt"])`: choose it when your issuer writes it. Other types, such as a logout or
//!    session token, are never accepted by accident (RFC 8725 §3.11).
//! 4. Only a token that passed all of it is remembered: its claims, and nothing of the judgement.
//!
//! ```
//! use enfilade_auth::jwt::{Algorithm, NewToken, SigningKey, TokenFault, Verifier};
//!
//! let key = SigningKey::generate(Algorithm::Es256);
//! let verifier = Verifier::builder(key.verifying_key())
//!     .with_issuer("https://id.example")
//!     .with_audience("shop")
//!     .build()?;
//!
//! let token = NewToken::new("https://id.example", "shop", "ada").with_scopes(["orders:read"]);
//! let who = verifier.verify(&token.sign(&key)).unwrap();
//! assert_eq!(who.subject(), "ada");
//! assert!(who.has_scope("orders:read"));
//!
//! let for_others = NewToken::new("https://id.example", "bank", "ada").sign(&key);
//! assert_eq!(verifier.verify(&for_others).unwrap_err().fault(), TokenFault::Audience);
//! # Ok::<(), enfilade_auth::ConfigError>(())
//! ```
//!
//! [`insecure_any_audience`]: VerifierBuilder::insecure_any_audience
//! [`with_types`]: VerifierBuilder::with_types

mod builder;
mod cache;
mod judge;

pub use self::builder::VerifierBuilder;

use std::{fmt, mem, sync::Arc};

use enfilade_core::{AuthMethod, Principal};

use self::{
    builder::{Kind, Settings},
    cache::{Cache, Proved},
};
#[cfg(feature = "jwks-url")]
use super::jwks_url::Renewed;
use super::{
    Keys,
    claims::Claims,
    compact::{Compact, Header, Room},
    fault::{Quoted, TokenError, TokenFault},
    known_header::LastHeader,
};

/// Judges tokens. Cheap to clone; clones share what is remembered. See the [module docs](self).
#[derive(Clone)]
pub struct Verifier(Arc<Inner>);

struct Inner {
    settings: Settings,
    keys: Keys,
    /// Of this verifier alone: that is how what is remembered is bound to issuer, audience and all the rest.
    cache: Option<Cache>,
    header: LastHeader,
}

impl Verifier {
    /// Begins a verifier that trusts these keys: a [`VerifyingKey`](super::VerifyingKey), a
    /// [`KeySet`](super::KeySet), or [`Keys`] that change.
    pub fn builder(keys: impl Into<Keys>) -> VerifierBuilder {
        VerifierBuilder::new(keys.into())
    }

    /// Judges a token.
    ///
    /// # Errors
    ///
    /// [`TokenError`], with why; `?` in a gate turns it into the [`Rejection`](enfilade_core::Rejection).
    pub fn verify(&self, token: &str) -> Result<Principal, TokenError> {
        let Inner { settings, keys, cache, .. } = &*self.0;
        let generation = keys.generation();
        if let Some(judged) = self.recall(token.as_bytes(), generation) {
            return judged;
        }
        let proved = self.prove(token, generation)?;
        judge::now(settings, &proved)?;
        let principal = proved.principal.clone();
        if let Some(cache) = cache {
            cache.keep(token, proved);
        }
        Ok(principal)
    }

    /// The same, and where its key is not known, waits for the issuer's newest keys, as
    /// [`JwksUrl`](super::JwksUrl) allows.
    ///
    /// # Errors
    ///
    /// [`TokenError`]; [`TokenFault::KeysUnavailable`] when nobody can say whether the issuer has that key.
    #[cfg(feature = "jwks-url")]
    pub async fn verify_renewed(&self, token: &str) -> Result<Principal, TokenError> {
        let judged = self.verify(token);
        match (self.0.keys.demand(), &judged) {
            (Some(demand), Err(error)) if error.fault().is_about_keys() => match demand.renewed().await {
                Renewed::Fresh => self.verify(token),
                Renewed::Unknown => Err(TokenFault::KeysUnavailable.into()),
            },
            _ => judged,
        }
    }

    /// Whether a token that was refused for want of a key is worth [`verify_renewed`](Self::verify_renewed).
    #[cfg(feature = "jwks-url")]
    pub(super) fn may_renew(&self) -> bool {
        self.0.keys.demand().is_some()
    }

    /// The word on a token that is remembered.
    pub(super) fn recalled(&self, token: &[u8]) -> Option<Result<Principal, TokenError>> {
        self.recall(token, self.0.keys.generation())
    }

    /// The issuers that are accepted; none, when any is.
    pub(super) fn issuers(&self) -> &[Box<str>] {
        &self.0.settings.issuers.names
    }

    fn recall(&self, token: &[u8], generation: u64) -> Option<Result<Principal, TokenError>> {
        let known = self.0.cache.as_ref()?.find(token, generation)?;
        let judged = judge::now(&self.0.settings, &known.proved);
        Some(judged.map(|()| known.proved.principal.clone()))
    }

    /// Whom a token of ours is about, whatever the clock and the revocations say of it now.
    #[cfg(feature = "cookie")]
    pub(in crate::jwt) fn read(&self, token: &str) -> Result<Principal, TokenError> {
        Ok(self.prove(token, self.0.keys.generation())?.principal)
    }

    /// What holds for ever: the signature is good, the claims are well-formed, by whom they should be and for us.
    fn prove(&self, token: &str, generation: u64) -> Result<Proved, TokenError> {
        let settings = &self.0.settings;
        let mut room = Room::new();
        let known = self.0.header.get();
        let compact = Compact::parse(token, &mut room, known.as_deref())?;
        check_type(settings, &compact.header)?;
        let keys = self.0.keys.current();
        if keys.is_empty() {
            return Err(TokenFault::KeysUnavailable.into());
        }
        compact.check_signature(&keys)?;
        if !known.as_ref().is_some_and(|known| known.begins(token)) {
            self.0.header.note(token, &compact.header);
        }
        let json = String::from_utf8(compact.payload).map_err(|_| TokenFault::Malformed)?;
        let mut proved = {
            let claims = Claims::parse(&json, &settings.roles_claim, &settings.required)?;
            let principal = principal(settings, &claims, compact.signing_input)?;
            judge::parties(settings, &claims)?;
            let Claims { expires, not_before, issued_at, .. } = claims;
            Proved { generation, principal, expires, not_before, issued_at }
        };
        proved.principal = mem::take(&mut proved.principal).with_claims(json);
        Ok(proved)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("keys", &self.0.keys).finish_non_exhaustive()
    }
}

/// RFC 7515 §4.1.9: without regard to case, and `application/` may be left out.
fn check_type(settings: &Settings, header: &Header<'_>) -> Result<(), TokenError> {
    let Some(typ) = header.typ.as_deref() else {
        return if settings.allow_untyped { Ok(()) } else { Err(TokenFault::Type.into()) };
    };
    let short = match typ.split_at_checked("application/".len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case("application/") && !rest.contains('/') => rest,
        _ => typ,
    };
    if settings.types.iter().any(|known| known.eq_ignore_ascii_case(short)) {
        return Ok(());
    }
    Err(TokenError::with_log(TokenFault::Type, format_args!("typ {}", Quoted(typ))))
}

fn principal(settings: &Settings, claims: &Claims<'_>, signing_input: &str) -> Result<Principal, TokenError> {
    let subject = claims.subject.as_deref().ok_or(TokenFault::Claim("sub"))?;
    let mut who = Principal::new(subject)
        .with_credential_id(&*claims.credential_id(signing_input))
        .with_scopes(claims.scopes.iter().map(|word| &**word))
        .with_roles(claims.roles.iter().map(|word| &**word))
        .with_amr(claims.amr.iter().map(|word| &**word));
    let (method, issuer) = match settings.kind {
        Kind::Bearer => (AuthMethod::Bearer, &claims.issuer),
        #[cfg(feature = "cookie")]
        Kind::Session => (AuthMethod::Cookie, &claims.proved_by),
    };
    who = who.with_method(method).with_ambient(method == AuthMethod::Cookie);
    if let Some(issuer) = issuer {
        who = who.with_issuer(&**issuer);
    }
    if let Some(acr) = &claims.acr {
        who = who.with_acr(&**acr);
    }
    if let Some(seconds) = claims.auth_time {
        who = who.with_auth_time(seconds);
    }
    match claims.expires {
        Some(seconds) => Ok(who.with_expires(seconds)),
        None if settings.allow_no_expiry => Ok(who),
        None => Err(TokenFault::Claim("exp").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwt::{Algorithm, NewToken, SigningKey};

    #[test]
    fn a_header_is_known_once_a_signature_under_it_was_good_and_decides_nothing() {
        let key = |id: &str| SigningKey::from_secret(Algorithm::Hs256, &[7; 32]).unwrap().with_id(id);
        let keys = Keys::new(key("a").verifying_key());
        let settings = Verifier::builder(keys.clone()).with_issuer("i").with_audience("shop");
        let verifier = settings.build().unwrap();
        let token = |subject: &str| NewToken::new("i", "shop", subject).sign(&key("a"));
        let forged = |subject| format!("{}AAAA", token(subject).rsplit_once('.').unwrap().0.to_owned() + ".");
        assert_eq!(verifier.verify(&forged("eve")).unwrap_err().fault(), TokenFault::Signature);
        assert!(verifier.0.header.get().is_none());

        assert!(verifier.verify(&token("ada")).is_ok());
        assert!(verifier.0.header.get().is_some_and(|known| known.begins(&token("bob"))));
        assert!(verifier.verify(&token("bob")).is_ok());
        assert_eq!(verifier.verify(&forged("eve")).unwrap_err().fault(), TokenFault::Signature);

        let other = SigningKey::from_secret(Algorithm::Hs384, &[7; 48]).unwrap().with_id("a");
        keys.replace(other.verifying_key());
        assert_eq!(verifier.verify(&token("cem")).unwrap_err().fault(), TokenFault::Algorithm);
        keys.replace(key("b").verifying_key());
        assert_eq!(verifier.verify(&token("cem")).unwrap_err().fault(), TokenFault::KeyUnknown);
    }
}
