//! [`Alg`]: every registered signature algorithm that aws-lc has (RFC 7518 §3.1, RFC 8037 §3.1, RFC 8812 §3.2).
//!
//! ```text
//! HS256 HS384 HS512 · RS256 … RS512 · PS256 … PS512 · ES256 ES384 ES512 ES256K · EdDSA (Ed25519)
//! ```
//!
//! ```
//! use enfilade_test::issuer::{Alg, Issuer};
//!
//! for alg in Alg::ALL.into_iter().filter(|alg| !alg.is_rsa()) {
//!     let token = Issuer::new().with_alg(alg).token("ada").sign();
//!     assert_eq!(token.split('.').count(), 3, "{alg}");
//! }
//! ```

use std::fmt;

use aws_lc_rs::{
    hmac,
    signature::{self, EcdsaSigningAlgorithm, RsaSignatureEncoding},
};

/// A signature algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names are the registered ones")]
pub enum Alg {
    Hs256,
    Hs384,
    Hs512,
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    Es512,
    Es256k,
    EdDsa,
}

/// A kind of key; those of one kind differ only in what they are used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Secret(usize),
    Rsa,
    P256,
    P384,
    P521,
    Secp256k1,
    Ed25519,
}

impl Alg {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Hs256,
        Self::Hs384,
        Self::Hs512,
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::Es256k,
        Self::EdDsa,
    ];

    /// The name in a token's `alg`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::Es256k => "ES256K",
            Self::EdDsa => "EdDSA",
        }
    }

    /// Whether the key is a secret that both sides share (HS256 and its kin).
    pub fn is_shared_secret(self) -> bool {
        matches!(self.kind(), Kind::Secret(_))
    }

    /// Whether the key is an RSA key, which takes tenths of a second to make: once a process.
    pub fn is_rsa(self) -> bool {
        self.kind() == Kind::Rsa
    }

    /// Whether the signature is one of ECDSA: two numbers, `r ‖ s` (RFC 7518 §3.4).
    pub fn is_ecdsa(self) -> bool {
        matches!(self.kind(), Kind::P256 | Kind::P384 | Kind::P521 | Kind::Secp256k1)
    }

    pub(super) fn kind(self) -> Kind {
        match self {
            Self::Hs256 => Kind::Secret(32),
            Self::Hs384 => Kind::Secret(48),
            Self::Hs512 => Kind::Secret(64),
            Self::Rs256 | Self::Rs384 | Self::Rs512 | Self::Ps256 | Self::Ps384 | Self::Ps512 => Kind::Rsa,
            Self::Es256 => Kind::P256,
            Self::Es384 => Kind::P384,
            Self::Es512 => Kind::P521,
            Self::Es256k => Kind::Secp256k1,
            Self::EdDsa => Kind::Ed25519,
        }
    }

    /// The hash under HMAC; for another algorithm, the one of its size.
    pub(super) fn hmac(self) -> hmac::Algorithm {
        match self {
            Self::Hs384 | Self::Rs384 | Self::Ps384 | Self::Es384 => hmac::HMAC_SHA384,
            Self::Hs512 | Self::Rs512 | Self::Ps512 | Self::Es512 => hmac::HMAC_SHA512,
            _ => hmac::HMAC_SHA256,
        }
    }

    pub(super) fn padding(self) -> &'static RsaSignatureEncoding {
        match self {
            Self::Rs384 => &signature::RSA_PKCS1_SHA384,
            Self::Rs512 => &signature::RSA_PKCS1_SHA512,
            Self::Ps256 => &signature::RSA_PSS_SHA256,
            Self::Ps384 => &signature::RSA_PSS_SHA384,
            Self::Ps512 => &signature::RSA_PSS_SHA512,
            _ => &signature::RSA_PKCS1_SHA256,
        }
    }
}

impl Kind {
    /// The curve's name in a JWK, and how ECDSA signs on it.
    pub(super) fn curve(self) -> Option<(&'static str, &'static EcdsaSigningAlgorithm)> {
        Some(match self {
            Self::P256 => ("P-256", &signature::ECDSA_P256_SHA256_FIXED_SIGNING),
            Self::P384 => ("P-384", &signature::ECDSA_P384_SHA384_FIXED_SIGNING),
            Self::P521 => ("P-521", &signature::ECDSA_P521_SHA512_FIXED_SIGNING),
            Self::Secp256k1 => ("secp256k1", &signature::ECDSA_P256K1_SHA256_FIXED_SIGNING),
            Self::Secret(_) | Self::Rsa | Self::Ed25519 => return None,
        })
    }
}

impl fmt::Display for Alg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
