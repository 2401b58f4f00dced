//! [`NewToken`]: the claims of a token to be made, with safe defaults.
//!
//! ```text
//! NewToken::new(issuer, audience, subject) ── with_* ──▶ sign(&key)      typ at+jwt (RFC 9068), an hour, random jti
//! ```
//!
//! ```
//! use std::time::Duration;
//! use enfilade_auth::jwt::{Algorithm, NewToken, SigningKey};
//!
//! let key = SigningKey::generate(Algorithm::Hs256);
//! let token = NewToken::new("https://id.example", "shop", "ada")
//!     .with_scopes(["orders:read"])
//!     .with_lifetime(Duration::from_secs(300))
//!     .sign(&key);
//! assert_eq!(token.matches('.').count(), 2);
//! ```

use std::{fmt, time::Duration};

use aws_lc_rs::rand;
use enfilade_core::Clock;
use serde_json::{Map, Value};

use super::{SigningKey, base64url};

/// A token to be made. See the [module docs](self).
#[derive(Clone)]
#[must_use = "it is not a token until it is signed"]
pub struct NewToken {
    typ: Box<str>,
    claims: Map<String, Value>,
    lifetime: Duration,
    clock: Clock,
}

impl NewToken {
    /// A token by `issuer` about `subject`, for `audience`; it lasts an hour.
    pub fn new(issuer: &str, audience: &str, subject: &str) -> Self {
        let claims = [("iss", issuer), ("aud", audience), ("sub", subject)];
        let claims = claims.map(|(name, value)| (name.to_owned(), Value::from(value)));
        Self {
            typ: "at+jwt".into(),
            claims: claims.into_iter().collect(),
            lifetime: Duration::from_secs(3600),
            clock: Clock::system(),
        }
    }

    /// The scopes, joined by blanks (RFC 9068 §2.2.3).
    pub fn with_scopes<'a>(self, scopes: impl IntoIterator<Item = &'a str>) -> Self {
        let scopes: Vec<_> = scopes.into_iter().collect();
        self.with_claim("scope", scopes.join(" "))
    }

    /// The roles (RFC 9068 §2.2.3.1).
    pub fn with_roles<'a>(self, roles: impl IntoIterator<Item = &'a str>) -> Self {
        self.with_claim("roles", roles.into_iter().collect::<Vec<_>>())
    }

    /// Any claim; one of the same name is replaced. `iat`, `exp` and `jti` are set last, by [`sign`](Self::sign).
    pub fn with_claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    /// How long the token lasts, in whole seconds.
    pub fn with_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// The token's `typ`. Default `at+jwt`.
    pub fn with_type(mut self, typ: impl Into<Box<str>>) -> Self {
        self.typ = typ.into();
        self
    }

    /// Where the time comes from.
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The token, with `iat`, `exp` and a random `jti` of 128 bits.
    ///
    /// # Panics
    ///
    /// If the machine has no random numbers.
    #[must_use]
    pub fn sign(self, key: &SigningKey) -> String {
        self.sign_with_id(key, &random_id())
    }

    /// The same with this `jti`.
    pub(crate) fn sign_with_id(mut self, key: &SigningKey, id: &str) -> String {
        let now = self.clock.unix_seconds();
        self.claims.insert("iat".to_owned(), now.into());
        self.claims.insert("exp".to_owned(), now.saturating_add(self.lifetime.as_secs()).into());
        self.claims.insert("jti".to_owned(), id.into());
        key.sign(&self.typ, &Value::Object(self.claims).to_string())
    }
}

/// Type and subject only: claims may hold what a log should not.
impl fmt::Debug for NewToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subject = self.claims.get("sub");
        f.debug_struct("NewToken").field("typ", &self.typ).field("sub", &subject).finish_non_exhaustive()
    }
}

/// 128 random bits as text.
pub(crate) fn random_id() -> String {
    let mut id = [0; 16];
    rand::fill(&mut id).expect("the machine has random numbers");
    base64url::encode(&id)
}
