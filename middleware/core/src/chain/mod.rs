//! The chain: links in reading order around an app, checked when it is built.
//!
//! ```text
//! Chain::new().gate(a).gate(b).layer("timeout", t).gate(c).build(app)
//!
//!   request ─▶ [a b] ─▶ timeout ─▶ [c] ─▶ app        consecutive gates are one slice, one service
//! ```
//!
//! 1. The first link named is the outermost: a request meets it first, a response leaves by it last.
//! 2. An order that cannot work does not build; all faults are told at once, each with the fix.
//! 3. [`Chain::build`] gives the service and its [`Plan`]; [`Chain::seal`] gives the same as one tower layer.
//! 4. A layer that refuses keeps no readiness of what is behind it, whether it thought of that or not: [`Returning`].
//! 5. A foreign layer's response body may have no empty value, so each is put in [`AsBody`](crate::AsBody).
//!
//! ```
//! use enfilade_core::{About, Chain, Gate, Pass, Principal, Verdict, gate_fn};
//! use http::request;
//!
//! struct Tag;
//! impl Gate for Tag {
//!     fn enter(&self, req: &mut request::Parts) -> Verdict {
//!         Principal::new("ada").put(&mut req.extensions);
//!         Ok(Pass::Now)
//!     }
//!     fn about(&self) -> About {
//!         About::of::<Self>().provides::<Principal>()
//!     }
//! }
//! # let probe = enfilade_test::Probe::ok();
//! # let app = || probe.service();
//! let greet = || gate_fn("greet", |_| Ok(Pass::Now));
//!
//! let (service, plan) = Chain::new().gate(Tag).gate(greet()).requires::<Principal>().build(app())?;
//! assert_eq!(plan.links().len(), 3);
//!
//! let wrong = Chain::new().gate(greet()).requires::<Principal>().gate(Tag).build(app()).unwrap_err();
//! assert_eq!(
//!     wrong.to_string(),
//!     "this chain cannot work:\n  - `greet` needs the principal, which `tag` gives, but `tag` comes after it: \
//!      move `tag` above `greet`",
//! );
//! # Ok::<(), enfilade_core::ChainError>(())
//! ```

mod boxed;
mod error;
pub(crate) mod returning;
mod runtime;
mod stack;
mod wiring;

pub use self::{
    boxed::{Boxable, BoxedBody, BoxedFuture, BoxedService},
    error::{ChainError, Fault},
    returning::Returning,
    runtime::RuntimeChain,
    stack::{Onto, Sealed, Stack},
    wiring::Wiring,
};

use std::{any, fmt, sync::Arc};

use tower_layer::{Identity, Layer};

use self::wiring::Entry;
use crate::{About, Clock, Gate, Gated, Plan, Provided, body::WithBody, trail::TrailSettings};

/// A link that is not a gate but describes itself: the way for layers of ours, and yours, into a [`Chain`].
pub trait Link {
    /// What it is called, what it provides and requires.
    fn about(&self) -> About;
}

/// Links in reading order: the first named is the outermost. See the [module docs](self).
#[must_use = "a chain does nothing until it is built around an app"]
pub struct Chain<L = Identity> {
    stack: L,
    links: Links,
}

impl Chain {
    /// A chain without links.
    pub fn new() -> Self {
        Self { stack: Identity::new(), links: Links::default() }
    }
}

impl Default for Chain {
    fn default() -> Self {
        Self::new()
    }
}

impl<L> Chain<L> {
    /// Adds a gate. The chain's type does not grow; consecutive gates share one service.
    pub fn gate(mut self, gate: impl Gate) -> Self {
        self.links.push_gate(Arc::new(gate));
        self
    }

    /// Adds a layer that describes itself.
    pub fn link<T: Link>(self, link: T) -> Chain<Onto<T, L>> {
        let about = link.about();
        self.onto(about, link)
    }

    /// Adds any tower layer under a name: tower-http's, [`from_fn`](crate::from_fn()), one of yours.
    ///
    /// One that answers without a call inward (csrf protection, CORS, a limit on bodies) gives back what it had ready, such
    /// as a permit of a limit further in: [`Returning`]. Of several layers under one name only the outermost is watched
    /// so; name each.
    pub fn layer<T>(self, name: &'static str, layer: T) -> Chain<Onto<T, L>> {
        self.onto(About::named(name), layer)
    }

    /// Gives the link added last another name.
    pub fn named(mut self, name: &'static str) -> Self {
        self.links.edit_last(|about| about.with_name(name));
        self
    }

    /// Says that the link added last provides `T` to the links behind it.
    pub fn provides<T: Provided>(mut self) -> Self {
        self.links.edit_last(About::provides::<T>);
        self
    }

    /// Says that the link added last cannot work without `T`.
    pub fn requires<T: Provided>(mut self) -> Self {
        self.links.edit_last(About::requires::<T>);
        self
    }

    /// Records, for each request, what every link said and how long it took: [`Trail`](crate::Trail).
    ///
    /// Off, it costs nothing: the marks are links of their own, which are then not built in.
    pub fn with_trail(mut self, clock: Clock) -> Self {
        self.links.keep_trail(TrailSettings::new(clock));
        self
    }

    /// Sends the trail to the client as `Server-Timing`: it tells the chain's links and times to whoever asks,
    /// so it is for demonstrations and for clients you trust.
    pub fn with_server_timing(mut self, clock: Clock) -> Self {
        self.links.keep_trail(TrailSettings::new(clock).with_server_timing());
        self
    }

    /// Puts the chain around `app`.
    ///
    /// # Errors
    ///
    /// When a link needs what no link before it gives; all faults at once.
    pub fn build<S>(self, app: S) -> Result<(L::Service, Plan), ChainError>
    where
        L: Stack<Gated<WithBody<S>>>,
    {
        let (sealed, plan) = self.seal()?;
        Ok((sealed.layer(app), plan))
    }

    /// The chain as one layer, for axum's `Router::layer` and tonic's `Server::layer`.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub fn seal(self) -> Result<(Sealed<L>, Plan), ChainError> {
        let (wiring, plan) = Wiring::check(self.links)?;
        Ok((Sealed::new(self.stack, wiring), plan))
    }

    fn onto<T>(mut self, about: About, layer: T) -> Chain<Onto<T, L>> {
        let at = self.links.push_layer(about, any::type_name::<T>());
        Chain { stack: Onto::new(layer, self.stack, at), links: self.links }
    }
}

impl<L> fmt::Debug for Chain<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Chain").field(&self.links).finish()
    }
}

/// What both kinds of chain remember of their links until they are built.
#[derive(Default)]
struct Links {
    entries: Vec<Entry>,
    layers: usize,
    trail: Option<TrailSettings>,
}

impl Links {
    fn push_gate(&mut self, gate: Arc<dyn Gate>) {
        self.entries.push(Entry::gate(gate));
    }

    /// Notes a layer; returns how many layers stand outside it.
    fn push_layer(&mut self, about: About, type_name: &'static str) -> usize {
        self.entries.push(Entry::layer(about, type_name));
        self.layers += 1;
        self.layers - 1
    }

    /// Asked for twice, the trail is kept by the last clock, and sent if either said so.
    fn keep_trail(&mut self, settings: TrailSettings) {
        let earlier = self.trail.take();
        self.trail = Some(settings.or_sent_as(earlier.as_ref()));
    }

    /// Without a link there is nothing to describe: said at once, or the note would silently be lost.
    fn edit_last(&mut self, edit: impl FnOnce(About) -> About) {
        let last = self.entries.last_mut();
        last.expect("`named`, `provides` and `requires` follow the link that they describe").edit(edit);
    }
}

impl fmt::Debug for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.entries.iter().map(|entry| entry.about.name())).finish()
    }
}
