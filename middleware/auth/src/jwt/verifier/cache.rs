//! Tokens whose signature was good: what they say, never what was judged of it.
//!
//! ```text
//! whole token ──its end hashed──▶ shard ──whole token compared──▶ Proved { generation, claims, principal }
//! ```
//!
//! A hit costs the hash, one shard's read lock, one comparison and two reference counts, and no allocation. It counts
//! only while the keys are those that proved it.

use std::{
    hash::{BuildHasher, Hash, Hasher, RandomState},
    sync::Arc,
};

use enfilade_core::Principal;
use quick_cache::{Equivalent, Weighter, sync};

/// A token whose signature is good and whose claims are well-formed.
pub(super) struct Proved {
    /// Of the keys that proved it.
    pub(super) generation: u64,
    pub(super) principal: Principal,
    pub(super) expires: Option<u64>,
    pub(super) not_before: Option<u64>,
    pub(super) issued_at: Option<u64>,
}

/// Bounded in bytes.
pub(super) struct Cache(sync::Cache<Remembered, Arc<Entry>, Bytes, Tails>);

/// A whole token, as it is kept.
struct Remembered(Box<[u8]>);

/// A whole token, as it is asked for.
struct Asked<'a>(&'a [u8]);

/// A token remembered.
pub(super) struct Entry {
    pub(super) proved: Proved,
    bytes: u64,
}

impl Cache {
    pub(super) fn new(bytes: u64) -> Self {
        const USUAL: u64 = 4096;
        let items = usize::try_from(bytes / USUAL).unwrap_or(usize::MAX).clamp(16, 1 << 16);
        let lifecycle = sync::DefaultLifecycle::default();
        Self(sync::Cache::with(items, bytes, Bytes, Tails::new(), lifecycle))
    }

    pub(super) fn find(&self, token: &[u8], generation: u64) -> Option<Arc<Entry>> {
        self.0.get(&Asked(token)).filter(|known| known.proved.generation == generation)
    }

    pub(super) fn keep(&self, token: &str, proved: Proved) {
        let bytes = bytes(token, &proved);
        self.0.insert(Remembered(token.as_bytes().into()), Arc::new(Entry { proved, bytes }));
    }
}

impl Hash for Remembered {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Asked(&self.0).hash(state);
    }
}

impl Hash for Asked<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.0);
    }
}

impl PartialEq for Remembered {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Remembered {}

impl Equivalent<Remembered> for Asked<'_> {
    fn equivalent(&self, remembered: &Remembered) -> bool {
        *self.0 == *remembered.0
    }
}

/// Hashes the last 16 bytes of a token under two random keys, by one wide multiplication.
///
/// That is enough here, and the rest of a token need not be read twice: only tokens with a good signature are ever kept,
/// and their ends are signature. Whoever could choose those could forge tokens; whoever gathers many good ones finds
/// 96 bits of chance in each. A token that is no good and ends like a good one meets that one, is compared whole, and
/// is another. So nobody can fill a slot, and a flood of bogus tokens costs one comparison each.
#[derive(Clone)]
struct Tails {
    keys: [u64; 2],
}

impl Tails {
    fn new() -> Self {
        let random = RandomState::new();
        Self { keys: [random.hash_one(0), random.hash_one(1)] }
    }
}

impl BuildHasher for Tails {
    type Hasher = Tail;

    fn build_hasher(&self) -> Tail {
        Tail { keys: self.keys, hash: 0 }
    }
}

/// The lower half of 128 bits.
const HALF: u128 = u64::MAX as u128;

struct Tail {
    keys: [u64; 2],
    hash: u64,
}

impl Hasher for Tail {
    fn write(&mut self, token: &[u8]) {
        let tail = token.last_chunk().copied().unwrap_or_default();
        let tail = u128::from_le_bytes(tail);
        let [low, high] = [(tail & HALF) ^ u128::from(self.keys[0]), (tail >> 64) ^ u128::from(self.keys[1])];
        let product = low * high;
        self.hash = u64::try_from((product >> 64) ^ (product & HALF)).expect("both halves have 64 bits");
    }

    fn finish(&self) -> u64 {
        self.hash
    }
}

/// Asked again whenever something is evicted, so it only reads what was counted once.
#[derive(Clone)]
struct Bytes;

impl Weighter<Remembered, Arc<Entry>> for Bytes {
    fn weight(&self, _: &Remembered, entry: &Arc<Entry>) -> u64 {
        entry.bytes
    }
}

/// What one token takes, by what common allocators add. Many short scopes take more than their text.
fn bytes(token: &str, proved: &Proved) -> u64 {
    const EACH: usize = 16 + size_of::<Box<str>>();
    let who = &proved.principal;
    let lists: usize = who.scopes().chain(who.roles()).chain(who.amr()).map(|word| word.len() + EACH).sum();
    let texts =
        who.claims_json().map_or(0, str::len) + who.subject().len() + who.issuer().map_or(0, str::len);
    (token.len() + texts + lists + size_of::<Proved>() + 512) as u64
}
