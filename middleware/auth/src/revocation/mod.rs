//! Credentials that count no more though they have not expired: [`Revocations`], or a [`RevocationCheck`] of yours.
//!
//! ```text
//! sign-in   reserve(principal)     ── full, or 64 of this user ──▶ Err: no sign-in whose sign-out could not be kept
//! sign-out  revoke(principal)      ── its place was reserved: cannot fail
//! request   is_revoked(principal)  asked every time, also for tokens that are remembered
//! expiry    the place becomes free; nothing is ever forgotten before
//! ```
//!
//! One user who signs in again and again must not fill the set for all: places are counted by user as well, those
//! of signed-out sessions included. Revoking is never refused for that.
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

mod set;

use std::{
    error::Error,
    fmt,
    sync::{
        Arc, PoisonError, RwLock, RwLockWriteGuard,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use enfilade_core::{Clock, Principal};

use self::set::{New, Set};

/// How many places one user can reserve, unless said otherwise.
const MOST_OF_ONE_USER: usize = 64;

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
    clock: Clock,
    /// Most of the time nothing is revoked, and then no request takes the lock.
    revoked: AtomicUsize,
    /// One lock: it is written on sign-in and sign-out only, and reading it takes a look-up's time.
    set: RwLock<Set>,
}

/// Why a credential was not revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RevocationError {
    /// There is no room: every place is taken by a credential that has not expired.
    Full {
        /// After what time the first place is free; `None`: never.
        free_in: Option<Duration>,
    },
    /// This user has reserved as many places as one user can.
    OfOneUser {
        /// After what time the first of them is free; `None`: never.
        free_in: Option<Duration>,
    },
    /// The credential has no id: a password, say. Take away what it is checked against.
    Unnamed,
}

impl Revocations {
    /// A set of at most so many credentials, some 350 bytes each.
    pub fn new(capacity: usize) -> Self {
        Self::with_clock(capacity, Clock::system())
    }

    /// The same with another source of time.
    pub fn with_clock(capacity: usize, clock: Clock) -> Self {
        let (revoked, set) = (AtomicUsize::new(0), RwLock::new(Set::new(capacity, MOST_OF_ONE_USER)));
        Self(Arc::new(Shared { clock, revoked, set }))
    }

    /// How many places one user (issuer and subject) can reserve, for all clones. Default: 64.
    #[must_use]
    pub fn with_most_of_one_user(self, most: usize) -> Self {
        self.write().set_most_of_one_user(most);
        self
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
        let new = New { issuer: issuer.unwrap_or_default(), id, expires, reserved_by: None };
        let mut set = self.write();
        if set.put(&self.0.clock, new)? {
            self.0.revoked.fetch_add(1, Ordering::Release);
        }
        Ok(())
    }

    /// Keeps a place for a credential that is about to be issued and will prove this principal, so that revoking
    /// it cannot fail. Without expiry it is kept for ever.
    ///
    /// # Errors
    ///
    /// [`RevocationError`], whichever: do not issue it.
    pub fn reserve(&self, who: &Principal) -> Result<(), RevocationError> {
        let id = who.credential_id().ok_or(RevocationError::Unnamed)?;
        let (issuer, expires) = (who.issuer().unwrap_or_default(), who.expires());
        self.write()
            .put(&self.0.clock, New { issuer, id, expires, reserved_by: Some(who.subject()) })
            .map(drop)
    }

    /// Gives back a place that was reserved for what was then not issued. One that was revoked stays.
    pub fn release(&self, issuer: Option<&str>, id: &str) {
        self.write().release(issuer.unwrap_or_default(), id);
    }

    /// Whether another credential finds a place.
    pub fn has_room(&self) -> bool {
        self.write().has_room()
    }

    /// How many places are taken, by revoked and by reserved credentials.
    pub fn len(&self) -> usize {
        self.write().len()
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
        set.is_revoked(who.issuer().unwrap_or_default(), id)
    }
}

impl fmt::Debug for Revocations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Revocations").finish_non_exhaustive()
    }
}

impl fmt::Display for RevocationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full { .. } => "there is no room to remember another revoked credential: try again later",
            Self::OfOneUser { .. } => {
                "this user has too many credentials that have not expired: try again later"
            }
            Self::Unnamed => "this credential has no id to revoke it by",
        })
    }
}

impl Error for RevocationError {}
