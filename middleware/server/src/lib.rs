//! The first link of the chain: sockets, HTTP/1.1 and HTTP/2 on one port, and every check that comes before the app.
//!
//! ```text
//! socket ─▶ TLS, version ─▶ hyper ─┐   one deadline from accept to the first head
//!  ┌───────────────────────────────┘
//!  ├▶ RequestIds      every request gets an id; its trace is checked
//!  ├▶ AccessLog       one line, whatever becomes of it
//!  ├▶ SecurityHeaders when asked for: what a browser should know
//!  ├▶ RenderRejections (core)   tells refusals by Accept
//!  ├▶ InFlight        503 server.busy
//!  ├▶ StrictRequest   400 http.…            canonical host, path, scheme, client
//!  ├▶ BodyLimit       413, 408 http.body-…
//!  ├▶ TrueLength      500 server.length-mismatch
//!  ├▶ Rescue          500 server.panic, server.app-error
//!  ├▶ Patient         waits for an app that is not ready
//!  └▶ AsBody          gives the app's body an empty value, for refusals
//!      └▶ your service
//! ```
//!
//! Each is a tower layer or service of its own, and works in any other stack; here they are one service that asks each in
//! its turn, as eleven around each other would move a request eleven times. A refusal is a response with an
//! [`enfilade_core::Rejection`] in its extensions; one renderer tells them all, the app's chain's too.
//!
//! - [`server`]: [`Server`] binds, serves, drains
//! - [`listen`]: [`Listener`], TCP and Unix sockets, each with its own TLS and trusted peers
//! - [`connections`]: [`Connections`], the same for sockets that you accept yourself
//! - [`limits`]: [`Limits`], each with its default
//! - [`strict`]: what is refused because it can be read in two ways; [`PathRules`], which paths
//! - [`forwarded`]: [`Trust`], which proxies are believed when they speak for a client
//! - [`hosts`]: [`AllowedHosts`], a gate against DNS rebinding
//! - [`length`], [`body_limit`], [`in_flight`], [`rescue`], [`request_id`], [`access_log`], [`adapter`]: the other links
//! - [`security_headers`]: [`SecurityHeaders`], HSTS and the like; `Server` and `Date`
//! - [`trace_context`]: [`TraceContexts`], the trace that a request is part of
//! - [`log`], [`drain`]: how it speaks and how it ends
//! - `tls` (feature `tls`): TLS 1.2 and 1.3, certificates by name, read again when they change
//!
//! # What hyper decides before any link
//!
//! A request that hyper cannot parse gets its bare 400, 414 or 431 and no reason code; the log says `http.parse`.
//! [`verdicts`] lists what becomes of some three hundred raw requests, each sent by a test over a socket.
//!
//! # What has no knob
//!
//! - hyper takes at most 100 fields in an HTTP/1 head, and 16 KiB of fields over HTTP/2 stay 16 KiB.
//! - A client that half-closes its socket counts as gone: nothing tells it from one that left.
//!   What a client sent behind an unanswered HTTP/1 request hides that it left: hyper does not read on, so the request
//!   counts until the app answers.
//! - An HTTP/1 head whose first bytes came while another request was running has the idle timeout as its deadline.
//! - A response's deadline is for each frame of its body and takes a client to read 1 KiB a second. A last frame of
//!   4 KiB or less may wait for a client for as long as the connection lives; the idle timeout ends one that asks nothing.
//! - A WebSocket over HTTP/2 (extended CONNECT, RFC 8441) is refused, as CONNECT is; over HTTP/1 upgrades pass.
//! - [`limits`] says of each kind of flood what stops it, and which have no knob.
//! - Nothing counts requests by client: several connections may together hold all of `max_in_flight`.

pub mod access_log;
pub mod adapter;
pub mod body_limit;
mod connection;
pub mod connections;
pub mod drain;
pub mod forwarded;
pub mod hosts;
pub mod in_flight;
pub mod length;
pub mod limits;
pub mod listen;
pub mod log;
pub mod request_id;
pub mod rescue;
pub mod security_headers;
pub mod server;
mod stack;
pub mod strict;
#[cfg(feature = "tls")]
pub mod tls;
pub mod trace_context;
pub mod verdicts;

pub use self::{
    access_log::AccessLog,
    adapter::{HyperService, Patient},
    body_limit::{BodyError, BodyLimit, LimitedBody},
    connections::Connections,
    drain::{Draining, signals},
    forwarded::Trust,
    hosts::AllowedHosts,
    in_flight::InFlight,
    length::TrueLength,
    limits::{ConfigError, Http2Limits, Limits},
    listen::{BindError, Listener},
    log::Escaped,
    request_id::RequestIds,
    rescue::Rescue,
    security_headers::SecurityHeaders,
    server::Server,
    strict::{CleanBody, PathRules, StrictRequest},
    trace_context::{TraceContexts, TraceSource},
};

/// The request body that a service on a [`Server`] is given.
pub type RequestBody = LimitedBody<CleanBody<hyper::body::Incoming>>;

/// Any error.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
