//! The id of one request: two numbers and the way in which they are written.
//!
//! ```text
//! 9f2c61d07ab3e415-1c                        a process of ours, then its count
//! 0af7651916cd43dd8448eb211c80319c           32 digits: nginx's $request_id
//! 0af76519-16cd-43dd-8448-eb211c80319c       a UUID: Envoy, Caddy, HAProxy, Heroku
//! ```
//!
//! What is parsed is written again to the letter, so that one id is one text in the logs of every hop. Anything else,
//! upper-case digits among it, is no id: a text of any kind would have to be kept, and to be escaped wherever it is read.
//!
//! ```
//! use enfilade_core::RequestId;
//!
//! let id = RequestId::parse(b"0af76519-16cd-43dd-8448-eb211c80319c").unwrap();
//! assert_eq!(id.text().as_str(), "0af76519-16cd-43dd-8448-eb211c80319c");
//! assert_eq!(RequestId::parse(b"admin\" code=\"none"), None);
//! ```

use std::{fmt, ops::Deref, str};

use super::hexadecimal::{self, DIGITS};

/// The id of one request. See the [module docs](self).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId {
    high: u64,
    low: u64,
    form: Form,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Form {
    /// The second number without leading zeros, behind a hyphen.
    Counted,
    Digits,
    Uuid,
}

/// Where a UUID's hyphens stand (RFC 9562 §4).
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// The longest text is a UUID.
const LONGEST: usize = 36;

impl RequestId {
    /// The id of the request `number` of a process whose own number was drawn at random.
    pub fn new(process: u64, number: u64) -> Self {
        Self { high: process, low: number, form: Form::Counted }
    }

    /// Reads an id in one of the three forms; `None` for anything else.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let (high, low, form) = match text.len() {
            LONGEST => {
                let (high, low) = without_hyphens(text)?;
                (hexadecimal::read(&high)?, hexadecimal::read(&low)?, Form::Uuid)
            }
            DIGITS..LONGEST => {
                let (high, low) = text.split_at(DIGITS);
                match low.strip_prefix(b"-") {
                    Some([b'0', _, ..]) => return None,
                    Some(low) => (hexadecimal::read(high)?, hexadecimal::read(low)?, Form::Counted),
                    None if low.len() == DIGITS => {
                        (hexadecimal::read(high)?, hexadecimal::read(low)?, Form::Digits)
                    }
                    None => return None,
                }
            }
            _ => return None,
        };
        Some(Self { high, low, form })
    }

    /// The id as text, without an allocation.
    pub fn text(&self) -> RequestIdText {
        let mut text = RequestIdText { bytes: [b'-'; LONGEST], len: LONGEST };
        let (high, low) = (hexadecimal::write(self.high), hexadecimal::write(self.low));
        match self.form {
            Form::Counted => {
                let zeros = (self.low.leading_zeros() as usize / 4).min(DIGITS - 1);
                text.len = 2 * DIGITS + 1 - zeros;
                text.bytes[..DIGITS].copy_from_slice(&high);
                text.bytes[DIGITS + 1..text.len].copy_from_slice(&low[zeros..]);
            }
            Form::Digits => {
                text.len = 2 * DIGITS;
                text.bytes[..DIGITS].copy_from_slice(&high);
                text.bytes[DIGITS..2 * DIGITS].copy_from_slice(&low);
            }
            Form::Uuid => {
                let places = (0..LONGEST).filter(|at| !HYPHENS.contains(at));
                for (at, digit) in places.zip(high.into_iter().chain(low)) {
                    text.bytes[at] = digit;
                }
            }
        }
        text
    }
}

/// The digits of a UUID, if its hyphens stand where they have to.
fn without_hyphens(text: &[u8]) -> Option<([u8; DIGITS], [u8; DIGITS])> {
    let (mut high, mut low) = ([0; DIGITS], [0; DIGITS]);
    let mut digits = high.iter_mut().chain(&mut low);
    for (at, byte) in text.iter().enumerate() {
        if !HYPHENS.contains(&at) {
            *digits.next()? = *byte;
        } else if *byte != b'-' {
            return None;
        }
    }
    Some((high, low))
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text())
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.text().as_str(), f)
    }
}

/// The text of a [`RequestId`]: digits and hyphens.
#[derive(Clone, Copy)]
pub struct RequestIdText {
    bytes: [u8; LONGEST],
    len: usize,
}

impl RequestIdText {
    /// The text.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.bytes[..self.len]).expect("digits and hyphens")
    }
}

impl Deref for RequestIdText {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Debug for RequestIdText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_the_processs_number_and_the_requests_without_leading_zeros() {
        for (number, text) in [(0, "0"), (1, "1"), (0x1c, "1c"), (u64::MAX, "ffffffffffffffff")] {
            let text = format!("0000000000009f2c-{text}");
            assert_eq!(RequestId::new(0x9f2c, number).to_string(), text);
            assert_eq!(RequestId::parse(text.as_bytes()), Some(RequestId::new(0x9f2c, number)));
        }
    }

    #[test]
    fn what_is_parsed_is_written_again_to_the_letter() {
        for text in [
            "0af7651916cd43dd8448eb211c80319c",
            "00000000000000000000000000000000",
            "0af76519-16cd-43dd-8448-eb211c80319c",
            "9f2c61d07ab3e415-1c",
            "9f2c61d07ab3e415-100000000000000",
        ] {
            let id = RequestId::parse(text.as_bytes()).expect(text);
            assert_eq!(&*id.text(), text);
            assert_eq!(format!("{id:>40}"), format!("{text:>40}"));
        }
    }

    #[test]
    fn anything_else_is_no_id() {
        for text in [
            "",
            "-",
            "1",
            "mine",
            "9f2c61d07ab3e415",
            "9f2c61d07ab3e415-",
            "9f2c61d07ab3e415-01",
            "9f2c61d07ab3e415-00000000000000001",
            "9f2c61d07ab3e415_1",
            "9F2C61D07AB3E415-1",
            "0af7651916cd43dd8448eb211c80319",
            "0af7651916cd43dd8448eb211c80319C",
            "0af7651916cd43dd8448eb211c80319g",
            "0AF76519-16CD-43DD-8448-EB211C80319C",
            "0af76519-16cd-43dd-8448_eb211c80319c",
            "0af76519-16cd-43dd-8448e-b211c80319c",
            "{0af76519-16cd-43dd-8448-eb211c8031}",
            "0af7651916cd43dd8448eb211c80319\u{e9}",
        ] {
            assert_eq!(RequestId::parse(text.as_bytes()), None, "{text}");
        }
    }
}
