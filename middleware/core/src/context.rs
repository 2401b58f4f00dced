//! All that one request gathers on its way, behind one cheap handle in its extensions.
//!
//! ```text
//! http::Extensions ── RequestContext (one Arc) ─┬─ Canonical   set at the door: scheme, host, path, client
//!                                               ├─ Principal   set by Auth
//!                                               ├─ ids         its request id, the trace that it is part of
//!                                               └─ carried     the jar, the trail: one slot each
//! ```
//!
//! The first insert into `http::Extensions` costs three allocations and each later one another, so links of
//! ours share one entry. Every slot is written once and read without a lock. A type of yours needs none of
//! this: insert it into the extensions itself.
//!
//! Whoever keeps a clone of the handle (an access log) sees what links further in wrote later.
//!
//! ```
//! use enfilade_core::{Principal, RequestContext};
//!
//! let (mut parts, ()) = http::Request::new(()).into_parts();
//! let seen_from_outside = RequestContext::ensure(&mut parts.extensions).clone();
//! Principal::new("ada").put(&mut parts.extensions);
//! assert_eq!(seen_from_outside.principal().unwrap().subject(), "ada");
//! ```

use std::{
    any::Any,
    fmt,
    net::{IpAddr, SocketAddr},
    sync::{Arc, OnceLock},
};

use http::{Extensions, HeaderValue, StatusCode, uri::Scheme};
use smallvec::SmallVec;

use crate::{Principal, Rejection, ids::Ids};

/// What one request has gathered so far. Cheap to clone. See the [module docs](self).
#[derive(Clone, Default)]
pub struct RequestContext(Arc<Inner>);

#[derive(Default)]
struct Inner {
    canonical: OnceLock<Canonical>,
    principal: OnceLock<Principal>,
    carried: [OnceLock<Arc<dyn Any + Send + Sync>>; Slot::COUNT],
    successor: OnceLock<RequestContext>,
    ids: Ids,
}

impl RequestContext {
    /// The request's context, if any link of ours has seen the request.
    pub fn of(extensions: &Extensions) -> Option<&Self> {
        extensions.get()
    }

    /// The request's context, made now if this is the first link of ours.
    pub fn ensure(extensions: &mut Extensions) -> &Self {
        extensions.get_or_insert_default()
    }

    /// Starts afresh at the door, with the canonical request; what was there before is forgotten, save the request's ids.
    ///
    /// A context that nothing was written to yet is kept, so that a log further out holds this one.
    pub fn begin(extensions: &mut Extensions, canonical: Canonical) {
        let Some(context) = extensions.get_mut::<Self>() else {
            return Self::begun(extensions, canonical, Ids::default());
        };
        if !context.is_untouched() {
            let ids = context.ids().clone();
            return Self::begun(extensions, canonical, ids);
        }
        let _ = match context.alone() {
            Some(inner) => fill(&mut inner.canonical, canonical),
            None => context.0.canonical.set(canonical),
        };
    }

    fn begun(extensions: &mut Extensions, canonical: Canonical, ids: Ids) {
        let canonical = OnceLock::from(canonical);
        extensions.insert(Self(Arc::new(Inner { canonical, ids, ..Inner::default() })));
    }

    /// The canonical request, where the door is ours.
    pub fn canonical(&self) -> Option<&Canonical> {
        self.0.canonical.get()
    }

    /// The canonical path of a request: for routing, policies and whatever else decides by it.
    ///
    /// # Errors
    ///
    /// 500 `http.path-unjudged`, where no door has judged it: a link must not decide by a path that the app may read in
    /// another way, so that one which stands alone refuses.
    ///
    /// ```
    /// use enfilade_core::{Canonical, RequestContext};
    /// use http::uri::Scheme;
    ///
    /// let mut request = http::Request::get("/a%20b").body(()).unwrap();
    /// let alone = RequestContext::path(request.extensions()).unwrap_err();
    /// assert_eq!((alone.status().as_u16(), alone.code()), (500, "http.path-unjudged"));
    ///
    /// // The door does this:
    /// let canonical = Canonical::new(Scheme::HTTPS, None, None).with_path(b"/a b");
    /// RequestContext::begin(request.extensions_mut(), canonical);
    /// assert_eq!(RequestContext::path(request.extensions()).unwrap(), b"/a b");
    /// ```
    pub fn path(extensions: &Extensions) -> Result<&[u8], Rejection> {
        let canonical = Self::of(extensions).and_then(Self::canonical);
        canonical.and_then(Canonical::path).ok_or_else(|| {
            Rejection::new(StatusCode::INTERNAL_SERVER_ERROR, "http.path-unjudged").with_log(
                "no `StrictRequest` (enfilade-server) stands before what asks for the path: put one there",
            )
        })
    }

    /// Who the request is proved to be; `None` when no Auth link has judged it (yet).
    pub fn principal(&self) -> Option<&Principal> {
        self.latest().0.principal.get()
    }

    /// What a link of ours carries in its slot.
    pub fn carried<T: Carried>(&self) -> Option<Arc<T>> {
        let carried = self.latest().0.carried[T::SLOT as usize].get()?;
        carried.clone().downcast().ok()
    }

    /// What a link of ours carries in its slot; made by `init` and put there if the slot is empty.
    pub fn carried_or_init<T: Carried>(extensions: &mut Extensions, init: impl FnOnce() -> T) -> Arc<T> {
        if let Some(carried) = Self::ensure(extensions).carried() {
            return carried;
        }
        let made = Arc::new(init());
        Self::carry(extensions, made.clone());
        // What another owner of this context may have put there meanwhile is the one that all see.
        Self::ensure(extensions).carried().unwrap_or(made)
    }

    /// Puts what others share too into its slot, without an allocation; what stands there already stays.
    pub fn carry<T: Carried>(extensions: &mut Extensions, shared: Arc<T>) {
        let context = extensions.get_or_insert_default::<Self>();
        let _ = match context.alone() {
            Some(inner) => fill(&mut inner.carried[T::SLOT as usize], shared),
            None => context.latest().0.carried[T::SLOT as usize].set(shared),
        };
    }

    /// Sets the principal; when one is set already, what follows sees a successor with the new one.
    pub(crate) fn put_principal(extensions: &mut Extensions, principal: Principal) {
        let context = extensions.get_or_insert_default::<Self>();
        let set = match context.alone() {
            Some(inner) => fill(&mut inner.principal, principal),
            None => context.latest().0.principal.set(principal),
        };
        let Err(principal) = set else { return };
        let context = context.latest();
        let successor = Self(Arc::new(Inner {
            canonical: context.0.canonical.clone(),
            principal: OnceLock::from(principal),
            carried: context.0.carried.clone(),
            successor: OnceLock::new(),
            ids: context.0.ids.clone(),
        }));
        // Lost only if two links judge one request at once, which needs two owners of its `&mut Parts`.
        let _ = context.0.successor.set(successor.clone());
        extensions.insert(successor);
    }

    pub(crate) fn with_ids(ids: Ids) -> Self {
        Self(Arc::new(Inner { ids, ..Inner::default() }))
    }

    pub(crate) fn ids(&self) -> &Ids {
        &self.latest().0.ids
    }

    /// The context, where nobody else holds it: its slots are then written as any field is, which takes a tenth of what
    /// their locks take.
    fn alone(&mut self) -> Option<&mut Inner> {
        Arc::get_mut(&mut self.0).filter(|inner| inner.successor.get().is_none())
    }

    /// Whether nothing was written to it; its ids do not count, they come from further out.
    fn is_untouched(&self) -> bool {
        let Inner { canonical, principal, carried, successor, ids: _ } = &*self.0;
        canonical.get().is_none()
            && principal.get().is_none()
            && successor.get().is_none()
            && carried.iter().all(|slot| slot.get().is_none())
    }

    fn latest(&self) -> &Self {
        let mut latest = self;
        while let Some(successor) = latest.0.successor.get() {
            latest = successor;
        }
        latest
    }
}

/// Writes an empty slot; gives the value back where there is one already.
fn fill<T>(slot: &mut OnceLock<T>, value: T) -> Result<(), T> {
    if slot.get().is_some() {
        return Err(value);
    }
    *slot = OnceLock::from(value);
    Ok(())
}

impl fmt::Debug for RequestContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestContext")
            .field("canonical", &self.canonical())
            .field("principal", &self.principal())
            .finish_non_exhaustive()
    }
}

/// A type that Enfilade's own links carry in the [`RequestContext`].
pub trait Carried: Any + Send + Sync {
    /// Its slot.
    const SLOT: Slot;
}

/// The slots of the [`RequestContext`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Slot {
    /// The cookie jar (enfilade-cookie).
    Jar,
    /// The trail of this request ([`Trail`](crate::Trail)).
    Trail,
    /// How a request that proves nobody is refused ([`Unproved`](crate::Unproved)).
    Unproved,
    /// Whether the server ends (enfilade-server).
    Draining,
}

impl Slot {
    const COUNT: usize = 4;
}

/// The one canonical request: computed once at the door, read by routing, policy, log and app.
#[derive(Clone)]
pub struct Canonical {
    scheme: Scheme,
    host: Option<Host>,
    client: Option<ClientAddr>,
    peer: Option<ClientAddr>,
    path: Option<Path>,
}

/// Copied into the context, whose allocation is there anyway. A longer one is worth an allocation of its own: to share
/// the request's would keep hyper's read buffer, so that hyper allocates another.
type Path = SmallVec<[u8; 64]>;

impl Canonical {
    /// The canonical request. `host` is `None` only for an HTTP/1.0 request without one.
    pub fn new(scheme: Scheme, host: Option<Host>, client: Option<ClientAddr>) -> Self {
        Self { scheme, host, client, peer: None, path: None }
    }

    /// Says which path is asked for, as [`path`](Self::path) gives it; it is copied.
    pub fn with_path(self, path: &[u8]) -> Self {
        Self { path: Some(Path::from_slice(path)), ..self }
    }

    /// Says who is at the other end of the connection itself, whomever that proxy names as its client.
    pub fn with_peer(self, peer: ClientAddr) -> Self {
        Self { peer: Some(peer), ..self }
    }

    /// `http` or `https`, as the client sees it.
    pub fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// The host that the client asked for.
    pub fn host(&self) -> Option<&Host> {
        self.host.as_ref()
    }

    /// The path, percent-decoded exactly once: bytes that begin with `/`, or `*` alone (RFC 9112 §3.2.4).
    ///
    /// Upper and lower case differ, and nothing is normalised beyond it: no dot segments, no Unicode. `None`, where the
    /// door judges none; what decides by a path asks [`RequestContext::path`], which refuses then.
    pub fn path(&self) -> Option<&[u8]> {
        self.path.as_deref()
    }

    /// Who asks: the connection's peer, or whom a trusted proxy names.
    pub fn client(&self) -> Option<ClientAddr> {
        self.client
    }

    /// Who is at the other end of the connection itself: whom to ask before a proxy is believed. `None`, where the
    /// door does not say.
    pub fn peer(&self) -> Option<ClientAddr> {
        self.peer
    }
}

impl fmt::Debug for Canonical {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canonical")
            .field("scheme", &self.scheme)
            .field("host", &self.host)
            .field("path", &self.path().map(String::from_utf8_lossy))
            .field("client", &self.client)
            .field("peer", &self.peer)
            .finish()
    }
}

/// A host and perhaps a port (`uri-host [":" port]`, RFC 9110 §7.2): ASCII, lower case.
#[derive(Clone, PartialEq, Eq)]
pub struct Host {
    text: HeaderValue,
    name_len: usize,
    port: Option<u16>,
}

impl Host {
    /// Parses `name`, `name:port`, `[v6]` or `[v6]:port`; `None` for anything else (empty, userinfo, blanks …).
    ///
    /// The value is not copied unless it has upper-case letters.
    pub fn parse(value: &HeaderValue) -> Option<Self> {
        let text = value.to_str().ok()?;
        let name_len = match text.strip_prefix('[') {
            Some(rest) => {
                let inner = rest.find(']')?;
                rest[..inner].parse::<std::net::Ipv6Addr>().ok()?;
                inner + 2
            }
            None => text.find(':').unwrap_or(text.len()),
        };
        let (name, rest) = text.split_at(name_len);
        if name.is_empty() || !(name.starts_with('[') || name.bytes().all(is_reg_name)) {
            return None;
        }
        let port = match rest.strip_prefix(':') {
            None if rest.is_empty() => None,
            // RFC 3986 §3.2.3 allows an empty port and says to leave it out.
            Some("") => None,
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => Some(digits.parse().ok()?),
            None | Some(_) => return None,
        };
        let text = if text.bytes().any(|b| b.is_ascii_uppercase()) {
            HeaderValue::from_str(&text.to_ascii_lowercase()).ok()?
        } else {
            value.clone()
        };
        Some(Self { text, name_len, port })
    }

    /// The name or address without the port, lower case; an IPv6 address keeps its brackets.
    pub fn name(&self) -> &str {
        &self.as_str()[..self.name_len]
    }

    /// The port, if one was given.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// Name and port as the client wrote them, lower case.
    pub fn as_str(&self) -> &str {
        self.text.to_str().expect("parsed as ASCII text")
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `reg-name` (RFC 3986 §3.2.2) without percent-encoding, which no host that is looked up has, and without the comma, by
/// which a proxy would have joined two fields into one.
fn is_reg_name(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"-._~!$&'()*+;=".contains(&b)
}

/// Who is at the other end of the connection, or whom a trusted proxy names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClientAddr {
    /// A TCP peer.
    Tcp(SocketAddr),
    /// A process on this machine, over a Unix socket.
    Unix(UnixPeer),
    /// Whom a trusted proxy names; ports are not believed, proxies seldom know them.
    Forwarded(IpAddr),
    /// A client that a trusted proxy does not name (`unknown` or `_obfuscated`, RFC 7239 §6.2 and §6.3).
    Hidden,
}

impl ClientAddr {
    /// The address without the port, IPv4-mapped IPv6 as IPv4: the form that rules and logs compare.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Tcp(addr) => Some(addr.ip().to_canonical()),
            Self::Forwarded(addr) => Some(addr.to_canonical()),
            Self::Unix(_) | Self::Hidden => None,
        }
    }
}

impl fmt::Display for ClientAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(addr) => addr.fmt(f),
            Self::Forwarded(addr) => addr.fmt(f),
            Self::Unix(peer) => write!(f, "unix:{}", peer.uid),
            Self::Hidden => f.write_str("unknown"),
        }
    }
}

/// The process at the other end of a Unix socket, as the system tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct UnixPeer {
    /// Its user.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Its process, where the system tells; it may have ended, and another have its number.
    pub pid: Option<u32>,
}

impl UnixPeer {
    /// A process of this user and group.
    pub fn new(uid: u32, gid: u32) -> Self {
        Self { uid, gid, pid: None }
    }

    /// The same with its number.
    #[must_use]
    pub fn with_pid(mut self, pid: Option<u32>) -> Self {
        self.pid = pid;
        self
    }
}
