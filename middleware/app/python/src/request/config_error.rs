//! What can be wrong with an app's settings before there is any request.
//!
//! ```text
//! script name: neither empty nor a path      server name: no host
//! ```

use std::{error::Error, fmt};

/// A setting that cannot work; each says which one it is and what to do.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConfigError {
    /// `with_script_name`: neither empty nor a path that begins with `/` and ends without one.
    ScriptName(String),
    /// `with_server_name`: no host name or address.
    ServerName(String),
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ScriptName(name) => {
                write!(f, "with_script_name: {name:?}: give \"\" or a path such as \"/shop\"")
            }
            Self::ServerName(name) => write!(f, "with_server_name: {name:?} is no host name"),
        }
    }
}

impl Error for ConfigError {}
