//! What a token says, read strictly: each registered claim is absent, valid, or the token is refused.
//!
//! ```text
//! iss sub jti acr      string, not empty, no control characters        absent ─▶ None
//! aud                  string or array of strings                      null, another type, twice ─▶ refused
//! exp nbf iat auth_time  NumericDate, 0 ≤ t ≤ year 9999
//! scope scp            words in a string, or an array of words         (RFC 8693 §4.2; issuers use both)
//! amr                  array of strings
//! cnf                  refused: a sender that we cannot check
//! any other            whatever serde_json can hold
//! ```

use std::borrow::Cow;

use super::{
    base64url,
    fault::{TokenError, TokenFault},
    object::{List, Object, Rounded, Words, Wrong},
};

/// The claims that we judge or hand on, borrowed from the payload.
#[derive(Debug)]
pub(super) struct Claims<'a> {
    pub(super) issuer: Option<Cow<'a, str>>,
    pub(super) subject: Option<Cow<'a, str>>,
    pub(super) audience: Option<Words<'a>>,
    pub(super) expires: Option<u64>,
    pub(super) not_before: Option<u64>,
    pub(super) issued_at: Option<u64>,
    pub(super) token_id: Option<Cow<'a, str>>,
    pub(super) scopes: Words<'a>,
    pub(super) auth_time: Option<u64>,
    pub(super) amr: Words<'a>,
    pub(super) acr: Option<Cow<'a, str>>,
    pub(super) roles: Words<'a>,
    /// In a session token of ours: the issuer of what was shown at sign-in.
    #[cfg(feature = "cookie")]
    pub(super) proved_by: Option<Cow<'a, str>>,
}

impl<'a> Claims<'a> {
    /// Parses a payload whose signature is good. `roles` is the way to the roles: a claim, or one inside another.
    ///
    /// `required` are claims that must be there besides, whatever they hold.
    pub(super) fn parse(
        json: &'a str,
        roles: &[Box<str>],
        required: &[Box<str>],
    ) -> Result<Self, TokenError> {
        let object = Object::parse(json).ok_or(TokenFault::Malformed)?;
        if let Some(name) = required.iter().find(|name| !object.has(name)) {
            let fault = TokenFault::Claim("that this service requires");
            return Err(TokenError::with_log(fault, format_args!("no {name}")));
        }
        if object.has("cnf") {
            return Err(TokenFault::Bound.into());
        }
        let claims = Self::read(&object, roles).map_err(|Wrong(name)| TokenFault::Claim(name))?;
        // The app reads them by `Principal::claims`, and must not be the first to find that nobody can.
        if !object.is_readable(json) {
            return Err(TokenError::with_log(
                TokenFault::Malformed,
                "a claim is nested too deep or no number or text",
            ));
        }
        Ok(claims)
    }

    fn read(object: &Object<'a>, roles: &[Box<str>]) -> Result<Self, Wrong> {
        Ok(Self {
            issuer: object.name("iss")?,
            subject: object.name("sub")?,
            audience: object.list("aud")?.map(List::into_words),
            // A fraction goes the way that shortens the token's life.
            expires: object.seconds("exp", Rounded::Down)?,
            not_before: object.seconds("nbf", Rounded::Up)?,
            issued_at: object.seconds("iat", Rounded::Up)?,
            token_id: object.name("jti")?,
            scopes: scopes(object)?,
            auth_time: object.seconds("auth_time", Rounded::Down)?,
            amr: object.array("amr")?.unwrap_or_default(),
            acr: object.name("acr")?,
            roles: words_at(object, roles).map_err(|()| Wrong("with the roles"))?,
            #[cfg(feature = "cookie")]
            proved_by: object.name(PROVED_BY)?,
        })
    }

    /// What names this token in logs and in the revocation set: its `jti`, or a hash of what was signed.
    ///
    /// Not of the whole token: an ECDSA signature has a twin that is as good, and the twin would be another name.
    pub(super) fn credential_id(&self, signing_input: &str) -> Cow<'_, str> {
        match &self.token_id {
            Some(id) if id.len() <= MAX_ID => Cow::Borrowed(id),
            _ => {
                let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, signing_input.as_bytes());
                Cow::Owned(base64url::encode(&hash.as_ref()[..16]))
            }
        }
    }
}

/// A private claim (RFC 7519 §4.3) of session tokens.
#[cfg(feature = "cookie")]
pub(super) const PROVED_BY: &str = "enfilade_proved_by";

/// The longest `jti`, in bytes, that is its token's name; a longer one is replaced by a hash.
pub(super) const MAX_ID: usize = 128;

/// `scope`, and where that is absent `scp`, which some issuers write instead.
fn scopes<'a>(object: &Object<'a>) -> Result<Words<'a>, Wrong> {
    let name = if object.has("scope") { "scope" } else { "scp" };
    let scopes: Words<'a> = match object.list(name)? {
        // One text has words between blanks; in an array each element is one word.
        Some(List::One(Cow::Borrowed(text))) => words_of(text).map(Cow::Borrowed).collect(),
        Some(List::One(Cow::Owned(text))) => words_of(&text).map(|word| word.to_owned().into()).collect(),
        Some(List::Many(words)) => words,
        None => Words::new(),
    };
    if scopes.iter().all(|word| is_scope(word)) { Ok(scopes) } else { Err(Wrong(name)) }
}

fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(' ').filter(|word| !word.is_empty())
}

/// `scope-token` (RFC 6749 §3.3).
fn is_scope(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

fn words_at<'a>(object: &Object<'a>, path: &[Box<str>]) -> Result<Words<'a>, ()> {
    match path {
        [] => Ok(Words::new()),
        [last] => Ok(object.list_at(last)?.map(List::into_words).unwrap_or_default()),
        [first, rest @ ..] => match object.object(first)? {
            Some(inner) => words_at(&inner, rest),
            None => Ok(Words::new()),
        },
    }
}
