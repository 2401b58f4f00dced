//! What WSGI and ASGI both need of a request: its one target, its place below the app, and who asks.
//!
//! ```text
//! Canonical, or target and Host ─▶ Target { path, https, host, client }
//! path ── Mount ─▶ script name and what follows it          Principal ─▶ User
//! ```

mod config_error;
mod fault;
mod interface;
mod mount;
mod target;
mod user;

pub use self::{config_error::ConfigError, interface::Interface};
pub(crate) use self::{
    fault::{Codes, Fault},
    interface::is_double,
    mount::Mount,
    target::{Target, decode},
    user::User,
};
