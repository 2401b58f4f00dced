//! The service with real processes: small shell scripts that each test writes for itself.
//!
//! ```text
//! kit       a directory with scripts, and how to wait for what they leave behind
//! answers   what a script may answer          streams   both ways, and not more than asked for
//! ends      how a script ends                 places    how many at once, and with what limits
//! redirects local redirects                   setup     settings that cannot work, chains, routers
//! wire      an answer that breaks off, over a socket
//! ```

mod answers;
mod ends;
mod kit;
mod places;
mod redirects;
mod setup;
mod streams;
mod wire;
