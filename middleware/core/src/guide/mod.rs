//! Writing a link: three ways, from easy to total, each with its test.
//!
//! ```text
//! you need to …                                  write          its test
//! look at the head, refuse, change the answer    a Gate         no runtime
//! wait in between, see the body                  from_fn        virtual time
//! make callers wait (back-pressure)              a tower Layer  the laws
//! ```
//!
//! You know functions that take a request and `next`, as in axum; you need to know nothing of tower. Two lines in a
//! new crate, and one more for what waits:
//!
//! ```text
//! cargo add enfilade-core http
//! cargo add --dev enfilade-test
//! ```
//!
//! # 1. A gate
//!
//! A [`Gate`](crate::Gate) has one method. It sees the request's head, and says what happens: `Ok(Pass::Now)` lets the
//! request through, `Err(rejection)` refuses it, and [`Pass::then`](crate::Pass::then) lets it through and does
//! something to the answer on the way back. `?` refuses too, for whatever turns into a
//! [`Rejection`](crate::Rejection).
//!
//! ```
//! use enfilade_core::{Gate, Pass, Rejection, Verdict};
//! use http::{HeaderValue, Method, StatusCode, request};
//!
//! /// While the shop is read-only, only reads pass, and each answer says so.
//! struct ReadOnly;
//!
//! impl Gate for ReadOnly {
//!     fn enter(&self, req: &mut request::Parts) -> Verdict {
//!         if req.method != Method::GET {
//!             let status = StatusCode::SERVICE_UNAVAILABLE;
//!             return Err(Rejection::new(status, "read-only.closed"));
//!         }
//!         Ok(Pass::then(|res| {
//!             res.headers.insert("x-mode", HeaderValue::from_static("read-only"));
//!         }))
//!     }
//! }
//!
//! // The test. A probe stands where the app would, and notes what reaches it.
//! use enfilade_core::Gates;
//! use enfilade_test::{Probe, assert_passed, assert_refused, drive};
//!
//! let probe = Probe::ok();
//! let mut shop = drive(Gates::of(ReadOnly), &probe);
//!
//! assert_refused!(shop.post("/orders").send(), 503, "read-only.closed");
//! probe.never_reached();
//!
//! let reply = shop.get("/orders").send();
//! assert_passed!(reply);
//! assert_eq!(reply.header("x-mode"), Some("read-only"));
//! ```
//!
//! There is no socket, no runtime and no `async` in that test. In your crate it stands under `#[test]`. What the app
//! answers is scripted: `Probe::ok().respond(404)`; so are its errors, its panics and its delays.
//!
//! # 2. An async function
//!
//! A link that has to wait, or that wants request and answer in one place, is an async closure or function over the
//! request and [`Next`](crate::Next). It is generic over what stands behind it, and it cannot forget anything of
//! tower's contract: [`Next`](crate::Next) owns the inner service, ready to be called once.
//! State comes first, by [`from_fn_with`](crate::from_fn_with).
//!
//! ```
//! use enfilade_core::{Clock, Next, from_fn_with};
//! use http::{HeaderValue, Request, Response};
//! use tower_service::Service;
//!
//! /// Tells the client how many milliseconds the app took; it never takes a second.
//! async fn took<S, B, R>(
//!     clock: Clock,
//!     req: Request<B>,
//!     next: Next<S>,
//! ) -> Result<Response<R>, S::Error>
//! where
//!     S: Service<Request<B>, Response = Response<R>>,
//! {
//!     let start = clock.monotonic();
//!     let mut res = next.run(req).await?;
//!     let took = clock.monotonic().saturating_sub(start);
//!     res.headers_mut().insert("x-took", HeaderValue::from(took.subsec_millis()));
//!     Ok(res)
//! }
//!
//! // The test. Time is virtual; the app answers when the test opens the latch.
//! use std::time::Duration;
//! use enfilade_test::{Answer, Latch, Probe, TestClock, drive};
//!
//! let (time, latch) = (TestClock::at(1_800_000_000), Latch::shut());
//! let probe = Probe::ok().respond(Answer::ok().wait(&latch));
//! let mut app = drive(from_fn_with(time.clock(), took), &probe);
//!
//! let mut flight = app.get("/slow").start();
//! assert!(flight.is_pending());
//! time.advance(Duration::from_millis(250));
//! latch.open();
//! assert_eq!(flight.finish().unwrap().headers()["x-took"], "250");
//! ```
//!
//! Its bound needs `cargo add tower-service` as well. To refuse, answer:
//! `return Ok(rejection.into_response())`, and add `R: EmptyBody` to the bounds, for a refusal makes a body of its own
//! ([`EmptyBody`](crate::EmptyBody)).
//!
//! # 3. A layer
//!
//! A link that makes its callers wait is a `tower::Layer` and a `Service`: `poll_ready` reserves what `call` uses.
//! Readiness belongs to one instance, so a clone starts without it; what was reserved goes into the future, so it is
//! given back when the answer is there *or the client hangs up*. This one needs `cargo add tower-layer tower-service`,
//! and for its semaphore `tokio --features sync` and `tokio-util`; nothing else of tower.
//!
//! ```
//! use std::{pin::Pin, sync::Arc, task::{Context, Poll, ready}};
//! use http::Request;
//! use tokio::sync::{OwnedSemaphorePermit, Semaphore};
//! use tokio_util::sync::PollSemaphore;
//! use tower_layer::{Layer, layer_fn};
//! use tower_service::Service;
//!
//! /// Lets so many requests be at work at once; further ones wait.
//! struct AtMost<S> {
//!     places: PollSemaphore,
//!     place: Option<OwnedSemaphorePermit>,
//!     inner: S,
//! }
//!
//! impl<S> AtMost<S> {
//!     fn layer(places: Arc<Semaphore>) -> impl Layer<S, Service = Self> {
//!         layer_fn(move |inner| Self { places: PollSemaphore::new(places.clone()), place: None, inner })
//!     }
//! }
//!
//! impl<S: Clone> Clone for AtMost<S> {
//!     fn clone(&self) -> Self {
//!         Self { places: self.places.clone(), place: None, inner: self.inner.clone() }
//!     }
//! }
//!
//! impl<S: Service<Request<B>, Future: Send + 'static>, B> Service<Request<B>> for AtMost<S> {
//!     type Response = S::Response;
//!     type Error = S::Error;
//!     type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;
//!
//!     fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
//!         if self.place.is_none() {
//!             self.place = ready!(self.places.poll_acquire(cx));
//!         }
//!         self.inner.poll_ready(cx)
//!     }
//!
//!     fn call(&mut self, req: Request<B>) -> Self::Future {
//!         let place = self.place.take();
//!         let answer = self.inner.call(req);
//!         Box::pin(async move {
//!             let _place = place;
//!             answer.await
//!         })
//!     }
//! }
//!
//! // The test. Of what is easily forgotten here, no single request would tell; the laws do.
//! use enfilade_test::{Answer, Laws, Probe, drive};
//!
//! let places = Arc::new(Semaphore::new(8));
//! let watched = places.clone();
//! Laws::of(AtMost::layer(places)).invariant(move || watched.available_permits() == 8).assert();
//!
//! // And what the link is for: while the one place is taken, a second connection waits.
//! let probe = Probe::ok().respond(Answer::hang()).respond(200);
//! let mut first = drive(AtMost::layer(Arc::new(Semaphore::new(1))), &probe);
//! let mut second = first.clone();
//! let flight = first.get("/").start();
//! assert!(!second.is_ready());
//! drop(flight);
//! assert!(second.is_ready());
//! ```
//!
//! The example `link_layer` writes the same without the box.
//!
//! # The laws, for every link
//!
//! A gate and a `from_fn` keep them by how they are made; it is one line to make sure. Tell the laws which request
//! passes, and which must be refused:
//!
//! ```
//! # use enfilade_core::{Gates, Pass, Rejection, gate_fn};
//! # let read_only = gate_fn("read-only", |req| match req.method == http::Method::GET {
//! #     true => Ok(Pass::Now),
//! #     false => Err(Rejection::new(http::StatusCode::SERVICE_UNAVAILABLE, "read-only.closed")),
//! # });
//! use enfilade_test::Laws;
//! use http::Request;
//!
//! Laws::of(Gates::of(read_only))
//!     .request(|| Request::get("/orders"))
//!     .refused("a write", || Request::post("/orders"))
//!     .assert();
//! ```
//!
//! # In a chain
//!
//! ```
//! # use enfilade_core::{Chain, Clock, Next, Pass, Rejection, from_fn, gate_fn};
//! # let read_only = gate_fn("read-only", |_| Ok(Pass::Now));
//! # use http::Request;
//! use enfilade_test::{Drive, Probe, assert_passed};
//!
//! let (service, plan) = Chain::new()
//!     .gate(read_only)
//!     .layer("took", from_fn(async |req: Request<_>, next| next.run(req).await))
//!     .build(Probe::ok().service())
//!     .expect("an order that works");
//! println!("{plan}");
//! assert_passed!(Drive::service(service).get("/orders").send());
//! ```
//!
//! The same chain is served by `enfilade_server`, sealed into a layer for axum's `Router::layer` and tonic's
//! `Server::layer` with [`seal`](crate::Chain::seal), and driven in tests as above: one value.
//!
//! # Beside axum and tower-test
//!
//! The link of the first part, written and tested in three ways; each file is run by this crate's tests
//! (`tests/side_by_side`), and this table is counted there. Imports count, blank lines and comments do not.
//!
#![doc = include_str!("lines.md")]
//!
//! What the numbers do not show: axum's function works in an axum router alone, and in its test a router and an app
//! come along; tower's layer works everywhere, as the gate does, and its author had to know what a projection is.
//! Neither test asks whether the body of a refused write is dropped unread, or whether a client that hangs up leaves
//! anything behind. The gate's does with one more line.
