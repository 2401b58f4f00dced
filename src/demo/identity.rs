//! The keys, users and tokens of one run, all made at start: when it ends, nothing of them is left.
//!
//! ```text
//! signing key ─▶ demo token, verifier      key ring ─▶ session cookie, visit counter      users ─▶ Basic, sign-in
//! ```

use std::{fmt, path::Path, time::Duration};

use enfilade_auth::{
    ApiKey, Basic, ConfigError, Htpasswd, KeyFile,
    jwt::{Algorithm, Bearer, CookieToken, NewToken, SigningKey, Verifier},
};
use enfilade_cookie::KeyRing;
use enfilade_core::Clock;
use tower::BoxError;

use super::{
    profile,
    tokens::tokens,
    users::{DemoUser, Users},
};
use crate::cli::Args;

/// The audience of tokens for this demo.
pub(super) const AUDIENCE: &str = "enfilade-demo";

/// How often files are looked at for changes.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(2);

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
        let key = SigningKey::generate(Algorithm::Es256).with_id("demo");
        let own = Verifier::builder(key.verifying_key())
            .with_issuer(issuer)
            .with_audience(AUDIENCE)
            // What was shown at sign-out counts no more, be it a cookie or a token.
            .with_revocation(sessions.revocations().clone())
            .with_clock(clock.clone())
            .build()?;
        let token = NewToken::new(issuer, AUDIENCE, "robot")
            .with_clock(clock.clone())
            .with_lifetime(Duration::from_secs(3600))
            .with_scopes(["demo:read"])
            .sign(&key);
        Ok(Self {
            tokens: tokens(own, args, clock)?,
            keys: args.api_keys.as_ref().map(|path| keys(path, clock)).transpose()?,
            passwords: Basic::new(users).with_clock(clock.clone()),
            sessions,
            ring,
            printed,
            token: (!exposed).then_some(token),
        })
    }
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
