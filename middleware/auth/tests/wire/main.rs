//! Every kind of credentials behind the real server, over sockets, and what is thrown at it there.
//!
//! ```text
//! client ── HTTP/1.1 bytes, HTTP/2 frames ──▶ Server ── StripIdentity ── Auth ──▶ an app that says who it was
//!
//! credentials   good ones of each kind, doubled, malformed, of two users, in the wrong place
//! tokens        every bad token of the kit's list; what a token says is handed on as it is
//! identity      headers by which a client claims to be somebody, in every spelling
//! keys          an issuer's keys by URL, rotated, withdrawn, not to be had; three issuers
//! guessing      wrong keys from one address, whatever else the requests say
//! early         a refusal while the body is still on its way
//! ```

#![allow(clippy::unwrap_used)] // a helper of a test fails the test

mod credentials;
mod early;
mod guessing;
mod identity;
mod keys;
mod kit;
#[path = "../still/mod.rs"]
mod still;
mod tokens;
