//! Lower-case hexadecimal digits, both ways: an upper-case one is none.
//!
//! ```text
//! 0x1c ◀──▶ 000000000000001c
//! ```

/// Digits of a number.
pub(super) const DIGITS: usize = 16;

/// All digits of a number.
pub(super) fn write(number: u64) -> [u8; DIGITS] {
    let mut rest = number;
    let mut digits = [0; DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(rest & 15) as usize];
        rest >>= 4;
    }
    digits
}

/// The number that so many digits write, one to sixteen of them; `None` when anything else is among them.
pub(super) fn read(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > DIGITS {
        return None;
    }
    digits.iter().try_fold(0, |number: u64, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(number << 4 | u64::from(value))
    })
}
