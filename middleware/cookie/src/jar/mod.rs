//! The [`Jar`]: what a request's cookies say, and what its response will set.
//!
//! ```text
//! Cookie fields ── held as they came, searched by name ──▶ get · all · text      no lock, no table
//! add · remove ── checked at once, one lock ──▶ pending ── Emit, on the way back ──▶ Set-Cookie
//! ```
//!
//! 1. Bytes, not text: one bad byte hides one cookie. Names are exact; a prefix in another case is never read.
//! 2. All `Cookie` fields are one (RFC 9113 §8.2.3). The first of a name counts: browsers send the longest path
//!    first. A `__Host-` name that comes twice with different values is nobody's: one of the two is a forgery.
//! 3. At most 256 cookies and 32 KiB are read. What lies beyond is hidden, never refused.
//! 4. Reading shows what the request brought; what you add is for the response.
//! 5. Whoever makes the jar first has the duty to emit it ([`Jar::enter`]), so any order of links works.
//!
//! ```
//! use enfilade_cookie::{Jar, Profile, SetCookie};
//! use http::{HeaderValue, Request, Response};
//!
//! let cookies = HeaderValue::from_bytes(b"lang=de; name=\xff; lang=fr")?;
//! let (mut req, ()) = Request::get("/").header("cookie", cookies).body(())?.into_parts();
//! let (jar, emit) = Jar::enter(&mut req);
//! assert_eq!(jar.text("lang"), Some("de"));
//! assert_eq!((jar.text("name"), jar.get("name")), (None, Some(&b"\xff"[..])));
//! assert!(jar.is_duplicated("lang"));
//!
//! // Somewhere behind: the same jar, by reference count.
//! let jar = Jar::of(&req.extensions).unwrap();
//! jar.add(SetCookie::new("__Host-seen", "1"))?;
//! jar.remove("lang", &Profile::insecure_plain())?;
//!
//! let (mut res, ()) = Response::new(()).into_parts();
//! emit.expect("this was the first to ask").run(&mut res);
//! assert_eq!(res.headers.get_all("set-cookie").iter().count(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The rule by which our lines and the app's own `Set-Cookie` become one: the app's stay untouched and in order;
//! ours follow; where both have the same (name, domain, path), the app's is left out. With a line of ours the
//! response is also marked `Cache-Control: private`, unless it is stricter: no shared cache may keep it.

mod merge;
mod pending;
mod received;

pub(crate) use self::merge::{Line, retain};

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use enfilade_core::{Carried, Exit, OnLeave, Pass, Provided, Rejection, RequestContext, Slot};
use http::{Extensions, HeaderMap, StatusCode, request, response};

use self::{
    pending::{Brought, Entry, Pending},
    received::{PER_COOKIE, Received},
};
use crate::{
    CookieError, KeyRing, Profile, Sealed, SetCookie,
    prefix::{Found, Prefix},
    seal::Kind,
};

/// The cookies of one request and its response. Cheap to clone. See the [module docs](self).
#[derive(Clone)]
pub struct Jar(Arc<Inner>);

struct Inner {
    received: Received,
    /// `None` once the response's head has left.
    pending: Mutex<Option<Pending>>,
    limit: AtomicUsize,
}

/// What all cookies may take of a request's header: half of the 16 KiB that servers of HTTP/2 take at most.
pub(crate) const LIMIT: usize = 16 * 1024 / 2;

impl Provided for Jar {
    const NAME: &'static str = "the cookie jar";
    const BY: &'static str = "`Cookies` (enfilade-cookie)";
}

impl Carried for Inner {
    const SLOT: Slot = Slot::Jar;
}

impl Jar {
    /// The request's jar; `None` when no link has made it.
    pub fn of(extensions: &Extensions) -> Option<Self> {
        RequestContext::of(extensions)?.carried().map(Self)
    }

    /// The request's jar, or the refusal: 500 `cookie.no-jar`.
    ///
    /// # Errors
    ///
    /// A missing link is a fault, never a pass.
    pub fn require(extensions: &Extensions) -> Result<Self, Rejection> {
        Self::of(extensions).ok_or_else(|| {
            Rejection::new(StatusCode::INTERNAL_SERVER_ERROR, "cookie.no-jar")
                .with_log("no link before this one makes the cookie jar: add `Cookies` (enfilade-cookie)")
        })
    }

    /// The request's jar, made now if this is the first link that asks.
    ///
    /// With [`Emit`] comes a duty: run it on the response's head, refusals included. In a gate:
    /// `Ok(emit.map_or(Pass::Now, Pass::from))`.
    pub fn enter(req: &mut request::Parts) -> (Self, Option<Emit>) {
        let request::Parts { headers, extensions, .. } = req;
        let mut made = false;
        let jar = Self(RequestContext::carried_or_init(extensions, || {
            made = true;
            Inner::of(headers)
        }));
        // A request that is sent again (a retry outside of this link) finds its jar emptied and opens it anew.
        let opened = made || jar.reopen();
        let emit = opened.then(|| Emit(Some(jar.clone())));
        (jar, emit)
    }

    /// The value of the first cookie of that name, as it was sent: quotes and all, blanks at the ends removed.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        let mut values = self.all(name);
        let first = values.next()?;
        // Several `__Host-` cookies of one name cannot be: see rule 2 of the module docs.
        let forged = is_host(name) && values.any(|value| value != first);
        (!forged).then_some(first)
    }

    /// The same as text; `None` also when it is no UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.get(name)?).ok()
    }

    /// Every value of that name, in the order in which they came.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.0.received.all(name)
    }

    /// Whether the name came more than once: an older path, another host of the site, or an attack.
    pub fn is_duplicated(&self, name: &str) -> bool {
        self.all(name).nth(1).is_some()
    }

    /// Name and value of each cookie, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.received.iter().filter_map(|(name, value)| Some((std::str::from_utf8(name).ok()?, value)))
    }

    /// How many cookies were there that cannot be read: no name, bad bytes, a prefix in the wrong case.
    pub fn hidden(&self) -> usize {
        self.0.received.hidden()
    }

    /// Whether there were more cookies than are read.
    pub fn is_truncated(&self) -> bool {
        self.0.received.is_truncated()
    }

    /// Sets a cookie with the response, in the place of one with the same (name, domain, path).
    ///
    /// # Errors
    ///
    /// - what [`SetCookie::to_header_value`] says
    /// - [`CookieError::JarFull`]: all cookies together may take 8,192 bytes of a request's header (half of
    ///   16 KiB; [`Cookies::with_header_limit`](crate::Cookies::with_header_limit)), 38 for each counted on top;
    ///   with more, a server could refuse every request of this user (431) and no sign-out would help.
    ///   What makes a full jar smaller is always taken
    /// - [`CookieError::TooLate`]: the response's head has left
    pub fn add(&self, cookie: SetCookie) -> Result<(), CookieError> {
        let profile = cookie.profile();
        self.put(Entry::set(cookie.name(), cookie.value(), profile, profile.max_age())?)
    }

    /// Makes the browser forget a cookie, whether the request brought it or not (a cookie of another path is not
    /// in sight). The profile must be the one it was set with: its domain and path are the cookie's key.
    ///
    /// # Errors
    ///
    /// What [`Profile::check`] says, and [`CookieError::TooLate`].
    pub fn remove(&self, name: &str, profile: &Profile) -> Result<(), CookieError> {
        self.put(Entry::remove(name, profile)?)
    }

    /// The signed view: values can be read by anyone who has the cookie, and changed by nobody.
    ///
    /// `purpose` keeps the seals of one use from passing for those of another: a short constant, not user input.
    pub fn signed<'a>(&'a self, ring: &'a KeyRing, purpose: &'a str) -> Sealed<'a> {
        Sealed::new(self, ring, purpose, Kind::Signed)
    }

    /// The private view: values can be neither read nor changed by whoever has the cookie.
    pub fn private<'a>(&'a self, ring: &'a KeyRing, purpose: &'a str) -> Sealed<'a> {
        Sealed::new(self, ring, purpose, Kind::Private)
    }

    /// Every value of that name, also what [`all`](Self::all) hides because it lies beyond the bounds.
    pub(crate) fn every<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.0.received.every(name)
    }

    pub(crate) fn set_limit(&self, limit: usize) {
        self.0.limit.store(limit, Relaxed);
    }

    /// Sets a sealed value.
    pub(crate) fn put_sealed(&self, name: &str, value: &str, profile: &Profile) -> Result<(), CookieError> {
        self.put(Entry::set(name, value, profile, profile.max_age())?)
    }

    /// Sets a cookie again that came, unless the app has something newer to say about that name.
    pub(crate) fn put_again(
        &self,
        name: &str,
        value: &str,
        profile: &Profile,
        left: Option<std::time::Duration>,
    ) -> Result<(), CookieError> {
        let entry = Entry::set(name, value, profile, left)?;
        let mut pending = self.pending();
        let pending = pending.as_mut().ok_or(CookieError::TooLate)?;
        if pending.names(name) {
            return Ok(());
        }
        pending.put(entry, self, self.0.limit.load(Relaxed))
    }

    fn put(&self, entry: Entry) -> Result<(), CookieError> {
        let mut pending = self.pending();
        let pending = pending.as_mut().ok_or(CookieError::TooLate)?;
        pending.put(entry, self, self.0.limit.load(Relaxed))
    }

    fn reopen(&self) -> bool {
        let mut pending = self.pending();
        let closed = pending.is_none();
        pending.get_or_insert_default();
        closed
    }

    fn pending(&self) -> MutexGuard<'_, Option<Pending>> {
        self.0.pending()
    }
}

impl Brought for Jar {
    fn size(&self) -> usize {
        self.0.received.size()
    }

    fn size_of(&self, name: &str) -> usize {
        self.all(name).next().map_or(0, |value| name.len() + 1 + value.len() + PER_COOKIE)
    }
}

impl fmt::Debug for Jar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.iter().map(|(name, _)| name).collect();
        f.debug_struct("Jar").field("names", &names).finish_non_exhaustive()
    }
}

impl Inner {
    fn of(headers: &HeaderMap) -> Self {
        Self {
            received: Received::of(headers),
            pending: Mutex::new(Some(Pending::default())),
            limit: AtomicUsize::new(LIMIT),
        }
    }

    fn pending(&self) -> MutexGuard<'_, Option<Pending>> {
        // Each change is made whole or taken back, so what a panic elsewhere left behind is sound.
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn emit(&self, res: &mut response::Parts) {
        let pending = self.pending().take();
        if let Some(pending) = pending {
            merge::merge(&mut res.headers, pending.into_entries());
        }
    }
}

impl OnLeave for Inner {
    fn leave(&self, res: &mut response::Parts) -> Exit {
        self.emit(res);
        Exit::Done
    }

    fn abandon(&self) {
        drop(self.pending().take());
    }
}

/// The duty to put the jar's cookies into the response, for whoever made the jar. See [`Jar::enter`].
///
/// Dropped without being run (the app failed, the client hung up), it closes the jar all the same, so that the
/// same request, when it is sent again, finds a fresh one.
#[must_use = "cookies that are not emitted are lost"]
pub struct Emit(Option<Jar>);

impl Emit {
    /// Appends the `Set-Cookie` lines to the response's head; what is added later is [`CookieError::TooLate`].
    pub fn run(mut self, res: &mut response::Parts) {
        if let Some(jar) = self.0.take() {
            jar.0.emit(res);
        }
    }
}

impl Drop for Emit {
    fn drop(&mut self) {
        if let Some(jar) = &self.0 {
            jar.0.abandon();
        }
    }
}

impl From<Emit> for Pass {
    fn from(mut emit: Emit) -> Self {
        emit.0.take().map_or(Self::Now, |jar| Self::then_shared(jar.0))
    }
}

impl fmt::Debug for Emit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Emit(..)")
    }
}

fn is_host(name: &str) -> bool {
    matches!(Prefix::find(name.as_bytes()), Found::Exact(prefix) if prefix.is_host())
}
