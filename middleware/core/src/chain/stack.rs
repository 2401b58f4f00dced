//! How the layers of a chain are put around an app, each between its runs of gates.
//!
//! ```text
//! Onto<T2, Onto<T1, Identity>>      ─▶  run0 ▸ T1 ▸ run1 ▸ T2 ▸ run2 ▸ app
//! ```

use std::{fmt, sync::Arc};

use tower_layer::{Identity, Layer};

use super::{returning::Returning, wiring::Wiring};
use crate::{AsBody, Gated, body::WithBody};

/// A stack of layers that can be put around `S`; implemented for what [`Chain`](super::Chain) builds.
#[diagnostic::on_unimplemented(
    message = "a layer of this chain cannot stand around what is behind it, `{S}`",
    note = "each layer must be a `tower::Layer` over `Service<http::Request<_>>` that answers `http::Response<_>`"
)]
pub trait Stack<S> {
    /// The service that results.
    type Service;

    /// Puts the layers around `inner`.
    fn stack(&self, inner: S, wiring: &Wiring) -> Self::Service;
}

impl<S> Stack<S> for Identity {
    type Service = S;

    fn stack(&self, inner: S, wiring: &Wiring) -> S {
        let _ = wiring;
        inner
    }
}

/// One more layer inside a stack; made by [`Chain::layer`](super::Chain::layer).
#[derive(Clone)]
pub struct Onto<T, L> {
    layer: T,
    outer: L,
    at: usize,
}

impl<T, L> Onto<T, L> {
    pub(super) fn new(layer: T, outer: L, at: usize) -> Self {
        Self { layer, outer, at }
    }
}

#[diagnostic::do_not_recommend]
impl<S, T, L> Stack<S> for Onto<T, L>
where
    T: Layer<S>,
    L: Stack<Gated<WithBody<Returning<T::Service>>>>,
{
    type Service = L::Service;

    fn stack(&self, inner: S, wiring: &Wiring) -> L::Service {
        let layered = AsBody.layer(Returning::new(self.layer.layer(inner)));
        self.outer.stack(wiring.run(self.at).layer(layered), wiring)
    }
}

impl<T, L> fmt::Debug for Onto<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Onto(..)")
    }
}

/// A whole, checked chain as one tower layer; made by [`Chain::seal`](super::Chain::seal).
#[derive(Clone)]
#[must_use = "a layer does nothing until it is put around a service"]
pub struct Sealed<L> {
    stack: L,
    wiring: Arc<Wiring>,
}

impl<L> Sealed<L> {
    pub(super) fn new(stack: L, wiring: Wiring) -> Self {
        Self { stack, wiring: Arc::new(wiring) }
    }
}

impl<S, L> Layer<S> for Sealed<L>
where
    L: Stack<Gated<WithBody<S>>>,
{
    type Service = L::Service;

    fn layer(&self, app: S) -> L::Service {
        self.stack.stack(self.wiring.innermost().layer(AsBody.layer(app)), &self.wiring)
    }
}

impl<L> fmt::Debug for Sealed<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealed").field("runs", &self.wiring).finish_non_exhaustive()
    }
}
