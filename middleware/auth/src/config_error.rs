//! [`ConfigError`]: a wrong setting, found while the chain is built; it names the setting and the fix.
//!
//! ```text
//! ConfigError   setup     stops the load; on a reload the old settings stay
//! Rejection     request   a response, with its reason code
//! ```
//!
//! ```
//! use enfilade_auth::Htpasswd;
//!
//! let line = "ada:$apr1$TqI9WECO$LHZB2DqRlk9nObiB6vJG9.";
//! let error = Htpasswd::parse(line).unwrap_err().to_string();
//! assert!(error.contains("line 1") && error.contains("htpasswd -B"));
//! ```

use std::{
    error::Error,
    fmt, io,
    path::{Path, PathBuf},
    time::Duration,
};

/// A wrong setting of this crate's links. See the [module docs](self).
#[derive(Debug)]
#[non_exhaustive]
pub enum ConfigError {
    /// A path of this site was expected.
    Path {
        /// The setting.
        setting: &'static str,
        /// What it was set to.
        value: String,
    },
    /// An origin was expected.
    Origin {
        /// What was given.
        value: String,
    },
    /// A header name, or the beginning of one, was expected.
    HeaderName {
        /// The setting.
        setting: &'static str,
        /// What it was set to.
        value: String,
    },
    /// An identity header has a name that the server's door takes out of every request.
    ForwardedIdentity {
        /// The setting.
        setting: &'static str,
        /// What it was set to.
        value: String,
    },
    /// A peer to trust was expected.
    Peer {
        /// What was given; empty, when there was none.
        value: String,
    },
    /// One OAuth scope was expected.
    Scope {
        /// What was given.
        value: String,
    },
    /// A file cannot be read.
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line of a user file is wrong.
    UserLine {
        /// The file, if it came from one.
        path: Option<PathBuf>,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it, and what to do. Holds nothing of the hash.
        problem: String,
    },
    /// A line of a key file is wrong.
    KeyLine {
        /// The file, if it came from one.
        path: Option<PathBuf>,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it, and what to do. Holds nothing of the hash.
        problem: String,
    },
    /// An API key cannot be made so.
    NewKey {
        /// What is wrong, and what to do.
        problem: String,
    },
    /// A key for tokens is malformed, weak or of the wrong kind.
    Key {
        /// Where it came from: a file, or what it was read as.
        from: String,
        /// What is wrong with it, and what to do. Holds nothing of the key.
        problem: String,
    },
    /// An issuer's keys cannot be fetched, or not so.
    KeySource {
        /// The address or the issuer.
        from: String,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// A setting of a token verifier is missing or contradicts another.
    Verifier {
        /// The setting.
        setting: &'static str,
        /// What to do.
        problem: &'static str,
    },
    /// A setting of the session token is wrong.
    #[cfg(feature = "cookie")]
    Session {
        /// The setting.
        setting: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// A user file names nobody.
    NoUsers {
        /// The file, if it came from one.
        path: Option<PathBuf>,
    },
    /// A password hash of a user store is wrong.
    PasswordHash {
        /// What is wrong with it, and what to do. Holds nothing of the hash.
        problem: &'static str,
    },
    /// A password cannot be hashed.
    Password {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A right password would be remembered for too long.
    Remember {
        /// What was asked for.
        span: Duration,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path { setting, value } => {
                write!(
                    f,
                    "{setting}: {value:?} is not a path of this site: write one that begins with `/`, with no `//`, `..`, `;` or escaped `/` in it"
                )
            }
            Self::Origin { value } => {
                write!(
                    f,
                    "trusted origin {value:?}: write scheme, host and perhaps port, like https://app.example.com"
                )
            }
            Self::HeaderName { setting, value } => {
                write!(f, "{setting}: {value:?} is not a header name: use letters, digits and `-`")
            }
            Self::ForwardedIdentity { setting, value } => {
                write!(
                    f,
                    "{setting}: the server takes {value:?} out of every request: let the proxy send another, such as x-auth-request-user"
                )
            }
            Self::Peer { value } => {
                write!(
                    f,
                    "trusted peer {value:?}: name at least one address or network, such as 10.0.0.7 or 10.0.0.0/8, but not everybody; or `unix:`"
                )
            }
            Self::Scope { value } => {
                write!(
                    f,
                    "scope {value:?}: write one scope of visible ASCII, without blanks, `\"` and `\\`; join several with `&`"
                )
            }
            Self::File { path, source } => write!(f, "cannot read {}: {source}", path.display()),
            Self::UserLine { path, line, problem } | Self::KeyLine { path, line, problem } => {
                at_line(f, path.as_deref(), *line, problem)
            }
            Self::NewKey { problem } => write!(f, "new key: {problem}"),
            Self::Key { from, problem } | Self::KeySource { from, problem } => write!(f, "{from}: {problem}"),
            #[cfg(feature = "cookie")]
            Self::Session { setting, problem } => write!(f, "session token, {setting}: {problem}"),
            Self::Verifier { setting, problem } => write!(f, "token verifier, {setting}: {problem}"),
            Self::NoUsers { path: Some(path) } => {
                write!(
                    f,
                    "{} names no user: add a line with `htpasswd -B` or `enfilade hash`",
                    path.display()
                )
            }
            Self::NoUsers { path: None } => f.write_str("no user is named: add a line `name:hash`"),
            Self::PasswordHash { problem } => write!(f, "password hash: {problem}"),
            Self::Password { problem } => write!(f, "password: {problem}"),
            Self::Remember { span } => {
                write!(
                    f,
                    "Basic::with_remember: {span:?} is too long: a changed password would still work. Take 60 s or less"
                )
            }
        }
    }
}

fn at_line(f: &mut fmt::Formatter<'_>, path: Option<&Path>, line: usize, problem: &str) -> fmt::Result {
    match path {
        Some(path) => write!(f, "{}, line {line}: {problem}", path.display()),
        None => write!(f, "line {line}: {problem}"),
    }
}

impl Error for ConfigError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::File { source, .. } => Some(source),
            _ => None,
        }
    }
}
