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
//! use enfilade_auth::{Attempt, Authenticator};
//! use enfilade_core::{AuthMethod, Principal};
//! use http::request;
//!
//! /// Whoever the test harness says.
//! struct Harness;
//!
//! impl Authenticator for Harness {
//!     fn authenticate(&self, req: &mut request::Parts) -> Attempt {
//!         match req.headers.get("x-harness").and_then(|name| name.to_str().ok()) {
//!             Some(name) => Attempt::Proved(Principal::new(name).with_method(AuthMethod::Other("harness"))),
//!             None => Attempt::Absent,
//!         }
//!     }
//! }
//! ```

use std::{any, fmt, pin::Pin};

use enfilade_core::{About, Challenge, Principal, Rejection};
use http::request;

/// One kind of credentials. See the [module docs](self).
pub trait Authenticator: Send + Sync + 'static {
    /// Looks for credentials of this kind and judges them.
    fn authenticate(&self, req: &mut request::Parts) -> Attempt;

    /// The challenges that a 401 offers for this kind; none for a kind that no header can carry.
    fn challenges(&self) -> Vec<Challenge> {
        Vec::new()
    }

    /// What this kind is called, what else it gives (a jar, say) and what it needs.
    fn about(&self) -> About {
        About::named(any::type_name::<Self>())
    }
}

/// What an [`Authenticator`] found.
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
pub struct LaterAttempt(pub(crate) Pin<Box<dyn Future<Output = Attempt> + Send>>);

impl LaterAttempt {
    /// Waits for the answer, which may itself wait again.
    pub async fn wait(self) -> Attempt {
        self.0.await
    }
}

impl fmt::Debug for LaterAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LaterAttempt(..)")
    }
}
