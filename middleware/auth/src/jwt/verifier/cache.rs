//! Tokens whose signature was good: what they say, never what was judged of it.
//!
//! ```text
//! whole token ──keyed hash──▶ shard ──whole token compared──▶ Proved { generation, claims, principal }
//! ```
//!
//! A hit costs the hash, one shard's read lock, one comparison and two reference counts, and no allocation. It counts
//! only while the keys are those that proved it.

use std::{
    hash::{Hash, Hasher, RandomState},
    sync::Arc,
};

use enfilade_core::Principal;
use quick_cache::{Equivalent, Weighter, sync};

/// A token whose signature is good and whose claims are well-formed.
pub(super) struct Proved {
    /// Of the keys that proved it.
    pub(super) generation: u64,
    pub(super) principal: Principal,
    pub(super) issuer: Option<String>,
    pub(super) audience: Option<Vec<String>>,
    pub(super) expires: Option<u64>,
    pub(super) not_before: Option<u64>,
    pub(super) issued_at: Option<u64>,
}

/// Bounded in bytes. The hash is keyed anew for each process (`RandomState`), so nobody can aim at a slot.
pub(super) struct Cache(sync::Cache<Remembered, Arc<Entry>, Bytes, RandomState>);

/// A whole token, as it is kept.
struct Remembered(Box<[u8]>);

/// A whole token, as it is asked for.
struct Asked<'a>(&'a [u8]);

/// How much of a token's end is hashed. It is signature: who could choose it would have forged one, and a token that
/// only ends alike is compared, and is another.
const HASHED: usize = 40;

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
        Self(sync::Cache::with(items, bytes, Bytes, RandomState::new(), lifecycle))
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
        state.write(&self.0[self.0.len().saturating_sub(HASHED)..]);
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
    const EACH: usize = 16 + size_of::<String>();
    let who = &proved.principal;
    let lists: usize = who.scopes().chain(who.roles()).chain(who.amr()).map(|word| word.len() + EACH).sum();
    let audience: usize = proved.audience.iter().flatten().map(|word| word.len() + EACH).sum();
    let texts =
        who.claims_json().map_or(0, str::len) + who.subject().len() + who.issuer().map_or(0, str::len);
    (token.len() + texts + lists + audience + size_of::<Proved>() + 512) as u64
}
