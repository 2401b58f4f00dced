//! The server as its clients see it: raw bytes in, answers and log lines out.
//!
//! ```text
//! alone         the links without the server
//! laws          … and the laws of a layer
//! heads         how large a head may be, and heads one behind the other; each odd request alone is in `tests/raw`
//! paths         which paths are refused, over HTTP/1 and HTTP/2, and what an app reads of the others
//! path_props    properties of a canonical path
//! http2         streams that are reset, failures that cost one stream
//! http2_limits  what an HTTP/2 connection may take and cost, each setting as a client sees it
//! bodies        request bodies that are too large, refused early, or never end
//! lengths       two responses are never mixed up
//! deadlines     every way to keep a connection without using it ends
//! stalls        a response that is not taken ends; one that the app has not got yet never does
//! eager         when an app is polled, and what that leaves of the read buffer
//! ends          drain, grace period, second signal; how many connections and requests there may be
//! lines         the log
//! ids           request ids, ours and a trusted proxy's
//! traces        W3C Trace Context
//! headers       security headers, Date and Server
//! strict_props  properties of the strict link's decision
//! ```

#![allow(
    clippy::unwrap_used,
    reason = "a test may fail; the setting in .clippy.toml reaches test functions only"
)]

mod alone;
mod bodies;
mod deadlines;
mod eager;
mod ends;
mod headers;
mod heads;
mod http2;
mod http2_limits;
mod ids;
mod kit;
mod laws;
mod lengths;
mod lines;
mod path_props;
mod paths;
mod stalls;
mod strict_props;
mod traces;
