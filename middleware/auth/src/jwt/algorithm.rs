//! [`Algorithm`]: the signature algorithms offered (RFC 7518 §3.1, RFC 8037 §3.1), one enum for keys and tokens.
//!
//! ```text
//! shared secret  HS256 HS384 HS512          never `none`, never ES512 or ES256K (aws-lc's P-521 and secp256k1
//! RSA            RS256 … RS512, PS256 …     are left out: no issuer met in practice needs them)
//! curves         ES256 ES384 EdDSA(Ed25519)
//! ```
//!
//! ```
//! use enfilade_auth::jwt::Algorithm;
//!
//! assert_eq!(Algorithm::parse("ES256"), Some(Algorithm::Es256));
//! assert_eq!(Algorithm::parse("none"), None);
//! assert_eq!(Algorithm::EdDsa.as_str(), "EdDSA");
//! ```

use std::fmt;

/// A signature algorithm, by its name in a token's `alg`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// HMAC with SHA-256; a shared secret of at least 32 bytes.
    Hs256,
    /// HMAC with SHA-384; a shared secret of at least 48 bytes.
    Hs384,
    /// HMAC with SHA-512; a shared secret of at least 64 bytes.
    Hs512,
    /// RSASSA-PKCS1-v1_5 with SHA-256; keys of 2,048 to 8,192 bits, as for all RSA here.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// RSASSA-PSS with SHA-256, the salt as long as the hash.
    Ps256,
    /// RSASSA-PSS with SHA-384, the salt as long as the hash.
    Ps384,
    /// RSASSA-PSS with SHA-512, the salt as long as the hash.
    Ps512,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// `EdDSA` on Ed25519. Its newer name `Ed25519` (RFC 9864) is read as well.
    EdDsa,
}

/// Which kind of key an algorithm needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Secret,
    Rsa,
    P256,
    P384,
    Ed25519,
}

impl Algorithm {
    /// The algorithm of that name, compared by bytes; `None` for every other, `none` included.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "HS256" => Self::Hs256,
            "HS384" => Self::Hs384,
            "HS512" => Self::Hs512,
            "RS256" => Self::Rs256,
            "RS384" => Self::Rs384,
            "RS512" => Self::Rs512,
            "PS256" => Self::Ps256,
            "PS384" => Self::Ps384,
            "PS512" => Self::Ps512,
            "ES256" => Self::Es256,
            "ES384" => Self::Es384,
            "EdDSA" | "Ed25519" => Self::EdDsa,
            _ => return None,
        })
    }

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
            Self::EdDsa => "EdDSA",
        }
    }

    pub(crate) fn family(self) -> Family {
        match self {
            Self::Hs256 | Self::Hs384 | Self::Hs512 => Family::Secret,
            Self::Rs256 | Self::Rs384 | Self::Rs512 | Self::Ps256 | Self::Ps384 | Self::Ps512 => Family::Rsa,
            Self::Es256 => Family::P256,
            Self::Es384 => Family::P384,
            Self::EdDsa => Family::Ed25519,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
