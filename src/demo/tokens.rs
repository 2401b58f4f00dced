//! Bearer tokens of two issuers: the demo itself, and whoever's keys `--jwks` or `--jwks-url` names.
//!
//! ```text
//! token ─▶ iss ── the demo's address ──▶ its own key      ── --issuer ──▶ keys of the file, or of the URL
//! ```

use enfilade_auth::jwt::{Bearer, Issuers, JwksFile, JwksUrl, Keys, Verifier};
use enfilade_core::Clock;
use tower::BoxError;

use super::identity::LOOK_EVERY;
use crate::cli::Args;

/// Tokens of the demo, by its own verifier, and of the other issuer, if there is one.
///
/// # Errors
///
/// When the file or the URL is no good. An issuer that does not answer is no error: its tokens get a 503 until it does.
pub(super) fn tokens(own: Verifier, args: &Args, clock: &Clock) -> Result<Bearer, BoxError> {
    let keys: Keys = match (&args.jwks, &args.jwks_url) {
        (Some(path), _) => JwksFile::open(path)?.watched(LOOK_EVERY)?.into(),
        (None, Some(url)) => JwksUrl::at(url).start_without_keys()?.keys().clone(),
        (None, None) => return Ok(Bearer::new(own)),
    };
    let theirs = Verifier::builder(keys)
        .with_issuer(&*args.issuer)
        .with_audience(&*args.audience)
        .with_clock(clock.clone())
        .build()?;
    Ok(Bearer::of_issuers(Issuers::new([own, theirs])?))
}
