//! [`Basic`]: a name and a password in every request (RFC 7617), checked without ever stopping a reactor thread.
//!
//! ```text
//! Authorization: Basic … ─▶ parse ─▶ right within the last minute? ──── yes ───────────────────▶ Proved
//!                                      └ no ─▶ find the user ─▶ hash, on the pool ─▶ equal? ───▶ Proved
//!                                                             (nobody: a dummy)      └ no ────▶ 401 auth.bad-credentials
//! ```
//!
//! 1. An unknown name costs the dearest hash of the store, and hears the same as a wrong password.
//! 2. A right pair is remembered up to a minute, under a keyed hash with the store's generation.
//! 3. A full pool is a 503 `auth.busy` with `Retry-After`, a store that fails a 503 `auth.store-failed`.
//!
//! ```
//! use enfilade_auth::{Auth, Basic, Htpasswd, hash_password};
//!
//! let users = Htpasswd::parse(&format!("ada:{}", hash_password("correct horse")?))?;
//! let auth = Auth::new(Basic::new(users)).with_realm("shop");
//! # Ok::<(), enfilade_auth::ConfigError>(())
//! ```

mod credentials;
mod hash;
mod htpasswd;
mod pool;
mod remember;
mod store;

pub use self::{
    hash::{PasswordHash, hash_password},
    htpasswd::Htpasswd,
    pool::HashPool,
    store::{StoreError, User, UserStore},
};

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use enfilade_core::{About, Challenge, Clock, Principal, Rejection};
use http::{
    HeaderValue, StatusCode,
    header::{AUTHORIZATION, RETRY_AFTER},
    request,
};

use self::{
    credentials::Credentials,
    pool::Undone,
    remember::{Memory, Tag},
};
use crate::{Attempt, Authenticator, Carrier, ConfigError};

/// Name and password. See the [module docs](self).
#[must_use = "a kind of credentials does nothing until an Auth link asks it"]
pub struct Basic<S>(Arc<Settings<S>>);

struct Settings<S> {
    users: S,
    pool: HashPool,
    clock: Clock,
    memory: Arc<Memory>,
    /// What an unknown name costs where the store does not say.
    dearest: Mutex<PasswordHash>,
}

impl<S: UserStore> Basic<S> {
    const MINUTE: Duration = Duration::from_secs(60);

    /// The users of an [`Htpasswd`] file, or of a store of yours.
    pub fn new(users: S) -> Self {
        Self(Arc::new(Settings {
            users,
            pool: HashPool::shared(),
            clock: Clock::system(),
            memory: Arc::new(Memory::new(Self::MINUTE)),
            dearest: Mutex::new(PasswordHash::unknown()),
        }))
    }

    /// Another pool than the one that all Basic links share.
    pub fn with_pool(self, pool: HashPool) -> Self {
        self.edit(|settings| settings.pool = pool)
    }

    /// Another clock.
    pub fn with_clock(self, clock: Clock) -> Self {
        self.edit(|settings| settings.clock = clock)
    }

    /// How long a right pair is remembered: a minute unless said otherwise; zero hashes every time.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Remember`], for more than a minute: so long may a changed password still work.
    pub fn with_remember(self, span: Duration) -> Result<Self, ConfigError> {
        if span > Self::MINUTE {
            return Err(ConfigError::Remember { span });
        }
        Ok(self.edit(|settings| settings.memory = Arc::new(Memory::new(span))))
    }

    /// Judges a name and a password that came otherwise, by a sign-in form say, just as a header is judged.
    ///
    /// # Errors
    ///
    /// - 401 `auth.bad-credentials`, `auth.credentials-malformed`
    /// - 503 `auth.busy`, `auth.store-failed`; 500 `auth.hash-failed`
    pub async fn verify(&self, name: &str, password: &str) -> Result<Principal, Rejection> {
        let credentials = Credentials::new(name, password)?;
        let tag = self.0.memory.tag(self.0.users.generation(), &credentials);
        match self.0.memory.recall(&tag, self.0.clock.monotonic()) {
            Some(who) => Ok(who),
            None => self.0.check(credentials, tag).await,
        }
    }

    fn edit(mut self, change: impl FnOnce(&mut Settings<S>)) -> Self {
        change(Arc::get_mut(&mut self.0).expect("not shared before an Auth link has it"));
        self
    }
}

/// Shares the users, the pool and what is remembered.
impl<S> Clone for Basic<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S: UserStore> Authenticator for Basic<S> {
    fn carriers(&self) -> Vec<Carrier> {
        vec![Carrier::Scheme("Basic")]
    }

    fn authenticate(&self, req: &mut request::Parts) -> Attempt {
        let Some(value) = req.headers.get(AUTHORIZATION) else { return Attempt::Absent };
        let credentials = match Credentials::parse(value.as_bytes()) {
            Ok(Some(credentials)) => credentials,
            Ok(None) => return Attempt::Absent,
            Err(rejection) => return Attempt::Refused(rejection),
        };
        let tag = self.0.memory.tag(self.0.users.generation(), &credentials);
        if let Some(who) = self.0.memory.recall(&tag, self.0.clock.monotonic()) {
            return Attempt::Proved(who);
        }
        let settings = self.0.clone();
        Attempt::later(async move {
            match settings.check(credentials, tag).await {
                Ok(who) => Attempt::Proved(who),
                Err(rejection) => Attempt::Refused(rejection),
            }
        })
    }

    /// The realm is Auth's to add.
    fn challenges(&self) -> Vec<Challenge> {
        vec![Challenge::new("Basic").with_param("charset", "UTF-8")]
    }

    fn about(&self) -> About {
        About::named("basic")
    }
}

impl<S: UserStore> Settings<S> {
    async fn check(&self, credentials: Credentials, tag: Tag) -> Result<Principal, Rejection> {
        let found = self.users.find(credentials.name()).await.map_err(|error| store_failed(&error))?;
        let hash = match &found {
            Some(user) => user.hash().clone(),
            None => Arc::new(self.decoy()),
        };
        self.note_dearest(&hash);
        let (memory, clock) = (self.memory.clone(), self.clock.clone());
        let work = move || {
            // A page's fifty requests come at once: when the first has been hashed, the others are known.
            match memory.recall(&tag, clock.monotonic()) {
                Some(_) => Some(true),
                None => hash.verify(credentials.password().as_bytes()),
            }
        };
        let is_right = self.pool.run(work).await.map_err(undone)?.ok_or_else(|| undone(Undone::Panicked))?;
        match found {
            Some(user) if is_right => {
                let who = user.principal().clone();
                self.memory.remember(tag, who.clone(), self.clock.monotonic());
                Ok(who)
            }
            Some(user) => Err(bad_credentials(format!("wrong password of {:?}", user.principal().subject()))),
            // The name is not logged: people type their password there.
            None => Err(bad_credentials("unknown user")),
        }
    }

    fn decoy(&self) -> PasswordHash {
        let dearest = || self.dearest.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.users.dearest().map_or_else(dearest, |hash| hash.decoy())
    }

    fn note_dearest(&self, hash: &PasswordHash) {
        let mut dearest = self.dearest.lock().unwrap_or_else(PoisonError::into_inner);
        if hash.work() > dearest.work() {
            *dearest = hash.decoy();
        }
    }
}

impl<S> fmt::Debug for Basic<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Basic")
            .field("pool", &self.0.pool)
            .field("memory", &self.0.memory)
            .finish_non_exhaustive()
    }
}

/// The same for an unknown name and a wrong password: only the log tells them apart.
fn bad_credentials(log: impl Into<String>) -> Rejection {
    Rejection::new(StatusCode::UNAUTHORIZED, "auth.bad-credentials")
        .with_detail("the name or the password is wrong")
        .with_log(log)
}

fn store_failed(error: &StoreError) -> Rejection {
    Rejection::new(StatusCode::SERVICE_UNAVAILABLE, "auth.store-failed")
        .with_detail("try again in a moment")
        .with_header(RETRY_AFTER, HeaderValue::from_static("5"))
        .with_log(error.to_string())
}

fn undone(why: Undone) -> Rejection {
    match why {
        Undone::Busy => Rejection::new(StatusCode::SERVICE_UNAVAILABLE, "auth.busy")
            .with_detail("too many sign-ins at once: try again in a moment")
            .with_header(RETRY_AFTER, HeaderValue::from_static("2")),
        Undone::Panicked => Rejection::new(StatusCode::INTERNAL_SERVER_ERROR, "auth.hash-failed")
            .with_log("a password could not be hashed: no memory, or a fault of the hashing crate"),
    }
}
