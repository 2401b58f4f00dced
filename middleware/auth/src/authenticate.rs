//! One kind of credentials: an [`Authenticator`] looks for its own kind in a request and says what it proves.
//!
//! ```text
//! Absent    none of this kind here: the next kind is asked
//! Proved    a Principal
//! Refused   explicit credentials (Authorization, a key header) that are malformed, wrong or expired: the end
//! Void      ambient credentials (a cookie) that prove nothing: absent to the request, told to the log
//! Later     known after I/O: one of the above
//! ```
//!
//! Explicit credentials never fall back: a client that shows a bad token gets told so, though its cookie be good.
//! Ambient ones do: or a restart with fresh keys would lock every browser out.
//!
//! ```
//! use enfilade_auth::{Attempt, AuthMethod, Authenticator, Carrier, Principal};
//! use http::{HeaderName, request};
//!
//! /// Whoever the test harness says.
//! struct Harness;
//!
//! impl Authenticator for Harness {
//!     fn carriers(&self) -> Vec<Carrier> {
//!         vec![Carrier::Header(HeaderName::from_static("x-harness"))]
//!     }
//!
//!     fn authenticate(&self, req: &mut request::Parts) -> Attempt {
//!         match req.headers.get("x-harness").and_then(|name| name.to_str().ok()) {
//!             Some(name) => Attempt::Proved(Principal::new(name).with_method(AuthMethod::Other("harness"))),
//!             None => Attempt::Absent,
//!         }
//!     }
//! }
//! ```

use std::{fmt, pin::Pin, sync::Arc};

use enfilade_core::{About, Challenge, Principal, Rejection};
use http::{HeaderName, request, response};

/// One kind of credentials. See the [module docs](self).
pub trait Authenticator: Send + Sync + 'static {
    /// Where explicit credentials of this kind stand; none for an ambient kind such as a cookie.
    ///
    /// Asked once, when the chain is built. [`Auth`](crate::Auth) refuses a request that repeats one of these
    /// headers before any kind is asked, and one whose `Authorization` scheme no kind declares.
    fn carriers(&self) -> Vec<Carrier>;

    /// Looks for credentials of this kind and judges them.
    ///
    /// A principal from ambient credentials says so: [`Principal::with_ambient`].
    fn authenticate(&self, req: &mut request::Parts) -> Attempt;

    /// Whom the credentials in this request claim to be, before anything is judged: what guesses are counted by.
    ///
    /// For kinds whose secret can be guessed, such as passwords. [`SlowDown`](crate::SlowDown) asks it.
    fn claimed_name(&self, _req: &request::Parts) -> Option<String> {
        None
    }

    /// The challenges that a 401 offers for this kind; none for a kind that has no scheme.
    ///
    /// Asked once, when the chain is built. The realm is Auth's to add, and so is a challenge where all kinds
    /// together have none.
    fn challenges(&self) -> Vec<Challenge> {
        Vec::new()
    }

    /// What this kind does to the response: emit the cookies of a jar that it was the first to make, say.
    ///
    /// Asked once per request, after all kinds have been asked. It runs whatever came of the request, on a
    /// refusal by [`Auth`](crate::Auth) itself too (of which then only headers are kept).
    fn way_back(&self, _req: &request::Parts) -> Option<WayBack> {
        None
    }

    /// What this kind is called, what else it gives (a jar, say) and what it needs.
    fn about(&self) -> About {
        About::of::<Self>()
    }
}

impl<T: Authenticator + ?Sized> Authenticator for Arc<T> {
    fn carriers(&self) -> Vec<Carrier> {
        (**self).carriers()
    }

    fn authenticate(&self, req: &mut request::Parts) -> Attempt {
        (**self).authenticate(req)
    }

    fn claimed_name(&self, req: &request::Parts) -> Option<String> {
        (**self).claimed_name(req)
    }

    fn challenges(&self) -> Vec<Challenge> {
        (**self).challenges()
    }

    fn way_back(&self, req: &request::Parts) -> Option<WayBack> {
        (**self).way_back(req)
    }

    fn about(&self) -> About {
        (**self).about()
    }
}

/// Where explicit credentials stand.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Carrier {
    /// In `Authorization`, with this scheme; compared without case (RFC 9110 §11.1).
    Scheme(&'static str),
    /// In a header of its own, such as `x-api-key`.
    Header(HeaderName),
}

/// What a kind does to the response; made by [`WayBack::new`]. It runs at once and cannot refuse.
#[must_use]
pub struct WayBack(Box<dyn FnOnce(&mut response::Parts) + Send>);

impl WayBack {
    /// Runs `leave` on the response's head.
    pub fn new(leave: impl FnOnce(&mut response::Parts) + Send + 'static) -> Self {
        Self(Box::new(leave))
    }

    /// Runs it.
    pub fn run(self, res: &mut response::Parts) {
        (self.0)(res);
    }
}

impl fmt::Debug for WayBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WayBack(..)")
    }
}

/// What an [`Authenticator`] found. See the [module docs](self).
#[derive(Debug)]
#[must_use]
#[non_exhaustive]
pub enum Attempt {
    /// No credentials of this kind.
    Absent,
    /// They prove this.
    Proved(Principal),
    /// Explicit credentials that prove nothing: the request is refused.
    Refused(Rejection),
    /// Ambient credentials that prove nothing: they count as absent, and the reason goes to the log.
    Void(Rejection),
    /// It is known after I/O: see [`Attempt::later`].
    Later(LaterAttempt),
}

impl Attempt {
    /// Waits for I/O: a store, a password hash on another thread.
    pub fn later(io: impl Future<Output = Attempt> + Send + 'static) -> Self {
        Self::Later(LaterAttempt(Box::pin(io)))
    }
}

/// An attempt that waits for I/O; made by [`Attempt::later`].
pub struct LaterAttempt(Pin<Box<dyn Future<Output = Attempt> + Send>>);

impl LaterAttempt {
    /// Waits for the answer; never [`Attempt::Later`] again.
    pub async fn wait(self) -> Attempt {
        let mut attempt = self.0.await;
        while let Attempt::Later(later) = attempt {
            attempt = later.0.await;
        }
        attempt
    }
}

impl fmt::Debug for LaterAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LaterAttempt(..)")
    }
}
