//! Tokens whose signature was good: what they say, never what was judged of it.
//!
//! ```text
//! whole token ──keyed hash──▶ shard ──whole token compared──▶ Proved { generation, claims, principal }
//! ```
//!
//! A hit costs the hash, one shard's read lock and two reference counts, and no allocation. It counts only while
//! the keys are those that proved it.

use std::{hash::RandomState, sync::Arc};

use enfilade_core::Principal;
use quick_cache::{Weighter, sync};

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
pub(super) struct Cache(sync::Cache<Box<str>, Arc<Entry>, Bytes, RandomState>);

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

    pub(super) fn find(&self, token: &str, generation: u64) -> Option<Arc<Entry>> {
        self.0.get(token).filter(|known| known.proved.generation == generation)
    }

    pub(super) fn keep(&self, token: &str, proved: Proved) {
        let bytes = bytes(token, &proved);
        self.0.insert(token.into(), Arc::new(Entry { proved, bytes }));
    }
}

/// Asked again whenever something is evicted, so it only reads what was counted once.
#[derive(Clone)]
struct Bytes;

impl Weighter<Box<str>, Arc<Entry>> for Bytes {
    fn weight(&self, _: &Box<str>, entry: &Arc<Entry>) -> u64 {
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
