//! Pairs of name and password that were right a moment ago, so that curl and git do not pay for a hash each time.
//!
//! ```text
//! HMAC-SHA256(random key, generation ‖ length of name ‖ name ‖ password) ──▶ Principal, until …
//! ```
//!
//! Neither name nor password is kept. The store's generation is part of what is hashed, so a reload forgets all.

use std::{fmt, time::Duration};

use aws_lc_rs::hmac::{self, HMAC_SHA256};
use enfilade_core::Principal;
use quick_cache::sync::Cache;

use super::{credentials::Credentials, hash::random};

/// How many pairs are kept. Each is a tag and a shared principal, some 100 bytes.
const CAPACITY: usize = 4096;

pub(super) struct Memory {
    key: hmac::Key,
    pairs: Cache<Tag, Known>,
    /// Zero remembers nothing.
    span: Duration,
}

/// What a pair is remembered under.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Tag([u8; 32]);

#[derive(Clone)]
struct Known {
    who: Principal,
    until: Duration,
}

impl Memory {
    pub(super) fn new(span: Duration) -> Self {
        // Without random bytes the key would be guessable: then nothing is remembered.
        let (key, span) = random::<32>().map_or(([0; 32], Duration::ZERO), |key| (key, span));
        Self { key: hmac::Key::new(HMAC_SHA256, &key), pairs: Cache::new(CAPACITY), span }
    }

    pub(super) fn tag(&self, generation: u64, credentials: &Credentials) -> Tag {
        let (name, password) = (credentials.name(), credentials.password());
        let mut context = hmac::Context::with_key(&self.key);
        context.update(&generation.to_be_bytes());
        // The length keeps `a:bc` and `ab:c` apart.
        context.update(&(name.len() as u64).to_be_bytes());
        context.update(name.as_bytes());
        context.update(password.as_bytes());
        let mut tag = [0; 32];
        tag.copy_from_slice(context.sign().as_ref());
        Tag(tag)
    }

    pub(super) fn recall(&self, tag: &Tag, now: Duration) -> Option<Principal> {
        let known = self.pairs.get(tag)?;
        (now < known.until).then_some(known.who)
    }

    pub(super) fn remember(&self, tag: Tag, who: Principal, now: Duration) {
        if !self.span.is_zero() {
            self.pairs.insert(tag, Known { who, until: now.saturating_add(self.span) });
        }
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("span", &self.span).finish_non_exhaustive()
    }
}
