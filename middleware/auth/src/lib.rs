//! Authentication and authorization as tower layers: credentials → `Principal` → yes or no.

pub mod auth;
pub mod authenticate;
mod config_error;
mod page;
mod return_path;
mod websocket;

pub use self::{
    auth::Auth,
    authenticate::{Attempt, Authenticator, Carrier, LaterAttempt, WayBack},
    config_error::ConfigError,
    return_path::ReturnPath,
};
pub use enfilade_core::{AuthMethod, Challenge, Clock, Gate, Principal, Rejection};
