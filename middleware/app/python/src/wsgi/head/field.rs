//! Names of an app's fields as it spells them, judged once, each with the last value that it had.
//!
//! ```text
//! "Content-Type": "text/html" ─┬─ as last time ─▶ the same name and value, shared
//!                              └─ otherwise ────▶ parsed, and kept (no Set-Cookie, no long value)
//! ```

use std::cell::RefCell;

use http::{
    HeaderName, HeaderValue,
    header::{self, CONTENT_LENGTH, SET_COOKIE},
};

/// Names that are remembered; each has its place, and another that falls on it takes it over.
const PLACES: usize = 64;

/// Longer values are not kept.
const KEPT: usize = 256;

thread_local! {
    static FIELDS: RefCell<Vec<Option<Field>>> = const { RefCell::new(Vec::new()) };
}

/// Fields that belong to the connection, which is the server's and not the app's (RFC 9110 §7.6.1; RFC 2616
/// §13.5.1, which PEP 3333 names, and its slip of the pen).
const HOP_BY_HOP: [HeaderName; 10] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    header::TE,
    header::TRAILER,
    HeaderName::from_static("trailers"),
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// What a field is to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Usual,
    Length,
}

/// Why a field cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    Name,
    Value,
    HopByHop,
}

struct Field {
    spelled: Box<[u8]>,
    name: HeaderName,
    kind: Result<Kind, Unfit>,
    last: Option<HeaderValue>,
}

/// A field by its name and value, as the app has them.
///
/// # Errors
///
/// [`Unfit`].
pub(super) fn of(name: &[u8], value: &[u8]) -> Result<(HeaderName, HeaderValue, Kind), Unfit> {
    FIELDS.with_borrow_mut(|fields| {
        if fields.is_empty() {
            fields.resize_with(PLACES, || None);
        }
        let place = &mut fields[place(name)];
        let field = match place {
            Some(field) if *field.spelled == *name => field,
            place => place.insert(Field::of(name)?),
        };
        let kind = field.kind?;
        let value = field.value(value)?;
        Ok((field.name.clone(), value, kind))
    })
}

impl Field {
    #[cold]
    fn of(spelled: &[u8]) -> Result<Self, Unfit> {
        let name = HeaderName::from_bytes(spelled).map_err(|_| Unfit::Name)?;
        let kind = match &name {
            name if HOP_BY_HOP.contains(name) => Err(Unfit::HopByHop),
            name if *name == CONTENT_LENGTH => Ok(Kind::Length),
            _ => Ok(Kind::Usual),
        };
        Ok(Self { spelled: spelled.into(), name, kind, last: None })
    }

    fn value(&mut self, bytes: &[u8]) -> Result<HeaderValue, Unfit> {
        if let Some(last) = &self.last
            && last.as_bytes() == bytes
        {
            return Ok(last.clone());
        }
        let value = HeaderValue::from_bytes(bytes).map_err(|_| Unfit::Value)?;
        // A cookie may be somebody's session.
        if bytes.len() <= KEPT && self.name != SET_COOKIE {
            self.last = Some(value.clone());
        }
        Ok(value)
    }
}

/// Where a name has its place: its first word, its last and its length, mixed.
fn place(name: &[u8]) -> usize {
    let word = |word: Option<&[u8; 8]>| word.map_or(0, |word| u64::from_le_bytes(*word));
    let mixed = word(name.first_chunk()) ^ word(name.last_chunk()).rotate_left(23) ^ name.len() as u64;
    usize::try_from(mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58).unwrap_or_default()
}
