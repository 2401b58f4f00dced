//! Attacks on connections and on what a request means, each by its name; raw requests and floods have tables of their own.
//!
//! ```text
//! descriptors  none left: the listener rests, and serves again
//! leaving      half-closed, pipelined and gone, told of a drain
//! meaning      two readings of one request: hosts, forwarding fields, what follows an upgrade, secrets
//! crowds       too many requests over HTTP/2, resting connections
//! tls          garbage, hellos in pieces, the wrong protocol
//! ```

#![allow(
    clippy::unwrap_used,
    reason = "a test may fail; the setting in .clippy.toml reaches test functions only"
)]

#[allow(dead_code, reason = "shared with the table of raw requests")]
#[path = "../raw/frames.rs"]
mod frames;
#[allow(dead_code, clippy::unused_async, reason = "shared with the tests of the server")]
#[path = "../server/kit.rs"]
mod kit;
#[cfg(feature = "tls")]
#[allow(dead_code, reason = "shared with the tests of TLS")]
#[path = "../tls/pki.rs"]
mod pki;

mod crowds;
#[cfg(unix)]
mod descriptors;
mod leaving;
mod meaning;
#[cfg(feature = "tls")]
mod tls;
