//! Bearer tokens of two issuers: this run itself, and whoever's keys the operator names.
//!
//! ```text
//! token ─▶ iss ── our own address ──▶ a key made for this run      ── --issuer ──▶ keys of the file, or of the URL
//! ```

use std::{path::Path, time::Duration};

use enfilade_auth::jwt::{
    Algorithm, Bearer, Issuers, JwksFile, JwksUrl, Keys, NewToken, SigningKey, Verifier, VerifierBuilder,
};
use enfilade_core::Clock;
use tower::BoxError;

use super::identity::LOOK_EVERY;

/// The audience of our own tokens.
const AUDIENCE: &str = "enfilade-demo";

/// A token for a robot, signed with a key made now, and what verifies it.
pub(crate) fn own(issuer: &str, clock: &Clock) -> (VerifierBuilder, String) {
    let key = SigningKey::generate(Algorithm::Es256).with_id("demo");
    let verifier = Verifier::builder(key.verifying_key())
        .with_issuer(issuer)
        .with_audience(AUDIENCE)
        .with_clock(clock.clone());
    let token = NewToken::new(issuer, AUDIENCE, "robot")
        .with_clock(clock.clone())
        .with_lifetime(Duration::from_secs(3600))
        .with_scopes(["demo:read"])
        .sign(&key);
    (verifier, token)
}

/// Another issuer.
pub(crate) struct Other<'a> {
    pub(crate) keys: JwksAt<'a>,
    /// What its tokens must name.
    pub(crate) issuer: &'a str,
    /// Whom they must be for.
    pub(crate) audience: &'a str,
}

/// Where an issuer's keys are.
pub(crate) enum JwksAt<'a> {
    File(&'a Path),
    Url(&'a str),
}

impl Other<'_> {
    /// What verifies its tokens.
    ///
    /// # Errors
    ///
    /// When file or URL is no good. An issuer that does not answer is no error: its tokens get a 503 until it does.
    pub(crate) fn verifier(&self, clock: &Clock) -> Result<Verifier, BoxError> {
        let keys: Keys = match self.keys {
            JwksAt::File(path) => JwksFile::open(path)?.watched(LOOK_EVERY)?.into(),
            JwksAt::Url(url) => JwksUrl::at(url).start_without_keys()?.keys().clone(),
        };
        Ok(Verifier::builder(keys)
            .with_issuer(self.issuer)
            .with_audience(self.audience)
            .with_clock(clock.clone())
            .build()?)
    }
}

/// Tokens of all these.
///
/// # Errors
///
/// When there is none, or two of one issuer.
pub(crate) fn bearer(mut verifiers: Vec<Verifier>) -> Result<Bearer, BoxError> {
    Ok(match (verifiers.pop(), verifiers.is_empty()) {
        (Some(one), true) => Bearer::new(one),
        (last, _) => Bearer::of_issuers(Issuers::new(verifiers.into_iter().chain(last))?),
    })
}
