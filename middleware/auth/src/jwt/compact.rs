//! A token's outer shape: JWS compact serialization (RFC 7515 §3.1, §7.1), parsed once.
//!
//! ```text
//! eyJhbGciOi….eyJzdWIiOi….c2lnbmF0dXJl
//! └ header     └ payload     └ signature      each strict base64url; header strict JSON
//! └──── signing input ──┘
//! ```
//!
//! `jwk`, `jku`, `x5u`, `x5c` and their kin are never read: a token does not say by which key it is judged.
//! The header type is ours and not `jsonwebtoken`'s, which takes `"crit": null` and `"typ": null` for absent, keeps
//! the last of two unknown members, reads an embedded `jwk`, and cannot tell an unknown `alg` from bad JSON.

use std::borrow::Cow;

use memchr::{memchr, memrchr};
use smallvec::SmallVec;

use super::{
    Algorithm, KeySet, base64url,
    fault::{Quoted, TokenError, TokenFault},
    known_header::KnownHeader,
    object::Object,
};

/// The longest token that is read, in bytes: more than any header list that we accept could hold of use.
pub(super) const MAX_TOKEN: usize = 16 * 1024;

/// The longest signature: that of an RSA key of 8,192 bits. No other that is offered comes near.
const MAX_SIGNATURE: usize = 1024;

/// A token in its parts; nothing is proved yet.
pub(super) struct Compact<'a> {
    pub(super) header: Header<'a>,
    /// What was signed.
    pub(super) signing_input: &'a str,
    pub(super) payload: Vec<u8>,
    signature: &'a [u8],
}

/// Room for the parts that are needed no longer than the token is judged. On the stack, but for a strange header.
pub(super) struct Room {
    header: SmallVec<[u8; 256]>,
    signature: [u8; MAX_SIGNATURE + 2],
}

impl Room {
    pub(super) fn new() -> Self {
        Self { header: SmallVec::new(), signature: [0; _] }
    }
}

/// What is read of a JOSE header.
pub(super) struct Header<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) typ: Option<Cow<'a, str>>,
    pub(super) key_id: Option<Cow<'a, str>>,
}

impl<'a> Compact<'a> {
    /// Parses a token; a header that is `known`, byte for byte, need not be parsed again.
    pub(super) fn parse(
        token: &'a str,
        room: &'a mut Room,
        known: Option<&'a KnownHeader>,
    ) -> Result<Self, TokenError> {
        if token.len() > MAX_TOKEN {
            return Err(TokenError::with_log(TokenFault::Malformed, format_args!("{} bytes", token.len())));
        }
        let last = memrchr(b'.', token.as_bytes()).ok_or(TokenFault::Malformed)?;
        let (signing_input, signature) = (&token[..last], &token[last + 1..]);
        let first = memchr(b'.', signing_input.as_bytes()).ok_or(TokenFault::Malformed)?;
        let (header, payload) = (&signing_input[..first], &signing_input[first + 1..]);
        let header = match known.and_then(|known| known.header_of(header)) {
            Some(header) => Ok(header),
            None => Err(Header::decode(header, &mut room.header)?),
        };
        // A third dot is no base64url character, so five parts (JWE) end here too.
        let payload = base64url::decode(payload).ok_or(TokenFault::Malformed)?;
        let signature =
            base64url::decode_into(signature, &mut room.signature).ok_or(TokenFault::Malformed)?;
        Ok(Self { header: header.or_else(Header::parse)?, signing_input, payload, signature })
    }

    /// Whether one of these keys, the one that the header names, made the signature by the one algorithm it has.
    pub(super) fn check_signature(&self, keys: &KeySet) -> Result<(), TokenError> {
        let Header { algorithm, key_id, .. } = &self.header;
        let why = |fault| {
            let id = key_id.as_deref().map(|id| format!(" kid {}", Quoted(id))).unwrap_or_default();
            TokenError::with_log(fault, format_args!("alg {algorithm}{id}"))
        };
        let key = keys.find(key_id.as_deref(), *algorithm).ok_or_else(|| match key_id {
            None if !keys.offers(*algorithm) => why(TokenFault::Algorithm),
            _ => why(TokenFault::KeyUnknown),
        })?;
        if key.algorithm() != *algorithm {
            return Err(why(TokenFault::Algorithm));
        }
        if !key.verify(self.signing_input.as_bytes(), self.signature) {
            return Err(why(TokenFault::Signature));
        }
        Ok(())
    }
}

impl<'a> Header<'a> {
    fn decode(text: &str, room: &'a mut SmallVec<[u8; 256]>) -> Result<&'a str, TokenError> {
        room.resize(text.len(), 0);
        let json = base64url::decode_into(text, room).ok_or(TokenFault::Malformed)?;
        str::from_utf8(json).map_err(|_| TokenFault::Malformed.into())
    }

    fn parse(json: &'a str) -> Result<Self, TokenError> {
        let object = Object::parse(json).ok_or(TokenFault::Malformed)?;
        // RFC 7515 §4.1.11: an extension that is not understood refuses the token, and we understand none.
        if object.has("crit") || object.has("b64") {
            return Err(TokenFault::Critical.into());
        }
        let read = |name| object.string(name).map_err(|_| TokenFault::Malformed);
        let named = read("alg")?.ok_or(TokenFault::Malformed)?;
        let algorithm = Algorithm::parse(&named).ok_or_else(|| {
            TokenError::with_log(TokenFault::Algorithm, format_args!("alg {}", Quoted(&named)))
        })?;
        Ok(Self { algorithm, typ: read("typ")?, key_id: read("kid")? })
    }
}
