//! The keys, users and tokens of one run, all made at start: when it ends, nothing of them is left.
//!
//! ```text
//! signing key ─▶ demo token, verifier      key ring ─▶ session cookie, visit counter      users ─▶ Basic, sign-in
//! ```

use std::{fmt, path::Path, time::Duration};

use enfilade_auth::{
    ApiKey, Basic, ConfigError, Htpasswd, KeyFile,
    jwt::{Bearer, CookieToken},
};
use enfilade_cookie::KeyRing;
use enfilade_core::Clock;
use tower::BoxError;

use super::{
    profile,
    tokens::{self, JwksAt, Other},
    users::{DemoUser, Users},
};
use crate::cli::Args;

/// How often files are looked at for changes.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Who can come in, and by what.
pub struct Identity {
    /// Bearer tokens: the demo's own, and those of `--jwks` or `--jwks-url`.
    pub(super) tokens: Bearer,
    /// Keys for programs, where there is a file of them.
    pub(super) keys: Option<ApiKey>,
    /// Names and passwords.
    pub passwords: Basic<Users>,
    /// The session cookie.
    pub sessions: CookieToken,
    /// What seals cookies.
    pub ring: KeyRing,
    /// The demo users to print.
    pub printed: Vec<DemoUser>,
    /// The demo token to print; none where anybody could read it off the network.
    pub token: Option<String>,
}

impl Identity {
    /// Makes everything. `issuer` is the demo's own address; `exposed`, whether other machines can reach it.
    ///
    /// # Errors
    ///
    /// When a file that was named cannot be used.
    pub fn new(args: &Args, issuer: &str, exposed: bool, clock: &Clock) -> Result<Self, BoxError> {
        let file =
            args.htpasswd.as_ref().map(|path| Htpasswd::open(path)?.watched(LOOK_EVERY)).transpose()?;
        let (users, printed) = Users::new(exposed, file)?;
        let ring = KeyRing::generate();
        let sessions = CookieToken::builder(ring.clone())
            .with_profile(profile(args))
            .with_clock(clock.clone())
            .build()?;
        let (own, token) = tokens::own(issuer, clock);
        // What was shown at sign-out counts no more, be it a cookie or a token.
        let own = own.with_revocation(sessions.revocations().clone()).build()?;
        let other = other(args).map(|other| other.verifier(clock)).transpose()?;
        Ok(Self {
            tokens: tokens::bearer([own].into_iter().chain(other).collect())?,
            keys: args.api_keys.as_ref().map(|path| keys(path, clock)).transpose()?,
            passwords: Basic::new(users).with_clock(clock.clone()),
            sessions,
            ring,
            printed,
            token: (!exposed).then_some(token),
        })
    }
}

/// The issuer of `--jwks` or `--jwks-url`.
fn other(args: &Args) -> Option<Other<'_>> {
    let keys = match (&args.jwks, &args.jwks_url) {
        (Some(path), _) => JwksAt::File(path),
        (None, Some(url)) => JwksAt::Url(url),
        (None, None) => return None,
    };
    Some(Other { keys, issuer: &args.issuer, audience: &args.audience })
}

fn keys(path: &Path, clock: &Clock) -> Result<ApiKey, ConfigError> {
    Ok(ApiKey::new(KeyFile::open(path)?.watched(LOOK_EVERY)?).with_scheme().with_clock(clock.clone()))
}

/// Nothing of it may be logged.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(..)")
    }
}
