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
    object::{List, Object, Rounded, Value, Words, Wrong},
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
        let found = Found::of(&object);
        if found.cnf.is_there() {
            return Err(TokenFault::Bound.into());
        }
        let roles = words_at(&object, roles).map_err(|()| Wrong("with the roles"));
        let claims = found.read(roles).map_err(|Wrong(name)| TokenFault::Claim(name))?;
        // The app reads them by `Principal::claims`, and must not be the first to find that nobody can.
        if !object.is_readable(json) {
            let why = "a claim is nested too deep, or holds a number or a text that cannot be";
            return Err(TokenError::with_log(TokenFault::Malformed, why));
        }
        Ok(claims)
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

/// Where the claims of ours stand, found in one walk over all.
struct Found<'a> {
    iss: Value<'a>,
    sub: Value<'a>,
    aud: Value<'a>,
    exp: Value<'a>,
    nbf: Value<'a>,
    iat: Value<'a>,
    jti: Value<'a>,
    scope: Value<'a>,
    scp: Value<'a>,
    auth_time: Value<'a>,
    amr: Value<'a>,
    acr: Value<'a>,
    cnf: Value<'a>,
    #[cfg(feature = "cookie")]
    proved_by: Value<'a>,
}

impl<'a> Found<'a> {
    fn of(object: &Object<'a>) -> Self {
        let mut found = Self {
            iss: Value::of("iss"),
            sub: Value::of("sub"),
            aud: Value::of("aud"),
            exp: Value::of("exp"),
            nbf: Value::of("nbf"),
            iat: Value::of("iat"),
            jti: Value::of("jti"),
            scope: Value::of("scope"),
            scp: Value::of("scp"),
            auth_time: Value::of("auth_time"),
            amr: Value::of("amr"),
            acr: Value::of("acr"),
            cnf: Value::of("cnf"),
            #[cfg(feature = "cookie")]
            proved_by: Value::of(PROVED_BY),
        };
        for (name, value) in object.members() {
            let place = match name {
                "iss" => &mut found.iss,
                "sub" => &mut found.sub,
                "aud" => &mut found.aud,
                "exp" => &mut found.exp,
                "nbf" => &mut found.nbf,
                "iat" => &mut found.iat,
                "jti" => &mut found.jti,
                "scope" => &mut found.scope,
                "scp" => &mut found.scp,
                "auth_time" => &mut found.auth_time,
                "amr" => &mut found.amr,
                "acr" => &mut found.acr,
                "cnf" => &mut found.cnf,
                #[cfg(feature = "cookie")]
                PROVED_BY => &mut found.proved_by,
                _ => continue,
            };
            place.set(value);
        }
        found
    }

    /// In the order in which a fault of one is told before a fault of another.
    fn read(self, roles: Result<Words<'a>, Wrong>) -> Result<Claims<'a>, Wrong> {
        Ok(Claims {
            issuer: self.iss.name()?,
            subject: self.sub.name()?,
            audience: self.aud.list()?.map(List::into_words),
            // A fraction goes the way that shortens the token's life.
            expires: self.exp.seconds(Rounded::Down)?,
            not_before: self.nbf.seconds(Rounded::Up)?,
            issued_at: self.iat.seconds(Rounded::Up)?,
            token_id: self.jti.name()?,
            // Some issuers write `scp` instead.
            scopes: scopes(if self.scope.is_there() { self.scope } else { self.scp })?,
            auth_time: self.auth_time.seconds(Rounded::Down)?,
            amr: self.amr.array()?.unwrap_or_default(),
            acr: self.acr.name()?,
            roles: roles?,
            #[cfg(feature = "cookie")]
            proved_by: self.proved_by.name()?,
        })
    }
}

/// A private claim (RFC 7519 §4.3) of session tokens.
#[cfg(feature = "cookie")]
pub(super) const PROVED_BY: &str = "enfilade_proved_by";

/// The longest `jti`, in bytes, that is its token's name; a longer one is replaced by a hash.
pub(super) const MAX_ID: usize = 128;

fn scopes(value: Value<'_>) -> Result<Words<'_>, Wrong> {
    let scopes: Words<'_> = match value.list()? {
        // One text has words between blanks; in an array each element is one word.
        Some(List::One(Cow::Borrowed(text))) => words_of(text).map(Cow::Borrowed).collect(),
        Some(List::One(Cow::Owned(text))) => words_of(&text).map(|word| word.to_owned().into()).collect(),
        Some(List::Many(words)) => words,
        None => Words::new(),
    };
    if scopes.iter().all(|word| is_scope(word)) { Ok(scopes) } else { Err(value.wrong()) }
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
