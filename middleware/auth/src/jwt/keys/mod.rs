//! [`VerifyingKey`]: one key, parsed once, bound to the one algorithm that it checks.
//!
//! ```text
//! secret bytes ─┐                                   ┌─ algorithm   a token's `alg` must be this one
//! JWK ──────────┼─▶ checked: kind, length, curve ──▶│  id          the JWK's `kid`
//! PEM (SPKI) ───┘                                   └─ verify(message, signature) by aws-lc-rs
//! ```
//!
//! A key with two algorithms is how a public RSA key came to be used as an HMAC secret (RFC 8725 §2.1, §3.1).
//!
//! ```
//! use enfilade_auth::jwt::{Algorithm, VerifyingKey};
//!
//! let key = VerifyingKey::from_pem(
//!     "-----BEGIN PUBLIC KEY-----\n\
//!      MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n\
//!      -----END PUBLIC KEY-----\n",
//! )?;
//! assert_eq!(key.algorithm(), Algorithm::EdDsa);
//! assert!(VerifyingKey::from_secret(Algorithm::Hs256, b"too short").is_err());
//! # Ok::<(), enfilade_auth::ConfigError>(())
//! ```

pub(super) mod jwk;
pub(super) mod pem;
mod rsa;

use std::fmt;

use aws_lc_rs::{
    hmac,
    signature::{self, ParsedPublicKey, VerificationAlgorithm},
};

use super::{Algorithm, algorithm::Family};
use crate::ConfigError;

/// A key that checks signatures of one algorithm. Cheap enough to clone. See the [module docs](self).
#[derive(Clone)]
pub struct VerifyingKey {
    id: Option<Box<str>>,
    algorithm: Algorithm,
    material: Material,
}

#[derive(Clone)]
enum Material {
    /// Boxed, for it holds the states of both hashes: 1.2 KB.
    Secret(Box<hmac::Key>),
    Public(ParsedPublicKey),
}

impl VerifyingKey {
    /// A shared secret for HS256, HS384 or HS512.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Key`] when the algorithm is another, or the secret shorter than its hash (RFC 7518 §3.2).
    pub fn from_secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, ConfigError> {
        Self::secret(algorithm, secret).map_err(in_source("secret"))
    }

    /// A public key in PEM (`-----BEGIN PUBLIC KEY-----`, RFC 7468 §13); an RSA key is bound to RS256.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Key`] when the text is something else, or the key weak or of a kind not offered.
    pub fn from_pem(pem: &str) -> Result<Self, ConfigError> {
        pem::public_key(pem, None).map_err(in_source("PEM"))
    }

    /// The same, bound to this algorithm: an RSA key for RS512 or PS256, say.
    ///
    /// # Errors
    ///
    /// As [`from_pem`](Self::from_pem), and when the key is not of the kind that the algorithm needs.
    pub fn from_pem_for(algorithm: Algorithm, pem: &str) -> Result<Self, ConfigError> {
        pem::public_key(pem, Some(algorithm)).map_err(in_source("PEM"))
    }

    /// One JSON Web Key (RFC 7517 §4); `use`, `key_ops` and `alg` are honoured, private members are not read.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Key`] when it is malformed, weak, or not meant for checking signatures.
    pub fn from_jwk(json: &str) -> Result<Self, ConfigError> {
        jwk::one(json).map_err(in_source("JWK"))
    }

    /// Gives the key its id, which a token's `kid` is compared with.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<Box<str>>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// The id.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The one algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether `signature` is this key's over `message`; in constant time where the key is secret.
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::Secret(key) => hmac::verify(key, message, signature).is_ok(),
            Material::Public(key) => key.verify_sig(message, signature).is_ok(),
        }
    }

    pub(super) fn is_secret(&self) -> bool {
        matches!(self.material, Material::Secret(_))
    }

    pub(super) fn secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, &'static str> {
        let hash = hmac_algorithm(algorithm).ok_or("a shared secret needs HS256, HS384 or HS512")?;
        if secret.len() < hash.digest_algorithm().output_len() {
            return Err(
                "the secret is shorter than the hash: 32 bytes for HS256, 48 for HS384, 64 for HS512",
            );
        }
        Ok(Self { id: None, algorithm, material: Material::Secret(Box::new(hmac::Key::new(hash, secret))) })
    }

    /// `modulus` and `exponent` in big-endian bytes without leading zeros.
    pub(super) fn rsa(algorithm: Algorithm, modulus: &[u8], exponent: &[u8]) -> Result<Self, &'static str> {
        let params = rsa_parameters(algorithm).ok_or("an RSA key needs RS256, PS256 or one of their kin")?;
        rsa::check(modulus, exponent)?;
        let components = signature::RsaPublicKeyComponents { n: modulus, e: exponent };
        let key = components.to_parsed_public_key(params).map_err(|_| "this is no RSA key")?;
        Ok(Self { id: None, algorithm, material: Material::Public(key) })
    }

    /// `point` as `0x04 ‖ x ‖ y` for ECDSA, as 32 bytes for Ed25519.
    pub(super) fn curve(algorithm: Algorithm, point: &[u8]) -> Result<Self, &'static str> {
        let (checker, length): (&'static dyn VerificationAlgorithm, _) = match algorithm.family() {
            Family::P256 => (&signature::ECDSA_P256_SHA256_FIXED, 65),
            Family::P384 => (&signature::ECDSA_P384_SHA384_FIXED, 97),
            Family::Ed25519 => (&signature::ED25519, 32),
            Family::Secret | Family::Rsa => return Err("the algorithm needs another kind of key"),
        };
        // aws-lc would read other lengths as SPKI or as a compressed point: one form only.
        if point.len() != length || (length > 32 && point[0] != 4) {
            return Err("the point has the wrong length, or is compressed: write it uncompressed");
        }
        let key = ParsedPublicKey::new(checker, point).map_err(|_| "the point is not on the curve")?;
        Ok(Self { id: None, algorithm, material: Material::Public(key) })
    }
}

/// Algorithm and id; nothing of the key.
impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("id", &self.id)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

pub(super) fn hmac_algorithm(algorithm: Algorithm) -> Option<hmac::Algorithm> {
    match algorithm {
        Algorithm::Hs256 => Some(hmac::HMAC_SHA256),
        Algorithm::Hs384 => Some(hmac::HMAC_SHA384),
        Algorithm::Hs512 => Some(hmac::HMAC_SHA512),
        _ => None,
    }
}

fn rsa_parameters(algorithm: Algorithm) -> Option<&'static signature::RsaParameters> {
    Some(match algorithm {
        Algorithm::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Rs384 => &signature::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::Rs512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        // RFC 7518 §3.5 wants a salt as long as the hash, which is what these check.
        Algorithm::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
        Algorithm::Ps384 => &signature::RSA_PSS_2048_8192_SHA384,
        Algorithm::Ps512 => &signature::RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}

/// Names where a key came from.
pub(super) fn in_source(source: &'static str) -> impl FnOnce(&'static str) -> ConfigError {
    move |problem| ConfigError::Key { from: source.to_owned(), problem: problem.to_owned() }
}
