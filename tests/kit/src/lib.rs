//! Test any tower HTTP layer alone: no socket, no sleep, no runtime where none is needed.
//!
//! ```text
//!  drive(layer, &probe) ── get("/").bearer(…).send() ──▶ [ the layer ] ──▶ Probe (scripted answers)
//!            Reply ◀── status, headers, code, text ─────────────────────────  what it saw: probe.requests()
//! ```
//!
//! - [`Probe`]: the service under the layer; it answers by script and records what reaches it
//! - [`drive()`]: sends requests through the layer and waits for the [`Reply`]
//! - [`TestClock`]: virtual time for whatever takes an [`enfilade_core::Clock`]
//! - `issuer`, with the feature of that name: an identity provider in memory, and every bad token of note
//! - [`assert_refused!`] and [`assert_passed!`]: for a reply, a response or a gate's verdict
//!
//! ```
//! use enfilade_core::{Gates, Pass, Rejection, gate_fn};
//! use enfilade_test::{Probe, assert_passed, assert_refused, drive};
//! use http::StatusCode;
//!
//! let polite = Gates::of(gate_fn("polite", |req| match req.headers.contains_key("please") {
//!     true => Ok(Pass::Now),
//!     false => Err(Rejection::new(StatusCode::FORBIDDEN, "polite.missing")),
//! }));
//! let probe = Probe::ok();
//! let mut door = drive(polite, &probe);
//!
//! assert_refused!(door.get("/").send(), 403, "polite.missing");
//! probe.never_reached();
//!
//! assert_passed!(door.get("/").header("please", "1").send());
//! assert_eq!(probe.last().headers["please"], "1");
//! ```

pub mod assert;
pub mod body;
pub mod clock;
pub mod drive;
#[cfg(feature = "issuer")]
pub mod issuer;
pub mod latch;
pub mod laws;
pub mod probe;
#[cfg(feature = "proptest")]
pub mod strategies;
pub mod trace;

pub use self::{
    body::{BodyWatch, ProbeBody, ProbeError},
    clock::TestClock,
    drive::{Ask, Drive, Reply, drive, enter},
    latch::Latch,
    laws::{Law, Laws},
    probe::{Answer, Fault, InfallibleProbe, Probe, ProbeService, Seen},
    trace::Trace,
};
