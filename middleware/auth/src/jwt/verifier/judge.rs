//! What is asked anew on every request, of a token just proved and of one remembered alike.

use super::{Proved, Settings};
use crate::jwt::fault::{Quoted, TokenError, TokenFault};

/// Judges by the clock and the revocations of this moment.
pub(super) fn now(settings: &Settings, token: &Proved) -> Result<(), TokenError> {
    let now = settings.clock.unix_seconds();
    issuer(settings, token)?;
    audience(settings, token)?;
    times(settings.leeway, token, now)?;
    if settings.revocations.iter().any(|check| check.is_revoked(&token.principal)) {
        let id = token.principal.credential_id().unwrap_or_default();
        return Err(TokenError::with_log(TokenFault::Revoked, format_args!("credential {}", Quoted(id))));
    }
    Ok(())
}

fn issuer(settings: &Settings, token: &Proved) -> Result<(), TokenError> {
    match token.issuer.as_deref() {
        Some(issuer) if settings.issuers.accepts(issuer) => Ok(()),
        Some(issuer) => Err(TokenError::with_log(TokenFault::Issuer, format_args!("iss {}", Quoted(issuer)))),
        None if settings.issuers.any => Ok(()),
        None => Err(TokenFault::Claim("iss").into()),
    }
}

fn audience(settings: &Settings, token: &Proved) -> Result<(), TokenError> {
    match token.audience.as_deref() {
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
    let begins = [token.not_before, token.issued_at].into_iter().flatten().max();
    if let Some(begins) = begins.filter(|begins| *begins > now.saturating_add(leeway)) {
        return Err(TokenError::with_log(
            TokenFault::NotYetValid,
            format_args!("nbf or iat {begins}, now {now}"),
        ));
    }
    Ok(())
}
