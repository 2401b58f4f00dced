//! The JOSE header seen last, parsed: an issuer writes the same one before all of its tokens.
//!
//! ```text
//! eyJhbGciOi… ── the very same text? ── yes ──▶ algorithm, typ, kid, as they were read then
//!                                       └ no ──▶ decoded and parsed, and noted once the token's signature is good
//! ```
//!
//! What is kept is what the text says, and nothing that was decided by it: `typ` is judged, the key found in the set of
//! this moment and its algorithm compared for every token anew. A header without a good signature behind it is not kept,
//! so that who has no token of the issuer's cannot take the place.

use std::{
    borrow::Cow,
    sync::{Arc, RwLock},
};

use super::{Algorithm, compact::Header};

/// A longer header is parsed each time.
const MAX_LEN: usize = 1024;

/// A header that was parsed, with its text.
pub(super) struct KnownHeader {
    text: Box<str>,
    algorithm: Algorithm,
    typ: Option<Box<str>>,
    key_id: Option<Box<str>>,
}

impl KnownHeader {
    fn new(text: &str, header: &Header<'_>) -> Self {
        let boxed = |text: &Option<Cow<'_, str>>| text.as_deref().map(Box::from);
        let (typ, key_id) = (boxed(&header.typ), boxed(&header.key_id));
        Self { text: text.into(), algorithm: header.algorithm, typ, key_id }
    }

    /// Whether this token has it.
    pub(super) fn begins(&self, token: &str) -> bool {
        token.strip_prefix(&*self.text).is_some_and(|rest| rest.starts_with('.'))
    }

    /// What this text says, if it is the one that is known.
    pub(super) fn header_of(&self, text: &str) -> Option<Header<'_>> {
        let Self { algorithm, typ, key_id, .. } = self;
        (*self.text == *text).then(|| Header {
            algorithm: *algorithm,
            typ: typ.as_deref().map(Cow::Borrowed),
            key_id: key_id.as_deref().map(Cow::Borrowed),
        })
    }
}

/// Room for one. A request that finds it taken by another goes without.
#[derive(Default)]
pub(super) struct LastHeader(RwLock<Option<Arc<KnownHeader>>>);

impl LastHeader {
    pub(super) fn get(&self) -> Option<Arc<KnownHeader>> {
        self.0.try_read().ok()?.clone()
    }

    /// Keeps what was read of a token that is proved.
    pub(super) fn note(&self, token: &str, header: &Header<'_>) {
        let text = token.split('.').next().unwrap_or_default();
        if text.len() <= MAX_LEN
            && let Ok(mut last) = self.0.try_write()
        {
            *last = Some(Arc::new(KnownHeader::new(text, header)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_same_text_is_known() {
        let header = Header { algorithm: Algorithm::Hs256, typ: Some("JWT".into()), key_id: None };
        let last = LastHeader::default();
        assert!(last.get().is_none());
        last.note("abc.d.e", &header);
        let known = last.get().expect("noted");
        let read = known.header_of("abc").expect("the same");
        assert_eq!((read.algorithm, read.typ.as_deref(), read.key_id), (Algorithm::Hs256, Some("JWT"), None));
        for other in ["", "ab", "abcd", "abC", "abc ", "abc."] {
            assert!(known.header_of(other).is_none(), "{other:?}");
        }
        assert!(known.begins("abc.x") && !known.begins("abcd.x") && !known.begins("ab.x"));
        last.note(&format!("{}.d.e", "a".repeat(MAX_LEN + 1)), &header);
        assert!(last.get().expect("as before").begins("abc."));
    }
}
