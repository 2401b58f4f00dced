//! The settings of a [`Verifier`], each with a safe default, and what [`build`](VerifierBuilder::build) refuses.
//!
//! ```text
//! issuer      must be named            typ      JWT, at+jwt, absent     leeway   60 s, at most 300 s
//! audience    must be named            exp sub  required                cache    8 MiB
//! ```

use std::{sync::Arc, time::Duration};

use enfilade_core::Clock;

use super::{Cache, Inner, Verifier};
use crate::{
    ConfigError,
    jwt::{Keys, known_header::LastHeader},
    revocation::{MAX_LEEWAY, RevocationCheck},
};

/// The settings of a [`Verifier`] to be.
#[must_use = "nothing is verified until it is built"]
pub struct VerifierBuilder {
    keys: Keys,
    settings: Settings,
    cache_bytes: u64,
    leeway: Duration,
}

/// What a token is judged by.
pub(super) struct Settings {
    pub(super) issuers: Expected,
    pub(super) audiences: Expected,
    pub(super) types: Vec<Box<str>>,
    pub(super) allow_untyped: bool,
    pub(super) allow_no_expiry: bool,
    pub(super) required: Vec<Box<str>>,
    pub(super) roles_claim: Vec<Box<str>>,
    pub(super) leeway: u64,
    pub(super) clock: Clock,
    pub(super) revocations: Vec<Arc<dyn RevocationCheck>>,
    pub(super) kind: Kind,
}

impl Settings {
    fn warn(&self) {
        for (insecure, what) in [
            (self.issuers.any, "tokens of any issuer are accepted"),
            (self.audiences.any, "tokens for any audience are accepted"),
            (self.allow_no_expiry, "tokens that never expire are accepted"),
        ] {
            if insecure {
                tracing::warn!(target: "enfilade::auth", "insecure: {what}");
            }
        }
    }
}

/// Whose principals a verifier makes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::jwt) enum Kind {
    /// The token's own, proved by the client.
    Bearer,
    /// Those of a session token of ours: the browser brings it by itself, and whoever proved the user at sign-in
    /// vouches for them.
    #[cfg(feature = "cookie")]
    Session,
}

/// Which words of a claim are accepted; exactly one of the two must be said.
#[derive(Default)]
pub(super) struct Expected {
    pub(super) names: Vec<Box<str>>,
    pub(super) any: bool,
}

impl Expected {
    pub(super) fn accepts(&self, word: &str) -> bool {
        self.any || self.names.iter().any(|name| **name == *word)
    }

    fn check(&self, setting: &'static str, fix: &'static str) -> Result<(), ConfigError> {
        let problem = match (self.names.is_empty(), self.any) {
            (true, false) => fix,
            (false, true) => "named ones and `insecure_any_…` contradict each other",
            _ => return Ok(()),
        };
        Err(ConfigError::Verifier { setting, problem })
    }
}

impl VerifierBuilder {
    pub(super) fn new(keys: Keys) -> Self {
        let settings = Settings {
            issuers: Expected::default(),
            audiences: Expected::default(),
            types: vec!["at+jwt".into(), "JWT".into()],
            allow_untyped: true,
            allow_no_expiry: false,
            required: Vec::new(),
            roles_claim: vec!["roles".into()],
            leeway: 0,
            clock: Clock::system(),
            revocations: Vec::new(),
            kind: Kind::Bearer,
        };
        Self { keys, settings, cache_bytes: 8 << 20, leeway: Duration::from_secs(60) }
    }

    /// Accepts tokens of this issuer: `iss`, compared whole and by bytes. Several calls accept several.
    pub fn with_issuer(mut self, issuer: impl Into<Box<str>>) -> Self {
        self.settings.issuers.names.push(issuer.into());
        self
    }

    /// Accepts tokens of any issuer: whoever holds a key speaks for everybody.
    pub fn insecure_any_issuer(mut self) -> Self {
        self.settings.issuers.any = true;
        self
    }

    /// Accepts tokens that are meant for this audience: one word of `aud`. Several calls accept several.
    pub fn with_audience(mut self, audience: impl Into<Box<str>>) -> Self {
        self.settings.audiences.names.push(audience.into());
        self
    }

    /// Accepts tokens that are meant for anybody: one for another service works here as well.
    pub fn insecure_any_audience(mut self) -> Self {
        self.settings.audiences.any = true;
        self
    }

    /// Accepts these values of `typ` and no other; a token without `typ` no more. `application/` may be left out.
    pub fn with_types<T: Into<Box<str>>>(mut self, types: impl IntoIterator<Item = T>) -> Self {
        self.settings.types = types.into_iter().map(Into::into).collect();
        self.settings.allow_untyped = false;
        self
    }

    /// Accepts tokens that never expire. Whoever finds one can use it until its key is withdrawn.
    pub fn insecure_without_expiry(mut self) -> Self {
        self.settings.allow_no_expiry = true;
        self
    }

    /// Requires these claims too, such as `client_id` or `jti`.
    pub fn with_required_claims<T: Into<Box<str>>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.settings.required.extend(names.into_iter().map(Into::into));
        self
    }

    /// Where the roles stand: the name of a claim, or the way to one inside others, such as
    /// `["realm_access", "roles"]`. Default: `roles`. Absent means none; it is a word or an array of words.
    pub fn with_roles_claim<T: Into<Box<str>>>(mut self, path: impl IntoIterator<Item = T>) -> Self {
        self.settings.roles_claim = path.into_iter().map(Into::into).collect();
        self
    }

    /// How far clocks may differ when `exp`, `nbf` and `iat` are judged. Default 60 s, at most 300 s.
    pub fn with_leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// Asks this on every request, also for tokens that are remembered. Several calls ask several.
    pub fn with_revocation(mut self, check: impl RevocationCheck) -> Self {
        self.settings.revocations.push(Arc::new(check));
        self
    }

    /// How many bytes the tokens that are remembered may take. Default 8 MiB; 0 remembers none.
    pub fn with_cache_bytes(mut self, bytes: u64) -> Self {
        self.cache_bytes = bytes;
        self
    }

    /// Where the time comes from.
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.settings.clock = clock;
        self
    }

    #[cfg(feature = "cookie")]
    pub(in crate::jwt) fn for_sessions(mut self) -> Self {
        self.settings.kind = Kind::Session;
        self
    }

    /// The verifier.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Verifier`] when issuer or audience are not named, and when a setting contradicts another.
    pub fn build(self) -> Result<Verifier, ConfigError> {
        let Self { keys, mut settings, cache_bytes, leeway } = self;
        settings.issuers.check("issuer", "name one by `with_issuer`")?;
        settings.audiences.check("audience", "name this service by `with_audience`")?;
        let wrong = |setting, problem| Err(ConfigError::Verifier { setting, problem });
        let names = settings.issuers.names.iter().chain(&settings.audiences.names).chain(&settings.types);
        if names.chain(&settings.required).chain(&settings.roles_claim).any(|name| name.is_empty()) {
            return wrong("issuer, audience, typ or claim", "a name is empty");
        }
        if settings.types.is_empty() {
            return wrong("types", "name at least one, such as `at+jwt`");
        }
        if leeway > MAX_LEEWAY {
            return wrong("leeway", "at most 300 s: set the clocks right instead");
        }
        settings.warn();
        settings.leeway = leeway.as_secs();
        for name in &mut settings.types {
            if let Some(short) = name.strip_prefix("application/") {
                *name = short.into();
            }
        }
        let cache = (cache_bytes > 0).then(|| Cache::new(cache_bytes));
        Ok(Verifier(Arc::new(Inner { settings, keys, cache, header: LastHeader::default() })))
    }
}

impl std::fmt::Debug for VerifierBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VerifierBuilder").field("keys", &self.keys).finish_non_exhaustive()
    }
}
