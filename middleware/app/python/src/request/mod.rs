//! What WSGI and ASGI both need beside what every gateway does: an app's interface and place, and the refusals.
//!
//! ```text
//! callable ─▶ Interface      path ── Mount ─▶ what follows the script name      Fault ── Codes ─▶ Rejection
//! ```

mod config_error;
mod fault;
mod interface;
mod mount;

pub use self::{config_error::ConfigError, interface::Interface};
pub(crate) use self::{
    fault::{Codes, Fault},
    interface::is_double,
    mount::Mount,
};
