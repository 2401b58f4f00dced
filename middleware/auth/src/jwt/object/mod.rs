//! Strict JSON objects: every member's name once, its value as written, read by type.
//!
//! ```text
//! text ──▶ Object [ name → raw value ]      a name twice, also written with escapes: refused (RFC 7515 §4, 7519 §4)
//!             ├─ Value ─┬─ string, name, list, array   absent → None · null, another type → Err
//!             │         └─ seconds                     NumericDate (RFC 7519 §2)
//!             └─ is_readable                           whatever else is there can be read by serde_json, too
//! ```
//!
//! Everything is borrowed from the text, but for what is written with escapes.

mod plain;

use std::{borrow::Cow, fmt};

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use smallvec::SmallVec;

/// A member that is there has the wrong shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wrong(pub(super) &'static str);

/// A JSON object whose values are not parsed yet. Few enough to look through; a token has about ten.
pub(super) struct Object<'a> {
    members: SmallVec<[Member<'a>; USUAL]>,
    /// Whether it was taken apart by [`plain`], and so has nothing that cannot be read.
    is_plain: bool,
}

type Member<'a> = (Cow<'a, str>, &'a str);

/// Some words, in a list or alone.
pub(super) type Words<'a> = SmallVec<[Cow<'a, str>; 4]>;

/// So many members are kept without an allocation, and compared each with each.
const USUAL: usize = 16;

/// The end of the year 9999: a time behind it is milliseconds or a mistake, and would never expire.
const LAST_SECOND: u64 = 253_402_300_799;

impl<'a> Object<'a> {
    /// Parses the whole text; whatever follows the object, blanks apart, is an error.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let Some(members) = plain::members(text) else { return Self::strictly(text) };
        let object = Self { members, is_plain: true };
        if object.has_doubled_names() { None } else { Some(object) }
    }

    fn strictly(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Whether the member is there, whatever it is.
    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// A string.
    pub(super) fn string(&self, name: &'static str) -> Result<Option<Cow<'a, str>>, Wrong> {
        Value { name, raw: self.get(name) }.string()
    }

    /// The member as an object of its own.
    pub(super) fn object(&self, name: &str) -> Result<Option<Object<'a>>, ()> {
        self.get(name).map(|value| Object::parse(value).ok_or(())).transpose()
    }

    /// A string, or an array of strings, under a name that is not ours.
    pub(super) fn list_at(&self, name: &str) -> Result<Option<List<'a>>, ()> {
        self.get(name).map(|value| list(value).ok_or(())).transpose()
    }

    /// Name and value of each member.
    pub(super) fn members(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.members.iter().map(|(name, value)| (&**name, *value))
    }

    /// Whether all of `text`, which this object was parsed from, can be read into memory: no number beyond `f64`, no half
    /// of a surrogate pair, and nothing nested deeper than `serde_json` goes (127 levels; others end at their stack's end).
    pub(super) fn is_readable(&self, text: &str) -> bool {
        let is_plain = self.is_plain || self.members.iter().all(|(_, value)| is_plain(value));
        is_plain || serde_json::from_str::<Readable>(text).is_ok()
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        self.members.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }

    /// Compared each with each where there are few. Who sends thousands must not make that their square.
    fn has_doubled_names(&self) -> bool {
        let names = || self.members.iter().map(|(name, _)| name);
        if self.members.len() <= USUAL {
            let mut marks = 0_u64;
            return names().enumerate().any(|(at, name)| {
                // Most names end here: none before has the same mark.
                let bit = 1 << mark(name.as_bytes());
                let may_be_there = marks & bit != 0;
                marks |= bit;
                may_be_there && names().take(at).any(|before| before == name)
            });
        }
        let mut sorted: Vec<_> = names().collect();
        sorted.sort_unstable();
        sorted.windows(2).any(|pair| pair[0] == pair[1])
    }
}

/// A number below 64 that tells most names apart.
fn mark(name: &[u8]) -> u32 {
    let [first, last] = [name.first(), name.last()].map(|b| u32::from(b.copied().unwrap_or_default()));
    (first ^ (last << 2) ^ u32::try_from(name.len()).unwrap_or_default()) % 64
}

/// What an object has under a name of ours; nothing, to begin with.
#[derive(Clone, Copy)]
pub(super) struct Value<'a> {
    name: &'static str,
    raw: Option<&'a str>,
}

impl<'a> Value<'a> {
    pub(super) fn of(name: &'static str) -> Self {
        Self { name, raw: None }
    }

    pub(super) fn set(&mut self, raw: &'a str) {
        self.raw = Some(raw);
    }

    pub(super) fn is_there(self) -> bool {
        self.raw.is_some()
    }

    /// A string.
    pub(super) fn string(self) -> Result<Option<Cow<'a, str>>, Wrong> {
        self.read(text)
    }

    /// A string that names something: not empty, no control characters, for it goes to logs and environments.
    pub(super) fn name(self) -> Result<Option<Cow<'a, str>>, Wrong> {
        self.read(|value| text(value).filter(|text| !text.is_empty() && !has_controls(text)))
    }

    /// A string, or an array of strings.
    pub(super) fn list(self) -> Result<Option<List<'a>>, Wrong> {
        self.read(list)
    }

    /// An array of strings.
    pub(super) fn array(self) -> Result<Option<Words<'a>>, Wrong> {
        self.read(words)
    }

    /// A `NumericDate` in whole seconds; a fraction, which RFC 7519 §2 allows, is rounded.
    pub(super) fn seconds(self, rounded: Rounded) -> Result<Option<u64>, Wrong> {
        self.read(|value| seconds(value, rounded))
    }

    pub(super) fn wrong(self) -> Wrong {
        Wrong(self.name)
    }

    fn read<T>(self, read: impl FnOnce(&'a str) -> Option<T>) -> Result<Option<T>, Wrong> {
        self.raw.map(|value| read(value).ok_or(self.wrong())).transpose()
    }
}

/// What some issuers write as one text, and others as several.
pub(super) enum List<'a> {
    One(Cow<'a, str>),
    Many(Words<'a>),
}

impl<'a> List<'a> {
    pub(super) fn into_words(self) -> Words<'a> {
        match self {
            Self::One(word) => Words::from_iter([word]),
            Self::Many(words) => words,
        }
    }
}

/// Which way a fraction of a second goes: the strict one for each claim.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rounded {
    Down,
    Up,
}

/// The text is a JSON value already, so what begins with a digit is a number without a sign.
fn seconds(text: &str, rounded: Rounded) -> Option<u64> {
    let seconds = match text.parse::<u64>() {
        Ok(seconds) => Some(seconds),
        Err(_) if text.starts_with(|c: char| c.is_ascii_digit()) => whole(text.parse().ok()?, rounded),
        Err(_) => None,
    };
    seconds.filter(|seconds| *seconds <= LAST_SECOND)
}

fn whole(seconds: f64, rounded: Rounded) -> Option<u64> {
    let seconds = match rounded {
        Rounded::Down => seconds.floor(),
        Rounded::Up => seconds.ceil(),
    };
    #[expect(clippy::cast_precision_loss, reason = "the limit has 38 bits")]
    let fits = seconds >= 0.0 && seconds <= LAST_SECOND as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole, and within the limits"
    )]
    fits.then_some(seconds as u64)
}

fn text(value: &str) -> Option<Cow<'_, str>> {
    // It is a JSON value already: between its quotes, and without escapes, stands the text itself.
    let plain = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match plain.filter(|text| !text.as_bytes().contains(&b'\\')) {
        Some(text) => Some(Cow::Borrowed(text)),
        None => serde_json::from_str::<Text<'_>>(value).ok().map(|Text(text)| text),
    }
}

/// Of plain ASCII, which most names are, each byte is looked at once, and nothing decoded.
fn has_controls(text: &str) -> bool {
    let is_plain = text.bytes().all(|b| matches!(b, b' '..=b'~'));
    !is_plain && text.chars().any(char::is_control)
}

fn list(value: &str) -> Option<List<'_>> {
    if value.starts_with('[') { words(value).map(List::Many) } else { text(value).map(List::One) }
}

fn words(value: &str) -> Option<Words<'_>> {
    serde_json::from_str::<Array<'_>>(value).ok().map(|Array(words)| words)
}

/// Texts without escapes, short whole numbers, `true`, `false` and `null`: what needs no second look.
fn is_plain(value: &str) -> bool {
    let text = value.as_bytes();
    match text.first() {
        Some(b'"') => !text.contains(&b'\\'),
        Some(b'[' | b'{') => false,
        Some(b'-' | b'0'..=b'9') => text.len() < 18 && !text.iter().any(|b| matches!(b, b'e' | b'E')),
        _ => true,
    }
}

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
                let mut object = Object { members: SmallVec::new(), is_plain: false };
                while let Some(Text(name)) = access.next_key()? {
                    let value: &RawValue = access.next_value()?;
                    object.members.push((name, value.get()));
                }
                if object.has_doubled_names() {
                    return Err(A::Error::custom("a name is there twice"));
                }
                Ok(object)
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// Borrowed where it has no escapes; names are compared decoded, so `"\u0065xp"` is `exp`.
struct Text<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(Either)
    }
}

struct Array<'a>(Words<'a>);

impl<'de> Deserialize<'de> for Array<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;

        impl<'de> Visitor<'de> for Each {
            type Value = Array<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of texts")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
                let mut words = Words::new();
                while let Some(Text(word)) = access.next_element()? {
                    words.push(word);
                }
                Ok(Array(words))
            }
        }

        deserializer.deserialize_seq(Each)
    }
}

/// Any value that `serde_json` can hold, and nothing kept of it.
struct Readable;

impl<'de> Deserialize<'de> for Readable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Whatever;

        impl<'de> Visitor<'de> for Whatever {
            type Value = Readable;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }

            fn visit_bool<E>(self, _: bool) -> Result<Readable, E> {
                Ok(Readable)
            }

            fn visit_i64<E>(self, _: i64) -> Result<Readable, E> {
                Ok(Readable)
            }

            fn visit_u64<E>(self, _: u64) -> Result<Readable, E> {
                Ok(Readable)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Readable, E> {
                Ok(Readable)
            }

            fn visit_str<E>(self, _: &str) -> Result<Readable, E> {
                Ok(Readable)
            }

            fn visit_unit<E>(self) -> Result<Readable, E> {
                Ok(Readable)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Readable, A::Error> {
                while access.next_element::<Readable>()?.is_some() {}
                Ok(Readable)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Readable, A::Error> {
                while access.next_entry::<Readable, Readable>()?.is_some() {}
                Ok(Readable)
            }
        }

        deserializer.deserialize_any(Whatever)
    }
}
