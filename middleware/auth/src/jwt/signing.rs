//! [`SigningKey`]: makes tokens, for tests, demos, session cookies and services of one's own.
//!
//! ```text
//! generate(Es256) · from_secret · from_pkcs8_pem ──▶ SigningKey ──┬─ sign(typ, claims) ─▶ header.payload.signature
//!                                                                 └─ verifying_key(), to_jwk()
//! ```
//!
//! ```
//! use enfilade_auth::jwt::{Algorithm, SigningKey};
//!
//! let key = SigningKey::generate(Algorithm::EdDsa).with_id("2026-11");
//! let token = key.sign("JWT", r#"{"sub":"ada"}"#);
//! let (input, signature) = token.rsplit_once('.').unwrap();
//! assert!(signature.len() > 80 && input.starts_with("ey"));
//! assert_eq!(key.verifying_key().id(), Some("2026-11"));
//! ```

use std::fmt;

use aws_lc_rs::{
    hmac, rand,
    rsa::KeySize,
    signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair},
};
use zeroize::Zeroizing;

use super::{
    Algorithm, VerifyingKey, base64url,
    keys::{hmac_algorithm, in_source, pem},
};
use crate::ConfigError;

/// A key that signs with one algorithm. See the [module docs](self).
pub struct SigningKey {
    algorithm: Algorithm,
    pair: Pair,
    public: VerifyingKey,
    /// The public numbers, or nothing for a secret: what `to_jwk` writes.
    jwk_members: String,
}

enum Pair {
    Secret(Box<hmac::Key>),
    Rsa(RsaKeyPair),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl SigningKey {
    /// A new key. An RSA key has 2,048 bits and takes some tenths of a second to make.
    ///
    /// # Panics
    ///
    /// If the machine has no random numbers.
    pub fn generate(algorithm: Algorithm) -> Self {
        // Once in 2²⁷ a sound RSA key has the fingerprint of a broken one: then another is made.
        let key = (0..3).find_map(|_| Self::generate_one(algorithm).ok());
        key.expect("a key that aws-lc made is a good one")
    }

    /// A shared secret for HS256, HS384 or HS512.
    ///
    /// # Errors
    ///
    /// As [`VerifyingKey::from_secret`].
    pub fn from_secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, ConfigError> {
        let public = VerifyingKey::from_secret(algorithm, secret)?;
        let hash = hmac_algorithm(algorithm).expect("the verifying key has just said so");
        Ok(Self {
            algorithm,
            pair: Pair::Secret(Box::new(hmac::Key::new(hash, secret))),
            public,
            jwk_members: String::new(),
        })
    }

    /// A private key in PEM (`-----BEGIN PRIVATE KEY-----`, PKCS #8, not encrypted).
    ///
    /// # Errors
    ///
    /// [`ConfigError::Key`] when the text is something else, or the key weak or not of the algorithm's kind.
    pub fn from_pkcs8_pem(algorithm: Algorithm, pem: &str) -> Result<Self, ConfigError> {
        let der = pem::block("PRIVATE KEY", pem).map(Zeroizing::new).ok_or(
            "expected one `-----BEGIN PRIVATE KEY-----` block: `openssl pkcs8 -topk8 -nocrypt` writes it",
        );
        let key = der.and_then(|der| Self::from_pkcs8(algorithm, &der));
        key.map_err(in_source("private key"))
    }

    /// Gives the key its id, written into each token's `kid`.
    #[must_use]
    pub fn with_id(mut self, id: &str) -> Self {
        self.public = self.public.with_id(id);
        self
    }

    /// The half that checks.
    pub fn verifying_key(&self) -> VerifyingKey {
        self.public.clone()
    }

    /// The half that checks as a JWK, for a JWK set; `None` for a shared secret, which has no public half.
    pub fn to_jwk(&self) -> Option<String> {
        if self.jwk_members.is_empty() {
            return None;
        }
        let id = self.public.id().map_or_else(String::new, |id| format!(r#""kid":{},"#, quoted(id)));
        Some(format!(r#"{{"use":"sig","alg":"{}",{id}{}}}"#, self.algorithm, self.jwk_members))
    }

    /// Signs `claims`, a JSON object, as a token of this `typ`.
    ///
    /// # Panics
    ///
    /// If the machine has no random numbers, which all but HMAC need.
    #[must_use]
    pub fn sign(&self, typ: &str, claims: &str) -> String {
        let id = self.public.id().map_or_else(String::new, |id| format!(r#","kid":{}"#, quoted(id)));
        self.sign_raw(&format!(r#"{{"typ":{},"alg":"{}"{id}}}"#, quoted(typ), self.algorithm), claims)
    }

    /// Signs `payload` under a header of yours: for tests that need a strange one.
    ///
    /// # Panics
    ///
    /// As [`sign`](Self::sign).
    #[must_use]
    pub fn sign_raw(&self, header: &str, payload: &str) -> String {
        let mut token = String::with_capacity((header.len() + payload.len()) * 4 / 3 + 360);
        base64url::encode_into(&mut token, header.as_bytes());
        token.push('.');
        base64url::encode_into(&mut token, payload.as_bytes());
        let signature = self.signature(token.as_bytes());
        token.push('.');
        base64url::encode_into(&mut token, &signature);
        token
    }

    fn signature(&self, message: &[u8]) -> Vec<u8> {
        let random = "the machine has random numbers";
        let rng = rand::SystemRandom::new();
        match &self.pair {
            Pair::Secret(key) => hmac::sign(key, message).as_ref().to_vec(),
            Pair::Ecdsa(pair) => pair.sign(&rng, message).expect(random).as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(rsa_padding(self.algorithm), &rng, message, &mut signature).expect(random);
                signature
            }
        }
    }

    fn generate_one(algorithm: Algorithm) -> Result<Self, &'static str> {
        let pair = match algorithm {
            Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512 => {
                let mut secret = Zeroizing::new([0; 64]);
                rand::fill(secret.as_mut()).expect("the machine has random numbers");
                return Ok(
                    Self::from_secret(algorithm, secret.as_ref()).expect("64 bytes are enough for each")
                );
            }
            Algorithm::Es256 => {
                EcdsaKeyPair::generate(&signature::ECDSA_P256_SHA256_FIXED_SIGNING).map(Pair::Ecdsa)
            }
            Algorithm::Es384 => {
                EcdsaKeyPair::generate(&signature::ECDSA_P384_SHA384_FIXED_SIGNING).map(Pair::Ecdsa)
            }
            Algorithm::EdDsa => Ed25519KeyPair::generate().map(Pair::Ed25519),
            _ => RsaKeyPair::generate(KeySize::Rsa2048).map(Pair::Rsa),
        };
        Self::with_public_half(algorithm, pair.expect("the machine has random numbers"))
    }

    fn from_pkcs8(algorithm: Algorithm, der: &[u8]) -> Result<Self, &'static str> {
        let pair = match algorithm {
            Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512 => {
                return Err("a shared secret is not written in PKCS #8");
            }
            Algorithm::Es256 => {
                EcdsaKeyPair::from_pkcs8(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, der).map(Pair::Ecdsa)
            }
            Algorithm::Es384 => {
                EcdsaKeyPair::from_pkcs8(&signature::ECDSA_P384_SHA384_FIXED_SIGNING, der).map(Pair::Ecdsa)
            }
            Algorithm::EdDsa => Ed25519KeyPair::from_pkcs8(der).map(Pair::Ed25519),
            _ => RsaKeyPair::from_pkcs8(der).map(Pair::Rsa),
        };
        let pair = pair.map_err(|_| "the block holds no private key of the kind that the algorithm needs")?;
        Self::with_public_half(algorithm, pair)
    }

    fn with_public_half(algorithm: Algorithm, pair: Pair) -> Result<Self, &'static str> {
        let encode = |bytes: &[u8]| base64url::encode(bytes);
        let (public, jwk_members) = match &pair {
            Pair::Secret(_) => return Err("a shared secret has no public half"),
            Pair::Rsa(pair) => {
                let (n, e) =
                    pem::rsa_numbers(pair.public_key().as_ref()).ok_or("the RSA key cannot be read")?;
                let members = format!(r#""kty":"RSA","n":"{}","e":"{}""#, encode(n), encode(e));
                (VerifyingKey::rsa(algorithm, n, e)?, members)
            }
            Pair::Ecdsa(pair) => {
                let point = pair.public_key().as_ref();
                let (x, y) = point[1..].split_at(point.len() / 2);
                let curve = if algorithm == Algorithm::Es256 { "P-256" } else { "P-384" };
                let members =
                    format!(r#""kty":"EC","crv":"{curve}","x":"{}","y":"{}""#, encode(x), encode(y));
                (VerifyingKey::curve(algorithm, point)?, members)
            }
            Pair::Ed25519(pair) => {
                let point = pair.public_key().as_ref();
                let members = format!(r#""kty":"OKP","crv":"Ed25519","x":"{}""#, encode(point));
                (VerifyingKey::curve(algorithm, point)?, members)
            }
        };
        Ok(Self { algorithm, pair, public, jwk_members })
    }
}

/// Algorithm and id; nothing of the key.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("id", &self.public.id())
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a string is always JSON")
}

fn rsa_padding(algorithm: Algorithm) -> &'static signature::RsaSignatureEncoding {
    match algorithm {
        Algorithm::Rs384 => &signature::RSA_PKCS1_SHA384,
        Algorithm::Rs512 => &signature::RSA_PKCS1_SHA512,
        Algorithm::Ps256 => &signature::RSA_PSS_SHA256,
        Algorithm::Ps384 => &signature::RSA_PSS_SHA384,
        Algorithm::Ps512 => &signature::RSA_PSS_SHA512,
        _ => &signature::RSA_PKCS1_SHA256,
    }
}
