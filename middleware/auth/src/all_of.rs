//! [`AllOf`]: credentials that must all be there, such as the key of a program and the token of its user.
//!
//! ```text
//! all absent                       absent: the next kind is asked
//! one refused                      refused, with its reason
//! some proved, some not there      401 auth.credentials-incomplete · only ambient ones proved: void, as if absent
//! all proved                       same subject: the first one's principal · else 401 auth.credentials-conflict
//!                                  with_principal_of(i): the i-th one's principal, whoever the others are
//! ```
//!
//! 1. All are asked before anything is waited for: what is refused or missing already costs no password hash.
//! 2. The principal is ambient only if all credentials are: a page of another site cannot send the explicit ones.
//! 3. A 401 offers the challenges of all kinds.
//! 4. Beside others in [`Auth::any_of`](crate::Auth::any_of) these credentials belong to this kind alone: a token that
//!    needs a key beside it is not enough by itself.
//!
//! ```
//! use enfilade_auth::{AllOf, ApiKey, Auth, Basic, Gate, Htpasswd, KeyFile, NewKey, Principal, hash_password};
//!
//! let program = NewKey::new("till-7").make()?;
//! let users = Htpasswd::parse(&format!("ada:{}", hash_password("correct horse")?))?;
//! let both = AllOf::of(ApiKey::new(KeyFile::parse(program.line())?)).and(Basic::new(users)).with_principal_of(1);
//! let auth = Auth::new(both);
//!
//! let req = http::Request::builder().header("x-api-key", program.key());
//! let (mut req, ()) = req.body(())?.into_parts();
//! assert_eq!(auth.enter(&mut req).unwrap_err().code(), "auth.credentials-incomplete");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::{fmt, sync::Arc};

use enfilade_core::{About, Challenge, Principal, Rejection};
use http::{StatusCode, request};

use crate::{Attempt, Authenticator, Carrier, WayBack, auth::agree};

/// Credentials that must all be there. Cheap to clone. See the [module docs](self).
#[derive(Clone)]
#[must_use = "a kind of credentials does nothing until an Auth link asks it"]
pub struct AllOf {
    kinds: Vec<Arc<dyn Authenticator>>,
    whose: Whose,
}

#[derive(Clone, Copy, Debug)]
enum Whose {
    /// All are about one subject.
    Everybodys,
    /// The subject of this one counts.
    Of(usize),
}

impl AllOf {
    /// Begins with this kind.
    pub fn of(kind: impl Authenticator) -> Self {
        Self { kinds: vec![Arc::new(kind)], whose: Whose::Everybodys }
    }

    /// And this kind.
    pub fn and(mut self, kind: impl Authenticator) -> Self {
        self.kinds.push(Arc::new(kind));
        self
    }

    /// Takes the principal of the kind at `index`, from 0; the others may prove other subjects.
    ///
    /// # Panics
    ///
    /// If there is no such kind: a fault in the program, not in a request.
    pub fn with_principal_of(self, index: usize) -> Self {
        assert!(index < self.kinds.len(), "AllOf::with_principal_of({index}): add that kind first");
        Self { whose: Whose::Of(index), ..self }
    }
}

impl Authenticator for AllOf {
    fn carriers(&self) -> Vec<Carrier> {
        self.kinds.iter().flat_map(Authenticator::carriers).collect()
    }

    fn authenticate(&self, req: &mut request::Parts) -> Attempt {
        let attempts: Vec<_> = self.kinds.iter().map(|kind| kind.authenticate(req)).collect();
        if !attempts.iter().any(|attempt| matches!(attempt, Attempt::Later(_))) {
            return judge(attempts, self.whose);
        }
        if attempts.iter().any(settles_it) {
            return judge(attempts, self.whose);
        }
        let whose = self.whose;
        Attempt::later(async move {
            let mut known = Vec::with_capacity(attempts.len());
            for attempt in attempts {
                known.push(match attempt {
                    Attempt::Later(later) => later.wait().await,
                    attempt => attempt,
                });
                if known.last().is_some_and(settles_it) {
                    break;
                }
            }
            judge(known, whose)
        })
    }

    fn challenges(&self) -> Vec<Challenge> {
        self.kinds.iter().flat_map(Authenticator::challenges).collect()
    }

    fn claimed_name(&self, req: &request::Parts) -> Option<String> {
        self.kinds.iter().find_map(|kind| kind.claimed_name(req))
    }

    fn way_back(&self, req: &request::Parts) -> Option<WayBack> {
        let ways: Vec<_> = self.kinds.iter().filter_map(|kind| kind.way_back(req)).collect();
        (!ways.is_empty())
            .then(|| WayBack::new(move |res| ways.into_iter().rev().for_each(|way| way.run(res))))
    }

    fn about(&self) -> About {
        let own = About::named("all-of");
        self.kinds.iter().fold(own, |about, kind| about.including(&kind.about()))
    }
}

impl fmt::Debug for AllOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = self.kinds.iter().map(|kind| kind.about().name().to_owned());
        f.debug_struct("AllOf")
            .field("kinds", &kinds.collect::<Vec<_>>())
            .field("whose", &self.whose)
            .finish()
    }
}

/// Whether it cannot come to a proof any more, whatever the others say.
fn settles_it(attempt: &Attempt) -> bool {
    matches!(attempt, Attempt::Refused(_) | Attempt::Absent | Attempt::Void(_))
}

/// `attempts` are all of them, or as many as settle it; one that would be known later was shown at least.
fn judge(attempts: Vec<Attempt>, whose: Whose) -> Attempt {
    let mut proved: Vec<Principal> = Vec::with_capacity(attempts.len());
    let mut void = None;
    let mut is_missing = false;
    let mut was_shown = false;
    for attempt in attempts {
        match attempt {
            Attempt::Proved(who) => proved.push(who),
            Attempt::Refused(rejection) => return Attempt::Refused(rejection),
            Attempt::Void(reason) => void = void.or(Some(reason)),
            Attempt::Absent => is_missing = true,
            Attempt::Later(_) => was_shown = true,
        }
    }
    let all_ambient = proved.iter().all(Principal::is_ambient);
    if is_missing || void.is_some() || was_shown {
        return match void {
            _ if !all_ambient || was_shown => Attempt::Refused(incomplete()),
            Some(reason) => Attempt::Void(reason),
            None if proved.is_empty() => Attempt::Absent,
            None => Attempt::Void(incomplete()),
        };
    }
    combine(proved, whose, all_ambient)
}

fn combine(mut proved: Vec<Principal>, whose: Whose, all_ambient: bool) -> Attempt {
    // A kind that proves nobody is a fault that Auth names; it must not be hidden behind another's proof.
    if let Some(nobody) = proved.iter().find(|who| who.is_anonymous()) {
        return Attempt::Proved(nobody.clone());
    }
    let at = match whose {
        Whose::Of(at) => at,
        Whose::Everybodys => {
            // Each with each: one without an issuer agrees with two that do not agree with each other.
            let mut pairs = proved
                .iter()
                .enumerate()
                .flat_map(|(at, one)| proved[..at].iter().map(move |other| (one, other)));
            if let Err(conflict) = pairs.try_for_each(|(one, other)| agree(one, other)) {
                return Attempt::Refused(conflict);
            }
            0
        }
    };
    let who = proved.swap_remove(at);
    // A principal that others share would be copied whole to be changed.
    Attempt::Proved(if who.is_ambient() == all_ambient { who } else { who.with_ambient(all_ambient) })
}

fn incomplete() -> Rejection {
    Rejection::new(StatusCode::UNAUTHORIZED, "auth.credentials-incomplete")
        .with_detail("several credentials are needed here, and one of them is not there")
}
