//! Authentication and authorization as tower layers: credentials → `Principal` → yes or no.

pub mod authenticate;

pub use self::authenticate::{Attempt, Authenticator, Carrier, LaterAttempt, WayBack};
pub use enfilade_core::{AuthMethod, Challenge, Principal, Rejection};
