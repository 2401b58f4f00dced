//! A chain put together at run time, from a file say: the same links, with every layer boxed.
//!
//! ```text
//! RuntimeChain<B, E>   gates: one slice, as in `Chain`     layers: one BoxedService each
//! ```
//!
//! Gates are never boxed beyond the `Arc` that they have anyway, so a chain of gates costs here what it costs
//! in code; each other link costs one boxed service and one boxed future a request.
//!
//! ```
//! use enfilade_core::{Pass, RuntimeChain, gate_fn};
//! use enfilade_test::{Drive, Probe, assert_passed};
//!
//! let mut chain = RuntimeChain::new();
//! for name in ["one", "two"] {
//!     chain = chain.gate(gate_fn(name, |_| Ok(Pass::Now)));
//! }
//! let (service, plan) = chain.build(Probe::ok().service())?;
//! assert_eq!(plan.links().len(), 3);
//! assert_passed!(Drive::service(service).get("/").send());
//! # Ok::<(), enfilade_core::ChainError>(())
//! ```

use std::{any, borrow::Cow, fmt, sync::Arc};

use tower_layer::Layer;

use super::{
    Link, Links,
    boxed::{Boxable, BoxedService},
    wiring::Wiring,
};
use crate::{About, ChainError, Clock, Gate, Gated, Plan, Provided, trail::TrailSettings};

type BoxedLayer<B, E> = Box<dyn Fn(Gated<BoxedService<B, E>>) -> BoxedService<B, E> + Send + Sync>;

/// Links in reading order, put together at run time. See the [module docs](self).
#[must_use = "a chain does nothing until it is built around an app"]
pub struct RuntimeChain<B, E> {
    layers: Vec<BoxedLayer<B, E>>,
    links: Links,
}

impl<B: Send + 'static, E: Send + Sync + 'static> RuntimeChain<B, E> {
    /// A chain without links.
    pub fn new() -> Self {
        Self { layers: Vec::new(), links: Links::default() }
    }

    /// Adds a gate; an `Arc<dyn Gate>` is one too.
    pub fn gate(mut self, gate: impl Gate) -> Self {
        self.links.push_gate(Arc::new(gate));
        self
    }

    /// Adds a layer that describes itself.
    pub fn link<T>(self, link: T) -> Self
    where
        T: Link + Layer<Gated<BoxedService<B, E>>> + Send + Sync + 'static,
        T::Service: Boxable<B, E>,
    {
        let about = link.about();
        self.boxed(about, link)
    }

    /// Adds any tower layer under a name.
    pub fn layer<T>(self, name: impl Into<Cow<'static, str>>, layer: T) -> Self
    where
        T: Layer<Gated<BoxedService<B, E>>> + Send + Sync + 'static,
        T::Service: Boxable<B, E>,
    {
        self.boxed(About::named(name), layer)
    }

    /// Gives the link added last another name.
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.links.edit_last(|about| about.with_name(name));
        self
    }

    /// Says that the link added last provides `T`.
    pub fn provides<T: Provided>(mut self) -> Self {
        self.links.edit_last(About::provides::<T>);
        self
    }

    /// Says that the link added last cannot work without `T`.
    pub fn requires<T: Provided>(mut self) -> Self {
        self.links.edit_last(About::requires::<T>);
        self
    }

    /// Records what every link said: see [`Chain::with_trail`](super::Chain::with_trail).
    pub fn with_trail(mut self, clock: Clock) -> Self {
        self.links.keep_trail(TrailSettings::new(clock));
        self
    }

    /// Sends the trail to the client: see [`Chain::with_server_timing`](super::Chain::with_server_timing).
    pub fn with_server_timing(mut self, clock: Clock) -> Self {
        self.links.keep_trail(TrailSettings::new(clock).with_server_timing());
        self
    }

    /// Puts the chain around `app`.
    ///
    /// # Errors
    ///
    /// When a link needs what no link before it gives; all faults at once.
    pub fn build<S: Boxable<B, E>>(self, app: S) -> Result<(Gated<BoxedService<B, E>>, Plan), ChainError> {
        let (wiring, plan) = Wiring::check(self.links)?;
        let mut service = wiring.innermost().layer(app.boxed());
        for (at, layer) in self.layers.iter().enumerate().rev() {
            service = wiring.run(at).layer(layer(service));
        }
        Ok((service, plan))
    }

    fn boxed<T>(mut self, about: About, layer: T) -> Self
    where
        T: Layer<Gated<BoxedService<B, E>>> + Send + Sync + 'static,
        T::Service: Boxable<B, E>,
    {
        self.links.push_layer(about, any::type_name::<T>());
        self.layers.push(Box::new(move |inner| layer.layer(inner).boxed_layer()));
        self
    }
}

impl<B: Send + 'static, E: Send + Sync + 'static> Default for RuntimeChain<B, E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<B, E> fmt::Debug for RuntimeChain<B, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RuntimeChain").field(&self.links).finish()
    }
}
