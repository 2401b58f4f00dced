//! What was opened before: a browser brings the same seal with every request, and it is decrypted once.
//!
//! ```text
//! wire ── its end, hashed under random keys ──▶ slot ── same profile, name, wire? ──▶ the value, its time judged anew
//!                                                 └ no, or another thread is there ──▶ opened, and noted in its place
//! ```
//!
//! It belongs to the sub-keys of one kind and purpose and goes with them, so that after a change of keys nothing is
//! known. Only what a key has opened is noted, and wires are compared in a time that tells nothing of where they differ:
//! nobody can feel a way to another's cookie. What is noted stays within the slots, and is wiped at the end.

use std::{
    fmt,
    hash::{BuildHasher as _, RandomState},
    sync::Mutex,
};

use smallvec::SmallVec;
use zeroize::Zeroizing;

use super::{Head, Use, Value};

/// One for each of the users who are busy in the same minutes; of two that meet in one, each is opened anew.
const SLOTS: usize = 512;

/// Name and wire of a longer one are not kept, nor longer values.
const TEXT_MAX: usize = 192;
const VALUE_MAX: usize = 64;

/// The seals of one kind and purpose.
pub(crate) struct Seen {
    slots: Box<[Mutex<Slot>]>,
    keys: [u64; 2],
}

/// Empty, while its wire is.
struct Slot {
    mark: u8,
    name_len: usize,
    wire_len: usize,
    value_len: usize,
    /// The name, then the wire.
    text: [u8; TEXT_MAX],
    value: Zeroizing<[u8; VALUE_MAX]>,
    head: Head,
    key: usize,
}

impl Seen {
    pub(crate) fn new() -> Self {
        let random = RandomState::new();
        let slots = (0..SLOTS).map(|_| Mutex::new(Slot::empty())).collect();
        Self { slots, keys: [random.hash_one(0), random.hash_one(1)] }
    }

    /// What was opened of this very wire, for this very use.
    pub(super) fn find(&self, used: &Use<'_>, wire: &[u8]) -> Option<Value> {
        if !is_kept(used, wire) {
            return None;
        }
        self.slot(wire)?.try_lock().ok()?.value_of(used, wire)
    }

    /// Notes what a key has opened.
    pub(super) fn note(&self, used: &Use<'_>, wire: &[u8], value: &Value) {
        if value.bytes.len() <= VALUE_MAX
            && is_kept(used, wire)
            && let Some(slot) = self.slot(wire)
            && let Ok(mut slot) = slot.try_lock()
        {
            slot.fill(used, wire, value);
        }
    }

    /// By the end of a wire, which is the seal's tag: chance, to whoever has no key.
    fn slot(&self, wire: &[u8]) -> Option<&Mutex<Slot>> {
        let (ends, _) = wire.last_chunk::<16>()?.as_chunks::<8>();
        let [low, high] = [0, 1].map(|at| u128::from(u64::from_le_bytes(ends[at]) ^ self.keys[at]));
        // The middle of a product depends on all of both factors.
        let at = usize::try_from((low * high) >> 60 & (SLOTS as u128 - 1)).ok()?;
        self.slots.get(at)
    }
}

/// Elsewhere than at `/` of no domain, more is bound than is noted here.
fn is_kept(used: &Use<'_>, wire: &[u8]) -> bool {
    used.is_usual() && used.name.len() + wire.len() <= TEXT_MAX
}

impl Slot {
    fn empty() -> Self {
        Self {
            mark: 0,
            name_len: 0,
            wire_len: 0,
            value_len: 0,
            text: [0; _],
            value: Zeroizing::new([0; _]),
            head: Head { key: [0; _], issued: 0, lifetime: 0 },
            key: 0,
        }
    }

    #[inline]
    fn value_of(&self, used: &Use<'_>, wire: &[u8]) -> Option<Value> {
        let (name, rest) = self.text.split_at_checked(self.name_len)?;
        let is_it = self.wire_len == wire.len()
            && self.mark == used.profile.mark()
            && name == used.name.as_bytes()
            && are_same(rest.get(..self.wire_len)?, wire);
        let bytes = self.value.get(..self.value_len)?;
        is_it.then(|| Value { bytes: SmallVec::from_slice(bytes), head: self.head, key: self.key })
    }

    fn fill(&mut self, used: &Use<'_>, wire: &[u8], value: &Value) {
        let name = used.name.as_bytes();
        (self.mark, self.head, self.key) = (used.profile.mark(), value.head, value.key);
        (self.name_len, self.wire_len, self.value_len) = (name.len(), wire.len(), value.bytes.len());
        let (head, rest) = self.text.split_at_mut(name.len());
        head.copy_from_slice(name);
        rest[..wire.len()].copy_from_slice(wire);
        self.value.fill(0);
        self.value[..value.bytes.len()].copy_from_slice(&value.bytes);
    }
}

/// Looks at every byte, wherever the first difference is. Both have one length.
fn are_same(one: &[u8], other: &[u8]) -> bool {
    let ((one, one_end), (other, other_end)) = (one.as_chunks::<8>(), other.as_chunks::<8>());
    let word = |bytes: &[u8; 8]| u64::from_ne_bytes(*bytes);
    let words = one.iter().zip(other).fold(0, |seen, (one, other)| seen | (word(one) ^ word(other)));
    let ends = one_end.iter().zip(other_end).fold(0, |seen, (one, other)| seen | (one ^ other));
    words | u64::from(ends) == 0
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seen(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Profile, seal::Kind};

    const WIRE: &[u8] = b"AQIDBAAAAABlAAAAAAEABBCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvw";

    fn used<'a>(name: &'a str, profile: &'a Profile) -> Use<'a> {
        Use { kind: Kind::Private, name, profile }
    }

    fn value(bytes: &[u8]) -> Value {
        let head = Head { key: [1, 2, 3, 4], issued: 7, lifetime: 9 };
        Value { bytes: SmallVec::from_slice(bytes), head, key: 1 }
    }

    #[test]
    fn only_the_very_same_seal_for_the_very_same_use_is_known() {
        let (seen, host) = (Seen::new(), Profile::host());
        let use_a = used("__Host-a", &host);
        assert!(seen.find(&use_a, WIRE).is_none());
        seen.note(&use_a, WIRE, &value(b"42"));
        let found = seen.find(&use_a, WIRE).expect("noted");
        assert_eq!((&found.bytes[..], found.head.issued, found.key), (&b"42"[..], 7, 1));

        for at in 0..WIRE.len() {
            let mut other = WIRE.to_vec();
            other[at] ^= 1;
            assert!(seen.find(&use_a, &other).is_none(), "{at}");
            assert!(seen.find(&use_a, &WIRE[..at]).is_none(), "{at}");
            assert!(seen.find(&use_a, &WIRE[at + 1..]).is_none(), "{at}");
        }
        let others = [Profile::secure(), Profile::insecure_plain(), Profile::secure().with_path("/x")];
        for profile in &others {
            assert!(seen.find(&used("__Host-a", profile), WIRE).is_none());
        }
        for name in ["__Host-b", "__Host-", "__Host-aA", ""] {
            assert!(seen.find(&used(name, &host), WIRE).is_none(), "{name}");
        }
    }

    #[test]
    fn what_is_too_long_or_bound_to_a_place_is_not_kept() {
        let (seen, host) = (Seen::new(), Profile::host());
        let elsewhere = Profile::secure().with_path("/x");
        let long = WIRE.repeat(3);
        for (used, wire, bytes) in [
            (used("a", &elsewhere), WIRE, &b"42"[..]),
            (used("a", &host), &long[..], b"42"),
            (used("a", &host), WIRE, &[b'x'; VALUE_MAX + 1]),
            (used("a", &host), b"short", b"42"),
        ] {
            seen.note(&used, wire, &value(bytes));
            assert!(seen.find(&used, wire).is_none());
        }
    }

    #[test]
    fn a_slot_that_another_thread_holds_is_passed_over() {
        let (seen, host) = (Seen::new(), Profile::host());
        let used = used("a", &host);
        seen.note(&used, WIRE, &value(b"42"));
        let held = seen.slot(WIRE).expect("long enough").lock();
        assert!(seen.find(&used, WIRE).is_none());
        seen.note(&used, WIRE, &value(b"43"));
        drop(held);
        assert_eq!(seen.find(&used, WIRE).expect("as before").bytes[..], b"42"[..]);
    }

    #[test]
    fn wires_with_other_ends_are_spread_over_the_slots() {
        let seen = Seen::new();
        let place = |at: u64| {
            let wire = [at.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes(), at.to_be_bytes()].concat();
            std::ptr::from_ref(seen.slot(&wire).expect("long enough")).addr()
        };
        let mut places: Vec<_> = (0..SLOTS as u64).map(place).collect();
        places.sort_unstable();
        places.dedup();
        assert!(places.len() > SLOTS / 2, "by chance about 0.63 of them: {}", places.len());
    }
}
