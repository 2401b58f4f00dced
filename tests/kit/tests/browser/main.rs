//! The browser against Chromium's record, and as a test uses it.
//!
//! ```text
//! chromium   the list of steps that both replay
//! window     pages, links, history, redirects, fetch, time       forms   what is filled in, and what is sent
//! ```
#![allow(clippy::unwrap_used)] // a helper of a test fails the test

mod chromium;
mod forms;
mod window;
