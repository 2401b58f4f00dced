//! [`KeySet`]: the keys that an issuer signs with, and [`Keys`]: the set that is trusted right now.
//!
//! ```text
//! token's kid    key with that id · else, among keys without an id, the only one of that algorithm
//! no kid         the only key of that algorithm
//! no such key, or two: auth.token-key-unknown, never "try them all"
//! ```
//!
//! [`Keys`] can be replaced while it is used: each replacement is a new generation, and what a verifier remembers
//! of an older one counts no more.
//!
//! ```
//! use enfilade_auth::jwt::{Algorithm, KeySet, Keys, VerifyingKey};
//!
//! let old = VerifyingKey::from_secret(Algorithm::Hs256, &[7; 32])?.with_id("2026-10");
//! let new = VerifyingKey::from_secret(Algorithm::Hs256, &[8; 32])?.with_id("2026-11");
//! let keys = Keys::new(KeySet::new([old])?);
//! keys.replace(KeySet::new([new])?);
//! assert!(keys.current().find(Some("2026-10"), Algorithm::Hs256).is_none());
//! # Ok::<(), enfilade_auth::ConfigError>(())
//! ```

use std::{
    collections::HashSet,
    fmt,
    sync::{
        Arc, PoisonError, RwLock, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use serde_derive::Deserialize;

use super::{
    Algorithm, TokenError, VerifyingKey,
    compact::{Compact, Room},
    keys::{
        in_source,
        jwk::{Defaults, Jwk, Unfit},
    },
};
use crate::ConfigError;

/// Some keys, found by id. See the [module docs](self).
#[derive(Clone, Debug)]
pub struct KeySet {
    keys: Vec<VerifyingKey>,
    /// Keys of a JWK set that are not for checking signatures here: which, and why.
    left_out: Vec<String>,
}

impl KeySet {
    /// These keys.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Key`] when there is none, two have one id, or secrets stand beside public keys: whoever can
    /// read such a set to check tokens could make them.
    pub fn new(keys: impl IntoIterator<Item = VerifyingKey>) -> Result<Self, ConfigError> {
        let set = Self { keys: keys.into_iter().collect(), left_out: Vec::new() };
        set.checked().map_err(in_source("key set"))
    }

    /// A JWK set (RFC 7517 §5). Keys that are not for checking signatures, or of a kind not offered, are left out.
    ///
    /// An RSA key without `alg` is bound to RS256; [`from_jwks_with_rsa`](Self::from_jwks_with_rsa) says otherwise.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Key`] as for [`new`](Self::new), and when a key is malformed or weak.
    pub fn from_jwks(json: &str) -> Result<Self, ConfigError> {
        Self::from_jwks_with_rsa(json, Algorithm::Rs256)
    }

    /// The same; RSA keys without `alg` are bound to this algorithm.
    ///
    /// # Errors
    ///
    /// As [`from_jwks`](Self::from_jwks).
    pub fn from_jwks_with_rsa(json: &str, rsa: Algorithm) -> Result<Self, ConfigError> {
        let problem = |problem: String| ConfigError::Key { from: "JWK set".to_owned(), problem };
        let jwks: Jwks = serde_json::from_str(json)
            // Without serde's own words: they quote what they found, and that may be a secret.
            .map_err(|error| {
                let (line, column) = (error.line(), error.column());
                problem(format!("this is not the JSON of a JWK set: look at line {line}, column {column}"))
            })?;
        let mut set = Self { keys: Vec::new(), left_out: Vec::new() };
        for (at, jwk) in jwks.keys.iter().enumerate() {
            let name = jwk.id().map_or_else(|| format!("keys[{at}]"), |id| format!("keys[{at}] ({id:?})"));
            match jwk.key(Defaults { rsa }) {
                Ok(key) => set.keys.push(key),
                Err(Unfit::NotForUs(why)) => set.left_out.push(format!("{name}: {why}")),
                Err(Unfit::Wrong(why)) => return Err(problem(format!("{name}: {why}"))),
            }
        }
        set.checked().map_err(in_source("JWK set"))
    }

    /// A set that its issuer published, which nobody here can mend: keys that are malformed, share an id or are
    /// shared secrets are left out, or one of them would keep the whole set from being replaced.
    #[cfg(feature = "jwks-url")]
    pub(super) fn from_published_jwks(json: &str, rsa: Algorithm) -> Result<Self, ConfigError> {
        let problem =
            |problem: &str| ConfigError::Key { from: "JWK set".to_owned(), problem: problem.to_owned() };
        let jwks: Published<'_> =
            serde_json::from_str(json).map_err(|_| problem("this is not the JSON of a JWK set"))?;
        let mut set = Self::none();
        for (at, text) in jwks.keys.iter().enumerate() {
            let jwk: Result<Jwk, _> = serde_json::from_str(text.get());
            let key = jwk.map_err(|_| "no JSON of a key").and_then(|jwk| {
                jwk.key(Defaults { rsa }).map_err(|(Unfit::NotForUs(why) | Unfit::Wrong(why))| why)
            });
            match key {
                Ok(key) if key.is_secret() => {
                    set.left_out.push(format!("keys[{at}]: a published secret is none"));
                }
                Ok(key) => set.keys.push(key),
                Err(why) => set.left_out.push(format!("keys[{at}]: {why}")),
            }
        }
        let (ids, mut twice) = (&mut HashSet::new(), HashSet::new());
        twice.extend(
            set.keys.iter().filter_map(VerifyingKey::id).filter(|id| !ids.insert(*id)).map(str::to_owned),
        );
        set.keys.retain(|key| !key.id().is_some_and(|id| twice.contains(id)));
        set.left_out.extend(twice.into_iter().map(|id| format!("{id:?}: several keys have this id")));
        Ok(set)
    }

    /// No key at all: those of an issuer that cannot be asked any more.
    #[cfg(feature = "jwks-url")]
    pub(super) fn none() -> Self {
        Self { keys: Vec::new(), left_out: Vec::new() }
    }

    /// The one key for a token, by its `kid` and `alg`. A key found by its id may be bound to another algorithm.
    pub fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<&VerifyingKey> {
        let only = |nameless: bool| {
            let mut fitting = self
                .keys
                .iter()
                .filter(|key| key.algorithm() == algorithm && !(nameless && key.id().is_some()));
            fitting.next().filter(|_| fitting.next().is_none())
        };
        let Some(id) = id else { return only(false) };
        self.keys.iter().find(|key| key.id() == Some(id)).or_else(|| only(true))
    }

    /// The payload of a JWS in compact serialization (RFC 7515 §7.1), if its signature is good, and nothing more.
    ///
    /// Whether it has expired, and for whom it is, is for a [`Verifier`](super::Verifier) to say.
    ///
    /// # Errors
    ///
    /// [`TokenError`], as a verifier's up to the signature.
    pub fn verify_jws(&self, token: &str) -> Result<Vec<u8>, TokenError> {
        let mut room = Room::new();
        let compact = Compact::parse(token, &mut room, None)?;
        compact.check_signature(self)?;
        Ok(compact.payload)
    }

    /// Whether some key is bound to this algorithm.
    pub fn offers(&self, algorithm: Algorithm) -> bool {
        self.keys.iter().any(|key| key.algorithm() == algorithm)
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Never, but for the keys of an issuer that has none, or whose keys have grown too old (feature `jwks-url`).
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// What was left out of a JWK set, one line each: for the log.
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }

    fn checked(self) -> Result<Self, &'static str> {
        if self.keys.is_empty() {
            return Err("there is no key for checking signatures");
        }
        let mut ids = HashSet::new();
        if !self.keys.iter().filter_map(VerifyingKey::id).all(|id| ids.insert(id)) {
            return Err("two keys have the same id");
        }
        if self.keys.iter().any(VerifyingKey::is_secret) && !self.keys.iter().all(VerifyingKey::is_secret) {
            return Err("shared secrets stand beside public keys: keep them in sets of their own");
        }
        Ok(self)
    }
}

impl From<VerifyingKey> for KeySet {
    fn from(key: VerifyingKey) -> Self {
        Self { keys: vec![key], left_out: Vec::new() }
    }
}

#[derive(Deserialize)]
struct Jwks {
    keys: Vec<Jwk>,
}

#[cfg(feature = "jwks-url")]
#[derive(Deserialize)]
struct Published<'a> {
    #[serde(borrow)]
    keys: Vec<&'a serde_json::value::RawValue>,
}

/// The keys that are trusted right now. Clones are the same keys. See the [module docs](self).
#[derive(Clone)]
pub struct Keys(Arc<Shared>);

struct Shared {
    generation: AtomicU64,
    /// Read once for each token that is not remembered; held for a pointer's copy.
    current: RwLock<Arc<KeySet>>,
    /// Where a request that lacks a key asks for newer ones.
    #[cfg(feature = "jwks-url")]
    demand: Option<super::jwks_url::Demand>,
}

impl Keys {
    /// Trusts these keys.
    pub fn new(set: impl Into<KeySet>) -> Self {
        let current = RwLock::new(Arc::new(set.into()));
        Self(Arc::new(Shared {
            generation: AtomicU64::new(0),
            current,
            #[cfg(feature = "jwks-url")]
            demand: None,
        }))
    }

    #[cfg(feature = "jwks-url")]
    pub(super) fn renewed_by(set: KeySet, demand: super::jwks_url::Demand) -> Self {
        let current = RwLock::new(Arc::new(set));
        Self(Arc::new(Shared { generation: AtomicU64::new(0), current, demand: Some(demand) }))
    }

    #[cfg(feature = "jwks-url")]
    pub(super) fn demand(&self) -> Option<&super::jwks_url::Demand> {
        self.0.demand.as_ref()
    }

    /// Trusts these keys from now on, and no other.
    pub fn replace(&self, set: impl Into<KeySet>) {
        let mut current = self.0.current.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(set.into());
        // Behind the new set, and read before it: who sees the new number sees the new set.
        self.0.generation.fetch_add(1, Ordering::Release);
    }

    /// The keys.
    pub fn current(&self) -> Arc<KeySet> {
        self.0.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Counts the replacements.
    pub fn generation(&self) -> u64 {
        self.0.generation.load(Ordering::Acquire)
    }

    pub(super) fn downgrade(&self) -> WeakKeys {
        WeakKeys(Arc::downgrade(&self.0))
    }
}

/// Keys that somebody may still use.
pub(super) struct WeakKeys(Weak<Shared>);

impl WeakKeys {
    pub(super) fn upgrade(&self) -> Option<Keys> {
        self.0.upgrade().map(Keys)
    }
}

impl From<KeySet> for Keys {
    fn from(set: KeySet) -> Self {
        Self::new(set)
    }
}

impl From<VerifyingKey> for Keys {
    fn from(key: VerifyingKey) -> Self {
        Self::new(key)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("generation", &self.generation())
            .field("current", &self.current())
            .finish()
    }
}
