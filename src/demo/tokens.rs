//! Bearer tokens of two issuers: the demo itself, and whoever's keys `--jwks` names.
//!
//! ```text
//! token ─▶ the demo's verifier ── refused ──▶ the file's verifier ── not its key ──▶ refused as the demo said
//! ```

use std::path::Path;

use enfilade_auth::{
    Attempt, Authenticator, Carrier,
    jwt::{Bearer, JwksFile, Verifier},
};
use enfilade_core::{About, Challenge, Clock};
use http::request;
use tower::BoxError;

use super::identity::{AUDIENCE, LOOK_EVERY};

/// The issuer that the tokens of `--jwks` must name.
const FILE_ISSUER: &str = "https://issuer.example";

/// Bearer tokens of the demo, or of the file.
#[derive(Clone)]
pub(super) struct Tokens {
    own: Bearer,
    file: Option<Bearer>,
}

impl Tokens {
    /// The demo's own verifier, and the file's.
    pub(super) fn new(own: Verifier, file: Option<Verifier>) -> Self {
        Self { own: Bearer::new(own), file: file.map(Bearer::new) }
    }
}

impl Authenticator for Tokens {
    fn carriers(&self) -> Vec<Carrier> {
        self.own.carriers()
    }

    fn authenticate(&self, req: &mut request::Parts) -> Attempt {
        let own = self.own.authenticate(req);
        let (Attempt::Refused(_), Some(file)) = (&own, &self.file) else { return own };
        match file.authenticate(req) {
            // It names no key of the file's, so it is one of ours gone bad: ours says why.
            Attempt::Refused(theirs) if theirs.code() == "auth.token-key-unknown" => own,
            attempt => attempt,
        }
    }

    fn challenges(&self) -> Vec<Challenge> {
        self.own.challenges()
    }

    fn about(&self) -> About {
        self.own.about()
    }
}

/// A verifier for the keys in a JWKS file, which is read again when it changes.
pub(super) fn file_verifier(path: &Path, clock: &Clock) -> Result<Verifier, BoxError> {
    let keys = JwksFile::open(path)?.watched(LOOK_EVERY)?;
    Ok(Verifier::builder(keys)
        .with_issuer(FILE_ISSUER)
        .with_audience(AUDIENCE)
        .with_clock(clock.clone())
        .build()?)
}
