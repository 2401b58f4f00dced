//! Where a field stands in a small table of those that come again and again.
//!
//! ```text
//! (name, value) ─▶ lengths and both ends ─▶ one of 256 places: whoever stands there is compared, and replaced
//! ```

/// A power of two.
pub(super) const PLACES: usize = 256;

/// Longer values are seldom the same again.
pub(super) const LONGEST: usize = 256;

/// Of the lengths and both ends: what stands there is compared all the same.
pub(super) fn place(name: &[u8], value: &[u8]) -> usize {
    let ends = |bytes: &[u8]| match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(first), Some(last)) => {
            u64::from_le_bytes(*first) ^ u64::from_le_bytes(*last).rotate_left(17) ^ bytes.len() as u64
        }
        _ => bytes.iter().fold(bytes.len() as u64, |word, byte| word << 8 | u64::from(*byte)),
    };
    let mixed = ends(name).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ ends(value);
    let mixed = mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    usize::try_from(mixed >> 56).unwrap_or_default() % PLACES
}
