//! A layer of others' that answers by itself gives back the readied service below it.
//!
//! ```text
//! Returning ── call ──▶ a layer ── call ──▶ Gated, which notes it
//!     └ nothing noted: the layer is dropped for a fresh clone, and with it what was ready below
//! ```
//!
//! Csrf protection that refuses, CORS that answers a preflight, a limit on bodies: none of them calls what
//! `poll_ready` reserved, and on an idle connection a permit further in would stay taken. Below every layer of a chain
//! stands a run of gates, so a flag of this thread tells whether the call came through. Costs two writes a layer.

use std::{
    cell::Cell,
    fmt,
    task::{Context, Poll},
};

use http::Request;
use tower_service::Service;

thread_local! {
    /// Whether the call that a [`Returning`] of this thread waits for came through.
    static CALLED: Cell<bool> = const { Cell::new(false) };
}

/// Notes that a call came through, or that what was readied will be called or dropped without further ado.
#[inline]
pub(crate) fn note_call() {
    CALLED.set(true);
}

/// The service of a layer in a chain, which keeps no readiness that it does not use.
///
/// A layer that calls later, from its future, is cloned once more than it would be; it must have taken the readied
/// service with it, as each such layer has to.
#[derive(Clone)]
pub struct Returning<S> {
    layered: S,
}

impl<S> Returning<S> {
    pub(super) fn new(layered: S) -> Self {
        Self { layered }
    }
}

impl<S, B> Service<Request<B>> for Returning<S>
where
    S: Service<Request<B>> + Clone,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.layered.poll_ready(cx)
    }

    fn call(&mut self, req: Request<B>) -> S::Future {
        let watched = Watched { service: &mut self.layered, outside: CALLED.replace(false) };
        watched.service.call(req)
    }
}

impl<S> fmt::Debug for Returning<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Returning(..)")
    }
}

/// One call. Dropped also when the layer panics.
struct Watched<'a, S: Clone> {
    service: &'a mut S,
    /// What was noted for the layer around this one.
    outside: bool,
}

impl<S: Clone> Drop for Watched<'_, S> {
    fn drop(&mut self) {
        if !CALLED.replace(self.outside) {
            *self.service = self.service.clone();
        }
    }
}
