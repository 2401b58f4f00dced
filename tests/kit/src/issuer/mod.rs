//! [`Issuer`]: an identity provider in memory, for tests of anybody's token checking (feature `issuer`).
//!
//! ```text
//! Issuer ─┬─ token("ada").scope("read").sign()       good tokens in one line, and any wrong one
//!         ├─ jwks() · serve() ──▶ http://127.0.0.1:…   its keys, as a value and on loopback
//!         ├─ rotate() · retire() · impostor()        keys that come, go, and are somebody else's
//!         └─ hostile() · edge_but_good()             what must be refused, with the code, and what must pass
//! ```
//!
//! 1. It signs with aws-lc-rs by a JWS writer of its own, so it is a second opinion on whatever it tests.
//! 2. An issuer is its name: within one process, whoever is made under the same name has the same keys. Another name
//!    has other keys under the same ids, and [`impostor`](Issuer::impostor) has even the name, but not the keys.
//! 3. Time is the clock's that you give; give one that the test moves, and edges are exact to the second.
//!
//! A verifier of yours is proved against the whole [list](hostile) in one statement:
//!
//! ```
//! use enfilade_auth::jwt::{KeySet, Verifier};
//! use enfilade_test::{TestClock, issuer::Issuer};
//!
//! let time = TestClock::at(1_800_000_000);
//! let issuer = Issuer::new().with_clock(time.clock());
//! let verifier = Verifier::builder(KeySet::from_jwks(&issuer.jwks().to_string())?)
//!     .with_issuer(issuer.name())
//!     .with_audience(issuer.audience())
//!     .with_clock(time.clock())
//!     .build()?;
//!
//! let who = verifier.verify(&issuer.token("ada").scope("read write").sign()).unwrap();
//! assert!(who.has_scope("write"));
//!
//! issuer.assert_refuses_hostile(|token| verifier.verify(token).err().map(|error| error.fault().code()));
//! # Ok::<(), enfilade_auth::ConfigError>(())
//! ```

mod alg;
mod check;
pub mod hostile;
mod jws;
pub mod key;
pub mod serve;
pub mod token;

pub use self::{
    alg::Alg,
    check::Judgement,
    hostile::{EdgeCase, Hostile, Target},
    key::Key,
    serve::{Endpoint, Served, Trouble},
    token::Token,
};

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use enfilade_core::Clock;
use serde_json::{Value, json};

/// An identity provider. Clones share their keys; see the [module docs](self).
#[derive(Clone)]
#[must_use]
pub struct Issuer {
    name: Box<str>,
    /// Whose keys it has: its name, until somebody pretends.
    owner: Box<str>,
    audience: Box<str>,
    typ: Box<str>,
    lifetime: Duration,
    clock: Clock,
    /// How far from an edge the edge cases keep, in seconds: a clock that nobody holds moves on.
    margin: u64,
    ring: Arc<Mutex<Ring>>,
}

/// The keys that are published, oldest first, and which of them signs.
#[derive(Clone)]
struct Ring {
    published: Vec<Key>,
    signing: Key,
    rotations: u32,
}

impl Issuer {
    /// `https://id.example`: signs with ES256, for the audience `shop`, tokens of type `at+jwt` that last an hour.
    pub fn new() -> Self {
        Self::named("https://id.example")
    }

    /// The same under another name, and so with other keys.
    pub fn named(name: impl Into<Box<str>>) -> Self {
        let name = name.into();
        Self {
            owner: name.clone(),
            ring: Ring::of(Key::of(&name, Alg::Es256, 1)),
            name,
            audience: "shop".into(),
            typ: "at+jwt".into(),
            lifetime: Duration::from_secs(3600),
            clock: Clock::system(),
            margin: 30,
        }
    }

    /// Signs with this algorithm, and has no key for another.
    pub fn with_alg(self, alg: Alg) -> Self {
        let key = Key::of(&self.owner, alg, 1);
        self.with_key(key)
    }

    /// Signs with this key, and has no other.
    pub fn with_key(mut self, key: Key) -> Self {
        self.ring = Ring::of(key);
        self
    }

    /// Publishes a key for this algorithm too. [`token_by`](Self::token_by) signs with it.
    pub fn and_alg(mut self, alg: Alg) -> Self {
        let mut ring = self.ring().clone();
        ring.published.push(Key::of(&self.owner, alg, 1));
        self.ring = Arc::new(Mutex::new(ring));
        self
    }

    /// For whom its tokens are.
    pub fn with_audience(mut self, audience: impl Into<Box<str>>) -> Self {
        self.audience = audience.into();
        self
    }

    /// The `typ` of its tokens.
    pub fn with_type(mut self, typ: impl Into<Box<str>>) -> Self {
        self.typ = typ.into();
        self
    }

    /// How long its tokens last.
    pub fn with_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// Where the time comes from: `TestClock::clock`, as a rule, the same that the verifier has.
    pub fn with_clock(mut self, clock: Clock) -> Self {
        (self.clock, self.margin) = (clock, 1);
        self
    }

    /// The issuer's name: the `iss` of its tokens.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// For whom its tokens are.
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// A good token about this subject: `iss`, `aud`, `sub`, `iat`, `exp` and a `jti` that no other has.
    pub fn token(&self, subject: &str) -> Token {
        self.token_with(&self.key(), subject)
    }

    /// The same, signed by the newest published key for this algorithm.
    ///
    /// # Panics
    ///
    /// If none is published.
    pub fn token_by(&self, alg: Alg, subject: &str) -> Token {
        let key = self.ring().published.iter().rfind(|key| key.alg() == alg).cloned();
        self.token_with(&key.unwrap_or_else(|| panic!("publish one first: `.and_alg({alg})`")), subject)
    }

    /// What a client reads about its user and nobody else should accept: an ID token (OIDC Core §2), for `client`.
    pub fn id_token(&self, client: &str, subject: &str) -> Token {
        let token = self.token(subject).typ("JWT").audience(client);
        token
            .claim("nonce", "n-0S6_WzA2Mj")
            .claim("auth_time", self.now())
            .claim("at_hash", "77QmUPtjPfzWtF2AnpK9RQ")
    }

    /// The key that signs now.
    pub fn key(&self) -> Key {
        self.ring().signing.clone()
    }

    /// The keys that are published, oldest first.
    pub fn keys(&self) -> Vec<Key> {
        self.ring().published.clone()
    }

    /// The published keys as a JWK set (RFC 7517 §5): for shared secrets the secrets, which [`serve`](Self::serve)
    /// keeps to itself.
    pub fn jwks(&self) -> Value {
        json!({"keys": self.keys().iter().map(Key::jwk).collect::<Vec<_>>()})
    }

    /// Signs with a new key from now on, and publishes it beside the old ones. Returns it.
    pub fn rotate(&self) -> Key {
        let mut ring = self.ring();
        ring.rotations += 1;
        let key = Key::of(&self.owner, ring.signing.alg(), ring.rotations + 1);
        ring.published.push(key.clone());
        ring.signing = key.clone();
        key
    }

    /// Publishes no key any more but those that sign: the newest of each algorithm. Returns the others.
    pub fn retire(&self) -> Vec<Key> {
        let mut ring = self.ring();
        let all = std::mem::take(&mut ring.published);
        let is_newest = |at: usize| all[at + 1..].iter().all(|newer: &Key| newer.alg() != all[at].alg());
        let (kept, gone): (Vec<_>, Vec<_>) = (0..all.len()).partition(|at| is_newest(*at));
        ring.published = kept.into_iter().map(|at| all[at].clone()).collect();
        gone.into_iter().map(|at| all[at].clone()).collect()
    }

    /// Somebody who says to be this issuer, with keys of the same ids and algorithms, and has not its keys.
    pub fn impostor(&self) -> Self {
        let owner: Box<str> = format!("an impostor of {}", self.owner).into();
        let ring = self.ring();
        let forged = |key: &Key| {
            let number = key.id().rsplit_once('-').and_then(|(_, number)| number.parse().ok()).unwrap_or(1);
            Key::of(&owner, key.alg(), number).with_id(key.id())
        };
        let published = ring.published.iter().map(forged).collect();
        let twin = Ring { published, signing: forged(&ring.signing), rotations: ring.rotations };
        drop(ring);
        Self { owner, ring: Arc::new(Mutex::new(twin)), ..self.clone() }
    }

    /// The same keys under another name: what a served provider is.
    fn renamed(&self, name: &str) -> Self {
        Self { name: name.into(), ..self.clone() }
    }

    /// A key of this issuer that was never published in this process: as one that was retired long ago.
    fn retired_key(&self) -> Key {
        Key::of(&self.owner, self.key().alg(), 0)
    }

    fn now(&self) -> u64 {
        self.clock.unix_seconds()
    }

    fn token_with(&self, key: &Key, subject: &str) -> Token {
        static COUNT: AtomicU64 = AtomicU64::new(1);
        let now = self.now();
        Token::new(&self.typ, key.clone())
            .claim("iss", &*self.name)
            .claim("aud", &*self.audience)
            .claim("sub", subject)
            .claim("iat", now)
            .claim("exp", now.saturating_add(self.lifetime.as_secs()))
            .claim("jti", format!("token-{}", COUNT.fetch_add(1, Ordering::Relaxed)))
    }

    /// A test that panicked elsewhere must not spoil this one.
    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ring {
    fn of(key: Key) -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(Self { published: vec![key.clone()], signing: key, rotations: 0 }))
    }
}

impl Default for Issuer {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer").field("name", &self.name).field("keys", &self.keys()).finish_non_exhaustive()
    }
}
