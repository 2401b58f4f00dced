//! What is asked anew on every request, of a token just proved and of one remembered alike.

use super::{Proved, Settings};
use crate::jwt::fault::{Quoted, TokenError, TokenFault};

/// Judges by the clock and the revocations of this moment.
pub(super) fn now(settings: &Settings, token: &Proved) -> Result<(), TokenError> {
    let now = settings.clock.unix_seconds();
    issuer(settings, token)?;
    audience(settings, token)?;
    times(settings.leeway, token, now)?;
    if settings.revocation.as_ref().is_some_and(|check| check.is_revoked(&token.principal)) {
        let id = token.principal.credential_id().unwrap_or_default();
        return Err(TokenError::with_log(TokenFault::Revoked, format_args!("credential {}", Quoted(id))));
    }
    Ok(())
}

fn issuer(settings: &Settings, token: &Proved) -> Result<(), TokenError> {
    if settings.any_issuer {
        return Ok(());
    }
    let issuer = token.principal.issuer().ok_or(TokenFault::Claim("iss"))?;
    if settings.issuers.iter().any(|known| **known == *issuer) {
        return Ok(());
    }
    Err(TokenError::with_log(TokenFault::Issuer, format_args!("iss {}", Quoted(issuer))))
}

fn audience(settings: &Settings, token: &Proved) -> Result<(), TokenError> {
    if settings.any_audience {
        return Ok(());
    }
    let audience = token.audience.as_deref().ok_or(TokenFault::Claim("aud"))?;
    if audience.iter().any(|word| settings.audiences.iter().any(|known| **known == **word)) {
        return Ok(());
    }
    let first = audience.first().map(String::as_str).unwrap_or_default();
    Err(TokenError::with_log(TokenFault::Audience, format_args!("aud {}", Quoted(first))))
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
