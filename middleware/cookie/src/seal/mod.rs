//! How a value is sealed: what is bound into the seal, and how it looks on the wire.
//!
//! ```text
//! head     version 1 | key id 4 | issued 5 | lifetime 4          seconds since 1970, seconds; big-endian
//! bound    kind | head | purpose | name | profile | domain | path     each preceded by its length
//! private  base64url( head | nonce 12 | ciphertext | tag 16 )         AES-256-GCM-SIV, bound = associated data
//! signed   value "." base64url( head | tag 32 )                       HMAC-SHA256 over bound | value
//! ```
//!
//! Base64 is read strictly (no padding, no loose bits), so there is one spelling of a seal.

mod unopened;

pub use self::unopened::Unopened;

use std::ops::Range;

use aws_lc_rs::{
    aead::{Aad, LessSafeKey, NONCE_LEN, Nonce},
    hmac, rand,
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use smallvec::SmallVec;

use crate::{
    CookieError, Profile,
    key_ring::{KeyId, Material, SubKey},
    set_cookie::COOKIE_MAX,
};

/// Whether a value can be read by whoever has the cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Signed,
    Private,
}

impl Kind {
    /// Its part in deriving a sub-key.
    pub(crate) fn label(self) -> &'static [u8] {
        match self {
            Self::Signed => b"signed",
            Self::Private => b"private",
        }
    }
}

/// What a seal is good for, and nothing else.
pub(crate) struct Use<'a> {
    pub(crate) kind: Kind,
    pub(crate) purpose: &'a str,
    pub(crate) name: &'a str,
    pub(crate) profile: &'a Profile,
}

/// What was opened.
pub(crate) struct Value {
    /// The value lies within, so that opening needs one allocation.
    pub(crate) buffer: Vec<u8>,
    pub(crate) range: Range<usize>,
    pub(crate) head: Head,
    /// Which key of the ring made the seal.
    pub(crate) key: usize,
}

/// The part of a seal that can be read without a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    key: KeyId,
    /// Seconds since 1970.
    pub(crate) issued: u64,
    /// Seconds.
    pub(crate) lifetime: u32,
}

const VERSION: u8 = 1;
const HEAD_LEN: usize = 1 + 4 + 5 + 4;
const TAG_LEN: usize = 16;
const MAC_LEN: usize = 32;

/// Clocks of machines that share a ring differ by less (seconds).
const SKEW: u64 = 300;

/// Seals a value with a sub-key, from `issued` on for `lifetime` seconds.
pub(crate) fn seal(
    sub_key: &SubKey,
    used: &Use<'_>,
    (issued, lifetime): (u64, u32),
    value: &[u8],
) -> Result<String, CookieError> {
    let head = Head { key: sub_key.id, issued, lifetime }.to_bytes();
    let bound = used.bound(&head);
    match &sub_key.material {
        Material::Signing(key) => {
            let value = std::str::from_utf8(value).map_err(|_| CookieError::Value)?;
            let tag = mac(key, &bound, value.as_bytes());
            let mut seal = [0; HEAD_LEN + MAC_LEN];
            seal[..HEAD_LEN].copy_from_slice(&head);
            seal[HEAD_LEN..].copy_from_slice(tag.as_ref());
            Ok(format!("{value}.{}", BASE64.encode(seal)))
        }
        Material::Sealing(key) => encrypt(key, &head, &bound, value),
    }
}

/// Opens what [`seal`] made for the same use; `now` in seconds since 1970.
pub(crate) fn open(sub_keys: &[SubKey], used: &Use<'_>, now: u64, wire: &[u8]) -> Result<Value, Unopened> {
    if wire.len() > COOKIE_MAX {
        return Err(Unopened::Invalid);
    }
    let value = match used.kind {
        Kind::Signed => verify(sub_keys, used, wire)?,
        Kind::Private => decrypt(sub_keys, used, wire)?,
    };
    // Only now: before, anyone could have written the head.
    let Head { issued, lifetime, .. } = value.head;
    if issued > now.saturating_add(SKEW) {
        return Err(Unopened::NotYetValid);
    }
    if value.head.expires() <= now || lifetime == 0 {
        return Err(Unopened::Expired);
    }
    Ok(value)
}

fn encrypt(
    key: &LessSafeKey,
    head: &[u8; HEAD_LEN],
    bound: &[u8],
    value: &[u8],
) -> Result<String, CookieError> {
    let mut nonce = [0; NONCE_LEN];
    rand::fill(&mut nonce).map_err(|_| CookieError::Seal)?;
    let mut sealed = Vec::with_capacity(HEAD_LEN + NONCE_LEN + value.len() + TAG_LEN);
    sealed.extend_from_slice(head);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(value);
    let tag = key
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(bound),
            &mut sealed[HEAD_LEN + NONCE_LEN..],
        )
        .map_err(|_| CookieError::Seal)?;
    sealed.extend_from_slice(tag.as_ref());
    Ok(BASE64.encode(sealed))
}

fn decrypt(sub_keys: &[SubKey], used: &Use<'_>, wire: &[u8]) -> Result<Value, Unopened> {
    let mut buffer = BASE64.decode(wire).map_err(|_| Unopened::Invalid)?;
    if buffer.len() < HEAD_LEN + NONCE_LEN + TAG_LEN {
        return Err(Unopened::Invalid);
    }
    let (head_bytes, rest) = buffer.split_first_chunk_mut::<HEAD_LEN>().ok_or(Unopened::Invalid)?;
    let (nonce, sealed) = rest.split_first_chunk_mut::<NONCE_LEN>().ok_or(Unopened::Invalid)?;
    let head = Head::parse(head_bytes).ok_or(Unopened::Invalid)?;
    let (at, sub_key) = find(sub_keys, head.key)?;
    let Material::Sealing(key) = &sub_key.material else { return Err(Unopened::Invalid) };
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let opened = key.open_in_place(nonce, Aad::from(&*used.bound(head_bytes)), sealed);
    let len = opened.map_err(|_| Unopened::Invalid)?.len();
    let start = HEAD_LEN + NONCE_LEN;
    Ok(Value { buffer, range: start..start + len, head, key: at })
}

fn verify(sub_keys: &[SubKey], used: &Use<'_>, wire: &[u8]) -> Result<Value, Unopened> {
    let dot = wire.iter().rposition(|b| *b == b'.').ok_or(Unopened::Invalid)?;
    let (value, seal) = (&wire[..dot], &wire[dot + 1..]);
    let mut bytes = [0; HEAD_LEN + MAC_LEN];
    match BASE64.decode_slice(seal, &mut bytes) {
        Ok(len) if len == bytes.len() => {}
        _ => return Err(Unopened::Invalid),
    }
    let (head_bytes, tag) = bytes.split_first_chunk::<HEAD_LEN>().ok_or(Unopened::Invalid)?;
    let head = Head::parse(head_bytes).ok_or(Unopened::Invalid)?;
    let (at, sub_key) = find(sub_keys, head.key)?;
    let Material::Signing(key) = &sub_key.material else { return Err(Unopened::Invalid) };
    let expected = mac(key, &used.bound(head_bytes), value);
    aws_lc_rs::constant_time::verify_slices_are_equal(expected.as_ref(), tag)
        .map_err(|_| Unopened::Invalid)?;
    Ok(Value { buffer: value.to_vec(), range: 0..value.len(), head, key: at })
}

fn mac(key: &hmac::Key, bound: &[u8], value: &[u8]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(key);
    context.update(bound);
    context.update(value);
    context.sign()
}

/// Ids are unique within a ring, so the one that is named is the only one to try.
fn find(sub_keys: &[SubKey], id: KeyId) -> Result<(usize, &SubKey), Unopened> {
    sub_keys.iter().enumerate().find(|(_, key)| key.id == id).ok_or(Unopened::KeyUnknown)
}

impl Use<'_> {
    fn bound(&self, head: &[u8; HEAD_LEN]) -> SmallVec<[u8; 256]> {
        let mut bound = SmallVec::from_slice(b"enfilade-cookie");
        let parts: [&[u8]; 7] = [
            self.kind.label(),
            head,
            self.purpose.as_bytes(),
            self.name.as_bytes(),
            &[self.profile.mark()],
            self.profile.domain().unwrap_or_default().as_bytes(),
            self.profile.path().as_bytes(),
        ];
        for part in parts {
            bound.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bound.extend_from_slice(part);
        }
        bound
    }
}

impl Head {
    /// Seconds since 1970.
    pub(crate) fn expires(&self) -> u64 {
        self.issued.saturating_add(self.lifetime.into())
    }

    fn to_bytes(self) -> [u8; HEAD_LEN] {
        let mut bytes = [0; HEAD_LEN];
        bytes[0] = VERSION;
        bytes[1..5].copy_from_slice(&self.key);
        // Five bytes of seconds last for 34,000 years.
        bytes[5..10].copy_from_slice(&self.issued.to_be_bytes()[3..]);
        bytes[10..].copy_from_slice(&self.lifetime.to_be_bytes());
        bytes
    }

    fn parse(bytes: &[u8; HEAD_LEN]) -> Option<Self> {
        let [VERSION, k0, k1, k2, k3, i0, i1, i2, i3, i4, l0, l1, l2, l3] = *bytes else { return None };
        Some(Self {
            key: [k0, k1, k2, k3],
            issued: u64::from_be_bytes([0, 0, 0, i0, i1, i2, i3, i4]),
            lifetime: u32::from_be_bytes([l0, l1, l2, l3]),
        })
    }
}
