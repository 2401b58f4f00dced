//! The demo's whole chain, without a socket: the very service that the command serves, alone and behind the server.
//!
//! ```text
//! demo::build(args, addrs, clock) ─▶ Drive ─┬─▶ server's strict link ▸ the chain ▸ the app
//!                                           └─▶ HTTP/1.1, HTTP/2 ─▶ the whole server ▸ the chain ▸ the app
//! ```
#![allow(clippy::unwrap_used)] // a helper of a test fails the test

mod attacks;
mod bearer;
mod browser;
mod cookies;
mod csrf;
mod door;
mod fuzzed;
mod kit;
mod laws;
#[cfg(feature = "python")]
mod python;
mod run;
mod upgrade;
mod wire;
