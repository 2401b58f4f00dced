//! Sends requests through a layer and waits for the answer, without a socket and mostly without a runtime.
//!
//! ```text
//! drive(layer, &probe)          ──▶ get("/x").header(…).bearer(…).cookie(…).body(…) ──▶ send()        ──▶ Reply
//! Drive::service(whole_chain)   ──▶ …                                               ──▶ send_async()  ──▶ Reply
//! ```
//!
//! 1. One instance answers every request, as one connection of a server does; readiness is asked before each.
//! 2. `send` polls on this thread and parks in between, so work on other threads may finish. What waits for a
//!    timer or a socket needs the runtime that drives them: `send_async` there.
//!
//! ```
//! use enfilade_test::{Probe, drive};
//!
//! let probe = Probe::ok().read_bodies();
//! let layer = tower_layer::Identity::new();
//! let reply = drive(layer, &probe).post("/orders").cookie("a", "1").cookie("b", "2").body("tea").send();
//! assert_eq!(reply.status(), 200);
//! assert_eq!(probe.last().header("cookie"), Some("a=1; b=2"));
//! assert_eq!(probe.last().body().unwrap(), "tea");
//! ```

pub(crate) mod block;
mod reply;
mod sending;

pub use self::reply::Reply;
pub use self::sending::{InFlight, Sending};

use std::{fmt, marker::PhantomData};

use http::Method;
use tower_layer::Layer;

use crate::{Probe, ProbeBody, ProbeService};

/// Puts the layer around the probe and drives the two.
pub fn drive<L: Layer<ProbeService>>(layer: L, probe: &Probe) -> Drive<L::Service> {
    Drive::service(layer.layer(probe.service()))
}

/// A service under test; `B` is the type of the request bodies. See the [module docs](self).
#[must_use = "a drive does nothing until a request is sent"]
pub struct Drive<S, B = ProbeBody> {
    service: S,
    body: PhantomData<fn() -> B>,
}

impl<S> Drive<S> {
    /// Drives a whole service: a chain that is built, an app.
    pub fn service(service: S) -> Self {
        Self { service, body: PhantomData }
    }
}

impl<S, B> Drive<S, B> {
    /// Sends bodies of another type: `.with_body::<axum::body::Body>()`.
    pub fn with_body<C>(self) -> Drive<S, C> {
        Drive { service: self.service, body: PhantomData }
    }

    /// The service under test.
    pub fn service_mut(&mut self) -> &mut S {
        &mut self.service
    }

    /// A GET request.
    pub fn get(&mut self, target: &str) -> Sending<'_, S, B> {
        self.request(Method::GET, target)
    }

    /// A POST request.
    pub fn post(&mut self, target: &str) -> Sending<'_, S, B> {
        self.request(Method::POST, target)
    }

    /// Any request. It names `localhost` as its host; see [`Sending::without`].
    ///
    /// # Panics
    ///
    /// If `target` is no request target.
    pub fn request(&mut self, method: Method, target: &str) -> Sending<'_, S, B> {
        Sending::new(&mut self.service, method, target)
    }
}

impl<S, B> fmt::Debug for Drive<S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drive").finish_non_exhaustive()
    }
}
