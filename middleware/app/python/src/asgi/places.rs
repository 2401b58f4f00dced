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
    let ends = |bytes: &[u8]| {
        let (mut first, mut last) = ([0; 8], [0; 8]);
        let most = bytes.len().min(8);
        first[..most].copy_from_slice(&bytes[..most]);
        last[..most].copy_from_slice(&bytes[bytes.len() - most..]);
        u64::from_le_bytes(first) ^ u64::from_le_bytes(last).rotate_left(17) ^ bytes.len() as u64
    };
    let mixed = ends(name).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ ends(value);
    let mixed = mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    usize::try_from(mixed >> 56).unwrap_or_default() % PLACES
}
