//! Credentials that count no more though they have not expired: [`Revocations`], or a [`RevocationCheck`] of yours.
//!
//! ```text
//! sign-in   reserve(issuer, id, exp) ── full ──▶ Err: no sign-in whose sign-out could not be kept
//! sign-out  revoke(principal)        ── its place was reserved: cannot fail
//! request   is_revoked(principal)    asked every time, also for tokens that are remembered
//! expiry    the place becomes free; nothing is ever forgotten before
//! ```
//!
//! The set lives in this process and dies with it: keys that live longer let a revoked token in again after a
//! restart. Several processes need a shared session store, or a check of yours.
//!
//! ```
//! use enfilade_auth::{Principal, revocation::{RevocationCheck, Revocations}};
//!
//! let revocations = Revocations::new(10_000);
//! let ada = Principal::new("ada").with_issuer("https://id.example").with_credential_id("jti-1");
//! assert!(!revocations.is_revoked(&ada));
//! revocations.revoke(&ada)?;
//! assert!(revocations.is_revoked(&ada));
//! # Ok::<(), enfilade_auth::revocation::RevocationError>(())
//! ```

use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    error::Error,
    fmt,
    sync::{
        Arc, PoisonError, RwLock, RwLockWriteGuard,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use enfilade_core::{Clock, Principal};

/// How much longer than its expiry a token may be accepted, for clocks that differ.
pub(crate) const MAX_LEEWAY: Duration = Duration::from_secs(300);

/// Says whether credentials were revoked.
pub trait RevocationCheck: Send + Sync + 'static {
    /// Whether the credential that proved this principal counts no more.
    ///
    /// Asked on every request, on the thread that serves it: it must not block. What cannot be found out is `true`.
    /// A credential is named by [`Principal::issuer`] and [`Principal::credential_id`].
    fn is_revoked(&self, who: &Principal) -> bool;
}

/// A bounded set of revoked credentials. Clones are the same set. See the [module docs](self).
#[derive(Clone)]
pub struct Revocations(Arc<Shared>);

struct Shared {
    capacity: usize,
    clock: Clock,
    /// Most of the time nothing is revoked, and then no request takes the lock.
    revoked: AtomicUsize,
    /// One lock: it is written on sign-in and sign-out only, and reading it takes a look-up's time.
    set: RwLock<Set>,
}

#[derive(Default)]
struct Set {
    /// By issuer, then by id: both found without a copy.
    issuers: HashMap<Box<str>, HashMap<Arc<str>, Place>>,
    len: usize,
    /// What to look at, by the second of the monotonic clock from which on it may have expired.
    due: BTreeMap<u64, Vec<Name>>,
}

/// Issuer and id.
type Name = (Box<str>, Arc<str>);

#[derive(Clone, Copy)]
struct Place {
    revoked: bool,
    /// By the wall clock, in seconds since 1970, leeway included.
    ends: u64,
    /// Its place in [`Set::due`]; nowhere when it stays for ever.
    due: Option<u64>,
}

/// Why a credential was not revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RevocationError {
    /// There is no room: every place is taken by a credential that has not expired.
    Full,
    /// The credential has no id: a password, say. Take away what it is checked against.
    Unnamed,
}

impl Revocations {
    /// A set of at most so many credentials, some 250 bytes each.
    pub fn new(capacity: usize) -> Self {
        Self::with_clock(capacity, Clock::system())
    }

    /// The same with another source of time.
    pub fn with_clock(capacity: usize, clock: Clock) -> Self {
        let (revoked, set) = (AtomicUsize::new(0), RwLock::default());
        Self(Arc::new(Shared { capacity, clock, revoked, set }))
    }

    /// Revokes the credential that proved this principal.
    ///
    /// # Errors
    ///
    /// [`RevocationError::Full`], never for a credential whose place was reserved; [`RevocationError::Unnamed`].
    pub fn revoke(&self, who: &Principal) -> Result<(), RevocationError> {
        match who.credential_id() {
            Some(id) => self.revoke_id(who.issuer(), id, who.expires()),
            None => Err(RevocationError::Unnamed),
        }
    }

    /// Revokes a credential by its issuer, its id and its expiry in seconds since 1970; without expiry it stays
    /// for ever.
    ///
    /// # Errors
    ///
    /// [`RevocationError::Full`].
    pub fn revoke_id(
        &self,
        issuer: Option<&str>,
        id: &str,
        expires: Option<u64>,
    ) -> Result<(), RevocationError> {
        let mut set = self.write();
        if set.put(self, issuer, id, expires, true)? {
            self.0.revoked.fetch_add(1, Ordering::Release);
        }
        Ok(())
    }

    /// Keeps a place for a credential that is about to be issued, so that revoking it cannot fail.
    ///
    /// # Errors
    ///
    /// [`RevocationError::Full`]: do not issue it.
    pub fn reserve(&self, issuer: Option<&str>, id: &str, expires: u64) -> Result<(), RevocationError> {
        self.write().put(self, issuer, id, Some(expires), false).map(drop)
    }

    /// Gives back a place that was reserved for what was then not issued. One that was revoked stays.
    pub fn release(&self, issuer: Option<&str>, id: &str) {
        self.write().release(issuer.unwrap_or_default(), id);
    }

    /// Whether another credential finds a place.
    pub fn has_room(&self) -> bool {
        self.write().len < self.0.capacity
    }

    /// How many places are taken, by revoked and by reserved credentials.
    pub fn len(&self) -> usize {
        self.write().len
    }

    /// Whether no place is taken.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// For writing, without what has expired.
    fn write(&self) -> RwLockWriteGuard<'_, Set> {
        let mut set = self.0.set.write().unwrap_or_else(PoisonError::into_inner);
        let freed = set.prune(&self.0.clock);
        self.0.revoked.fetch_sub(freed, Ordering::Release);
        set
    }
}

impl RevocationCheck for Revocations {
    fn is_revoked(&self, who: &Principal) -> bool {
        if self.0.revoked.load(Ordering::Acquire) == 0 {
            return false;
        }
        let Some(id) = who.credential_id() else { return false };
        let set = self.0.set.read().unwrap_or_else(PoisonError::into_inner);
        let place = set.issuers.get(who.issuer().unwrap_or_default()).and_then(|ids| ids.get(id));
        place.is_some_and(|place| place.revoked)
    }
}

impl Set {
    /// Takes a place, or changes the one taken; whether that made it a revoked one.
    fn put(
        &mut self,
        of: &Revocations,
        issuer: Option<&str>,
        id: &str,
        expires: Option<u64>,
        revoked: bool,
    ) -> Result<bool, RevocationError> {
        let leeway = MAX_LEEWAY.as_secs();
        let ends = expires.map_or(u64::MAX, |expires| expires.saturating_add(leeway));
        // A token without issuer and one whose issuer is "" cannot both be: the verifier refuses an empty `iss`.
        let issuer = issuer.unwrap_or_default();
        if !self.issuers.contains_key(issuer) {
            if self.len >= of.0.capacity {
                return Err(RevocationError::Full);
            }
            self.issuers.insert(issuer.into(), HashMap::new());
        }
        let ids = self.issuers.get_mut(issuer).expect("it was there, or was put there");
        match ids.entry(id.into()) {
            Entry::Occupied(mut place) => {
                let place = place.get_mut();
                let is_new = revoked && !place.revoked;
                place.revoked |= revoked;
                place.ends = place.ends.max(ends);
                Ok(is_new)
            }
            Entry::Vacant(_) if self.len >= of.0.capacity => Err(RevocationError::Full),
            Entry::Vacant(vacant) => {
                let id = vacant.key().clone();
                let due = due(&of.0.clock, ends);
                vacant.insert(Place { revoked, ends, due });
                self.len += 1;
                if let Some(due) = due {
                    self.due.entry(due).or_default().push((issuer.into(), id));
                }
                Ok(revoked)
            }
        }
    }

    fn release(&mut self, issuer: &str, id: &str) {
        let Some(place) = self.issuers.get(issuer).and_then(|ids| ids.get(id)).copied() else { return };
        if place.revoked {
            return;
        }
        self.free(issuer, id);
        if let Some(names) = place.due.and_then(|due| self.due.get_mut(&due)) {
            names.retain(|(of, name)| **of != *issuer || **name != *id);
        }
    }

    /// Frees what has expired and says how many of it were revoked; each place is looked at once, when it is due.
    fn prune(&mut self, clock: &Clock) -> usize {
        let (now, monotonic) = (clock.unix_seconds(), clock.monotonic().as_secs());
        let mut freed = 0;
        while let Some(first) = self.due.first_entry().filter(|first| *first.key() <= monotonic) {
            for (issuer, id) in first.remove() {
                let Some(place) = self.issuers.get_mut(&issuer).and_then(|ids| ids.get_mut(&id)) else {
                    continue;
                };
                // The wall clock went back, or the place was prolonged: both clocks must say that it is over.
                if place.ends > now {
                    place.due = due(clock, place.ends);
                    if let Some(due) = place.due {
                        self.due.entry(due).or_default().push((issuer, id));
                    }
                    continue;
                }
                freed += usize::from(place.revoked);
                self.free(&issuer, &id);
            }
        }
        freed
    }

    fn free(&mut self, issuer: &str, id: &str) {
        let Some(ids) = self.issuers.get_mut(issuer) else { return };
        self.len -= usize::from(ids.remove(id).is_some());
        if ids.is_empty() {
            self.issuers.remove(issuer);
        }
    }
}

/// From which second of the monotonic clock on a place may have expired; never, when it stays for ever.
fn due(clock: &Clock, ends: u64) -> Option<u64> {
    let left = ends.saturating_sub(clock.unix_seconds());
    (ends != u64::MAX).then(|| clock.monotonic().as_secs().saturating_add(left).saturating_add(1))
}

impl fmt::Debug for Revocations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Revocations").field("capacity", &self.0.capacity).finish_non_exhaustive()
    }
}

impl fmt::Display for RevocationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "there is no room to remember another revoked credential: try again later",
            Self::Unnamed => "this credential has no id to revoke it by",
        })
    }
}

impl Error for RevocationError {}
