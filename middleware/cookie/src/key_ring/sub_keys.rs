//! The keys in use: derived per key, purpose and kind, once, and then found without a lock.
//!
//! ```text
//! Keys { key 1, key 2 } ─▶ ("session", private): [sub 1, sub 2] ─▶ ("visits", signed): [sub 1, sub 2] ─▶ …
//! ```

use std::{ops::Deref, sync::OnceLock};

use aws_lc_rs::{
    aead::{AES_256_GCM_SIV, LessSafeKey, UnboundKey},
    hmac,
};
use zeroize::Zeroizing;

use super::key::{Key, KeyId, expand};
use crate::seal::{Kind, Seen};

/// Purposes beyond this number are derived each time: they are constants in code, never a client's words.
const PURPOSES_MAX: usize = 32;

/// One generation of a ring's keys, the sealing one first, with what was derived from them.
#[derive(Debug)]
pub(crate) struct Keys {
    keys: Box<[Key]>,
    derived: OnceLock<Box<Node>>,
}

/// A list that only grows, so that it is read without a lock.
#[derive(Debug)]
pub(crate) struct Node {
    purpose: Box<str>,
    kind: Kind,
    sub_keys: Box<[SubKey]>,
    seen: Seen,
    next: OnceLock<Box<Node>>,
}

/// What seals and opens for one purpose and kind.
#[derive(Debug)]
pub(crate) struct SubKey {
    pub(crate) id: KeyId,
    pub(crate) material: Material,
}

/// A sub-key in the form that its algorithm wants. Both redact themselves.
#[derive(Debug)]
pub(crate) enum Material {
    Signing(Box<hmac::Key>),
    Sealing(LessSafeKey),
}

impl Keys {
    pub(super) fn new(keys: Box<[Key]>) -> Self {
        Self { keys, derived: OnceLock::new() }
    }

    pub(super) fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// The sub-keys in the order of their keys.
    pub(crate) fn sub_keys(&self, kind: Kind, purpose: &str) -> SubKeys<'_> {
        let mut slot = &self.derived;
        for _ in 0..PURPOSES_MAX {
            // If two derive at once, one of the two stands, for whichever purpose it was.
            let node = slot.get_or_init(|| Box::new(self.node(kind, purpose)));
            if node.kind == kind && *node.purpose == *purpose {
                return SubKeys::Kept(node);
            }
            slot = &node.next;
        }
        SubKeys::Made(self.derive(kind, purpose))
    }

    #[cold]
    fn node(&self, kind: Kind, purpose: &str) -> Node {
        let sub_keys = self.derive(kind, purpose);
        Node { purpose: purpose.into(), kind, sub_keys, seen: Seen::new(), next: OnceLock::new() }
    }

    fn derive(&self, kind: Kind, purpose: &str) -> Box<[SubKey]> {
        let sub_key = |key: &Key| {
            let mut secret = Zeroizing::new([0; 32]);
            expand(key.prk(), &[kind.label(), purpose.as_bytes()], &mut *secret);
            let material = match kind {
                Kind::Signed => Material::Signing(Box::new(hmac::Key::new(hmac::HMAC_SHA256, &*secret))),
                Kind::Private => {
                    let key = UnboundKey::new(&AES_256_GCM_SIV, &*secret);
                    Material::Sealing(LessSafeKey::new(key.expect("the key has 32 bytes")))
                }
            };
            SubKey { id: key.id(), material }
        };
        self.keys.iter().map(sub_key).collect()
    }
}

/// Sub-keys, kept by the ring or made for this one use.
pub(crate) enum SubKeys<'a> {
    Kept(&'a Node),
    Made(Box<[SubKey]>),
}

impl SubKeys<'_> {
    /// What they have opened before, where they are kept.
    pub(crate) fn seen(&self) -> Option<&Seen> {
        match self {
            Self::Kept(node) => Some(&node.seen),
            Self::Made(_) => None,
        }
    }
}

impl Deref for SubKeys<'_> {
    type Target = [SubKey];

    fn deref(&self) -> &[SubKey] {
        match self {
            Self::Kept(node) => &node.sub_keys,
            Self::Made(sub_keys) => sub_keys,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_derived_is_kept_per_purpose_and_kind() {
        let keys = Keys::new(Box::new([Key::generate(), Key::generate()]));
        let kept = |kind, purpose| match keys.sub_keys(kind, purpose) {
            SubKeys::Kept(node) => node.sub_keys.as_ptr(),
            SubKeys::Made(_) => panic!("few purposes are kept"),
        };
        assert_eq!(kept(Kind::Private, "a"), kept(Kind::Private, "a"));
        assert_ne!(kept(Kind::Private, "a"), kept(Kind::Signed, "a"));
        assert_ne!(kept(Kind::Private, "a"), kept(Kind::Private, "b"));
        assert_eq!(keys.sub_keys(Kind::Private, "a").len(), 2);
    }

    #[test]
    fn many_purposes_are_derived_but_not_kept() {
        let keys = Keys::new(Box::new([Key::generate()]));
        for at in 0..100 {
            assert_eq!(keys.sub_keys(Kind::Signed, &at.to_string()).len(), 1);
        }
        assert!(matches!(keys.sub_keys(Kind::Signed, "31"), SubKeys::Kept(_)));
        assert!(matches!(keys.sub_keys(Kind::Signed, "99"), SubKeys::Made(_)));
    }
}
