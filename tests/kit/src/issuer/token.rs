//! [`Token`]: a token on its way to be signed; good as it begins, and as wrong as the test wants it.
//!
//! ```text
//! issuer.token("ada") ─┬─ scope · audience · expires_at · claim(name, value) · without(name) · raw_claim(name, JSON)
//!                      ├─ typ · header(name, value) · without_header(name) · raw_header(name, JSON) · key(&other)
//!                      ├─ payload_bytes · header_bytes                        whatever, for whoever parses it
//!                      └─▶ sign() · unsigned() · sign_with(|input| signature)
//! ```
//!
//! ```
//! use enfilade_test::{TestClock, issuer::Issuer};
//!
//! let time = TestClock::at(1_800_000_000);
//! let issuer = Issuer::new().with_clock(time.clock());
//!
//! let token = issuer.token("ada").scope("read write");
//! assert_eq!(token.header_text(), r#"{"typ":"at+jwt","alg":"ES256","kid":"es256-1"}"#);
//! assert!(token.claims_text().starts_with(r#"{"iss":"https://id.example","aud":"shop","sub":"ada","iat":1800000000,"#));
//!
//! let wrong = issuer.token("ada").claim("exp", "tomorrow").without("aud").raw_claim("sub", "\"eve\"");
//! assert!(wrong.claims_text().contains(r#""exp":"tomorrow""#));
//! assert!(wrong.claims_text().ends_with(r#","sub":"eve"}"#), "the second sub");
//! ```

use std::fmt;

use serde_json::Value;

use super::{
    jws::{Members, base64url},
    key::Key,
};

/// A token that is not signed yet. See the [module docs](self).
#[derive(Clone)]
#[must_use = "it is no token until it is signed"]
pub struct Token {
    header: Members,
    claims: Members,
    header_bytes: Option<Vec<u8>>,
    payload_bytes: Option<Vec<u8>>,
    key: Key,
}

impl Token {
    pub(super) fn new(typ: &str, key: Key) -> Self {
        let mut header = Members::default();
        header.set("typ", typ);
        header.set("alg", key.alg().as_str());
        header.set("kid", key.id());
        Self { header, claims: Members::default(), header_bytes: None, payload_bytes: None, key }
    }

    /// The scopes, words between blanks (RFC 8693 §4.2).
    pub fn scope(self, words: &str) -> Self {
        self.claim("scope", words)
    }

    /// The roles (RFC 9068 §2.2.3.1).
    pub fn roles<'a>(self, roles: impl IntoIterator<Item = &'a str>) -> Self {
        self.claim("roles", roles.into_iter().collect::<Vec<_>>())
    }

    /// Whom it is for, instead of the issuer's own audience.
    pub fn audience(self, audience: &str) -> Self {
        self.claim("aud", audience)
    }

    /// When it expires, in seconds since 1970.
    pub fn expires_at(self, unix: u64) -> Self {
        self.claim("exp", unix)
    }

    /// Any claim, of any JSON type; one of the same name is replaced.
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.set(name, value);
        self
    }

    /// Each member of this object as a claim.
    ///
    /// # Panics
    ///
    /// If it is no object.
    pub fn claims(mut self, claims: &Value) -> Self {
        let members = claims.as_object().expect("claims are a JSON object");
        members.iter().for_each(|(name, value)| self.claims.set(name, value.clone()));
        self
    }

    /// Leaves a claim out.
    pub fn without(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    /// Adds a claim as it is written, at the end and beside one of the same name: the name's characters between the
    /// quotes, so escapes can be used, and the JSON of the value, right or wrong.
    pub fn raw_claim(mut self, name: &str, json: &str) -> Self {
        self.claims.add_raw(name, json);
        self
    }

    /// The same, before all others.
    pub fn raw_claim_first(mut self, name: &str, json: &str) -> Self {
        self.claims.add_raw_first(name, json);
        self
    }

    /// The header's `typ`.
    pub fn typ(self, typ: &str) -> Self {
        self.header("typ", typ)
    }

    /// Any header parameter, of any JSON type; one of the same name is replaced.
    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header.set(name, value);
        self
    }

    /// Leaves a header parameter out.
    pub fn without_header(mut self, name: &str) -> Self {
        self.header.remove(name);
        self
    }

    /// Adds a header parameter as it is written; as [`raw_claim`](Self::raw_claim).
    pub fn raw_header(mut self, name: &str, json: &str) -> Self {
        self.header.add_raw(name, json);
        self
    }

    /// The same, before all others.
    pub fn raw_header_first(mut self, name: &str, json: &str) -> Self {
        self.header.add_raw_first(name, json);
        self
    }

    /// Signs with this key, and says so in `alg` and `kid` where they stand.
    pub fn key(mut self, key: &Key) -> Self {
        for (name, value) in [("alg", key.alg().as_str()), ("kid", key.id())] {
            if self.header.has(name) {
                self.header.set(name, value);
            }
        }
        self.forged_by(key)
    }

    /// Signs with this key and leaves the header as it is: what a forger does.
    pub fn forged_by(mut self, key: &Key) -> Self {
        self.key = key.clone();
        self
    }

    /// These bytes instead of the header's JSON.
    pub fn header_bytes(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.header_bytes = Some(bytes.into());
        self
    }

    /// These bytes instead of the claims' JSON.
    pub fn payload_bytes(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.payload_bytes = Some(bytes.into());
        self
    }

    /// The header as it will be written.
    pub fn header_text(&self) -> String {
        self.header.text()
    }

    /// The claims as they will be written.
    pub fn claims_text(&self) -> String {
        self.claims.text()
    }

    /// What is signed: header and payload in base64url, a dot between.
    pub fn signing_input(&self) -> String {
        let [header, payload] = self.parts();
        format!("{}.{}", base64url(&header), base64url(&payload))
    }

    /// The token.
    #[must_use]
    pub fn sign(&self) -> String {
        self.sign_with(|input| self.key.sign(input))
    }

    /// The token with a signature of yours, made of what is signed.
    #[must_use]
    pub fn sign_with(&self, signature: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
        let input = self.signing_input();
        let signature = base64url(&signature(input.as_bytes()));
        format!("{input}.{signature}")
    }

    /// The token with an empty signature.
    #[must_use]
    pub fn unsigned(&self) -> String {
        self.sign_with(|_| Vec::new())
    }

    /// The bytes of header and payload.
    pub(super) fn parts(&self) -> [Vec<u8>; 2] {
        let header = self.header_bytes.clone().unwrap_or_else(|| self.header.text().into_bytes());
        let payload = self.payload_bytes.clone().unwrap_or_else(|| self.claims.text().into_bytes());
        [header, payload]
    }

    pub(super) fn signer(&self) -> &Key {
        &self.key
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("header", &self.header_text())
            .field("claims", &self.claims_text())
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}
