//! Floods: memory stays flat, other clients are served, and what ends a flood is pinned.
//!
//! ```text
//! streams   rapid reset · made you reset · too many at once · never-ending bodies · zero windows · trailers
//! frames    settings · pings · priorities · window updates · empty and tiny DATA · unknown kinds · GOAWAY
//! http1     pipelines that nobody reads · tiny chunks · extensions · trailers · empty lines
//! heads     CONTINUATION · HPACK bomb · cookie crumbs
//! ```
//!
//! A counting allocator stands in this program, so it is one of its own. No test depends on time.

#![allow(
    clippy::unwrap_used,
    reason = "a test may fail; the setting in .clippy.toml reaches test functions only"
)]

#[allow(dead_code, reason = "shared with the table of raw requests")]
#[path = "../raw/frames.rs"]
mod frames;
mod kit;

mod control;
mod heads;
mod http1;
mod streams;
