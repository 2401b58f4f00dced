//! Sends requests through a layer and waits for the answer, without a socket and mostly without a runtime.
//!
//! ```text
//! drive(layer, &probe)          ──▶ get("/x").header(…).bearer(…).cookie(…).body(…) ──▶ send()        ──▶ Reply
//! Drive::service(whole_chain)   ──▶ …                                               ──▶ send_async()  ──▶ Reply
//!                                                                                   ──▶ start()       ──▶ InFlight
//! enter(&gate, Ask::get("/x"))  ──▶ Entered ── passed() ── leave(200)               ──▶ stream()      ──▶ Streaming
//! ```
//!
//! 1. One instance answers every request, as one connection of a server does; readiness is asked before each. A
//!    clone of the drive is another connection.
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

mod ask;
pub(crate) mod block;
mod entered;
mod flight;
mod reply;
mod send;

pub use self::ask::Ask;
pub use self::entered::{Entered, IntoHead, Passed, enter, enter_async};
pub use self::flight::{InFlight, Step, Streaming, finish_all};
pub use self::reply::Reply;
pub use self::send::Sending;

use std::{
    fmt,
    marker::PhantomData,
    task::{Context, Poll, Waker},
};

use http::{Method, Request};
use tower_layer::Layer;
use tower_service::Service;

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

    /// Asks once whether the service is ready. If it is, it stays so until the next request: what readiness takes,
    /// such as a permit, is taken.
    ///
    /// # Panics
    ///
    /// If `poll_ready` fails.
    #[track_caller]
    pub fn is_ready(&mut self) -> bool
    where
        S: Service<Request<B>>,
        S::Error: fmt::Debug,
    {
        match self.service.poll_ready(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => false,
            Poll::Ready(Ok(())) => true,
            Poll::Ready(Err(error)) => panic!("`poll_ready` failed: {error:?}"),
        }
    }

    /// A GET request.
    pub fn get(&mut self, target: &str) -> Sending<'_, S, B> {
        self.request(Method::GET, target)
    }

    /// A HEAD request.
    pub fn head(&mut self, target: &str) -> Sending<'_, S, B> {
        self.request(Method::HEAD, target)
    }

    /// A POST request.
    pub fn post(&mut self, target: &str) -> Sending<'_, S, B> {
        self.request(Method::POST, target)
    }

    /// A PUT request.
    pub fn put(&mut self, target: &str) -> Sending<'_, S, B> {
        self.request(Method::PUT, target)
    }

    /// A PATCH request.
    pub fn patch(&mut self, target: &str) -> Sending<'_, S, B> {
        self.request(Method::PATCH, target)
    }

    /// A DELETE request.
    pub fn delete(&mut self, target: &str) -> Sending<'_, S, B> {
        self.request(Method::DELETE, target)
    }

    /// An OPTIONS request.
    pub fn options(&mut self, target: &str) -> Sending<'_, S, B> {
        self.request(Method::OPTIONS, target)
    }

    /// Any request. It names `localhost` as its host; see [`Ask::without`].
    ///
    /// # Panics
    ///
    /// If `target` is no request target.
    pub fn request(&mut self, method: Method, target: &str) -> Sending<'_, S, B> {
        Ask::new(&mut self.service, method, target)
    }

    /// A request that was built elsewhere, as it is.
    pub fn given(&mut self, request: Request<B>) -> Sending<'_, S, B> {
        Ask::given(&mut self.service, request)
    }
}

/// Another connection to the same service.
impl<S: Clone, B> Clone for Drive<S, B> {
    fn clone(&self) -> Self {
        Self { service: self.service.clone(), body: PhantomData }
    }
}

impl<S, B> fmt::Debug for Drive<S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drive").finish_non_exhaustive()
    }
}
