//! What a request hears that proves nobody: the challenges, or the way to the sign-in page.
//!
//! ```text
//! page load     sign-in page set ──▶ 303 Location: /sign-in?next=…      else 401, without Basic if others remain
//!                                                       (unless its dialog is wanted)
//! anything else                  ──▶ 401 with every challenge
//! ```

use enfilade_core::{Challenge, Rejection, RequestContext};
use http::{Method, StatusCode, header::LOCATION, request};

use crate::{ReturnPath, page::is_page_load};

/// The refusals of one Auth link.
#[derive(Clone)]
pub(super) struct Door {
    realm: String,
    challenges: Vec<Challenge>,
    login: Option<Login>,
    /// Whether page loads are offered Basic beside other challenges.
    dialog: bool,
}

/// The sign-in page.
#[derive(Clone)]
struct Login {
    page: ReturnPath,
    /// As [`RequestContext::path`] has it.
    path: Vec<u8>,
}

impl Default for Door {
    fn default() -> Self {
        Self { realm: "this site".to_owned(), challenges: Vec::new(), login: None, dialog: false }
    }
}

impl Door {
    pub(super) fn set_realm(&mut self, realm: String) {
        self.realm = realm;
    }

    pub(super) fn set_login(&mut self, page: ReturnPath) {
        self.login = Some(Login { path: page.canonical(), page });
    }

    pub(super) fn set_dialog(&mut self) {
        self.dialog = true;
    }

    /// Adds one kind's challenges; a scheme that is offered already is not offered twice.
    pub(super) fn offer(&mut self, challenges: Vec<Challenge>) {
        for challenge in challenges {
            if !offers(&self.challenges, &challenge) {
                self.challenges.push(challenge);
            }
        }
    }

    /// The refusal of a request that shows nothing, complete.
    pub(super) fn turn_away(&self, req: &request::Parts) -> Rejection {
        self.complete(self.missing(req), req)
    }

    /// The same without its challenges.
    pub(super) fn missing(&self, req: &request::Parts) -> Rejection {
        let detail = "sign in, or send credentials";
        if let Some(location) = self.login_for(req) {
            return Rejection::new(StatusCode::SEE_OTHER, "auth.login-required")
                .with_detail(detail)
                .with_header(LOCATION, location);
        }
        Rejection::new(StatusCode::UNAUTHORIZED, "auth.missing").with_detail(detail)
    }

    /// Gives a 401 its challenges: its own first, then those of the other kinds (RFC 9110 §11.6.1).
    pub(super) fn complete(&self, rejection: Rejection, req: &request::Parts) -> Rejection {
        if rejection.status() != StatusCode::UNAUTHORIZED {
            return rejection;
        }
        let mut all = rejection.challenges().to_vec();
        all.extend(
            self.challenges.iter().filter(|offered| !offers(rejection.challenges(), offered)).cloned(),
        );
        if all.is_empty() {
            // RFC 9110 §15.5.2 wants one; browsers pass over a scheme that they do not know.
            all.push(Challenge::new("Unspecified"));
        }
        if !self.dialog && is_page_load(req) && !all.iter().all(is_basic) {
            all.retain(|challenge| !is_basic(challenge));
        }
        let with_realm = all.into_iter().map(|challenge| match challenge.param("realm") {
            Some(_) => challenge,
            None => challenge.with_realm(self.realm.clone()),
        });
        rejection.with_challenges(with_realm.collect::<Vec<_>>())
    }

    /// Where to sign in; nowhere for scripts, and for the sign-in page itself, which would redirect for ever.
    fn login_for(&self, req: &request::Parts) -> Option<http::HeaderValue> {
        let login = self.login.as_ref()?;
        if login.is_asked_for(req) || !is_page_load(req) {
            return None;
        }
        let back = match req.method {
            Method::GET | Method::HEAD => req.uri.path_and_query().map_or("/", |path| path.as_str()),
            _ => "/",
        };
        Some(ReturnPath::parse(back).behind(&login.page))
    }
}

impl Login {
    /// By the one path that policies and the app read, in whatever spelling it came; where no door has judged one, by
    /// the target, as it stands there.
    fn is_asked_for(&self, req: &request::Parts) -> bool {
        match RequestContext::path(&req.extensions) {
            Ok(path) => path == self.path,
            Err(_) => self.page.path() == req.uri.path(),
        }
    }
}

fn offers(challenges: &[Challenge], like: &Challenge) -> bool {
    challenges.iter().any(|challenge| challenge.scheme().eq_ignore_ascii_case(like.scheme()))
}

fn is_basic(challenge: &Challenge) -> bool {
    challenge.scheme().eq_ignore_ascii_case("basic")
}
