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

mod canonical;
mod client_addr;
mod host;

pub use self::{
    canonical::{Canonical, TlsSession},
    client_addr::{ClientAddr, UnixPeer},
    host::Host,
};

use std::{any::Any, fmt, sync::Arc};

use http::{Extensions, StatusCode};
use once_cell::sync::OnceCell;

use crate::{Principal, Rejection, RequestId, TraceContext, ids::Ids};

/// What one request has gathered so far. Cheap to clone. See the [module docs](self).
#[derive(Clone, Default)]
pub struct RequestContext(Arc<Inner>);

// Not the standard library's cell: to make one that is full costs as much there as to fill one that others share.
#[derive(Default)]
struct Inner {
    canonical: OnceCell<Canonical>,
    principal: OnceCell<Principal>,
    carried: [OnceCell<Arc<dyn Any + Send + Sync>>; Slot::COUNT],
    successor: OnceCell<RequestContext>,
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
        let canonical = OnceCell::with_value(canonical);
        extensions.insert(Self(Arc::new(Inner { canonical, ids, ..Inner::default() })));
    }

    /// The context of a request whose door finds out everything at once: made full, where `begin` fills slot by slot.
    pub fn at_door<T: Carried>(
        canonical: Option<Canonical>,
        id: RequestId,
        trace: Option<TraceContext>,
        carried: Option<Arc<T>>,
    ) -> Self {
        let mut slots = <[OnceCell<Arc<dyn Any + Send + Sync>>; Slot::COUNT]>::default();
        if let Some(carried) = carried {
            slots[T::SLOT as usize] = OnceCell::with_value(carried);
        }
        Self(Arc::new(Inner {
            canonical: canonical.map(OnceCell::with_value).unwrap_or_default(),
            principal: OnceCell::new(),
            carried: slots,
            successor: OnceCell::new(),
            ids: Ids::of(id, trace),
        }))
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
        let context = extensions.get_or_insert_default::<Self>();
        if let Some(carried) = context.carried() {
            return carried;
        }
        let made = Arc::new(init());
        if let Some(inner) = context.alone() {
            let _ = fill(&mut inner.carried[T::SLOT as usize], made.clone());
            return made;
        }
        let _ = context.latest().0.carried[T::SLOT as usize].set(made.clone());
        // What another owner of this context may have put there meanwhile is the one that all see.
        context.carried().unwrap_or(made)
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
            principal: OnceCell::with_value(principal),
            carried: context.0.carried.clone(),
            successor: OnceCell::new(),
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
fn fill<T>(slot: &mut OnceCell<T>, value: T) -> Result<(), T> {
    if slot.get().is_some() {
        return Err(value);
    }
    *slot = OnceCell::with_value(value);
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
