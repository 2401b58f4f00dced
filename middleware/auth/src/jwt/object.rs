//! Strict JSON objects: every member's name once, its value as written, read by type.
//!
//! ```text
//! text ──▶ Object [ name → raw value ]      a name twice, also written with escapes: refused (RFC 7515 §4, 7519 §4)
//!             ├─ string(name)   Absent → None · null, another type → Err
//!             ├─ seconds(name)  NumericDate (RFC 7519 §2)
//!             └─ is_readable  whatever else is there can be read by serde_json, too
//! ```
//!
//! Everything is borrowed from the text, but for what is written with escapes.

use std::{borrow::Cow, fmt};

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use smallvec::SmallVec;

/// A member that is there has the wrong shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wrong(pub(super) &'static str);

/// A JSON object whose values are not parsed yet. Few enough to look through; a token has about ten.
pub(super) struct Object<'a>(SmallVec<[Member<'a>; USUAL]>);

type Member<'a> = (Cow<'a, str>, &'a RawValue);

/// Some words, in a list or alone.
pub(super) type Words<'a> = SmallVec<[Cow<'a, str>; 4]>;

/// So many members are kept without an allocation, and compared each with each.
const USUAL: usize = 16;

/// The end of the year 9999: a time behind it is milliseconds or a mistake, and would never expire.
const LAST_SECOND: u64 = 253_402_300_799;

impl<'a> Object<'a> {
    /// Parses the whole text; whatever follows the object, blanks apart, is an error.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Whether the member is there, whatever it is.
    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// A string.
    pub(super) fn string(&self, name: &'static str) -> Result<Option<Cow<'a, str>>, Wrong> {
        self.get(name).map(|value| text(value).ok_or(Wrong(name))).transpose()
    }

    /// A string that names something: not empty, no control characters, for it goes to logs and environments.
    pub(super) fn name(&self, name: &'static str) -> Result<Option<Cow<'a, str>>, Wrong> {
        match self.string(name)? {
            Some(text) if text.is_empty() || text.chars().any(char::is_control) => Err(Wrong(name)),
            text => Ok(text),
        }
    }

    /// A string, or an array of strings.
    pub(super) fn list(&self, name: &'static str) -> Result<Option<List<'a>>, Wrong> {
        self.list_at(name).map_err(|()| Wrong(name))
    }

    /// The same under a name that is not ours.
    pub(super) fn list_at(&self, name: &str) -> Result<Option<List<'a>>, ()> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let list = if value.get().starts_with('[') {
            words(value).map(List::Many)
        } else {
            text(value).map(List::One)
        };
        list.map(Some).ok_or(())
    }

    /// An array of strings.
    pub(super) fn array(&self, name: &'static str) -> Result<Option<Words<'a>>, Wrong> {
        self.get(name).map(|value| words(value).ok_or(Wrong(name))).transpose()
    }

    /// A `NumericDate` in whole seconds; a fraction, which RFC 7519 §2 allows, is rounded.
    pub(super) fn seconds(&self, name: &'static str, rounded: Rounded) -> Result<Option<u64>, Wrong> {
        let Some(value) = self.get(name) else { return Ok(None) };
        // The text is a JSON value already, so what begins with a digit is a number without a sign.
        let text = value.get();
        let seconds = match text.parse::<u64>() {
            Ok(seconds) => Some(seconds),
            Err(_) if text.starts_with(|c: char| c.is_ascii_digit()) => {
                text.parse().ok().and_then(|seconds| whole(seconds, rounded))
            }
            Err(_) => None,
        };
        seconds.filter(|seconds| *seconds <= LAST_SECOND).map(Some).ok_or(Wrong(name))
    }

    /// The member as an object of its own.
    pub(super) fn object(&self, name: &str) -> Result<Option<Object<'a>>, ()> {
        self.get(name).map(|value| Object::parse(value.get()).ok_or(())).transpose()
    }

    /// Whether all of `text`, which this object was parsed from, can be read into memory: no number beyond `f64`, no half
    /// of a surrogate pair, and nothing nested deeper than serde_json goes (127 levels; others end at their stack's end).
    pub(super) fn is_readable(&self, text: &str) -> bool {
        self.0.iter().all(|(_, value)| is_plain(value)) || serde_json::from_str::<Readable>(text).is_ok()
    }

    fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }

    /// Compared each with each where there are few. Who sends thousands must not make that their square.
    fn has_doubled_names(&self) -> bool {
        let names = || self.0.iter().map(|(name, _)| name);
        if self.0.len() <= USUAL {
            return names().enumerate().any(|(at, name)| names().take(at).any(|before| before == name));
        }
        let mut sorted: Vec<_> = names().collect();
        sorted.sort_unstable();
        sorted.windows(2).any(|pair| pair[0] == pair[1])
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

fn text(value: &RawValue) -> Option<Cow<'_, str>> {
    // It is a JSON value already: between its quotes, and without escapes, stands the text itself.
    let plain = value.get().strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match plain.filter(|text| !text.as_bytes().contains(&b'\\')) {
        Some(text) => Some(Cow::Borrowed(text)),
        None => serde_json::from_str::<Text<'_>>(value.get()).ok().map(|Text(text)| text),
    }
}

fn words(value: &RawValue) -> Option<Words<'_>> {
    serde_json::from_str::<Array<'_>>(value.get()).ok().map(|Array(words)| words)
}

/// Texts without escapes, short whole numbers, `true`, `false` and `null`: what needs no second look.
fn is_plain(value: &RawValue) -> bool {
    let text = value.get().as_bytes();
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
                let mut object = Object(SmallVec::new());
                while let Some(Text(name)) = access.next_key()? {
                    object.0.push((name, access.next_value()?));
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

/// Any value that serde_json can hold, and nothing kept of it.
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
