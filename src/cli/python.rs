//! What `enfilade run` is told about an app in Python.
//!
//! ```text
//! --interface  --app-dir  --venv  --threads  --reload
//! ```

use std::path::PathBuf;

use clap::{Args, ValueEnum};

// No doc comment: clap would show it in the place of the command's own.
#[allow(missing_docs)]
#[derive(Clone, Debug, Args)]
pub struct PythonArgs {
    /// Which interface the app has; it is asked unless this says so
    #[arg(long, value_name = "KIND", value_enum, default_value_t = InterfaceArg::Auto)]
    pub interface: InterfaceArg,

    /// Where its modules are looked for first
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub app_dir: PathBuf,

    /// The virtual environment that has its packages. Without it: that of `VIRTUAL_ENV`, or `python3`'s own
    #[arg(long, value_name = "DIR")]
    pub venv: Option<PathBuf>,

    /// Threads of a WSGI app; with one, it runs where the server runs, and a slow request makes others wait
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: u16,

    /// Start anew whenever a .py file below --app-dir changes: for developers
    #[arg(long)]
    pub reload: bool,

    /// Where the process that `--reload` starts takes its listeners from.
    #[arg(long, value_name = "PATH", hide = true, requires = "reload")]
    pub reloaded: Option<PathBuf>,
}

/// The interface of an app in Python.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum InterfaceArg {
    /// Ask the app
    Auto,
    /// ASGI 3
    Asgi,
    /// WSGI (PEP 3333)
    Wsgi,
}
