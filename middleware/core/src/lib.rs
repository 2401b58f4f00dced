//! The words that every Enfilade link shares.
//!
//! ```text
//!           request ──▶                                                     ──▶
//!  client ── Web Server ── Auth ── Cookie ── (session, limits, yours …) ── Web App
//!           ◀── response                                                    ◀──
//! ```
//!
//! Outside there is only tower: every link is a `tower::Layer` over `Service<http::Request<B>>`. Inside, most
//! links are a [`Gate`]; consecutive gates are one slice, walked by one service with one unboxed future.
//!
//! - [`guide`]: writing a link, three ways, each with its test: begin here
//! - [`gate`]: write a link as a [`Gate`]: one method, tested without a runtime
//! - [`from_fn`](mod@from_fn): write a link as an async closure, unboxed
//! - [`chain`]: put links in order around an app; orders that cannot work do not build
//! - [`plan`]: a chain as data: its picture, its JSON, its differences
//! - [`trail`]: what every link said about one request, both ways
//! - [`rejection`]: a refusal is a response, with a stable reason code
//! - [`render`]: the one link that gives refusals a body
//! - [`principal`]: who the request is proved to be
//! - [`context`]: what one request gathers, behind one handle
//! - [`ids`]: by which names a request is found again
//! - [`body`]: the response bodies that refusals need
//! - [`clock`]: where links get the time from
//! - [`quiet`]: log lines that a client can cause, so many and no more

#[cfg(feature = "axum")]
mod axum;
pub mod body;
pub mod chain;
pub mod clock;
pub mod context;
pub mod from_fn;
pub mod gate;
pub mod gateway;
pub mod guide;
pub mod ids;
pub mod plan;
pub mod principal;
pub mod quiet;
pub mod rejection;
pub mod render;
pub mod trail;

pub use self::{
    body::{AsBody, Body, EmptyBody},
    chain::{Chain, ChainError, Link, RuntimeChain, Sealed},
    clock::{Clock, TimeSource},
    context::{Canonical, Carried, ClientAddr, Host, RequestContext, Slot, TlsSession, UnixPeer},
    from_fn::{Next, from_fn, from_fn_with},
    gate::{About, Capability, Exit, Gate, Gated, Gates, OnLeave, Pass, Provided, Verdict, gate_fn},
    ids::{RequestId, SpanId, TraceContext, TraceId},
    plan::{Plan, PlanLink},
    principal::{AuthMethod, Principal, Unproved},
    quiet::LogLimit,
    rejection::{Challenge, Rejection},
    render::RenderRejections,
    trail::Trail,
};
