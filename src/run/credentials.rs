//! Who may come in: the kinds of `--auth`, put together as one Auth link.
//!
//! ```text
//! demo ─┬─▶ two users, made now ─┬─▶ Basic ──┐
//!       │   basic=FILE ──────────┘           ├─▶ Auth       none of them: no Auth, everybody is anonymous
//!       └─▶ a key and a token ───┬─▶ Bearer ─┘
//!           jwt=FILE, jwt=URL ───┘
//! ```

use std::{fmt, net::SocketAddr, path::Path, sync::Arc};

use enfilade_auth::{Auth, Authenticator, Basic, Htpasswd};
use enfilade_core::Clock;
use tower::BoxError;

use super::RunError;
use crate::{
    cli::{AuthKind, RunArgs, is_loopback},
    demo::{
        DemoUser, LOOK_EVERY, Users,
        tokens::{self, JwksAt, Other},
    },
};

/// What the operator's kinds of credentials come to.
pub struct Credentials {
    /// The link; none where nobody is asked.
    pub auth: Option<Auth>,
    /// Whether a browser sends one of them by itself: a password that its dialog was told.
    pub ambient: bool,
    /// The demo users to print.
    pub users: Vec<DemoUser>,
    /// The demo token to print.
    pub token: Option<String>,
}

impl Credentials {
    /// Opens what was named. `url` is our own address, the issuer of our own token.
    ///
    /// # Errors
    ///
    /// [`RunError`], or what is wrong with a file or a URL.
    pub fn new(args: &RunArgs, url: &str, addrs: &[SocketAddr], clock: &Clock) -> Result<Self, BoxError> {
        let asked = Asked::of(args)?;
        if let (true, Some(addr)) = (asked.demo, addrs.iter().find(|addr| !is_loopback(**addr))) {
            return Err(RunError::Exposed(*addr).into());
        }
        let mut kinds: Vec<Arc<dyn Authenticator>> = Vec::new();
        let (token, mut verifiers) = (asked.demo.then(|| tokens::own(url, clock)), Vec::new());
        let token = match token {
            Some((verifier, token)) => {
                verifiers.push(verifier.build()?);
                Some(token)
            }
            None => None,
        };
        if let Some(other) = asked.other {
            verifiers.push(other.verifier(clock)?);
        }
        if !verifiers.is_empty() {
            kinds.push(Arc::new(tokens::bearer(verifiers)?));
        }
        let mut printed = Vec::new();
        let ambient = asked.demo || asked.file.is_some();
        if ambient {
            let file = asked.file.map(|path| Htpasswd::open(path)?.watched(LOOK_EVERY)).transpose()?;
            let (users, made) = Users::new(!asked.demo, file)?;
            kinds.push(Arc::new(Basic::new(users).with_clock(clock.clone())));
            printed = made;
        }
        let auth = (!kinds.is_empty()).then(|| {
            // Optional, for `require` is what says no: with every challenge, and the dialog for who has no other way in.
            Auth::any_of(kinds).with_realm(url).with_clock(clock.clone()).with_dialog().optional()
        });
        Ok(Self { auth, ambient, users: printed, token })
    }
}

/// What was asked for, each kind once.
#[derive(Default)]
struct Asked<'a> {
    demo: bool,
    file: Option<&'a Path>,
    other: Option<Other<'a>>,
}

impl<'a> Asked<'a> {
    fn of(args: &'a RunArgs) -> Result<Self, RunError> {
        let mut asked = Self::default();
        for kind in &args.auth {
            match kind {
                AuthKind::Demo => asked.demo = true,
                AuthKind::Basic(_) if asked.file.is_some() => return Err(RunError::Twice("basic")),
                AuthKind::Basic(file) => asked.file = Some(file),
                AuthKind::Jwt(_) if asked.other.is_some() => return Err(RunError::Twice("jwt")),
                AuthKind::Jwt(keys) => {
                    let (Some(issuer), Some(audience)) = (&args.issuer, &args.audience) else {
                        return Err(RunError::NoIssuer);
                    };
                    asked.other = Some(Other { keys: jwks(keys), issuer, audience });
                }
            }
        }
        let is_said = args.issuer.is_some() || args.audience.is_some();
        if asked.other.is_none() && is_said { Err(RunError::NoTokens) } else { Ok(asked) }
    }
}

/// A URL by its scheme; which ones may be fetched is judged where they are.
fn jwks(text: &str) -> JwksAt<'_> {
    if text.contains("://") { JwksAt::Url(text) } else { JwksAt::File(Path::new(text)) }
}

/// Nothing of it may be logged.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}
