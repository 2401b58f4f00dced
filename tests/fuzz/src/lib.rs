//! What the targets share: how bytes become fields, and how something good is changed.
//!
//! ```text
//! input ── fields ──▶ header lines        good + recipe ── changed ──▶ nearly good
//! ```

use http::{HeaderName, HeaderValue};

/// One `name: value` a line; what cannot be a field is left out.
pub fn fields(bytes: &[u8]) -> impl Iterator<Item = (HeaderName, HeaderValue)> + '_ {
    bytes.split(|b| *b == b'\n').filter_map(|line| {
        let colon = line.iter().position(|b| *b == b':')?;
        let value = line[colon + 1..].strip_prefix(b" ").unwrap_or(&line[colon + 1..]);
        Some((HeaderName::from_bytes(&line[..colon]).ok()?, HeaderValue::from_bytes(value).ok()?))
    })
}

/// `good` after the recipe: each four bytes replace, insert, remove or flip one byte, or cut or double the end.
pub fn changed(good: &[u8], recipe: &[u8]) -> Vec<u8> {
    let mut text = good.to_vec();
    for step in recipe.chunks_exact(4).take(16) {
        let at = usize::from(u16::from_be_bytes([step[1], step[2]])) % (text.len() + 1);
        let inside = at < text.len();
        match step[0] % 6 {
            0 if inside => text[at] = step[3],
            1 => text.insert(at, step[3]),
            2 if inside => drop(text.remove(at)),
            3 if inside => text[at] ^= 1 << (step[3] % 8),
            4 => text.truncate(at),
            5 if text.len() < 8192 => text.extend_from_within(at..),
            _ => {}
        }
    }
    text
}
