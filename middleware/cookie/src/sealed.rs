//! The signed and the private view of a jar: values that only holders of the key ring can have written.
//!
//! ```text
//! add(name, value) ── seal by the first key ──▶ Set-Cookie
//! open(name) ── every key may open ──▶ Opened, or why not     sealed by an older key? sent again under the first
//! ```
//!
//! Bound into a seal, so that it is good for nothing else: the key's id, kind and purpose, the cookie's name, the
//! profile (its prefix, domain and path), when it was made and when it ends. What cannot be opened is absent; the
//! reason ([`Unopened::code`]) is for the log.
//!
//! ```
//! use enfilade_cookie::{Jar, KeyRing, Unopened};
//! use http::{Request, Response};
//!
//! let ring = KeyRing::generate();
//! let (mut req, ()) = Request::new(()).into_parts();
//! let (jar, emit) = Jar::enter(&mut req);
//! let visits = jar.private(&ring, "visits");
//! assert_eq!(visits.open("__Host-visits").unwrap_err(), Unopened::Absent);
//! visits.add("__Host-visits", "1")?;
//!
//! // The browser brings it back.
//! let (mut res, ()) = Response::new(()).into_parts();
//! emit.unwrap().run(&mut res);
//! let cookie = res.headers["set-cookie"].to_str()?.split(';').next().unwrap().to_owned();
//! let (mut req, ()) = Request::get("/").header("cookie", cookie).body(())?.into_parts();
//! let (jar, _emit) = Jar::enter(&mut req);
//! assert_eq!(jar.private(&ring, "visits").get("__Host-visits").unwrap().text(), Some("1"));
//! assert_eq!(jar.private(&ring, "other").open("__Host-visits").unwrap_err(), Unopened::Invalid);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **There is no protection against rollback.** A client can keep an old cookie and bring it again until its
//! seal expires: a counter can go back, a removed cookie can return. What must not return (a balance, a signed-out
//! session) belongs into a store, or carries an id that can be revoked. For the same reason a response that is
//! slow can put an older value over a newer one.
//!
//! A read derives no key, and allocates only for a value of more than 64 bytes; see `tests/cost.rs`. Short values that
//! were opened stay with their keys for the requests that follow, 512 of a purpose at most: a browser's cookie is decrypted
//! once, and its time judged with every read. They are wiped when the keys go.

use std::{fmt, time::Duration};

use crate::{
    CookieError, Jar, KeyRing, Profile, Unopened,
    seal::{self, Kind, Use},
};

/// A signed or private view of a jar; made by [`Jar::signed`] and [`Jar::private`]. See the [module docs](self).
#[derive(Clone, Copy)]
#[must_use]
pub struct Sealed<'a> {
    jar: &'a Jar,
    ring: &'a KeyRing,
    purpose: &'a str,
    kind: Kind,
    profile: &'a Profile,
    reseal: bool,
}

static HOST: Profile = Profile::host();

/// How long a seal holds when the browser keeps the cookie for its session: one day.
const SESSION: Duration = Duration::from_secs(24 * 3600);

impl<'a> Sealed<'a> {
    pub(crate) fn new(jar: &'a Jar, ring: &'a KeyRing, purpose: &'a str, kind: Kind) -> Self {
        Self { jar, ring, purpose, kind, profile: &HOST, reseal: true }
    }

    /// Under another profile than [`Profile::host`]. Its `Max-Age` is also how long a seal holds, else one day.
    pub fn with_profile(mut self, profile: &'a Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Leaves what an older key sealed as it is.
    ///
    /// A re-sealed value is sent with whatever response it was read for. Where a slow response must not bring
    /// back a value that a quicker one replaced or removed, turn it off.
    pub fn without_resealing(mut self) -> Self {
        self.reseal = false;
        self
    }

    /// The value, if it can be opened.
    pub fn get(&self, name: &str) -> Option<Opened> {
        match self.open(name) {
            Ok(opened) => Some(opened),
            Err(Unopened::Absent) => None,
            Err(reason) => {
                tracing::debug!(target: "enfilade::cookie", code = reason.code(), name, "a cookie counts as absent");
                None
            }
        }
    }

    /// The value, or why it counts as absent.
    ///
    /// # Errors
    ///
    /// See [`Unopened`]; under a `__Host-` name, also when it came twice with different values.
    pub fn open(&self, name: &str) -> Result<Opened, Unopened> {
        let absent = || if self.jar.is_duplicated(name) { Unopened::Duplicated } else { Unopened::Absent };
        let wire = self.jar.get(name).ok_or_else(absent)?;
        let now = self.ring.clock().unix_seconds();
        let keys = self.ring.keys();
        let sub_keys = keys.sub_keys(self.kind, self.purpose);
        let value = seal::open(&sub_keys, &self.used(name), now, wire)?;
        if value.key != 0 && self.reseal {
            let span = (value.head.issued, value.head.lifetime);
            let left = value.head.expires().saturating_sub(now);
            let left = self.profile.max_age().map(|_| Duration::from_secs(left));
            let again = seal::seal(&sub_keys[0], &self.used(name), span, &value.bytes)
                .and_then(|wire| self.jar.put_again(name, &wire, self.profile, left));
            if let Err(error) = again {
                // The value is good all the same; the next read tries again.
                tracing::debug!(target: "enfilade::cookie", code = error.code(), name, "a cookie was not sealed again");
            }
        }
        Ok(Opened(value))
    }

    /// Every value of that name, or why it cannot be opened: doubled, shadowed, and beyond the 256th cookie too.
    ///
    /// For what ends something, a sign-out say: a copy that [`open`](Self::open) does not show would live on. Never
    /// to be believed as what the request says. Nothing is sealed again.
    pub fn open_all<'b>(&'b self, name: &'b str) -> impl Iterator<Item = Result<Opened, Unopened>> + 'b {
        let now = self.ring.clock().unix_seconds();
        let keys = self.ring.keys();
        self.jar.every(name).map(move |wire| {
            let sub_keys = keys.sub_keys(self.kind, self.purpose);
            seal::open(&sub_keys, &self.used(name), now, wire).map(Opened)
        })
    }

    /// Seals a value by the first key and sets it with the response.
    ///
    /// A signed value must be one that a plain cookie may have; a private one may be any bytes. With everything
    /// around it, a private value has room for about 2,900 bytes.
    ///
    /// # Errors
    ///
    /// What [`Jar::add`] says, and [`CookieError::Seal`].
    pub fn add(&self, name: &str, value: impl AsRef<[u8]>) -> Result<(), CookieError> {
        self.profile.check(name)?;
        let lifetime = self.profile.max_age().unwrap_or(SESSION).as_secs();
        let lifetime = u32::try_from(lifetime).map_err(|_| CookieError::Lifetime)?;
        let span = (self.ring.clock().unix_seconds(), lifetime);
        let keys = self.ring.keys();
        let sub_keys = keys.sub_keys(self.kind, self.purpose);
        let wire = seal::seal(&sub_keys[0], &self.used(name), span, value.as_ref())?;
        self.jar.put_sealed(name, &wire, self.profile)
    }

    /// Makes the browser forget the cookie: [`Jar::remove`] with this view's profile.
    ///
    /// # Errors
    ///
    /// What [`Jar::remove`] says.
    pub fn remove(&self, name: &str) -> Result<(), CookieError> {
        self.jar.remove(name, self.profile)
    }

    fn used<'b>(&'b self, name: &'b str) -> Use<'b> {
        Use { kind: self.kind, name, profile: self.profile }
    }
}

impl fmt::Debug for Sealed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealed")
            .field("kind", &self.kind)
            .field("purpose", &self.purpose)
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}

/// A value whose seal holds. Its `Debug` does not show it.
#[must_use]
pub struct Opened(seal::Value);

impl Opened {
    /// The value.
    pub fn bytes(&self) -> &[u8] {
        &self.0.bytes
    }

    /// The value as text; `None` when it is no UTF-8.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(self.bytes()).ok()
    }

    /// The value, without copying.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0.bytes.into_vec()
    }

    /// When it was sealed, in seconds since 1970.
    pub fn issued(&self) -> u64 {
        self.0.head.issued
    }

    /// When its seal ends, in seconds since 1970.
    pub fn expires(&self) -> u64 {
        self.0.head.expires()
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened")
            .field("issued", &self.issued())
            .field("expires", &self.expires())
            .finish_non_exhaustive()
    }
}
