//! The judgement: what holds of a token for ever, and what is asked anew on every request, remembered or not.
//!
//! ```text
//! parties   iss, aud: with the proof, before anything is remembered
//! now       exp, nbf, iat, revoked: every time
//! ```

use super::{Proved, Settings};
use crate::jwt::{
    claims::Claims,
    fault::{Quoted, TokenError, TokenFault},
    object::Words,
};

/// Judges by the clock and the revocations of this moment.
pub(super) fn now(settings: &Settings, token: &Proved) -> Result<(), TokenError> {
    times(settings.leeway, token, settings.clock.unix_seconds())?;
    if settings.revocations.iter().any(|check| check.is_revoked(&token.principal)) {
        let id = token.principal.credential_id().unwrap_or_default();
        return Err(TokenError::with_log(TokenFault::Revoked, format_args!("credential {}", Quoted(id))));
    }
    Ok(())
}

/// Judges whose word it is and whom it is for. A verifier's settings never change, and what it remembers is its own.
pub(super) fn parties(settings: &Settings, claims: &Claims<'_>) -> Result<(), TokenError> {
    issuer(settings, claims.issuer.as_deref())?;
    audience(settings, claims.audience.as_ref())
}

fn issuer(settings: &Settings, issuer: Option<&str>) -> Result<(), TokenError> {
    match issuer {
        Some(issuer) if settings.issuers.accepts(issuer) => Ok(()),
        Some(issuer) => Err(TokenError::with_log(TokenFault::Issuer, format_args!("iss {}", Quoted(issuer)))),
        None if settings.issuers.any => Ok(()),
        None => Err(TokenFault::Claim("iss").into()),
    }
}

fn audience(settings: &Settings, audience: Option<&Words<'_>>) -> Result<(), TokenError> {
    match audience {
        _ if settings.audiences.any => Ok(()),
        Some(words) if words.iter().any(|word| settings.audiences.accepts(word)) => Ok(()),
        Some(words) => {
            let first = words.first().map(|word| &**word).unwrap_or_default();
            Err(TokenError::with_log(TokenFault::Audience, format_args!("aud {}", Quoted(first))))
        }
        None => Err(TokenFault::Claim("aud").into()),
    }
}

/// RFC 7519 §4.1.4 to §4.1.6. A token from the future tells of a wrong clock, ours or the issuer's.
fn times(leeway: u64, token: &Proved, now: u64) -> Result<(), TokenError> {
    if let Some(expires) = token.expires.filter(|expires| now >= expires.saturating_add(leeway)) {
        return Err(TokenError::with_log(TokenFault::Expired, format_args!("exp {expires}, now {now}")));
    }
    // Nothing is before everything.
    let begins = token.not_before.max(token.issued_at);
    if let Some(begins) = begins.filter(|begins| *begins > now.saturating_add(leeway)) {
        return Err(TokenError::with_log(
            TokenFault::NotYetValid,
            format_args!("nbf or iat {begins}, now {now}"),
        ));
    }
    Ok(())
}
