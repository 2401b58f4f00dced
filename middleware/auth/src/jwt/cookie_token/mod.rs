//! [`CookieToken`]: a sign-in that lasts, by a signed token in a private cookie.
//!
//! ```text
//! sign_in(jar, who)  ── place kept in Revocations ── token sealed ──▶ Set-Cookie: __Host-session=…
//! next request       ── unsealed ── verified ── not revoked ──▶ the same Principal, by cookie, ambient
//! anything wrong     ──▶ void: counts as absent, the cookie is removed, the reason goes to the log
//! sign_out(jar)      ── revoked, every one that came: a copy is void too ──▶ the cookie is removed
//! ```
//!
//! 1. The token has a `typ` (`enfilade-session+jwt`), an issuer, an audience and a key of its own: in
//!    `Authorization` it is refused, and an API token in the cookie is void.
//! 2. The signing key is made at start, unless you bring one. That is on purpose: [`Revocations`] die with the
//!    process, so a key that outlived them would bring signed-out sessions back. With a key that lasts, or several
//!    processes, also bring a [`RevocationCheck`](crate::revocation::RevocationCheck) that lasts; or keep sessions in a store.
//! 3. Nobody is signed in whose sign-out could not be recorded: [`SessionError::Full`]; and nobody so often that
//!    there would be no room for others: [`SessionError::OfOneUser`].
//! 4. It has the jar made when no link before has, and then emits its `Set-Cookie`: both orders of `Auth` and
//!    `Cookies` work.
//!
//! The browser brings the cookie by itself, so a CSRF check must stand before whatever changes state, sign-in
//! included.
//!
//! ```
//! use enfilade_auth::{Attempt, Authenticator, Principal, jwt::CookieToken};
//! use enfilade_cookie::{Jar, KeyRing};
//! use http::{Request, Response};
//!
//! let sessions = CookieToken::builder(KeyRing::generate()).build()?;
//!
//! // The sign-in page has proved that this is Ada.
//! let (mut req, ()) = Request::new(()).into_parts();
//! let (jar, emit) = Jar::enter(&mut req);
//! sessions.sign_in(&jar, &Principal::new("ada"))?;
//! let (mut res, ()) = Response::new(()).into_parts();
//! emit.unwrap().run(&mut res);
//!
//! let cookie = res.headers["set-cookie"].to_str()?.split(';').next().unwrap().to_owned();
//! let (mut req, ()) = Request::get("/").header("cookie", cookie).body(())?.into_parts();
//! let Attempt::Proved(who) = sessions.authenticate(&mut req) else { panic!("signed in") };
//! assert!(who.subject() == "ada" && who.is_ambient());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod builder;
mod error;

pub use self::{builder::CookieTokenBuilder, error::SessionError};

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use enfilade_cookie::{Emit, Jar, KeyRing, Profile, Unopened};
use enfilade_core::{About, Clock, Principal, Rejection};
use http::{Extensions, StatusCode, request};

use super::{NewToken, SigningKey, TokenError, TokenFault, Verifier, claims::PROVED_BY, mint};
use crate::{Attempt, Authenticator, Carrier, Revocations, WayBack};

/// The `typ` of session tokens.
const TYPE: &str = "enfilade-session+jwt";

/// Issuer and audience of session tokens: this service, to itself.
const SELF: &str = "enfilade-session";

/// What the private cookie is sealed for.
const PURPOSE: &str = "enfilade-session-token";

/// Sign-in by a token in a private cookie. Cheap to clone. See the [module docs](self).
#[derive(Clone)]
#[must_use = "it reads nothing until it stands in an `Auth`"]
pub struct CookieToken(Arc<Inner>);

struct Inner {
    ring: KeyRing,
    name: String,
    profile: Profile,
    key: SigningKey,
    lifetime: Duration,
    verifier: Verifier,
    revocations: Revocations,
    clock: Clock,
}

impl CookieToken {
    /// Begins with the ring that seals the cookie.
    pub fn builder(ring: KeyRing) -> CookieTokenBuilder {
        CookieTokenBuilder::new(ring)
    }

    /// Signs this user in with the response of this jar's request, and says as whom: the session's own principal.
    ///
    /// Every session that the browser brings is ended: who signs in over another leaves no second way in.
    /// Subject, issuer, scopes, roles, `amr`, `acr` and `auth_time` are kept; raw claims are not, for cookies are
    /// small. A session does not outlive the credential that it began with: an expiry of `who` that is sooner counts.
    ///
    /// # Errors
    ///
    /// [`SessionError`]; nothing was changed then, and whoever was signed in still is.
    pub fn sign_in(&self, jar: &Jar, who: &Principal) -> Result<Principal, SessionError> {
        if who.is_anonymous() {
            return Err(SessionError::Anonymous);
        }
        let Inner { verifier, revocations, .. } = &*self.0;
        let now = self.0.clock.unix_seconds();
        let expires = now.saturating_add(self.0.lifetime.as_secs()).min(who.expires().unwrap_or(u64::MAX));
        if expires <= now {
            return Err(SessionError::Unfit(TokenFault::Expired.into()));
        }
        let id = mint::random_id();
        let token = self.token(who, &id, Duration::from_secs(expires - now));
        // What it would not accept tomorrow is not handed out today: a subject with control characters, say.
        let session = verifier.verify(&token).map_err(SessionError::Unfit)?;
        revocations.reserve(&session)?;
        if let Err(error) = self.view(jar).add(&self.0.name, token) {
            revocations.release(session.issuer(), &id);
            return Err(SessionError::Cookie(error));
        }
        // The place was kept when that one signed in; only a token of another process could find none.
        let _ = self.end(jar);
        Ok(session)
    }

    /// Signs out: the token of this jar's request counts no more, wherever a copy of it is, and the cookie goes.
    ///
    /// Of several cookies of this name every one that is a session of ours is ended, also where
    /// [`authenticate`](Authenticator::authenticate) would believe none of them.
    ///
    /// # Errors
    ///
    /// [`SessionError::Full`] when the token is not of this process and there is no room to remember it.
    pub fn sign_out(&self, jar: &Jar) -> Result<(), SessionError> {
        let ended = self.end(jar);
        self.remove(jar);
        ended
    }

    /// The cookie's name on the wire, prefix and all: for [`Cookies::reserve`](enfilade_cookie::Cookies::reserve).
    pub fn cookie_name(&self) -> &str {
        &self.0.name
    }

    /// Where sign-outs are kept.
    pub fn revocations(&self) -> &Revocations {
        &self.0.revocations
    }

    fn token(&self, who: &Principal, id: &str, lifetime: Duration) -> String {
        let Inner { key, clock, .. } = &*self.0;
        let words = |words: Vec<&str>| serde_json::Value::from(words);
        let mut token = NewToken::new(SELF, SELF, who.subject())
            .with_type(TYPE)
            .with_lifetime(lifetime)
            .with_clock(clock.clone())
            .with_claim("auth_time", who.auth_time().unwrap_or_else(|| clock.unix_seconds()));
        let lists: [(&str, Vec<&str>); 3] = [
            ("scope", who.scopes().collect()),
            ("roles", who.roles().collect()),
            ("amr", who.amr().collect()),
        ];
        for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            token = token.with_claim(name, words(list));
        }
        let texts = [("acr", who.acr()), (PROVED_BY, who.issuer())];
        for (name, text) in texts.into_iter().filter_map(|(name, text)| Some((name, text?))) {
            token = token.with_claim(name, text);
        }
        token.sign_with_id(key, id)
    }

    /// Revokes every token of this jar's request, also one that does not count right now: another request may
    /// bring it alone, and a clock that was set back would make it count again.
    fn end(&self, jar: &Jar) -> Result<(), SessionError> {
        let tokens = self.view(jar);
        let tokens = tokens.open_all(&self.0.name).filter_map(Result::ok);
        // One for which there is no room must not spare those after it.
        tokens.map(|token| self.revoke(token.text().unwrap_or_default())).fold(Ok(()), Result::and)
    }

    /// Revokes a token of ours; nothing is to be done about any other.
    fn revoke(&self, token: &str) -> Result<(), SessionError> {
        let Ok(session) = self.0.verifier.read(token) else { return Ok(()) };
        let is_over = session.expires().is_some_and(|expires| expires <= self.0.clock.unix_seconds());
        match self.0.revocations.revoke(&session) {
            Err(error) if !is_over => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// The session of this jar's request: none, or why it counts as none.
    fn open(&self, jar: &Jar) -> Result<Option<Principal>, Rejection> {
        let opened = match self.view(jar).open(&self.0.name) {
            Ok(opened) => opened,
            Err(Unopened::Absent) => return Ok(None),
            Err(reason) => return Err(void(reason.code())),
        };
        let token = opened.text().ok_or(TokenFault::Malformed)?;
        Ok(Some(self.0.verifier.verify(token)?))
    }

    fn view<'a>(&'a self, jar: &'a Jar) -> enfilade_cookie::Sealed<'a> {
        jar.private(&self.0.ring, PURPOSE).with_profile(&self.0.profile)
    }

    fn remove(&self, jar: &Jar) {
        if let Err(error) = jar.remove(&self.0.name, &self.0.profile) {
            tracing::warn!(target: "enfilade::auth", code = error.code(), "the session cookie stays in the browser");
        }
    }
}

impl Authenticator for CookieToken {
    /// None: it is ambient.
    fn carriers(&self) -> Vec<Carrier> {
        Vec::new()
    }

    fn authenticate(&self, req: &mut request::Parts) -> Attempt {
        let (jar, emit) = Jar::enter(req);
        if let Some(emit) = emit {
            Duty::keep(&mut req.extensions, emit);
        }
        match self.open(&jar) {
            Ok(Some(who)) => Attempt::Proved(who),
            Ok(None) => Attempt::Absent,
            Err(reason) => {
                self.remove(&jar);
                Attempt::Void(reason)
            }
        }
    }

    fn way_back(&self, req: &request::Parts) -> Option<WayBack> {
        let emit = Duty::take(&req.extensions)?;
        Some(WayBack::new(move |res| emit.run(res)))
    }

    fn about(&self) -> About {
        About::of::<Self>().provides::<Jar>()
    }
}

impl fmt::Debug for CookieToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CookieToken").field("name", &self.0.name).finish_non_exhaustive()
    }
}

/// The duty to emit the jar, from `authenticate` to `way_back`. In the extensions, for the request alone ties the
/// two together; only where no `Cookies` link stands before.
#[derive(Clone)]
struct Duty(Arc<Mutex<Option<Emit>>>);

impl Duty {
    fn keep(extensions: &mut Extensions, emit: Emit) {
        extensions.insert(Self(Arc::new(Mutex::new(Some(emit)))));
    }

    fn take(extensions: &Extensions) -> Option<Emit> {
        extensions.get::<Self>()?.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

fn void(code: &'static str) -> Rejection {
    Rejection::new(StatusCode::UNAUTHORIZED, code).with_detail("sign in again")
}
