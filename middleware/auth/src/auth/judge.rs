//! The decision: what the kinds have shown so far, and what follows from all of it. No I/O, no clock but for logs.
//!
//! ```text
//! Carriers ── take_stock(headers) ──▶ Shown ── take(attempt), once per kind ──▶ conclude ──▶ somebody · nobody · refused
//! ```

use std::time::Duration;

use enfilade_core::{Clock, LogLimit, Principal, Rejection, Trail};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header::AUTHORIZATION, request};

use crate::{Attempt, Carrier, websocket};

/// Every place where some kind looks for explicit credentials; a bit each.
#[derive(Clone, Default)]
pub(super) struct Carriers {
    all: Vec<Carrier>,
    /// Who takes `Authorization` as a header of its own reads every scheme.
    any_scheme: u64,
    schemes: Vec<(u64, &'static str)>,
    headers: Vec<(u64, HeaderName)>,
}

impl Carriers {
    /// Adds one kind's carriers and returns their bits.
    pub(super) fn add(&mut self, carriers: Vec<Carrier>) -> u64 {
        carriers.into_iter().fold(0, |bits, carrier| {
            let at = self.all.iter().position(|known| same(known, &carrier)).unwrap_or_else(|| {
                assert!(
                    self.all.len() < 64,
                    "kinds of credentials may declare 64 headers and schemes together"
                );
                self.place(carrier);
                self.all.len() - 1
            });
            bits | 1 << at
        })
    }

    fn place(&mut self, carrier: Carrier) {
        let bit = 1 << self.all.len();
        match &carrier {
            Carrier::Scheme(name) => self.schemes.push((bit, name)),
            Carrier::Header(name) if *name == AUTHORIZATION => self.any_scheme = bit,
            Carrier::Header(name) => self.headers.push((bit, name.clone())),
        }
        self.all.push(carrier);
    }

    /// Which of them this request has, each once, and nothing in `Authorization` that nobody reads.
    ///
    /// What is there is marked as sensitive: `Debug` of the request hides it, and HPACK does not index it.
    pub(super) fn take_stock(&self, headers: &mut HeaderMap) -> Result<u64, Rejection> {
        let mut present = 0;
        let mut is_unread = false;
        if let Some(value) = only(headers, &AUTHORIZATION)? {
            value.set_sensitive(true);
            let fitting = self.schemes.iter().filter(|(_, scheme)| has_scheme(value.as_bytes(), scheme));
            present = fitting.fold(self.any_scheme, |bits, (bit, _)| bits | bit);
            is_unread = present == 0;
        }
        for (bit, name) in &self.headers {
            if let Some(value) = only(headers, name)? {
                value.set_sensitive(true);
                present |= bit;
            }
        }
        if is_unread { Err(unsupported()) } else { Ok(present) }
    }

    /// The bits of what a browser may send by itself, as it does a password that it keeps.
    pub(super) fn kept_by_browsers(&self) -> u64 {
        let kept =
            self.schemes.iter().filter(|(_, scheme)| websocket::is_kept_by_browsers(scheme.as_bytes()));
        kept.fold(self.any_scheme, |bits, (bit, _)| bits | bit)
    }
}

/// The header's one value; an error, if it has more.
fn only<'a>(headers: &'a mut HeaderMap, name: &HeaderName) -> Result<Option<&'a mut HeaderValue>, Rejection> {
    // As many names as values: no header is there twice, and the usual request is not asked again.
    let may_repeat = headers.len() != headers.keys_len();
    if may_repeat && headers.get_all(name).iter().nth(1).is_some() {
        return Err(repeated(name.as_str()));
    }
    Ok(headers.get_mut(name))
}

fn same(a: &Carrier, b: &Carrier) -> bool {
    match (a, b) {
        (Carrier::Scheme(a), Carrier::Scheme(b)) => a.eq_ignore_ascii_case(b),
        _ => a == b,
    }
}

/// Whether that is the word before the first blank (RFC 9110 §11.4: SP, not TAB); bytes, for it may be no text at all.
fn has_scheme(authorization: &[u8], scheme: &str) -> bool {
    authorization.split_at_checked(scheme.len()).is_some_and(|(word, rest)| {
        // As nearly all write it; the other comparison goes byte by byte.
        let is_it = word == scheme.as_bytes() || word.eq_ignore_ascii_case(scheme.as_bytes());
        is_it && rest.first().is_none_or(|b| *b == b' ')
    })
}

/// What the kinds asked so far have shown.
pub(super) struct Shown {
    /// The explicit credentials that are in the request.
    present: u64,
    /// Those that no kind has read yet.
    unread: u64,
    explicit: Option<Principal>,
    ambient: Option<Principal>,
}

impl Shown {
    pub(super) fn new(present: u64) -> Self {
        Self { present, unread: present, explicit: None, ambient: None }
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
            Attempt::Proved(who) => self.prove(who, reads),
            Attempt::Later(_) => unreachable!("`LaterAttempt::wait` waits to the end"),
        }
    }

    fn prove(&mut self, who: Principal, reads: u64) -> Result<(), Rejection> {
        if who.is_anonymous() {
            return Err(proved_nobody());
        }
        let place = if who.is_ambient() {
            &mut self.ambient
        } else {
            self.unread &= !reads;
            &mut self.explicit
        };
        if let Some(first) = place {
            return agree(first, &who);
        }
        *place = Some(who);
        Ok(())
    }

    /// The explicit credentials that are in the request.
    pub(super) fn present(&self) -> u64 {
        self.present
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
