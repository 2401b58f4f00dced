//! What can be wrong with a service before there is any request.
//!
//! ```text
//! the script: not there · a directory · not executable      a setting: relative root · bad name · reserved variable
//! ```

use std::{error::Error, fmt, io, path::PathBuf};

/// A setting that cannot work; each says which one it is and what to do.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConfigError {
    /// The script cannot be looked at: it is not there, or a directory on the way to it is closed.
    Unreadable(PathBuf, io::Error),
    /// The script is a directory, a socket or a device.
    NotAFile(PathBuf),
    /// Nobody may execute the script.
    NotExecutable(PathBuf),
    /// `with_document_root`: the directory is not absolute, and a script has another working directory.
    RelativeRoot(PathBuf),
    /// `with_script_name`: neither empty nor a path that begins with `/` and ends without one.
    ScriptName(String),
    /// `with_server_name`: no host name or address.
    ServerName(String),
    /// `with_env`: an empty name, a `=` or a NUL.
    Variable(String),
    /// `with_env`: a variable that the request decides, or one that begins with `HTTP_`.
    Reserved(String),
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(path, error) => {
                write!(f, "the script {} cannot be read: {error}", path.display())
            }
            Self::NotAFile(path) => {
                write!(f, "{} is no file: name the script itself", path.display())
            }
            Self::NotExecutable(path) => {
                write!(f, "{0} is not executable: chmod +x {0}", path.display())
            }
            Self::RelativeRoot(path) => {
                write!(f, "with_document_root: {} is relative: give the whole path", path.display())
            }
            Self::ScriptName(name) => {
                write!(f, "with_script_name: {name:?}: give \"\" or a path such as \"/report.cgi\"")
            }
            Self::ServerName(name) => write!(f, "with_server_name: {name:?} is no host name"),
            Self::Variable(name) => {
                write!(f, "with_env: {name:?}: a name is not empty and holds no `=`; neither holds a NUL")
            }
            Self::Reserved(name) => {
                write!(f, "with_env: {name} is decided by each request; choose another name")
            }
        }
    }
}

impl Error for ConfigError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unreadable(_, error) => Some(error),
            _ => None,
        }
    }
}
