//! The settings of a [`CookieToken`], each with a safe default.
//!
//! ```text
//! cookie `__Host-session` · one hour, at most a day · a fresh HS256 key · room for 65,536 sessions
//! ```

use std::{fmt, sync::Arc, time::Duration};

use enfilade_cookie::{KeyRing, Profile};
use enfilade_core::Clock;

use super::{CookieToken, Inner, SELF, TYPE};
use crate::{
    ConfigError,
    jwt::{Algorithm, SigningKey, Verifier, VerifierBuilder},
    revocation::{RevocationCheck, Revocations},
};

/// The longest lifetime: the seal of a cookie that the browser keeps for its session holds a day.
const MAX_LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// The settings of a [`CookieToken`] to be.
#[must_use = "nobody can sign in until it is built"]
pub struct CookieTokenBuilder {
    ring: KeyRing,
    name: String,
    profile: Profile,
    key: Option<SigningKey>,
    lifetime: Duration,
    revocations: Option<Revocations>,
    checks: Vec<Box<dyn FnOnce(VerifierBuilder) -> VerifierBuilder>>,
    clock: Clock,
}

impl CookieTokenBuilder {
    pub(super) fn new(ring: KeyRing) -> Self {
        Self {
            ring,
            name: "session".to_owned(),
            profile: Profile::host(),
            key: None,
            lifetime: Duration::from_secs(3600),
            revocations: None,
            checks: Vec::new(),
            clock: Clock::system(),
        }
    }

    /// The cookie's name without its prefix. Default: `session`.
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The cookie's attributes. Default: [`Profile::host`].
    pub fn with_profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// How long a sign-in lasts, in whole seconds, at most a day. Default: one hour.
    pub fn with_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// Signs with this key, which then should sign nothing else. Default: a fresh one for each process; see rule 2
    /// of the [module docs](super) before you bring one that lasts.
    pub fn with_signing_key(mut self, key: SigningKey) -> Self {
        self.key = Some(key);
        self
    }

    /// Where sign-outs are kept. Default: a set of its own with room for 65,536 sessions.
    pub fn with_revocations(mut self, revocations: Revocations) -> Self {
        self.revocations = Some(revocations);
        self
    }

    /// Asks this too on every request.
    pub fn with_revocation_check(mut self, check: impl RevocationCheck) -> Self {
        self.checks.push(Box::new(|verifier| verifier.with_revocation(check)));
        self
    }

    /// Where the time comes from; give the ring the same.
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The authenticator.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Session`] when the cookie's name does not fit its profile, or the lifetime is nothing or
    /// more than a day.
    pub fn build(self) -> Result<CookieToken, ConfigError> {
        let Self { ring, name, profile, key, lifetime, revocations, checks, clock } = self;
        let name = profile.name(&name);
        if let Err(error) = profile.check(&name) {
            return Err(ConfigError::Session { setting: "cookie", problem: error.to_string() });
        }
        if lifetime < Duration::from_secs(1) || lifetime > MAX_LIFETIME {
            let problem = format!("{lifetime:?} is not between a second and a day");
            return Err(ConfigError::Session { setting: "lifetime", problem });
        }
        let revocations = revocations.unwrap_or_else(|| Revocations::with_clock(1 << 16, clock.clone()));
        let key = key.unwrap_or_else(|| SigningKey::generate(Algorithm::Hs256));
        let verifier = Verifier::builder(key.verifying_key())
            .with_issuer(SELF)
            .with_audience(SELF)
            .with_types([TYPE])
            .with_required_claims(["jti", "iat"])
            // Our own clock writes and reads these times, but it may be set back a little in between.
            .with_leeway(Duration::from_secs(5))
            .with_clock(clock.clone())
            .with_revocation(revocations.clone())
            .for_sessions();
        let verifier = checks.into_iter().fold(verifier, |verifier, check| check(verifier)).build()?;
        Ok(CookieToken(Arc::new(Inner { ring, name, profile, key, lifetime, verifier, revocations, clock })))
    }
}

impl fmt::Debug for CookieTokenBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CookieTokenBuilder").field("name", &self.name).finish_non_exhaustive()
    }
}
