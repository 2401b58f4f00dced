//! TLS as a client meets it: handshakes over a pipe in virtual time, certificates made for each test.
//!
//! ```text
//! files       what can be read from PEM files, and what stops the load
//! handshakes  names, protocols, versions, deadlines, ends
//! hosts       a request's host and the certificate
//! reload      a change is taken, a bad file is not
//! ```

#![allow(
    clippy::unwrap_used,
    reason = "a test may fail; the setting in .clippy.toml reaches test functions only"
)]

#[allow(dead_code, clippy::unused_async, reason = "shared with the tests of plain connections")]
#[path = "../server/kit.rs"]
mod kit;

mod files;
mod handshakes;
mod hosts;
mod pki;
mod reload;
