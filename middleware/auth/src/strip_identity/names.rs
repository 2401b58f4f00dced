//! [`NameSet`]: names and beginnings of names, in every spelling, asked about names that are hardly ever among them.
//!
//! ```text
//! name ──▶ bytes 1, 3, 4, 5, as lower case ──▶ slot ──empty──▶ no: most names end here, after some ten instructions
//!                                                 └──▶ its patterns, compared byte by byte
//! ```
//!
//! The second byte is left out: of most identity headers it is the `-` of `x-`, and tells least.

use std::fmt;

/// As many as keep most of them empty.
const SLOTS: usize = 1024;

/// What a name is compared with; written in lower case and with `-` alone.
#[derive(Clone)]
pub(super) enum Pattern {
    /// The name begins so.
    Begins(Box<str>),
    /// It is this.
    Is(Box<str>),
}

/// Patterns by how they start.
#[derive(Clone)]
pub(super) struct NameSet {
    /// For each slot none, or one more than the place of its bucket.
    slots: Box<[u16]>,
    buckets: Vec<Vec<Pattern>>,
    /// Patterns too short for a slot: compared with every name.
    short: Vec<Pattern>,
}

impl NameSet {
    pub(super) fn has(&self, name: &[u8]) -> bool {
        if !self.short.is_empty() && self.short.iter().any(|pattern| pattern.fits(name)) {
            return true;
        }
        let Some(slot) = start(name).map(slot_of) else { return false };
        match self.slots[slot] {
            0 => false,
            bucket => self.buckets[usize::from(bucket) - 1].iter().any(|pattern| pattern.fits(name)),
        }
    }

    pub(super) fn add(&mut self, pattern: Pattern) {
        let Some(start) = start(pattern.text().as_bytes()) else { return self.short.push(pattern) };
        let mut slots: Vec<_> = spellings(start).into_iter().map(slot_of).collect();
        slots.sort_unstable();
        slots.dedup();
        for slot in slots {
            let bucket = match self.slots[slot] {
                0 => {
                    self.buckets.push(Vec::new());
                    self.slots[slot] = u16::try_from(self.buckets.len()).expect("no more buckets than slots");
                    self.buckets.len() - 1
                }
                bucket => usize::from(bucket) - 1,
            };
            self.buckets[bucket].push(pattern.clone());
        }
    }
}

impl Default for NameSet {
    fn default() -> Self {
        Self { slots: vec![0; SLOTS].into(), buckets: Vec::new(), short: Vec::new() }
    }
}

impl fmt::Debug for NameSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut texts: Vec<_> = self.buckets.iter().flatten().chain(&self.short).map(Pattern::text).collect();
        texts.sort_unstable();
        texts.dedup();
        f.debug_set().entries(texts).finish()
    }
}

impl Pattern {
    fn text(&self) -> &str {
        let (Self::Begins(text) | Self::Is(text)) = self;
        text
    }

    fn fits(&self, name: &[u8]) -> bool {
        match self {
            Self::Begins(prefix) => begins(name, prefix),
            Self::Is(whole) => is(name, whole),
        }
    }
}

pub(super) fn is(name: &[u8], whole: &str) -> bool {
    name.len() == whole.len() && begins(name, whole)
}

fn begins(name: &[u8], prefix: &str) -> bool {
    name.len() >= prefix.len() && name.iter().zip(prefix.bytes()).all(|(b, p)| same(*b) == p)
}

/// Lower case; whatever is neither letter nor digit is a `-`, as CGI makes a `_` of it.
pub(crate) fn same(b: u8) -> u8 {
    if b.is_ascii_alphanumeric() { b.to_ascii_lowercase() } else { b'-' }
}

/// Four of the first five bytes, letters in lower case; whatever else that bit makes alike is told apart later.
fn start(name: &[u8]) -> Option<[u8; 4]> {
    let &[a, _, b, c, d, ..] = name else { return None };
    Some((u32::from_ne_bytes([a, b, c, d]) | 0x2020_2020).to_ne_bytes())
}

fn slot_of(start: [u8; 4]) -> usize {
    // The upper bits of a product are mixed best (Knuth, vol. 3, §6.4).
    (u32::from_le_bytes(start).wrapping_mul(0x9E37_79B1) >> (32 - SLOTS.ilog2())) as usize
}

/// How a start can be spelled: each `-` by whatever else a header's name may hold (RFC 9110 §5.6.2).
fn spellings(of: [u8; 4]) -> Vec<[u8; 4]> {
    let mut spellings = vec![of];
    for at in (0..4).filter(|at| of[*at] == b'-') {
        spellings = spellings
            .into_iter()
            .flat_map(|spelling| {
                b"!#$%&'*+-.^_`|~".iter().map(move |other| {
                    let mut spelling = spelling;
                    spelling[at] = other | 0x20;
                    spelling
                })
            })
            .collect();
    }
    spellings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strip_identity::known::{NAMES, PREFIXES};

    fn all() -> NameSet {
        let mut set = NameSet::default();
        for prefix in PREFIXES {
            set.add(Pattern::Begins(prefix.into()));
        }
        for name in NAMES {
            set.add(Pattern::Is(name.into()));
        }
        set
    }

    #[test]
    fn a_name_is_found_with_every_byte_that_counts_as_a_hyphen_in_every_place() {
        let set = all();
        for known in PREFIXES.into_iter().chain(NAMES) {
            for other in (0x21..0x7f_u8).filter(|b| b"!#$%&'*+-.^_`|~".contains(b)) {
                for capital in [false, true] {
                    let spell = |b: u8| if b == b'-' { other } else { b };
                    let mut name: Vec<u8> = known.bytes().map(spell).collect();
                    if capital {
                        name.make_ascii_uppercase();
                    }
                    assert!(set.has(&name), "{}", name.escape_ascii());
                }
            }
        }
    }

    #[test]
    fn usual_names_end_at_an_empty_slot() {
        let set = all();
        let usual = [
            "accept",
            "accept-encoding",
            "accept-language",
            "authorization",
            "cache-control",
            "connection",
            "content-length",
            "content-type",
            "cookie",
            "dnt",
            "host",
            "if-none-match",
            "origin",
            "pragma",
            "priority",
            "referer",
            "sec-ch-ua",
            "sec-fetch-mode",
            "te",
            "traceparent",
            "tracestate",
            "upgrade-insecure-requests",
            "user-agent",
            "x-correlation-id",
            "x-csrf-token",
            "x-request-id",
            "x-requested-with",
        ];
        for name in usual {
            let slot = start(name.as_bytes()).map(slot_of);
            assert!(slot.is_none_or(|slot| set.slots[slot] == 0), "{name}");
        }
    }

    #[test]
    fn a_pattern_shorter_than_a_start_is_compared_with_every_name() {
        let mut set = NameSet::default();
        set.add(Pattern::Begins("u-".into()));
        set.add(Pattern::Is("who".into()));
        for (name, is_in) in [("u_x", true), ("U-", true), ("u", false), ("WHO", true), ("whom", false)] {
            assert_eq!(set.has(name.as_bytes()), is_in, "{name}");
        }
    }
}
