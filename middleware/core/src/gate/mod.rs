//! A [`Gate`] looks at a request's head, lets it pass or refuses it, and may touch the response on the way back.
//!
//! ```text
//! request ──▶ enter(&mut Parts) ──┬── Ok(Pass::Now) ────────▶ next gate … app
//!                                 ├── Ok(Pass::then(|res|…)) ▶ next gate … app ──▶ |res| … ──▶ response
//!                                 ├── Ok(Pass::later(…)) ─── waits for I/O, then one of the above or below
//!                                 └── Err(Rejection) ──▶ the refusal is the response; entered gates still leave
//! ```
//!
//! 1. Gates are entered in reading order; the first refusal ends the walk and the app is never reached.
//! 2. Gates that were entered leave innermost first, also after a refusal further in.
//! 3. When the app fails with an error, or the client hangs up, there is no response to touch: the closures
//!    are dropped without being run. What must happen anyway belongs in `Drop`.
//!
//! A gate is tested without a runtime, a socket or a mock:
//!
//! ```
//! use enfilade_core::{Gate, Pass, Rejection, Verdict};
//! use enfilade_test::{Ask, assert_header, enter};
//! use http::{StatusCode, request};
//!
//! /// Refuses whoever does not say please.
//! struct Polite;
//!
//! impl Gate for Polite {
//!     fn enter(&self, req: &mut request::Parts) -> Verdict {
//!         if !req.headers.contains_key("please") {
//!             return Err(Rejection::new(StatusCode::FORBIDDEN, "polite.missing").with_detail("say please"));
//!         }
//!         Ok(Pass::then(|res| {
//!             res.headers.insert("thank", http::HeaderValue::from_static("you"));
//!         }))
//!     }
//! }
//!
//! enter(&Polite, "/").refused("polite.missing");
//! let passed = enter(&Polite, Ask::get("/").header("please", "1")).passed();
//! assert_header!(passed.leave(200), "thank" = "you");
//! ```

mod about;
mod future;
mod gated;
mod verdict;

pub use self::about::{About, Capability, Provided};
pub use self::future::GateFuture;
pub use self::gated::{Gated, Gates};
pub use self::verdict::{Exit, LaterEntry, LaterExit, Leave, OnLeave, Pass, Verdict};

use std::{fmt, sync::Arc};

use http::request;

/// Most links: one method, object-safe, no future and no body. See the [module docs](self).
pub trait Gate: Send + Sync + 'static {
    /// Judges the request's head and may change it.
    ///
    /// # Errors
    ///
    /// A [`Rejection`](crate::Rejection) ends the walk: it becomes the response.
    fn enter(&self, req: &mut request::Parts) -> Verdict;

    /// What this gate is called, what it gives to the links behind it and what it needs from those before it.
    fn about(&self) -> About {
        About::of::<Self>()
    }

    /// This gate alone as a tower layer, for a service that is not built by a [`Chain`](crate::Chain).
    fn into_layer(self) -> Gates
    where
        Self: Sized,
    {
        Gates::of(self)
    }
}

impl<G: Gate + ?Sized> Gate for Arc<G> {
    fn enter(&self, req: &mut request::Parts) -> Verdict {
        (**self).enter(req)
    }

    fn about(&self) -> About {
        (**self).about()
    }
}

/// Makes a gate of a closure: `gate_fn("polite", |req| …)`.
///
/// ```
/// use enfilade_core::{Gate, Pass, gate_fn};
///
/// let gate = gate_fn("tag", |req| {
///     req.headers.insert("x-seen", http::HeaderValue::from_static("1"));
///     Ok(Pass::Now)
/// });
/// assert_eq!(gate.about().name(), "tag");
/// ```
pub fn gate_fn<F>(name: &'static str, enter: F) -> GateFn<F>
where
    F: Fn(&mut request::Parts) -> Verdict + Send + Sync + 'static,
{
    GateFn { name, enter }
}

/// A closure as a [`Gate`]; made by [`gate_fn`].
#[derive(Clone)]
#[must_use = "a gate does nothing until it stands in a chain"]
pub struct GateFn<F> {
    name: &'static str,
    enter: F,
}

impl<F> Gate for GateFn<F>
where
    F: Fn(&mut request::Parts) -> Verdict + Send + Sync + 'static,
{
    fn enter(&self, req: &mut request::Parts) -> Verdict {
        (self.enter)(req)
    }

    fn about(&self) -> About {
        About::named(self.name)
    }
}

impl<F> fmt::Debug for GateFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("GateFn").field(&self.name).finish()
    }
}
