//! [`Require`]: the link that lets pass whom a [`Policy`] lets pass.
//!
//! ```text
//! yes                                ──▶ on
//! anonymous, and signing in may help ──▶ 401 auth.missing, or the sign-in page, as the Auth link before would
//! a scope is missing                 ──▶ 403 auth.insufficient-scope, Bearer error="insufficient_scope" (RFC 6750 §3.1)
//! anything else                      ──▶ 403 auth.forbidden
//! no Auth link before                ──▶ 500 auth.no-auth-link, whatever the policy
//! ```

use enfilade_core::{About, Challenge, Gate, Gated, Gates, Pass, Principal, Rejection, Verdict};
use http::{StatusCode, request};
use tower_layer::Layer;

use super::{
    Policy,
    truth::{Open, Truth},
};
use crate::shown::subject_of;

/// Lets pass whom the policy lets pass: `route_layer(require(scope("orders:read")))`.
pub fn require(policy: Policy) -> Require {
    Require(policy)
}

/// A policy as a link: a gate and a tower layer; made by [`require`]. See the [module docs](super).
#[derive(Clone, Debug)]
#[must_use = "a link does nothing until it stands in a chain"]
pub struct Require(Policy);

impl Require {
    /// What it requires.
    pub fn policy(&self) -> &Policy {
        &self.0
    }

    fn authorize(&self, req: &request::Parts) -> Result<(), Rejection> {
        let Some(who) = Principal::of(&req.extensions) else { return Principal::require(req).map(drop) };
        if self.0.judge(who, req, Open::Nothing) == Truth::Yes {
            return Ok(());
        }
        if who.is_anonymous() {
            return match self.0.judge(who, req, Open::Who) {
                Truth::No => Err(self.forbidden(who)),
                _ => Principal::require(req).and(Err(self.forbidden(who))),
            };
        }
        match self.0.scopes_to_pass(who, req) {
            Some(scopes) => Err(self.insufficient_scope(who, &scopes)),
            None => Err(self.forbidden(who)),
        }
    }

    fn insufficient_scope(&self, who: &Principal, scopes: &[&str]) -> Rejection {
        let challenge = Challenge::bearer()
            .with_error("insufficient_scope", "the token does not grant what this needs")
            .with_scope(scopes.join(" "));
        Rejection::new(StatusCode::FORBIDDEN, "auth.insufficient-scope")
            .with_detail("ask for a token with more scope")
            .with_challenge(challenge)
            .with_log(self.log(who))
    }

    fn forbidden(&self, who: &Principal) -> Rejection {
        Rejection::new(StatusCode::FORBIDDEN, "auth.forbidden")
            .with_detail("you may not do this")
            .with_log(self.log(who))
    }

    fn log(&self, who: &Principal) -> String {
        format!("{} does not meet {}", subject_of(who), self.0)
    }
}

impl Gate for Require {
    fn enter(&self, req: &mut request::Parts) -> Verdict {
        self.authorize(req).map(|()| Pass::Now)
    }

    fn about(&self) -> About {
        About::of::<Self>().requires::<Principal>()
    }
}

impl<S> Layer<S> for Require {
    type Service = Gated<S>;

    fn layer(&self, inner: S) -> Gated<S> {
        Gates::of(self.clone()).layer(inner)
    }
}
