//! JSON Web Keys (RFC 7517, 7518 §6, 8037 §2) and what each member demands of the key.
//!
//! ```text
//! not for us     unknown kty, crv or alg · use ≠ "sig" · key_ops without "verify"      left out of a set
//! wrong          a member missing, null, of another type or twice · weak · off the curve   refused
//! alg absent     RSA: RS256, oct: HS256, or what the set was told
//! ```
//!
//! These types are ours and not `jsonwebtoken`'s: there, `null` reads as absent, one key with a curve it does not
//! know makes the whole set unreadable, and `use`, `key_ops` and `alg` are parsed but bind nothing.

use serde_derive::Deserialize;

use super::VerifyingKey;
use crate::jwt::{Algorithm, algorithm::Family, base64url};

/// Why a JWK gives no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::jwt) enum Unfit {
    /// It is meant for something else: RFC 7517 §5 says to ignore it.
    NotForUs(&'static str),
    /// It is meant for us, and wrong.
    Wrong(&'static str),
}

/// What is read of a JWK; serde refuses a member that is there twice.
#[derive(Deserialize)]
pub(in crate::jwt) struct Jwk {
    kty: String,
    #[serde(default, rename = "use", deserialize_with = "present")]
    usage: Option<String>,
    #[serde(default, deserialize_with = "present")]
    key_ops: Option<Vec<String>>,
    #[serde(default, deserialize_with = "present")]
    alg: Option<String>,
    #[serde(default, deserialize_with = "present")]
    kid: Option<String>,
    #[serde(default, deserialize_with = "present")]
    crv: Option<String>,
    #[serde(default, deserialize_with = "present")]
    n: Option<String>,
    #[serde(default, deserialize_with = "present")]
    e: Option<String>,
    #[serde(default, deserialize_with = "present")]
    x: Option<String>,
    #[serde(default, deserialize_with = "present")]
    y: Option<String>,
    #[serde(default, deserialize_with = "present")]
    k: Option<String>,
}

pub(super) fn one(json: &str) -> Result<VerifyingKey, &'static str> {
    let jwk: Jwk = serde_json::from_str(json).map_err(|_| "this is not the JSON of one JWK")?;
    jwk.key(Defaults::default()).map_err(|unfit| match unfit {
        Unfit::NotForUs(why) | Unfit::Wrong(why) => why,
    })
}

/// What a key without `alg` is bound to.
#[derive(Clone, Copy, Debug)]
pub(in crate::jwt) struct Defaults {
    pub(in crate::jwt) rsa: Algorithm,
}

impl Default for Defaults {
    fn default() -> Self {
        Self { rsa: Algorithm::Rs256 }
    }
}

impl Jwk {
    /// The key, if it is one for checking signatures.
    pub(in crate::jwt) fn key(&self, defaults: Defaults) -> Result<VerifyingKey, Unfit> {
        if self.usage.as_deref().is_some_and(|usage| usage != "sig") {
            return Err(Unfit::NotForUs("`use` is not \"sig\""));
        }
        if self.key_ops.as_ref().is_some_and(|ops| !ops.iter().any(|op| op == "verify")) {
            return Err(Unfit::NotForUs("`key_ops` lacks \"verify\""));
        }
        let algorithm = self.algorithm(defaults)?;
        let key = match algorithm.family() {
            Family::Secret => VerifyingKey::secret(algorithm, &bytes("k", self.k.as_ref())?),
            Family::Rsa => {
                let modulus = bytes("n", self.n.as_ref())?;
                VerifyingKey::rsa(algorithm, &modulus, &bytes("e", self.e.as_ref())?)
            }
            Family::P256 => VerifyingKey::curve(algorithm, &self.point(32)?),
            Family::P384 => VerifyingKey::curve(algorithm, &self.point(48)?),
            Family::Ed25519 => VerifyingKey::curve(algorithm, &bytes("x", self.x.as_ref())?),
        };
        let key = key.map_err(Unfit::Wrong)?;
        Ok(match &self.kid {
            Some(id) => key.with_id(id.as_str()),
            None => key,
        })
    }

    pub(in crate::jwt) fn id(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    fn algorithm(&self, defaults: Defaults) -> Result<Algorithm, Unfit> {
        let named = match self.alg.as_deref().map(Algorithm::parse) {
            Some(None) => return Err(Unfit::NotForUs("`alg` is none of the algorithms offered")),
            Some(named) => named,
            None => None,
        };
        let from_kind = match (self.kty.as_str(), self.crv.as_deref()) {
            ("oct", _) => Algorithm::Hs256,
            ("RSA", _) => defaults.rsa,
            ("EC", Some("P-256")) => Algorithm::Es256,
            ("EC", Some("P-384")) => Algorithm::Es384,
            ("OKP", Some("Ed25519")) => Algorithm::EdDsa,
            ("EC" | "OKP", None) => return Err(Unfit::Wrong("`crv` is missing")),
            _ => return Err(Unfit::NotForUs("`kty` or `crv` is none of those offered")),
        };
        match named {
            Some(named) if named.family() != from_kind.family() => {
                Err(Unfit::Wrong("`alg` needs another kind of key than `kty` and `crv` say"))
            }
            named => Ok(named.unwrap_or(from_kind)),
        }
    }

    /// `0x04 ‖ x ‖ y`; both coordinates have their full length (RFC 7518 §6.2.1.2).
    fn point(&self, length: usize) -> Result<Vec<u8>, Unfit> {
        let (x, y) = (bytes("x", self.x.as_ref())?, bytes("y", self.y.as_ref())?);
        if x.len() != length || y.len() != length {
            return Err(Unfit::Wrong("a coordinate does not have the length of its curve"));
        }
        Ok([&[4], x.as_slice(), y.as_slice()].concat())
    }
}

fn bytes(name: &'static str, member: Option<&String>) -> Result<Vec<u8>, Unfit> {
    let text = member.ok_or(Unfit::Wrong(match name {
        "k" => "`k` is missing",
        "n" => "`n` is missing",
        "e" => "`e` is missing",
        "x" => "`x` is missing",
        _ => "`y` is missing",
    }))?;
    base64url::decode(text).ok_or(Unfit::Wrong("a member is not base64url without padding"))
}

/// A member that is there must have its type: serde alone reads `null` as absent.
pub(in crate::jwt) fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: serde::Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}
