//! What `enfilade run` is told about an app in Python.
//!
//! ```text
//! --interface  --app-dir  --venv  --threads  --reload
//! ```

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::run::given;

// No doc comment: clap would show it in the place of the command's own.
#[allow(missing_docs)]
#[derive(Clone, Debug, Args)]
pub struct PythonArgs {
    /// Which interface the app has; without it the app is looked at
    #[arg(long, value_name = "KIND", value_enum)]
    pub interface: Option<InterfaceArg>,

    /// Where its modules are looked for first; without it: in this folder
    #[arg(long, value_name = "DIR")]
    pub app_dir: Option<PathBuf>,

    /// The virtual environment that has its packages. Without it: that of `VIRTUAL_ENV`, or `python3`'s own
    #[arg(long, value_name = "DIR")]
    pub venv: Option<PathBuf>,

    /// Threads of a WSGI app; with one, which is the default, a slow request makes all others wait
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,

    /// Start anew whenever a .py file below --app-dir changes: for developers
    #[arg(long)]
    pub reload: bool,

    /// Where the process that `--reload` starts takes its listeners from.
    #[arg(long, value_name = "PATH", hide = true, requires = "reload")]
    pub reloaded: Option<PathBuf>,
}

impl PythonArgs {
    /// An option that was given and means something to an app in Python alone.
    pub(crate) fn given(&self) -> Option<&'static str> {
        given([
            (self.interface.is_some(), "--interface"),
            (self.app_dir.is_some(), "--app-dir"),
            (self.venv.is_some(), "--venv"),
            (self.threads.is_some(), "--threads"),
            (self.reload, "--reload"),
        ])
    }

    /// Where its modules are looked for first, whatever folder the app goes to later.
    #[cfg(feature = "python")]
    pub(crate) fn folder(&self) -> std::io::Result<PathBuf> {
        std::path::absolute(self.app_dir.as_deref().unwrap_or(".".as_ref()))
    }
}

/// The interface of an app in Python.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum InterfaceArg {
    /// ASGI 3
    Asgi,
    /// WSGI (PEP 3333)
    Wsgi,
}
