//! Strict JSON objects: every member's name once, its value as written, read by type.
//!
//! ```text
//! text ──▶ Object { name → raw value }      a name twice, also written with escapes: refused (RFC 7515 §4, 7519 §4)
//!             ├─ string(name)   Absent → None · null, another type → Err
//!             └─ seconds(name)  NumericDate (RFC 7519 §2)
//! ```

use std::{borrow::Cow, collections::HashMap, fmt};

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A member that is there has the wrong shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wrong(pub(super) &'static str);

/// A JSON object whose values are not parsed yet.
pub(super) struct Object<'a>(HashMap<Cow<'a, str>, &'a RawValue>);

/// The end of the year 9999: a time behind it is milliseconds or a mistake, and would never expire.
const LAST_SECOND: u64 = 253_402_300_799;

impl<'a> Object<'a> {
    /// Parses the whole text; whatever follows the object, blanks apart, is an error.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Whether the member is there, whatever it is.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A string.
    pub(super) fn string(&self, name: &'static str) -> Result<Option<String>, Wrong> {
        self.parsed(name)
    }

    /// A string that names something: not empty, no control characters, for it goes to logs and environments.
    pub(super) fn name(&self, name: &'static str) -> Result<Option<String>, Wrong> {
        match self.string(name)? {
            Some(text) if text.is_empty() || text.chars().any(char::is_control) => Err(Wrong(name)),
            text => Ok(text),
        }
    }

    /// A string, or an array of strings.
    pub(super) fn list(&self, name: &'static str) -> Result<Option<List>, Wrong> {
        self.list_at(name).map_err(|()| Wrong(name))
    }

    /// The same under a name that is not ours.
    pub(super) fn list_at(&self, name: &str) -> Result<Option<List>, ()> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let text = value.get();
        let list = if text.starts_with('[') {
            serde_json::from_str(text).map(List::Many)
        } else {
            serde_json::from_str(text).map(List::One)
        };
        list.map(Some).map_err(|_| ())
    }

    /// An array of strings.
    pub(super) fn array(&self, name: &'static str) -> Result<Option<Vec<String>>, Wrong> {
        self.parsed(name)
    }

    /// A `NumericDate` in whole seconds; a fraction, which RFC 7519 §2 allows, is rounded.
    pub(super) fn seconds(&self, name: &'static str, rounded: Rounded) -> Result<Option<u64>, Wrong> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
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
        self.0.get(name).map(|value| Object::parse(value.get()).ok_or(())).transpose()
    }

    fn parsed<T: Deserialize<'a>>(&self, name: &'static str) -> Result<Option<T>, Wrong> {
        self.0.get(name).map(|value| serde_json::from_str(value.get()).map_err(|_| Wrong(name))).transpose()
    }
}

/// What some issuers write as one text, and others as several.
pub(super) enum List {
    One(String),
    Many(Vec<String>),
}

impl List {
    pub(super) fn into_words(self) -> Vec<String> {
        match self {
            Self::One(word) => vec![word],
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

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Object<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut members = HashMap::new();
        while let Some(Name(name)) = access.next_key()? {
            if members.insert(name, access.next_value()?).is_some() {
                return Err(A::Error::custom("a name is there twice"));
            }
        }
        Ok(Object(members))
    }
}

/// Borrowed where it has no escapes; compared decoded, so `"\u0065xp"` is `exp`.
#[derive(PartialEq, Eq, Hash)]
struct Name<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl<'de> Visitor<'de> for Text {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(Text)
    }
}
