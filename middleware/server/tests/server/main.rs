//! The server as its clients see it: raw bytes in, answers and log lines out.
//!
//! ```text
//! deadlines   every way to keep a connection without using it ends
//! http2       the same over HTTP/2
//! lengths     two responses are never mixed up
//! verdicts    which of the odd requests are refused, by whom, with which code
//! ```

mod deadlines;
mod http2;
mod kit;
mod lengths;
mod verdicts;
