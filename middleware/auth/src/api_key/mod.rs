//! [`ApiKey`]: keys for programs, in a header of their own, kept as hashes in a file.
//!
//! ```text
//! x-api-key: enf_V1kq…_…  ─▶ shape and checksum ─▶ find by id ─▶ hash equal? ─▶ disabled? ─▶ expired? ─▶ Proved
//!                              └ auth.key-malformed   (nobody: a dummy)  └ auth.bad-credentials
//!                                                                             auth.key-disabled, auth.key-expired
//! ```
//!
//! 1. The hash is one SHA-256. A key has 256 random bits, so there is no list of likely keys to try, and a slow hash
//!    such as argon2 would only make every request cost milliseconds.
//! 2. The id finds the line, the hash is compared in constant time, and an unknown id is compared too, with the hash of
//!    nothing. Who has the id but not the secret hears the same as who has neither.
//! 3. That a key has ended is told only to who showed the whole key.
//! 4. A key is explicit: malformed, wrong or ended is refused, and never falls back to a cookie. A key that is there
//!    twice, also once in each of the two places, is 400 `auth.credentials-repeated`.
//! 5. Queries are never read.
//!
//! ```
//! use enfilade_auth::{ApiKey, Auth, Gate, KeyFile, NewKey, Principal};
//!
//! let made = NewKey::new("ci").with_scopes(["deploy"]).make()?;
//! let auth = Auth::new(ApiKey::new(KeyFile::parse(made.line())?));
//!
//! let req = http::Request::builder().header("x-api-key", made.key());
//! let (mut req, ()) = req.body(())?.into_parts();
//! auth.enter(&mut req).unwrap();
//! let who = Principal::of(&req.extensions).unwrap();
//! assert!(who.subject() == "ci" && who.has_scope("deploy"));
//!
//! let typo = made.key().replace("enf_", "enf_0");
//! req.headers.insert("x-api-key", typo.parse()?);
//! assert_eq!(auth.enter(&mut req).unwrap_err().code(), "auth.key-malformed");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A header that [`StripIdentity`](crate::StripIdentity) takes out (`x-auth-token`) is kept by its `keep`.

mod date;
mod file;
mod format;
mod new_key;

pub use self::{
    file::KeyFile,
    new_key::{MadeKey, NewKey},
};

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use enfilade_core::{About, AuthMethod, Challenge, Clock, Principal, Rejection};
use http::{
    HeaderMap, HeaderName, StatusCode,
    header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION, SET_COOKIE},
    request,
};

use self::{
    file::{Keys, Stored},
    format::Key,
};
use crate::{Attempt, Authenticator, Carrier, ConfigError};

/// How a principal of a key says that it came.
const METHOD: AuthMethod = AuthMethod::Other("api-key");

const SCHEME: &str = "ApiKey";

/// SHA-256 of a whole key.
type Hash = [u8; 32];

/// Keys in a header. Cheap to clone; clones share the keys. See the [module docs](self).
#[derive(Clone)]
#[must_use = "a kind of credentials does nothing until an Auth link asks it"]
pub struct ApiKey {
    keys: KeyFile,
    header: HeaderName,
    with_scheme: bool,
    clock: Clock,
}

impl ApiKey {
    /// The keys of this file, in `x-api-key`.
    pub fn new(keys: KeyFile) -> Self {
        let header = HeaderName::from_static("x-api-key");
        Self { keys, header, with_scheme: false, clock: Clock::system() }
    }

    /// Another header.
    ///
    /// # Errors
    ///
    /// [`ConfigError::HeaderName`], when it is no header name, or one with a meaning of its own such as `cookie`.
    pub fn with_header(self, name: &str) -> Result<Self, ConfigError> {
        let error = || ConfigError::HeaderName { setting: "ApiKey::with_header", value: name.to_owned() };
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| error())?;
        if [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE, SET_COOKIE].contains(&header) {
            return Err(error());
        }
        Ok(Self { header, ..self })
    }

    /// Also in `Authorization: ApiKey …`, which then is what a 401 offers.
    pub fn with_scheme(self) -> Self {
        Self { with_scheme: true, ..self }
    }

    /// Another clock, by which keys expire.
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Judges a key that came otherwise, just as one in a header is judged.
    ///
    /// # Errors
    ///
    /// 401 `auth.key-malformed`, `auth.bad-credentials`, `auth.key-disabled`, `auth.key-expired`.
    pub fn verify(&self, key: &[u8]) -> Result<Principal, Rejection> {
        let Some(key) = Key::parse(key) else { return Err(malformed()) };
        let keys = self.keys.current();
        let is_equal = |a: &Hash, b: &Hash| verify_slices_are_equal(a, b).is_ok();
        // The id has twelve letters and digits, so it may be logged as it is.
        let Some(stored) = matching(&keys, key.id(), || key.hash(), is_equal) else {
            return Err(refused("auth.bad-credentials", "the key is not accepted here", key.id()));
        };
        if stored.is_disabled() {
            return Err(refused("auth.key-disabled", "the key was disabled: ask for a new one", key.id()));
        }
        let who = stored.principal();
        if who.expires().is_some_and(|expires| self.clock.unix_seconds() >= expires) {
            return Err(refused("auth.key-expired", "the key has expired: ask for a new one", key.id()));
        }
        Ok(who.clone())
    }

    /// The key in this request, if there is one in any of its places.
    fn shown<'a>(&self, headers: &'a HeaderMap) -> Result<Option<&'a [u8]>, Rejection> {
        let in_header = headers.get_all(&self.header).iter().map(|value| Some(value.as_bytes()));
        let in_scheme = headers.get_all(AUTHORIZATION).iter().filter(|_| self.with_scheme);
        let in_scheme = in_scheme.map(|value| of_scheme(value.as_bytes()));
        let mut shown = in_header.chain(in_scheme).flatten();
        let first = shown.next();
        if shown.next().is_some() {
            return Err(Rejection::new(StatusCode::BAD_REQUEST, "auth.credentials-repeated")
                .with_detail("send credentials once")
                .with_log("the key is there more than once"));
        }
        Ok(first)
    }
}

impl Authenticator for ApiKey {
    fn carriers(&self) -> Vec<Carrier> {
        let scheme = self.with_scheme.then_some(Carrier::Scheme(SCHEME));
        [Carrier::Header(self.header.clone())].into_iter().chain(scheme).collect()
    }

    fn authenticate(&self, req: &mut request::Parts) -> Attempt {
        let judged = match self.shown(&req.headers) {
            Ok(None) => return Attempt::Absent,
            Ok(Some(key)) => self.verify(key),
            Err(repeated) => Err(repeated),
        };
        judged.map_or_else(Attempt::Refused, Attempt::Proved)
    }

    /// The scheme, where it is read. A header of its own has no challenge that clients know.
    fn challenges(&self) -> Vec<Challenge> {
        self.with_scheme.then(|| Challenge::new(SCHEME)).into_iter().collect()
    }

    fn about(&self) -> About {
        About::named("api-key")
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey")
            .field("keys", &self.keys)
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}

/// The stored key that this is. Whether the id is known makes no difference to what is done: one hash, one comparison.
fn matching<'a>(
    keys: &'a Keys,
    id: &str,
    hash: impl FnOnce() -> Hash,
    is_equal: impl FnOnce(&Hash, &Hash) -> bool,
) -> Option<&'a Stored> {
    let stored = keys.find(id);
    let is_right = is_equal(&hash(), stored.map_or(&[0; 32], Stored::hash));
    stored.filter(|_| is_right)
}

/// What follows the scheme and its blanks; nothing for another scheme.
fn of_scheme(authorization: &[u8]) -> Option<&[u8]> {
    let blank = authorization.iter().position(|b| *b == b' ').unwrap_or(authorization.len());
    let (scheme, rest) = authorization.split_at(blank);
    let blanks = rest.iter().take_while(|b| **b == b' ').count();
    scheme.eq_ignore_ascii_case(SCHEME.as_bytes()).then_some(&rest[blanks..])
}

fn malformed() -> Rejection {
    Rejection::new(StatusCode::UNAUTHORIZED, "auth.key-malformed")
        .with_detail("this is not a whole key: copy it again, from its first letter to its last")
}

fn refused(code: &'static str, detail: &'static str, id: &str) -> Rejection {
    Rejection::new(StatusCode::UNAUTHORIZED, code).with_detail(detail).with_log(format!("key {id}"))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn whether_id_or_secret_is_wrong_it_takes_one_hash_and_one_comparison() {
        let (made, other) = (NewKey::new("ci").make().unwrap(), NewKey::new("ci").make().unwrap());
        let hash_in =
            |line: &str| line.split('"').find(|part| part.starts_with("sha256:")).unwrap().to_owned();
        let others_hash = made.line().replace(&hash_in(made.line()), &hash_in(other.line()));
        for (line, is_known, is_right) in
            [(made.line(), true, true), (&others_hash, true, false), (other.line(), false, false)]
        {
            let keys = KeyFile::parse(line).unwrap().current();
            let key = Key::parse(made.key().as_bytes()).unwrap();
            let (hashed, compared) = (Cell::new(0), Cell::new(0));
            let hash = || {
                hashed.set(hashed.get() + 1);
                key.hash()
            };
            let is_equal = |a: &Hash, b: &Hash| {
                compared.set(compared.get() + 1);
                assert_eq!(b == &[0; 32], !is_known, "{line}");
                a == b
            };
            assert_eq!(matching(&keys, key.id(), hash, is_equal).is_some(), is_right, "{line}");
            assert_eq!((hashed.get(), compared.get()), (1, 1), "{line}");
        }
    }
}
