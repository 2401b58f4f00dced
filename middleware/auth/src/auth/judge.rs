//! The decision: what the kinds have shown so far, and what follows from all of it. No I/O, no clock but for logs.
//!
//! ```text
//! Carriers ── present(headers) ──▶ Shown ── take(attempt), once per kind ──▶ conclude ──▶ somebody · nobody · refused
//! ```

use std::time::Duration;

use enfilade_core::{Clock, LogLimit, Principal, Rejection, Trail};
use http::{HeaderMap, StatusCode, header::AUTHORIZATION, request};

use crate::{Attempt, Carrier};

/// Every place where some kind looks for explicit credentials; a bit each.
#[derive(Clone, Default)]
pub(super) struct Carriers(Vec<Carrier>);

impl Carriers {
    /// Adds one kind's carriers and returns their bits.
    pub(super) fn add(&mut self, carriers: Vec<Carrier>) -> u64 {
        carriers.into_iter().fold(0, |bits, carrier| {
            let at = self.0.iter().position(|known| same(known, &carrier)).unwrap_or_else(|| {
                assert!(
                    self.0.len() < 64,
                    "kinds of credentials may declare 64 headers and schemes together"
                );
                self.0.push(carrier);
                self.0.len() - 1
            });
            bits | 1 << at
        })
    }

    /// Which of them this request has, each once, and nothing in `Authorization` that nobody reads.
    pub(super) fn present(&self, headers: &HeaderMap) -> Result<u64, Rejection> {
        let mut schemes = headers.get_all(AUTHORIZATION).iter().map(|value| scheme(value.as_bytes()));
        let shown = schemes.next();
        if schemes.next().is_some() {
            return Err(repeated(AUTHORIZATION.as_str()));
        }
        let mut present = 0;
        let mut scheme_is_read = shown.is_none();
        for (at, carrier) in self.0.iter().enumerate() {
            let here = match carrier {
                Carrier::Scheme(name) => {
                    let here = shown.is_some_and(|shown| shown.eq_ignore_ascii_case(name.as_bytes()));
                    scheme_is_read |= here;
                    here
                }
                Carrier::Header(name) => {
                    let mut values = headers.get_all(name).iter();
                    let here = values.next().is_some();
                    if values.next().is_some() {
                        return Err(repeated(name.as_str()));
                    }
                    // A kind that takes `Authorization` as its own header reads every scheme.
                    scheme_is_read |= here && *name == AUTHORIZATION;
                    here
                }
            };
            present |= u64::from(here) << at;
        }
        if scheme_is_read { Ok(present) } else { Err(unsupported()) }
    }

    /// Marks what is there as sensitive: `Debug` of the request hides it, and HPACK does not index it.
    pub(super) fn hide(&self, present: u64, headers: &mut HeaderMap) {
        for (at, carrier) in self.0.iter().enumerate() {
            let name = match carrier {
                _ if present & 1 << at == 0 => continue,
                Carrier::Scheme(_) => &AUTHORIZATION,
                Carrier::Header(name) => name,
            };
            if let Some(value) = headers.get_mut(name) {
                value.set_sensitive(true);
            }
        }
    }
}

fn same(a: &Carrier, b: &Carrier) -> bool {
    match (a, b) {
        (Carrier::Scheme(a), Carrier::Scheme(b)) => a.eq_ignore_ascii_case(b),
        _ => a == b,
    }
}

/// The word before the first blank (RFC 9110 §11.4: SP, not TAB); bytes, for the value may be no text at all.
fn scheme(authorization: &[u8]) -> &[u8] {
    authorization.split(|b| *b == b' ').next().unwrap_or_default()
}

/// What the kinds asked so far have shown.
pub(super) struct Shown {
    /// The explicit credentials that are in the request, and no kind has read yet.
    unread: u64,
    explicit: Option<Principal>,
    ambient: Option<Principal>,
}

impl Shown {
    pub(super) fn new(present: u64) -> Self {
        Self { unread: present, explicit: None, ambient: None }
    }

    /// Takes one kind's word; `reads` are its carriers.
    pub(super) fn take(
        &mut self,
        attempt: Attempt,
        reads: u64,
        req: &request::Parts,
        clock: &Clock,
    ) -> Result<(), Rejection> {
        match attempt {
            Attempt::Absent => Ok(()),
            Attempt::Refused(rejection) => Err(rejection),
            Attempt::Void(reason) => {
                note_void(&reason, req, clock);
                Ok(())
            }
            Attempt::Proved(who) if who.is_anonymous() => Err(proved_nobody()),
            Attempt::Proved(who) => {
                if !who.is_ambient() {
                    self.unread &= !reads;
                }
                let place = if who.is_ambient() { &mut self.ambient } else { &mut self.explicit };
                agree(place.get_or_insert_with(|| who.clone()), &who)
            }
            Attempt::Later(_) => unreachable!("`LaterAttempt::wait` waits to the end"),
        }
    }

    /// Somebody, or nobody; explicit before ambient.
    pub(super) fn conclude(self) -> Result<Option<Principal>, Rejection> {
        if self.unread != 0 {
            return Err(bad_credentials());
        }
        if let (Some(explicit), Some(ambient)) = (&self.explicit, &self.ambient) {
            agree(explicit, ambient)?;
        }
        Ok(self.explicit.or(self.ambient))
    }
}

/// A subject means something only to its issuer, so two known issuers must agree as well.
pub(crate) fn agree(one: &Principal, other: &Principal) -> Result<(), Rejection> {
    let issuers_agree = match (one.issuer(), other.issuer()) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    };
    if issuers_agree && one.subject() == other.subject() {
        return Ok(());
    }
    Err(Rejection::new(StatusCode::UNAUTHORIZED, "auth.credentials-conflict")
        .with_detail("the credentials belong to different users: sign out, or send only one of them"))
}

fn repeated(header: &str) -> Rejection {
    Rejection::new(StatusCode::BAD_REQUEST, "auth.credentials-repeated")
        .with_detail("send credentials once")
        .with_log(format!("{header} is there more than once"))
}

fn unsupported() -> Rejection {
    Rejection::new(StatusCode::UNAUTHORIZED, "auth.scheme-unsupported")
        .with_detail("use one of the schemes that WWW-Authenticate offers")
}

fn bad_credentials() -> Rejection {
    Rejection::new(StatusCode::UNAUTHORIZED, "auth.bad-credentials")
        .with_detail("these credentials are not accepted here")
        .with_log("explicit credentials are there, but the kinds that declare them say they are absent")
}

/// An authenticator that proves the anonymous principal would open the door to everybody.
fn proved_nobody() -> Rejection {
    Rejection::new(StatusCode::INTERNAL_SERVER_ERROR, "auth.proved-nobody")
        .with_log("an authenticator said `Proved` with an anonymous principal: say `Absent` instead")
}

fn note_void(reason: &Rejection, req: &request::Parts, clock: &Clock) {
    static LIMIT: LogLimit = LogLimit::new(10, Duration::from_secs(1));
    Trail::note(&req.extensions, || reason.code().to_owned());
    if let Some(left_out) = LIMIT.admit(clock) {
        tracing::info!(
            target: "enfilade::auth",
            code = reason.code(),
            log = reason.log(),
            left_out,
            "an ambient credential counts as absent",
        );
    }
}
