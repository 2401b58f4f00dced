//! JSON Web Tokens: who signed what, about whom, for whom and until when.
//!
//! ```text
//! VerifyingKey ─▶ KeySet ─▶ Keys ─┐
//! JwksFile · JwksUrl ─────────────┴─▶ Verifier ─┬─▶ Bearer (Authorization)
//!                 RevocationCheck ─────▶        └─▶ CookieToken (a private cookie; feature `cookie`)
//! SigningKey + NewToken ─▶ a token
//! ```
//!
//! Signatures are made and checked by aws-lc-rs directly. The crate `jsonwebtoken` is not used, not even for its
//! types: they read `null` as absent and unknown as malformed (`compact`, `keys::jwk` say where it matters), and
//! its functions ask for a process-wide provider that panics when a program has none or two.
//!
//! ```
//! use enfilade_auth::jwt::{Algorithm, SigningKey, TokenFault, Verifier};
//!
//! let key = SigningKey::generate(Algorithm::Hs256);
//! let verifier = Verifier::builder(key.verifying_key())
//!     .with_issuer("https://id.example")
//!     .with_audience("shop")
//!     .build()?;
//! let unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.";
//! assert_eq!(verifier.verify(unsigned).unwrap_err().fault(), TokenFault::Algorithm);
//! # Ok::<(), enfilade_auth::ConfigError>(())
//! ```

mod algorithm;
mod base64url;
pub mod bearer;
mod claims;
mod compact;
#[cfg(feature = "cookie")]
pub mod cookie_token;
pub mod fault;
pub mod issuers;
pub mod jwks_file;
#[cfg(feature = "jwks-url")]
pub mod jwks_url;
pub mod key_set;
pub mod keys;
mod known_header;
pub mod mint;
mod object;
pub mod signing;
pub mod verifier;

#[cfg(feature = "cookie")]
pub use self::cookie_token::{CookieToken, SessionError};
#[cfg(feature = "jwks-url")]
pub use self::jwks_url::{FetchStatus, JwksUrl, JwksUrlBuilder};
pub use self::{
    algorithm::Algorithm,
    bearer::Bearer,
    fault::{TokenError, TokenFault},
    issuers::Issuers,
    jwks_file::JwksFile,
    key_set::{KeySet, Keys},
    keys::VerifyingKey,
    mint::NewToken,
    signing::SigningKey,
    verifier::{Verifier, VerifierBuilder},
};
