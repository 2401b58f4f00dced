//! Authentication and authorization as tower layers: credentials → `Principal` → yes or no.

pub mod auth;
pub mod authenticate;
pub mod basic;
mod config_error;
mod page;
mod return_path;
mod websocket;

pub use self::{
    auth::Auth,
    authenticate::{Attempt, Authenticator, Carrier, LaterAttempt, WayBack},
    basic::{Basic, HashPool, Htpasswd, PasswordHash, StoreError, User, UserStore, hash_password},
    config_error::ConfigError,
    return_path::ReturnPath,
};
pub use enfilade_core::{AuthMethod, Challenge, Clock, Gate, Principal, Rejection};
