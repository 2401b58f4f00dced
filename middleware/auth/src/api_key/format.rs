//! What a key looks like: readable prefix, id, secret, checksum.
//!
//! ```text
//! enf_V1kq0aB7cD2e_<43 letters and digits: 256 bits><6: CRC-32 of all before it>
//! └ prefix         └ secret                         └ checksum
//!     └ id: 12, finds the line in the file
//! ```
//!
//! The checksum lets a scanner of source code tell a leaked key from noise without asking us, and us a typo from a
//! guess. It protects nothing: the hash does.

use aws_lc_rs::{
    digest::{SHA256, digest},
    rand,
};
use zeroize::Zeroizing;

const ID: usize = 12;
/// 62^43 > 2^256.
const SECRET: usize = 43;
const CHECKSUM: usize = 6;
const LONGEST_PREFIX: usize = 16;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A key of the right shape; nothing is proved yet.
pub(super) struct Key<'a> {
    whole: &'a str,
    id: &'a str,
}

impl<'a> Key<'a> {
    /// Parses strictly: one spelling, no blanks around it.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        if bytes.len() > LONGEST_PREFIX + ID + SECRET + CHECKSUM + 2 {
            return None;
        }
        let whole = str::from_utf8(bytes).ok()?;
        let (prefix, rest) = whole.split_once('_')?;
        let (id, tail) = rest.split_once('_')?;
        let (checked, checksum) = whole.split_at_checked(whole.len().checked_sub(CHECKSUM)?)?;
        let is_whole = is_prefix(prefix)
            && is_id(id)
            && tail.len() == SECRET + CHECKSUM
            && tail.bytes().all(|b| b.is_ascii_alphanumeric())
            && checksum.as_bytes() == checksum_of(checked);
        is_whole.then_some(Self { whole, id })
    }

    pub(super) fn id(&self) -> &'a str {
        self.id
    }

    /// Of the whole text, so that neither prefix nor id can be exchanged.
    pub(super) fn hash(&self) -> [u8; 32] {
        digest(&SHA256, self.whole.as_bytes()).as_ref().try_into().expect("SHA-256 has 32 bytes")
    }
}

/// A new key: `prefix_id_secret`.
pub(super) fn generate(prefix: &str) -> Zeroizing<String> {
    // Room for all of it, or a copy of the secret would stay behind where the text grew.
    let mut text = Zeroizing::new(String::with_capacity(prefix.len() + ID + SECRET + CHECKSUM + 2));
    text.push_str(prefix);
    text.push('_');
    push_random(&mut text, ID);
    text.push('_');
    push_random(&mut text, SECRET);
    for b in checksum_of(&text) {
        text.push(char::from(b));
    }
    text
}

pub(super) fn is_prefix(prefix: &str) -> bool {
    (2..=LONGEST_PREFIX).contains(&prefix.len())
        && prefix.starts_with(|c: char| c.is_ascii_lowercase())
        && prefix.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

pub(super) fn is_id(id: &str) -> bool {
    id.len() == ID && id.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn push_random(text: &mut String, count: usize) {
    let end = text.len() + count;
    while text.len() < end {
        let mut byte = [0];
        rand::fill(&mut byte).expect("the system gives random bytes");
        // 248 = 4 × 62: a byte above it would make the first letters likelier.
        if byte[0] < 248 {
            text.push(char::from(ALPHABET[usize::from(byte[0] % 62)]));
        }
    }
}

fn checksum_of(text: &str) -> [u8; CHECKSUM] {
    let mut left = crc32(text.as_bytes());
    let mut digits = [0; CHECKSUM];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(left % 62) as usize];
        left /= 62;
    }
    digits
}

/// CRC-32 of ISO-HDLC, as in zip and PNG.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_checksum_is_the_crc_that_everybody_has() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(&checksum_of(""), b"000000");
    }

    #[test]
    fn every_new_key_is_another_one_and_is_read() {
        let (a, b) = (generate("enf"), generate("enf"));
        assert!(Key::parse(a.as_bytes()).is_some() && *a != *b);
        assert_eq!(a.len(), 3 + 1 + 12 + 1 + 43 + 6);
    }

    proptest! {
        #[test]
        fn a_single_wrong_letter_is_noticed(at in 0_usize..66, letter in "[0-9A-Za-z_ -]") {
            let key = generate("enf");
            let mut typo = key.to_string();
            typo.replace_range(at..=at, &letter);
            prop_assert_eq!(Key::parse(typo.as_bytes()).is_some(), *typo == **key);
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = Key::parse(&bytes);
        }
    }
}
