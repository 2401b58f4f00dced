//! The server as its clients see it: raw bytes in, answers and log lines out.
//!
//! ```text
//! verdicts    which of the odd requests are refused, by whom, with which code
//! ```

mod kit;
mod verdicts;
