//! What can be wrong with `enfilade run` before there is any request.
//!
//! ```text
//! the app: in Python, which this build has not      --auth: twice the same · demo beyond this machine · no issuer
//! ```

use std::{error::Error, fmt, net::SocketAddr};

/// Why the app is not served; each says what to do. Exit code 78, as every error of the configuration.
#[derive(Debug)]
#[non_exhaustive]
pub enum RunError {
    /// An app in Python, and this program was built without it.
    NoPython(String),
    /// `--auth`: a kind that is there already.
    Twice(&'static str),
    /// `--auth jwt`: whose tokens, or for whom, is not said.
    NoIssuer,
    /// `--issuer` or `--audience`, and nobody whose tokens they could be about.
    NoTokens,
    /// `--auth demo` on an address beyond this machine.
    Exposed(SocketAddr),
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPython(name) => write!(
                f,
                "{name} is an app in Python, and this program was built without it: build it with `cargo build \
                 --release --features python`; if {name} is a file, write ./{name} and chmod +x it"
            ),
            Self::Twice(kind) => {
                write!(f, "--auth {kind} is there twice: one file may hold all users, and all keys of an issuer")
            }
            Self::NoIssuer => f.write_str(
                "--auth jwt: say whose tokens these keys verify and for whom they must be: --issuer NAME --audience NAME",
            ),
            Self::NoTokens => f.write_str("--issuer and --audience are about tokens: add --auth jwt=FILE or jwt=URL"),
            Self::Exposed(addr) => write!(
                f,
                "--auth demo is for this machine alone, and other machines can reach {addr}: use --auth basic=FILE or \
                 jwt=FILE"
            ),
        }
    }
}

impl Error for RunError {}
