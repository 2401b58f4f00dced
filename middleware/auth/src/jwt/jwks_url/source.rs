//! Where an issuer's keys are, and how they are got: from a known address, or by way of its metadata.
//!
//! ```text
//! Keys at …       ───────────────────────────────────────────▶ GET jwks ──▶ KeySet
//! OpenID, OAuth   GET …/.well-known/… ─ issuer equal? ─ jwks_uri ─┘
//! ```
//!
//! Metadata is read anew each time: an issuer that moves its keys says so there, and the old address may serve old keys.

use std::borrow::Cow;

use aws_lc_rs::digest::{SHA256, digest};

use super::{
    fetch::{Fetcher, Kind, Trouble},
    url::Url,
};
use crate::{
    ConfigError,
    jwt::{Algorithm, KeySet, fault::Quoted, object::Object},
};

/// Of a document: the same one brings the same keys.
pub(super) type Digest = [u8; 32];

/// What keys are fetched by.
pub(super) enum Source {
    /// The address of a JWK set.
    Keys(Url),
    /// The address of metadata, and the issuer that it must be about.
    Metadata { url: Url, issuer: Box<str> },
}

impl Source {
    pub(super) fn url(&self) -> &Url {
        match self {
            Self::Keys(url) | Self::Metadata { url, .. } => url,
        }
    }

    pub(super) fn issuer(&self) -> Option<&str> {
        match self {
            Self::Keys(_) => None,
            Self::Metadata { issuer, .. } => Some(issuer),
        }
    }

    /// The keys, and a digest of the document that they stand in.
    pub(super) async fn fetch(&self, fetcher: &Fetcher, rsa: Algorithm) -> Result<(KeySet, Digest), Trouble> {
        let at = match self {
            Self::Keys(url) => Cow::Borrowed(url),
            Self::Metadata { url, issuer } => {
                let text =
                    fetcher.get(url, Kind::Metadata).await.map_err(|error| format!("metadata: {error}"))?;
                Cow::Owned(jwks_uri(&text, url, issuer)?)
            }
        };
        let text = fetcher.get(&at, Kind::Keys).await.map_err(|error| format!("keys: {error}"))?;
        let set = KeySet::from_published_jwks(&text, rsa).map_err(|error| match error {
            ConfigError::Key { problem, .. } => format!("keys: {problem}"),
            other => other.to_string(),
        })?;
        Ok((set, digest(&SHA256, text.as_bytes()).as_ref().try_into().expect("SHA-256 has 32 bytes")))
    }
}

/// OpenID Connect Discovery §4.3, RFC 8414 §3.3: the issuer is compared byte by byte, or one issuer of a host could
/// speak for another.
fn jwks_uri(text: &str, at: &Url, issuer: &str) -> Result<Url, Trouble> {
    let object = Object::parse(text).ok_or("metadata: this is not one JSON object with each name once")?;
    match object.string("issuer") {
        Ok(Some(named)) if named == issuer => {}
        Ok(Some(named)) => return Err(format!("metadata: it is about the issuer {}", Quoted(&named))),
        _ => return Err("metadata: `issuer` is missing or no text".to_owned()),
    }
    let Ok(Some(uri)) = object.string("jwks_uri") else {
        return Err("metadata: `jwks_uri` is missing or no text".to_owned());
    };
    let url =
        Url::parse(&uri).map_err(|problem| format!("metadata: jwks_uri {}: {problem}", Quoted(&uri)))?;
    if at.may_name(&url) {
        return Ok(url);
    }
    Err(format!("metadata: jwks_uri {}: an issuer on https may not name plain http", Quoted(&uri)))
}
