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

use super::{
    Algorithm, KeySet, base64url,
    fault::{Quoted, TokenError, TokenFault},
    object::Object,
};

/// The longest token that is read, in bytes: more than any header list that we accept could hold of use.
pub(super) const MAX_TOKEN: usize = 16 * 1024;

/// A token in its parts; nothing is proved yet.
pub(super) struct Compact<'a> {
    pub(super) header: Header,
    /// What was signed.
    pub(super) signing_input: &'a str,
    pub(super) payload: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

/// What is read of a JOSE header.
pub(super) struct Header {
    pub(super) algorithm: Algorithm,
    pub(super) typ: Option<String>,
    pub(super) key_id: Option<String>,
}

impl<'a> Compact<'a> {
    pub(super) fn parse(token: &'a str) -> Result<Self, TokenError> {
        if token.len() > MAX_TOKEN {
            return Err(TokenError::with_log(TokenFault::Malformed, format_args!("{} bytes", token.len())));
        }
        let (signing_input, signature) = token.rsplit_once('.').ok_or(TokenFault::Malformed)?;
        let (header, payload) = signing_input.split_once('.').ok_or(TokenFault::Malformed)?;
        let decode = |part| base64url::decode(part).ok_or(TokenFault::Malformed);
        let header = String::from_utf8(decode(header)?).map_err(|_| TokenFault::Malformed)?;
        // A third dot is no base64url character, so five parts (JWE) end here too.
        let (payload, signature) = (decode(payload)?, decode(signature)?);
        Ok(Self { header: Header::parse(&header)?, signing_input, payload, signature })
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
        if !key.verify(self.signing_input.as_bytes(), &self.signature) {
            return Err(why(TokenFault::Signature));
        }
        Ok(())
    }
}

impl Header {
    fn parse(json: &str) -> Result<Self, TokenError> {
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
