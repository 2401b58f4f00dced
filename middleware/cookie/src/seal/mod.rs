//! How a value is sealed: what is bound into the seal, and how it looks on the wire.
//!
//! ```text
//! head     version 1 | key id 4 | issued 5 | lifetime 4          seconds since 1970, seconds; big-endian
//! bound    head | profile 1 | length 2 | name, and unless it is at / of no domain: lengths 2+2 | domain | path
//! private  base64url( head | nonce 12 | ciphertext | tag 16 )         AES-256-GCM-SIV, bound = associated data
//! signed   value "." base64url( head | tag 32 )                       HMAC-SHA256 over bound | value
//! ```
//!
//! Kind and purpose are bound too: each pair of them has a sub-key of its own ([`Keys`](crate::key_ring::Keys)).
//! Base64 is read strictly (no padding, no loose bits), so there is one spelling of a seal.

mod base64url;
mod seen;
mod unopened;

pub(crate) use self::seen::Seen;
pub use self::unopened::Unopened;

use aws_lc_rs::{
    aead::{Aad, LessSafeKey, NONCE_LEN, Nonce},
    hmac, rand,
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use smallvec::SmallVec;

use crate::{
    CookieError, Profile,
    key_ring::{KeyId, Material, SubKey, SubKeys},
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
    pub(crate) name: &'a str,
    pub(crate) profile: &'a Profile,
}

/// What was opened.
pub(crate) struct Value {
    /// Short ones need no allocation.
    pub(crate) bytes: SmallVec<[u8; 64]>,
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
/// Where the value of a private seal begins.
const START: usize = HEAD_LEN + NONCE_LEN;
const TAG_LEN: usize = 16;
const MAC_LEN: usize = 32;

/// What is bound before the name.
const BOUND_LEN: usize = HEAD_LEN + 1 + 2;
/// In a profile's mark: domain and path follow the name.
const ELSEWHERE: u8 = 0x80;

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
    let sealed = used.with_bound(&head, |bound| match &sub_key.material {
        Material::Signing(key) => sign(key, &head, bound, value),
        Material::Sealing(key) => encrypt(key, &head, bound, value),
    });
    // Only a name can be that long: domain and path were checked.
    sealed.unwrap_or(Err(CookieError::TooLong { bytes: used.name.len() }))
}

/// Opens what [`seal`] made for the same use; `now` in seconds since 1970.
pub(crate) fn open(sub_keys: &SubKeys<'_>, used: &Use<'_>, now: u64, wire: &[u8]) -> Result<Value, Unopened> {
    let value = match sub_keys.seen().and_then(|seen| seen.find(used, wire)) {
        Some(value) => value,
        None => open_unseen(sub_keys, used, wire)?,
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

fn open_unseen(sub_keys: &SubKeys<'_>, used: &Use<'_>, wire: &[u8]) -> Result<Value, Unopened> {
    if wire.len() > COOKIE_MAX {
        return Err(Unopened::Invalid);
    }
    let value = match used.kind {
        Kind::Signed => verify(sub_keys, used, wire)?,
        Kind::Private => decrypt(sub_keys, used, wire)?,
    };
    if let Some(seen) = sub_keys.seen() {
        seen.note(used, wire, &value);
    }
    Ok(value)
}

fn sign(key: &hmac::Key, head: &[u8; HEAD_LEN], bound: &[u8], value: &[u8]) -> Result<String, CookieError> {
    let value = std::str::from_utf8(value).map_err(|_| CookieError::Value)?;
    let tag = mac(key, bound, value.as_bytes());
    let mut seal = [0; HEAD_LEN + MAC_LEN];
    seal[..HEAD_LEN].copy_from_slice(head);
    seal[HEAD_LEN..].copy_from_slice(tag.as_ref());
    Ok(format!("{value}.{}", BASE64.encode(seal)))
}

fn encrypt(
    key: &LessSafeKey,
    head: &[u8; HEAD_LEN],
    bound: &[u8],
    value: &[u8],
) -> Result<String, CookieError> {
    let mut nonce = [0; NONCE_LEN];
    rand::fill(&mut nonce).map_err(|_| CookieError::Seal)?;
    let mut sealed = Vec::with_capacity(START + value.len() + TAG_LEN);
    sealed.extend_from_slice(head);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(value);
    let tag = key
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(bound),
            &mut sealed[START..],
        )
        .map_err(|_| CookieError::Seal)?;
    sealed.extend_from_slice(tag.as_ref());
    Ok(BASE64.encode(sealed))
}

fn decrypt(sub_keys: &[SubKey], used: &Use<'_>, wire: &[u8]) -> Result<Value, Unopened> {
    // Most values are short: they are decoded and opened here.
    let (mut near, mut far) = ([0; 256], Vec::new());
    let len = base64url::decoded_len(wire).ok_or(Unopened::Invalid)?;
    let is_near = len <= near.len();
    let buffer = if is_near {
        &mut near[..len]
    } else {
        far.resize(len, 0);
        &mut far[..]
    };
    base64url::decode(wire, buffer).ok_or(Unopened::Invalid)?;
    let (head_bytes, rest) = buffer.split_first_chunk_mut::<HEAD_LEN>().ok_or(Unopened::Invalid)?;
    let (nonce, sealed) = rest.split_first_chunk_mut::<NONCE_LEN>().ok_or(Unopened::Invalid)?;
    let head = Head::parse(head_bytes).ok_or(Unopened::Invalid)?;
    let (at, sub_key) = find(sub_keys, head.key)?;
    let Material::Sealing(key) = &sub_key.material else { return Err(Unopened::Invalid) };
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let opened = used.with_bound(head_bytes, |bound| key.open_in_place(nonce, Aad::from(bound), sealed));
    let opened = opened.and_then(Result::ok).ok_or(Unopened::Invalid)?;
    let len = opened.len();
    let bytes = if is_near {
        SmallVec::from_slice(opened)
    } else {
        far.truncate(START + len);
        far.drain(..START);
        SmallVec::from_vec(far)
    };
    Ok(Value { bytes, head, key: at })
}

fn verify(sub_keys: &[SubKey], used: &Use<'_>, wire: &[u8]) -> Result<Value, Unopened> {
    let dot = wire.iter().rposition(|b| *b == b'.').ok_or(Unopened::Invalid)?;
    let (value, seal) = (&wire[..dot], &wire[dot + 1..]);
    let mut bytes = [0; HEAD_LEN + MAC_LEN];
    base64url::decode(seal, &mut bytes).ok_or(Unopened::Invalid)?;
    let (head_bytes, tag) = bytes.split_first_chunk::<HEAD_LEN>().ok_or(Unopened::Invalid)?;
    let head = Head::parse(head_bytes).ok_or(Unopened::Invalid)?;
    let (at, sub_key) = find(sub_keys, head.key)?;
    let Material::Signing(key) = &sub_key.material else { return Err(Unopened::Invalid) };
    let expected = used.with_bound(head_bytes, |bound| mac(key, bound, value)).ok_or(Unopened::Invalid)?;
    aws_lc_rs::constant_time::verify_slices_are_equal(expected.as_ref(), tag)
        .map_err(|_| Unopened::Invalid)?;
    Ok(Value { bytes: SmallVec::from_slice(value), head, key: at })
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
    /// Whether it is at `/` of no domain.
    fn is_usual(&self) -> bool {
        self.profile.domain().is_none() && self.profile.path() == "/"
    }

    /// Hands on what is bound. It tells its own end, for a signed value follows it, so that no two uses with whatever
    /// values have the same bytes. `None`, if a part is longer than any cookie.
    fn with_bound<T>(&self, head: &[u8; HEAD_LEN], hand: impl FnOnce(&[u8]) -> T) -> Option<T> {
        let (name, domain, path) = (self.name.as_bytes(), self.profile.domain(), self.profile.path());
        let is_usual = self.is_usual();
        let mark = self.profile.mark() | if is_usual { 0 } else { ELSEWHERE };
        let mut near = [0; 128];
        let (fixed, rest) = near.split_first_chunk_mut::<BOUND_LEN>()?;
        let (first, last) = fixed.split_first_chunk_mut::<HEAD_LEN>()?;
        *first = *head;
        let [high, low] = length(name)?;
        last.copy_from_slice(&[mark, high, low]);
        if is_usual && name.len() <= rest.len() {
            rest[..name.len()].copy_from_slice(name);
            return Some(hand(&near[..BOUND_LEN + name.len()]));
        }
        let domain = domain.unwrap_or_default();
        let mut bound = Vec::with_capacity(BOUND_LEN + name.len() + 4 + domain.len() + path.len());
        bound.extend_from_slice(fixed);
        bound.extend_from_slice(name);
        if !is_usual {
            bound.extend_from_slice(&length(domain.as_bytes())?);
            bound.extend_from_slice(&length(path.as_bytes())?);
            bound.extend_from_slice(domain.as_bytes());
            bound.extend_from_slice(path.as_bytes());
        }
        Some(hand(&bound))
    }
}

fn length(part: &[u8]) -> Option<[u8; 2]> {
    u16::try_from(part.len()).ok().map(u16::to_be_bytes)
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
