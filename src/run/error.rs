//! What can be wrong with `enfilade run` before there is any request.
//!
//! ```text
//! the app: not there · in Python, which this build has not      --auth: twice the same · no issuer · demo, exposed
//!          in Python, and not to be imported
//! a script's setting, under the name of its option
//! ```

use std::{error::Error, fmt, net::SocketAddr};

use enfilade_cgi::ConfigError;

/// Why the app is not served; each says what to do. See [`exit_code`](Self::exit_code).
#[derive(Debug)]
#[non_exhaustive]
pub enum RunError {
    /// No file, and no app in Python by its form.
    NoApp(String),
    /// A script that cannot run, or a setting of it that cannot work.
    Script(ConfigError),
    /// An app in Python, and this program was built without it.
    NoPython(String),
    /// An app in Python that cannot be imported, or that ended before it was told to.
    #[cfg(feature = "python")]
    Import(enfilade_python::ImportError),
    /// An option that means something to apps of another kind alone: which ones.
    Misplaced(&'static str, &'static str),
    /// `--threads` beside an ASGI app.
    #[cfg(feature = "python")]
    Threads,
    /// A setting that cannot work for an app in Python.
    #[cfg(feature = "python")]
    Python(enfilade_python::ConfigError),
    /// `--auth`: a kind that is there already.
    Twice(&'static str),
    /// `--auth jwt`: whose tokens, or for whom, is not said.
    NoIssuer,
    /// `--issuer` or `--audience`, and nobody whose tokens they could be about.
    NoTokens,
    /// `--auth demo` on an address beyond this machine.
    Exposed(SocketAddr),
}

/// `EX_CONFIG`.
pub(crate) const CONFIG: u8 = 78;

impl RunError {
    /// What Python says of an app that raised while it was imported.
    pub fn traceback(&self) -> Option<&str> {
        match self {
            #[cfg(feature = "python")]
            Self::Import(error) => error.traceback(),
            _ => None,
        }
    }

    /// What the command ends with: `EX_SOFTWARE` of sysexits.h where the app is at fault, `EX_CONFIG` where what was asked
    /// for does not work here.
    pub fn exit_code(&self) -> u8 {
        match self {
            #[cfg(feature = "python")]
            Self::Import(_) => 70,
            _ => CONFIG,
        }
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoApp(name) => write!(
                f,
                "there is no file {name:?}: name a CGI script, such as ./report.cgi; an app in Python is MODULE:ATTR"
            ),
            Self::Script(error) => script(f, error),
            Self::NoPython(name) => write!(
                f,
                "{name} is an app in Python, and this program was built without it: build it with `cargo build \
                 --release --features python`; if {name} is a file, write ./{name} and chmod +x it"
            ),
            #[cfg(feature = "python")]
            Self::Import(error) => write!(f, "{error}"),
            Self::Misplaced(option, is_for) => write!(f, "{option} is for {is_for}"),
            #[cfg(feature = "python")]
            Self::Threads => f.write_str(
                "--threads is for WSGI apps: an ASGI app has one thread, and as many of its own as it starts; if it is a \
                 WSGI app, add --interface wsgi",
            ),
            #[cfg(feature = "python")]
            Self::Python(error) => python(f, error),
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

#[cfg(feature = "python")]
fn python(f: &mut fmt::Formatter<'_>, error: &enfilade_python::ConfigError) -> fmt::Result {
    match error {
        enfilade_python::ConfigError::ScriptName(name) => script_name(f, name),
        error => write!(f, "{error}"),
    }
}

fn script_name(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    write!(f, "--script-name {name:?}: give a path such as /shop, without a slash at its end")
}

/// The mistake under the option's name, which is not that of the builder's method.
fn script(f: &mut fmt::Formatter<'_>, error: &ConfigError) -> fmt::Result {
    match error {
        ConfigError::RelativeRoot(path) => {
            write!(f, "--document-root {}: give the whole path, from / on", path.display())
        }
        ConfigError::ScriptName(name) => script_name(f, name),
        ConfigError::Variable(name) => {
            write!(f, "--env {name:?}: the name must not be empty, and no environment holds a NUL")
        }
        ConfigError::Reserved(name) => {
            write!(f, "--env {name}: each request decides this one; choose another name")
        }
        error => write!(f, "{error}"),
    }
}

impl Error for RunError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Script(error) => error.source(),
            _ => None,
        }
    }
}

impl From<ConfigError> for RunError {
    fn from(error: ConfigError) -> Self {
        Self::Script(error)
    }
}
