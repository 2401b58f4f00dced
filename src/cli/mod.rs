//! The command: `enfilade` alone shows the whole chain at work, `enfilade run` puts it before an app.
//!
//! ```text
//! enfilade run APP [--auth KIND]…         serves an app that was not written in Rust
//! enfilade key new --file FILE SUBJECT    makes an API key
//! enfilade [--listen ADDR]… [--tls-cert FILE --tls-key FILE] [--unix PATH] [--trust-proxy PEER]…
//!          [--hsts SECONDS] [--insecure-listen] [--insecure-plain-cookies] [--htpasswd FILE] [--api-keys FILE]
//!          [--jwks FILE | --jwks-url URL] [--issuer NAME] [--audience NAME] …
//! ```

mod key;
mod listen;
mod log;
mod python;
mod run;
mod server;

pub(crate) use self::server::is_exposed;
pub use self::{
    key::KeyArgs,
    listen::{Listen, ListenError, ProxyFields, host_of, is_loopback, literal},
    log::LogFormat,
    python::{InterfaceArg, PythonArgs},
    run::{AuthKind, CgiArgs, RunArgs},
    server::ServerArgs,
};

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::{
    demo,
    run::{self as gateway, CONFIG, RunError},
};

/// One straight chain from the web server to the web app: starts a demonstration of it.
#[derive(Debug, Parser)]
#[command(name = "enfilade", version, max_term_width = 100, args_conflicts_with_subcommands = true)]
pub struct Args {
    /// Something else than the demonstration.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Where and how to listen.
    #[command(flatten)]
    pub server: ServerArgs,

    /// Keep cookies without `Secure` and `__Host-`: for Safari on plain http
    #[arg(long)]
    pub insecure_plain_cookies: bool,

    /// Users: a file of NAME:HASH lines (argon2id or bcrypt), read again when it changes
    #[arg(long, value_name = "FILE")]
    pub htpasswd: Option<PathBuf>,

    /// API keys, in `X-Api-Key` or `Authorization: ApiKey`: a file that `key new` writes, read again when it changes
    #[arg(long, value_name = "FILE")]
    pub api_keys: Option<PathBuf>,

    /// Public keys (JWKS, RFC 7517) whose tokens are accepted as well, read again when they change
    #[arg(long, value_name = "FILE")]
    pub jwks: Option<PathBuf>,

    /// The same by their address, https or this machine's, fetched again and again; say whose they are with --issuer
    #[arg(long, value_name = "URL", conflicts_with = "jwks", requires = "issuer")]
    pub jwks_url: Option<String>,

    /// The issuer that tokens of --jwks or --jwks-url must name
    #[arg(long, value_name = "NAME", default_value = "https://issuer.example")]
    pub issuer: String,

    /// The audience that those tokens must be for
    #[arg(long, value_name = "NAME", default_value = "enfilade-demo")]
    pub audience: String,
}

/// What there is beside the demonstration.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// API keys for programs
    Key(KeyArgs),
    /// Serves an app that was not written in Rust, behind the chain
    ///
    /// Who is signed in is told to a script and to a WSGI app as `REMOTE_USER` and `AUTH_TYPE`, to an ASGI app in its scope
    /// as `state["principal"]`; no header of a client can say it.
    #[command(after_long_help = EXIT_CODES)]
    Run(Box<RunArgs>),
}

const EXIT_CODES: &str = "\
Exit codes:
  0   it was told to end: SIGTERM or Ctrl-C, which drain; the second one ends it at once
  1   it was told twice, and the app did not end; or a thread of the app in Python did not, half a minute after all else
  2   the command line is none
  70  the app, in Python, cannot be imported or started: its traceback is on standard error
  78  something else that was asked for does not work here: standard error says what to do";

/// Parses the command line, runs, and says on standard error what went wrong.
pub fn main() -> ExitCode {
    let args = Args::parse();
    log::start(match &args.command {
        Some(Command::Run(run)) => run.server.log,
        _ => args.server.log,
    });
    let done = match &args.command {
        Some(Command::Key(key)) => key.run(),
        Some(Command::Run(run)) => gateway::run(run),
        None => demo::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let of_app = error.downcast_ref::<RunError>();
            complain(error.as_ref(), of_app.and_then(RunError::traceback));
            ExitCode::from(of_app.map_or(CONFIG, RunError::exit_code))
        }
    }
}

/// Prints an error with its causes, behind what the app has to say.
fn complain(error: &dyn std::error::Error, traceback: Option<&str>) {
    use std::io::Write as _;

    let traceback = traceback.map(|text| format!("{text}\n")).unwrap_or_default();
    // Nobody is left to tell when standard error is closed.
    let _ = writeln!(std::io::stderr(), "{traceback}enfilade: {}", with_causes(error));
}

/// An error and its causes, a line each, but for those that it has said itself.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        let said = deeper.to_string();
        if !text.ends_with(&said) {
            text.push_str("\n  because ");
            text.push_str(&said);
        }
        cause = deeper.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::{io, path::PathBuf};

    use super::*;

    #[test]
    fn a_cause_is_said_once() {
        let busy = || io::Error::other("somebody is there");
        let error = ListenError::Busy(([127, 0, 0, 1], 8080).into(), busy());
        assert!(with_causes(&error).ends_with("8081\n  because somebody is there"));
        let error = enfilade_cgi::ConfigError::Unreadable(PathBuf::from("x"), busy());
        assert_eq!(with_causes(&error).matches("somebody").count(), 1);
    }
}
