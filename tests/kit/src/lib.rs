//! Test any tower HTTP layer alone: no socket, no sleep, no runtime where none is needed.
//!
//! ```text
//!  drive(layer, &probe) ── get("/").bearer(…).send() ──▶ [ the layer ] ──▶ Probe (scripted answers)
//!            Reply ◀── status, headers, code, text ─────────────────────────  what it saw: probe.requests()
//!
//!  enter(&gate, Ask::get("/").bearer(…)) ──▶ refused("…") │ passed().leave(200)     a Gate, without any service
//! ```
//!
//! | what a test needs | where it is |
//! |---|---|
//! | a service under the layer that answers by script and records what reaches it | [`Probe`], [`Answer`], [`ProbeBody`] |
//! | requests through the layer, waited for or stepped by hand | [`drive()`], [`Drive`], [`Ask`], [`Reply`] |
//! | a gate entered and left by hand | [`enter`] |
//! | assertions that show expected and found side by side | [`assert_refused!`], [`assert_challenge!`] and others: [`assert`](mod@assert) |
//! | an answer, a body, readiness held back until the test says so | [`Latch`], [`Probe::hold`] |
//! | what every tower layer has to keep, checked one by one | [`assert_laws!`], [`laws`] |
//! | time that moves only when the test says so | [`TestClock`] |
//! | bodies compared frame by frame | [`Trace`], [`BodyWatch`] |
//!
//! More under features, each of which only adds: `issuer` (an identity provider in memory, with every bad token there
//! is), `browser` (cookies, redirects and forms, over several sites), `proptest` (`strategies`: requests, good and
//! hostile). The kit switches on no feature of the crates that you test with, so nothing compiles under test that does
//! not without.
//!
//! A complete first test:
//!
//! ```
//! use enfilade_core::{Gates, Pass, Rejection, gate_fn};
//! use enfilade_test::{Probe, assert_header, assert_passed, assert_refused, drive};
//! use http::{HeaderValue, StatusCode};
//!
//! let polite = Gates::of(gate_fn("polite", |req| {
//!     if req.headers.remove("please").is_none() {
//!         return Err(Rejection::new(StatusCode::FORBIDDEN, "polite.missing"));
//!     }
//!     Ok(Pass::then(|res| {
//!         res.headers.insert("thank", HeaderValue::from_static("you"));
//!     }))
//! }));
//! let probe = Probe::ok();
//! let mut door = drive(polite, &probe);
//!
//! assert_refused!(door.get("/").send(), 403, "polite.missing");
//! probe.never_reached();
//!
//! let reply = door.get("/").header("please", "1").send();
//! assert_passed!(reply);
//! assert_header!(reply, "thank" = "you");
//! assert_header!(probe.last(), "please" absent);
//! ```

pub mod assert;
pub mod body;
#[cfg(feature = "browser")]
pub mod browser;
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
