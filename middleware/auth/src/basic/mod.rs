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
//! 3. A name is looked up as the client wrote it; the subject is as the store writes it. An [`Htpasswd`] compares
//!    bytes, so nobody has a second spelling under which to count guesses anew.
//! 4. A full pool is a 503 `auth.busy` with `Retry-After`, a store that fails a 503 `auth.store-failed`.
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
use crate::{Attempt, Authenticator, Carrier, ConfigError, shown::subject_of};

/// Name and password. Cheap to clone; clones share the users, the pool and what is remembered. See the
/// [module docs](self).
#[must_use = "a kind of credentials does nothing until an Auth link asks it"]
pub struct Basic<S> {
    users: Arc<S>,
    pool: HashPool,
    clock: Clock,
    memory: Arc<Memory>,
    /// What an unknown name costs where the store does not say.
    dearest: Arc<Mutex<PasswordHash>>,
}

impl<S: UserStore> Basic<S> {
    const MINUTE: Duration = Duration::from_secs(60);

    /// The users of an [`Htpasswd`] file, or of a store of yours.
    pub fn new(users: S) -> Self {
        Self {
            users: Arc::new(users),
            pool: HashPool::shared(),
            clock: Clock::system(),
            memory: Arc::new(Memory::new(Self::MINUTE)),
            dearest: Arc::new(Mutex::new(PasswordHash::unknown())),
        }
    }

    /// Another pool than the one that all Basic links share.
    pub fn with_pool(self, pool: HashPool) -> Self {
        Self { pool, ..self }
    }

    /// Another clock.
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
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
        Ok(Self { memory: Arc::new(Memory::new(span)), ..self })
    }

    /// Judges a name and a password that came otherwise, by a sign-in form say, just as a header is judged.
    ///
    /// # Errors
    ///
    /// - 401 `auth.bad-credentials`, `auth.credentials-malformed`
    /// - 503 `auth.busy`, `auth.store-failed`; 500 `auth.hash-failed`
    pub async fn verify(&self, name: &str, password: &str) -> Result<Principal, Rejection> {
        let credentials = Credentials::new(name, password)?;
        match self.recall(&credentials) {
            Ok(who) => Ok(who),
            Err(tag) => self.check(credentials, tag).await,
        }
    }
}

impl<S> Clone for Basic<S> {
    fn clone(&self) -> Self {
        Self {
            users: self.users.clone(),
            pool: self.pool.clone(),
            clock: self.clock.clone(),
            memory: self.memory.clone(),
            dearest: self.dearest.clone(),
        }
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
        match self.recall(&credentials) {
            Ok(who) => Attempt::Proved(who),
            Err(tag) => {
                let basic = self.clone();
                Attempt::later(async move {
                    basic.check(credentials, tag).await.map_or_else(Attempt::Refused, Attempt::Proved)
                })
            }
        }
    }

    fn claimed_name(&self, req: &request::Parts) -> Option<String> {
        let credentials = Credentials::parse(req.headers.get(AUTHORIZATION)?.as_bytes());
        credentials.ok().flatten().map(|credentials| credentials.name().to_owned())
    }

    /// The realm is Auth's to add.
    fn challenges(&self) -> Vec<Challenge> {
        vec![Challenge::new("Basic").with_param("charset", "UTF-8")]
    }

    fn about(&self) -> About {
        About::named("basic")
    }
}

impl<S: UserStore> Basic<S> {
    /// Who was right with this pair within the last minute; otherwise what to remember it under.
    fn recall(&self, credentials: &Credentials) -> Result<Principal, Tag> {
        // The generation is asked before the user is found: an old number with new users does no harm.
        let tag = self.memory.tag(self.users.generation(), credentials);
        self.memory.recall(&tag, self.clock.monotonic()).ok_or(tag)
    }

    async fn check(&self, credentials: Credentials, tag: Tag) -> Result<Principal, Rejection> {
        let found = self.users.find(credentials.name()).await.map_err(|error| store_failed(&error))?;
        let hash = match &found {
            Some(user) => user.hash().clone(),
            None => Arc::new(self.decoy()),
        };
        self.note_dearest(&hash);
        let (memory, clock) = (self.memory.clone(), self.clock.clone());
        let who = found.as_ref().map(|user| user.principal().clone());
        let work = move || {
            // A page's fifty requests come at once: when the first has been hashed, the others are known.
            if memory.recall(&tag, clock.monotonic()).is_some() {
                return Some(true);
            }
            let is_right = hash.verify(credentials.password().as_bytes())?;
            if let Some(who) = who.filter(|_| is_right) {
                memory.remember(tag, who, clock.monotonic());
            }
            Some(is_right)
        };
        let is_right = self.pool.run(work).await.map_err(undone)?.ok_or_else(|| undone(Undone::Panicked))?;
        match found {
            Some(user) if is_right => Ok(user.principal().clone()),
            Some(user) => Err(bad_credentials(format!("wrong password of {}", subject_of(user.principal())))),
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
            .field("pool", &self.pool)
            .field("memory", &self.memory)
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
