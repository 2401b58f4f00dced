//! Authentication and authorization as tower layers: credentials → `Principal` → yes or no.

pub mod auth;
pub mod authenticate;
pub mod basic;
mod config_error;
pub mod jwt;
mod page;
pub mod policy;
mod return_path;
pub mod revocation;
pub mod strip_identity;
mod websocket;

pub use self::{
    auth::Auth,
    authenticate::{Attempt, Authenticator, Carrier, LaterAttempt, WayBack},
    basic::{Basic, HashPool, Htpasswd, PasswordHash, StoreError, User, UserStore, hash_password},
    config_error::ConfigError,
    jwt::{Bearer, Verifier},
    policy::{Policy, Require, require},
    return_path::ReturnPath,
    revocation::Revocations,
    strip_identity::StripIdentity,
};
pub use enfilade_core::{AuthMethod, Challenge, Clock, Gate, Principal, Rejection};
