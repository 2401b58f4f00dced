//! base64url as RFC 7515 §2 wants it: no padding, no line breaks, and the bits left over are zero.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// Decodes; `None` for anything that this very text would not be the encoding of.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    // Room for exactly that much, for most of what is decoded is kept: the claims of a token, say.
    let mut bytes = vec![0; text.len() / 4 * 3 + (text.len() % 4).saturating_sub(1)];
    let length = decode_into(text, &mut bytes)?.len();
    (length == bytes.len()).then_some(bytes)
}

/// Decodes into what is there already; `None` as above, or where the room is too small.
pub(crate) fn decode_into<'a>(text: &str, room: &'a mut [u8]) -> Option<&'a [u8]> {
    let length = URL_SAFE_NO_PAD.decode_slice(text, room).ok()?;
    room.get(..length)
}

/// Encodes.
pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Encodes at the end of `out`.
pub(crate) fn encode_into(out: &mut String, bytes: &[u8]) {
    URL_SAFE_NO_PAD.encode_string(bytes, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_for_each_byte_string() {
        assert_eq!(decode("Zg").as_deref(), Some(&b"f"[..]));
        for other in ["Zh", "Zg==", "Zg=", "Z", "Zg\n", " Zg", "Z g", "Zm+v", "Zm/v", "Zg?"] {
            assert_eq!(decode(other), None, "{other:?}");
        }
    }
}
