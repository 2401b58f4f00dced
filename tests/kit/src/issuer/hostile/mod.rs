//! [`Hostile`]: tokens that a verifier must refuse, each with its name, its reason and its reason code.
//!
//! ```text
//! issuer.hostile()        confusion none alg kid embedded stranger crit header typ parts base64 jwe huge
//!                         signature iss sub aud exp nbf iat … duplicate bound payload      all must be refused
//! issuer.edge_but_good()  what looks strange and is right: must pass, or whoever refuses everything looks safe
//! ```
//!
//! 1. Whatever can be is signed by the issuer's own key: only the fault itself can make a verifier refuse it.
//! 2. The codes are those of `enfilade-auth`; a verifier of somebody else's is only asked whether it refuses.
//! 3. The verifier is expected to know the issuer's keys by their ids (from [`Issuer::jwks`]), its name and audience,
//!    and to differ from [`Target::new`] in nothing that a [`Target`] does not say.
//!
//! ```
//! use enfilade_test::{TestClock, issuer::{Issuer, Target}};
//!
//! let issuer = Issuer::new().with_clock(TestClock::at(1_800_000_000).clock());
//! let none = issuer.hostile().into_iter().find(|hostile| hostile.name == "none/lower-case").unwrap();
//! assert_eq!(none.code, "auth.token-algorithm");
//! assert!(none.token.ends_with('.'));
//!
//! // A verifier that takes `typ: at+jwt` alone has more to refuse.
//! let strict = issuer.hostile_for(&Target::new().with_types(["at+jwt"]));
//! assert!(strict.iter().any(|hostile| hostile.name == "typ/absent"));
//! ```
//!
//! # The list
//!
//! The last column names the keys for which a token is made; by default the issuer has one for ES256, of kind EC.
//!
#![doc = include_str!("list.md")]

mod claims;
mod confusion;
mod edge;
mod encoding;
mod header;
mod keys;
mod shape;
mod signature;
mod times;

use std::time::Duration;

use super::{Issuer, Token};

/// A token that must be refused.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Hostile {
    /// What it is, in two words with a `/` between: the first is shared by all of its kind.
    pub name: String,
    /// Why it must be refused, with the clause or the advisory.
    pub why: &'static str,
    /// The token.
    pub token: String,
    /// The reason code that `enfilade-auth` gives.
    pub code: &'static str,
}

/// A token that looks strange and must pass.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EdgeCase {
    /// What it is, as [`Hostile::name`].
    pub name: &'static str,
    /// Why it must pass.
    pub why: &'static str,
    /// The token.
    pub token: String,
}

/// How the verifier under test is set up, where the lists depend on it. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use]
pub struct Target {
    leeway: Duration,
    types: Vec<String>,
    untyped: bool,
    max_bytes: usize,
}

impl Target {
    /// What `enfilade-auth` is by default: a leeway of 60 s, the types `at+jwt`, `JWT` or none, 16 KiB at most.
    pub fn new() -> Self {
        let types = ["at+jwt", "JWT"].map(str::to_owned).to_vec();
        Self { leeway: Duration::from_secs(60), types, untyped: true, max_bytes: 16 * 1024 }
    }

    /// How far clocks may differ.
    pub fn with_leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// The types that it accepts; a token without `typ` no more.
    pub fn with_types<T: Into<String>>(mut self, types: impl IntoIterator<Item = T>) -> Self {
        self.types = types.into_iter().map(Into::into).collect();
        self.untyped = false;
        self
    }

    /// The longest token that it reads, in bytes.
    pub fn with_max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    fn accepts_type(&self, typ: &str) -> bool {
        self.types.iter().any(|known| known.eq_ignore_ascii_case(typ))
    }
}

impl Default for Target {
    fn default() -> Self {
        Self::new()
    }
}

impl Issuer {
    /// The tokens that a verifier must refuse. See the [module docs](self).
    #[must_use]
    pub fn hostile(&self) -> Vec<Hostile> {
        self.hostile_for(&Target::new())
    }

    /// The same for a verifier that is set up like this.
    #[must_use]
    pub fn hostile_for(&self, target: &Target) -> Vec<Hostile> {
        let mut forge = Forge { issuer: self, target, list: Vec::new() };
        confusion::all(&mut forge);
        keys::all(&mut forge);
        header::all(&mut forge);
        shape::all(&mut forge);
        encoding::all(&mut forge);
        signature::all(&mut forge);
        claims::all(&mut forge);
        times::all(&mut forge);
        forge.list
    }

    /// Tokens that look strange and must pass.
    #[must_use]
    pub fn edge_but_good(&self) -> Vec<EdgeCase> {
        self.edge_but_good_for(&Target::new())
    }

    /// The same for a verifier that is set up like this.
    #[must_use]
    pub fn edge_but_good_for(&self, target: &Target) -> Vec<EdgeCase> {
        edge::all(self, target)
    }
}

/// Where the list grows.
struct Forge<'a> {
    issuer: &'a Issuer,
    target: &'a Target,
    list: Vec<Hostile>,
}

impl Forge<'_> {
    /// A good token, to be spoiled.
    fn good(&self) -> Token {
        self.issuer.token("ada")
    }

    /// The `typ` of the issuer's tokens.
    fn issuer_type(&self) -> &str {
        &self.issuer.typ
    }

    /// Whether a token need not say which key it is signed by.
    fn has_one_key(&self) -> bool {
        let alg = self.issuer.key().alg();
        self.issuer.keys().iter().filter(|key| key.alg() == alg).count() == 1
    }

    /// The code of a forged token without `kid`: where there are two keys, none is tried.
    fn nameless_code(&self) -> &'static str {
        if self.has_one_key() { code::SIGNATURE } else { code::KEY_UNKNOWN }
    }

    /// The longest good token within so many bytes, and the shortest that is longer.
    fn around(&self, bytes: usize) -> [Token; 2] {
        let token = self.good();
        let with = |length: usize| token.clone().claim("x", "x".repeat(length));
        let room = bytes.saturating_sub(with(0).sign().len()) * 3 / 4;
        // The header's share and the signature do not grow, so the first guess is off by a few bytes at most.
        let guesses = room.saturating_sub(8)..room + 8;
        let length = guesses.take_while(|length| with(*length).sign().len() <= bytes).last().unwrap_or(0);
        [with(length), with(length + 1)]
    }

    fn refuse(
        &mut self,
        code: &'static str,
        name: impl Into<String>,
        why: &'static str,
        token: impl Into<String>,
    ) {
        self.list.push(Hostile { name: name.into(), why, token: token.into(), code });
    }
}

/// The codes, once.
mod code {
    pub(super) const ALGORITHM: &str = "auth.token-algorithm";
    pub(super) const AUDIENCE: &str = "auth.token-audience";
    pub(super) const BOUND: &str = "auth.token-bound";
    pub(super) const CLAIMS: &str = "auth.token-claims";
    pub(super) const CRITICAL: &str = "auth.token-critical";
    pub(super) const EXPIRED: &str = "auth.token-expired";
    pub(super) const ISSUER: &str = "auth.token-issuer";
    pub(super) const KEY_UNKNOWN: &str = "auth.token-key-unknown";
    pub(super) const MALFORMED: &str = "auth.token-malformed";
    pub(super) const NOT_YET_VALID: &str = "auth.token-not-yet-valid";
    pub(super) const SIGNATURE: &str = "auth.token-signature";
    pub(super) const TYPE: &str = "auth.token-type";
}
