//! [`Auth`]: the link that finds out who a request comes from. Credentials in, [`Principal`] out.
//!
//! ```text
//! explicit (Authorization, a key header)   ambient (a cookie)      what follows
//! refused                                  not asked               401, with its reason
//! proved                                   absent, void, the same  the explicit one's principal
//! proved                                   proves another          401 auth.credentials-conflict
//! absent                                   proved                  the cookie's principal
//! absent                                   absent or void          401 auth.missing · optional: anonymous
//! ```
//!
//! 1. A credential header that is there twice is refused: 400 `auth.credentials-repeated`. Two readers of the
//!    request could each believe another one.
//! 2. A scheme that no kind reads is refused: 401 `auth.scheme-unsupported`. Whatever is shown is judged, and
//!    nothing that was refused falls back to a cookie or to anonymous.
//! 3. A void cookie counts as absent; its reason goes to the log (target `enfilade::auth`) and the trail.
//! 4. A WebSocket handshake that a cookie proves must come from a page of ours or a listed one, and so must one
//!    with Basic that names an `Origin` (browsers send a cached password by themselves; programs name none):
//!    403 `csrf.cross-site-websocket`.
//! 5. A 401 carries every kind's challenge. For a page load Basic is left out where another challenge remains,
//!    or a browser would cover the page with its own dialog, which [`Auth::with_dialog`] asks for;
//!    [`Auth::with_login`] redirects page loads instead.
//!
//! ```
//! use enfilade_auth::{Auth, Basic, Gate, Htpasswd, Principal};
//! use http::Request;
//!
//! let users = Htpasswd::parse("ada:$2y$10$KH61y1gdM/IG8GSr0tiC3u.zNJcTO6IvGILKq3dx5UlxoVfY6dbXK")?;
//! let auth = Auth::new(Basic::new(users)).with_realm("shop").optional();
//!
//! let (mut req, ()) = Request::new(()).into_parts();
//! auth.enter(&mut req).unwrap();
//! assert!(Principal::of(&req.extensions).unwrap().is_anonymous());
//!
//! req.headers.insert("authorization", "Digest x".parse()?);
//! assert_eq!(auth.enter(&mut req).unwrap_err().code(), "auth.scheme-unsupported");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Tokens in a query or a form are never read. One chain has one Auth with all its kinds: a second would judge
//! afresh, and refuse what only the first can read. Stand Auth outside of nested routers: where a router has cut a
//! prefix off the path, the way back from the sign-in page lacks it.

mod door;
mod judge;

pub(crate) use self::judge::agree;

use std::{fmt, sync::Arc};

use enfilade_core::{
    About, Clock, Gate, Gated, Gates, Pass, Principal, Rejection, RequestContext, Trail, Unproved, Verdict,
};
use http::{HeaderValue, Response, StatusCode, request};
use smallvec::SmallVec;
use tower_layer::Layer;

use self::{
    door::Door,
    judge::{Carriers, Shown},
};
use crate::{
    Attempt, Authenticator, ConfigError, ReturnPath, WayBack,
    shown::subject_of,
    websocket::{self, Origin},
};

/// Finds out who a request comes from. Cheap to clone; a gate and a tower layer. See the [module docs](self).
#[derive(Clone)]
#[must_use = "a link does nothing until it stands in a chain"]
pub struct Auth(Arc<Settings>);

#[derive(Clone)]
struct Settings {
    kinds: Vec<Kind>,
    carriers: Carriers,
    /// Which of the carriers a browser may fill by itself.
    kept_by_browsers: u64,
    door: Arc<Door>,
    unproved: Arc<Unproved>,
    optional: bool,
    trusted_origins: Vec<Origin>,
    clock: Clock,
}

#[derive(Clone)]
struct Kind {
    authenticator: Arc<dyn Authenticator>,
    /// Which of the carriers this kind reads.
    reads: u64,
}

impl Auth {
    /// One kind of credentials, and without them a 401.
    pub fn new(kind: impl Authenticator) -> Self {
        Self::any_of([Arc::new(kind) as Arc<dyn Authenticator>])
    }

    /// Any of these kinds of credentials; all are asked, in this order. None: everybody is refused.
    ///
    /// # Panics
    ///
    /// If the kinds declare more than 64 headers and schemes.
    pub fn any_of(kinds: impl IntoIterator<Item = Arc<dyn Authenticator>>) -> Self {
        let door = Arc::new(Door::default());
        let auth = Self(Arc::new(Settings {
            kinds: Vec::new(),
            carriers: Carriers::default(),
            kept_by_browsers: 0,
            unproved: unproved(&door),
            door,
            optional: false,
            trusted_origins: Vec::new(),
            clock: Clock::system(),
        }));
        kinds.into_iter().fold(auth, Self::or_shared)
    }

    /// Or this kind of credentials: `Auth::new(bearer).or(basic).or(cookie)`.
    ///
    /// # Panics
    ///
    /// If the kinds declare more than 64 headers and schemes.
    pub fn or(self, kind: impl Authenticator) -> Self {
        self.or_shared(Arc::new(kind))
    }

    /// Lets requests without credentials through as [`Principal::anonymous`]. Bad ones are refused all the same.
    pub fn optional(self) -> Self {
        self.edit(|settings| settings.optional = true)
    }

    /// The realm of every challenge (RFC 9110 §11.5): what a browser's dialog shows. Default: `"this site"`.
    pub fn with_realm(self, realm: impl Into<String>) -> Self {
        self.edit_door(|door| door.set_realm(realm.into()))
    }

    /// Sends page loads without credentials to this sign-in page: 303, with the way back in `next`.
    ///
    /// Scripts and programs still get the 401, and so does the sign-in page itself. The page reads `next` with
    /// [`ReturnPath::parse`]. The way back is kept for GET and HEAD; after a form, it is `/`.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Path`], when `page` is not a path of this site.
    pub fn with_login(self, page: &str) -> Result<Self, ConfigError> {
        let error = || ConfigError::Path { setting: "Auth::with_login", value: page.to_owned() };
        let page =
            ReturnPath::parse_strict(page).filter(|page| !page.as_str().contains('#')).ok_or_else(error)?;
        Ok(self.edit_door(|door| door.set_login(page)))
    }

    /// Offers Basic to page loads too, beside other challenges: the browser asks in a dialog of its own.
    ///
    /// For sites without a sign-in page, whose users would have no way in by a browser.
    pub fn with_dialog(self) -> Self {
        self.edit_door(Door::set_dialog)
    }

    /// Origins besides our own, such as `https://app.example.com`, whose pages may open a WebSocket here.
    ///
    /// Our own `https` origin belongs here too where a proxy ends TLS and the door does not trust what it says.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Origin`], when one is no `http` or `https` origin.
    pub fn with_trusted_origins<'a>(
        self,
        origins: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, ConfigError> {
        let parse = |text: &str| {
            let origin = HeaderValue::from_str(text).ok().and_then(|value| Origin::parse(&value));
            origin.ok_or_else(|| ConfigError::Origin { value: text.to_owned() })
        };
        let origins = origins.into_iter().map(parse).collect::<Result<Vec<_>, _>>()?;
        Ok(self.edit(|settings| settings.trusted_origins = origins))
    }

    /// Another clock, by which log lines are limited.
    pub fn with_clock(self, clock: Clock) -> Self {
        self.edit(|settings| settings.clock = clock)
    }

    fn or_shared(self, kind: Arc<dyn Authenticator>) -> Self {
        let challenges = kind.challenges();
        self.edit(|settings| {
            let reads = settings.carriers.add(kind.carriers());
            settings.kept_by_browsers = settings.carriers.kept_by_browsers();
            settings.kinds.push(Kind { authenticator: kind, reads });
        })
        .edit_door(|door| door.offer(challenges))
    }

    fn edit(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    fn edit_door(self, change: impl FnOnce(&mut Door)) -> Self {
        self.edit(|settings| {
            change(Arc::make_mut(&mut settings.door));
            settings.unproved = unproved(&settings.door);
        })
    }
}

impl Gate for Auth {
    fn enter(&self, req: &mut request::Parts) -> Verdict {
        let present = self.0.carriers.take_stock(&mut req.headers);
        present
            .and_then(|present| self.0.ask(Shown::new(present), 0, req))
            .map_err(|rejection| self.0.see_off(rejection, req))
    }

    fn about(&self) -> About {
        let own = About::of::<Self>().provides::<Principal>();
        self.0.kinds.iter().fold(own, |about, kind| about.including(&kind.authenticator.about()))
    }
}

impl<S> Layer<S> for Auth {
    type Service = Gated<S>;

    fn layer(&self, inner: S) -> Gated<S> {
        Gates::of(self.clone()).layer(inner)
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = self.0.kinds.iter().map(|kind| kind.authenticator.about().name().to_owned());
        f.debug_struct("Auth")
            .field("kinds", &kinds.collect::<Vec<_>>())
            .field("optional", &self.0.optional)
            .finish_non_exhaustive()
    }
}

fn unproved(door: &Arc<Door>) -> Arc<Unproved> {
    let door = door.clone();
    Arc::new(Unproved::new(move |req| door.turn_away(req)))
}

impl Settings {
    /// Asks the kinds from `at` on. Refusals are bare: [`see_off`](Self::see_off) completes them.
    fn ask(self: &Arc<Self>, mut shown: Shown, at: usize, req: &mut request::Parts) -> Verdict {
        for (at, kind) in self.kinds.iter().enumerate().skip(at) {
            match kind.authenticator.authenticate(req) {
                Attempt::Later(later) => {
                    let settings = self.clone();
                    return Ok(Pass::later(async move {
                        let attempt = later.wait().await;
                        move |req: &mut request::Parts| {
                            shown
                                .take(attempt, settings.kinds[at].reads, req, &settings.clock)
                                .and_then(|()| settings.ask(shown, at + 1, req))
                                .map_err(|rejection| settings.see_off(rejection, req))
                        }
                    }));
                }
                attempt => shown.take(attempt, kind.reads, req, &self.clock)?,
            }
        }
        self.conclude(shown, req)
    }

    fn conclude(&self, shown: Shown, req: &mut request::Parts) -> Verdict {
        let may_be_kept = shown.present() & self.kept_by_browsers != 0;
        match shown.conclude()? {
            Some(who) => {
                self.judge_handshake(&who, may_be_kept, req)?;
                Trail::note(&req.extensions, || format!("{} by {}", subject_of(&who), who.method().as_str()));
                who.put(&mut req.extensions);
            }
            None if self.optional => {
                Principal::anonymous().put(&mut req.extensions);
                RequestContext::carry(&mut req.extensions, self.unproved.clone());
            }
            None => return Err(self.door.missing(req)),
        }
        let mut ways_back = self.ways_back(req).peekable();
        if ways_back.peek().is_none() {
            return Ok(Pass::Now);
        }
        let ways_back: SmallVec<[_; 2]> = ways_back.collect();
        Ok(Pass::then(move |res| ways_back.into_iter().rev().for_each(|way_back| way_back.run(res))))
    }

    fn judge_handshake(
        &self,
        who: &Principal,
        may_be_kept: bool,
        req: &request::Parts,
    ) -> Result<(), Rejection> {
        let may_be_forged = (may_be_kept || who.is_ambient()) && websocket::may_be_forged(who, req);
        if !may_be_forged || websocket::is_from_trusted_page(req, &self.trusted_origins) {
            return Ok(());
        }
        Err(Rejection::new(StatusCode::FORBIDDEN, "csrf.cross-site-websocket")
            .with_detail("only pages of this site may open a WebSocket with its cookies or a kept password"))
    }

    fn ways_back(&self, req: &request::Parts) -> impl Iterator<Item = WayBack> {
        self.kinds.iter().filter_map(|kind| kind.authenticator.way_back(req))
    }

    /// Completes a refusal: challenges, and what the kinds say on the way back. A gate that refuses does not
    /// leave, so a cookie that a kind removes would otherwise never be removed.
    fn see_off(&self, rejection: Rejection, req: &request::Parts) -> Rejection {
        let rejection = self.door.complete(rejection, req);
        let ways_back: SmallVec<[WayBack; 2]> = self.ways_back(req).collect();
        if ways_back.is_empty() {
            return rejection;
        }
        let (mut head, ()) = Response::new(()).into_parts();
        head.status = rejection.status();
        ways_back.into_iter().rev().for_each(|way_back| way_back.run(&mut head));
        let headers = head.headers.iter().map(|(name, value)| (name.clone(), value.clone()));
        headers.fold(rejection, |rejection, (name, value)| rejection.with_header(name, value))
    }
}
