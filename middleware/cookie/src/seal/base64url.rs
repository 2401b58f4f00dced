//! base64url without padding (RFC 4648 §5), decoded strictly into room of the exact length: one spelling for each value.
//!
//! ```text
//! "Zg" ──▶ "f"          "Zh" (loose bits), "Zg==", "Z", "Z+", "Z g" ──▶ None
//! ```
//!
//! The base64 crate takes twice the instructions for what a cookie holds, and every request pays for it.

/// How many bytes a text of that length is the encoding of; `None`, if of none.
pub(super) fn decoded_len(text: &[u8]) -> Option<usize> {
    let (whole, rest) = (text.len() / 4 * 3, text.len() % 4);
    (rest != 1).then_some(whole + rest.saturating_sub(1))
}

/// Decodes into room of [`decoded_len`]; `None` for whatever is not the one encoding of what it holds.
pub(super) fn decode(text: &[u8], room: &mut [u8]) -> Option<()> {
    if decoded_len(text)? != room.len() {
        return None;
    }
    let (whole, rest) = text.as_chunks::<8>();
    let (room, last) = room.as_chunks_mut::<6>();
    let mut seen = 0;
    for (letters, bytes) in whole.iter().zip(room) {
        bytes.copy_from_slice(&bits(*letters, &mut seen).to_be_bytes()[2..]);
    }
    let mut letters = [b'A'; 8];
    letters[..rest.len()].copy_from_slice(rest);
    let bits = bits(letters, &mut seen);
    last.copy_from_slice(&bits.to_be_bytes()[2..2 + last.len()]);
    let loose = bits << (16 + 8 * last.len());
    (seen & NO_LETTER == 0 && loose == 0).then_some(())
}

/// The 48 bits of eight letters; `seen` tells [`NO_LETTER`].
fn bits([a, b, c, d, rest @ ..]: [u8; 8], seen: &mut u32) -> u64 {
    let (high, low) = (quad([a, b, c, d]), quad(rest));
    *seen |= high | low;
    u64::from(high) << 24 | u64::from(low)
}

fn quad(letters: [u8; 4]) -> u32 {
    let [a, b, c, d] = letters.map(usize::from);
    PLACES[0][a] | PLACES[1][b] | PLACES[2][c] | PLACES[3][d]
}

const NO_LETTER: u32 = 1 << 31;

/// What each letter stands for at each of the four places.
static PLACES: [[u32; 256]; 4] = [place(18), place(12), place(6), place(0)];

const fn place(shift: u32) -> [u32; 256] {
    let letters = *b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut values = [NO_LETTER; 256];
    let mut value: u32 = 0;
    while value < 64 {
        values[letters[value as usize] as usize] = value << shift;
        value += 1;
    }
    values
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
    use proptest::prelude::*;

    use super::*;

    fn decoded(text: &[u8]) -> Option<Vec<u8>> {
        let mut room = vec![0; decoded_len(text)?];
        decode(text, &mut room)?;
        Some(room)
    }

    #[test]
    fn one_text_for_each_value() {
        assert_eq!(decoded(b""), Some(vec![]));
        assert_eq!(decoded(b"Zg"), Some(b"f".to_vec()));
        for other in
            ["Zh", "Zg==", "Zg=", "Z", "Zg\n", " Zg", "Z g", "Zm+v", "Zm/v", "Zg?", "Zm9", "Zm-v\u{ff}"]
        {
            assert_eq!(decoded(other.as_bytes()), None, "{other:?}");
        }
        assert_eq!(decode(b"Zg", &mut [0; 2]), None, "room for more than it holds");
    }

    proptest! {
        #[test]
        fn what_is_decoded_is_what_a_strict_reader_decodes(text in "([A-Za-z0-9_-]{0,99}|[A-Za-z0-9_=+/.-]{0,9})") {
            prop_assert_eq!(decoded(text.as_bytes()), BASE64_URL_SAFE_NO_PAD.decode(&text).ok());
        }

        #[test]
        fn what_was_encoded_comes_back(value in prop::collection::vec(any::<u8>(), 0..99)) {
            prop_assert_eq!(decoded(BASE64_URL_SAFE_NO_PAD.encode(&value).as_bytes()), Some(value));
        }
    }
}
