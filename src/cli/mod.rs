//! The command: `enfilade` alone shows the whole chain at work.
//!
//! ```text
//! enfilade key new --file FILE SUBJECT    makes an API key
//! enfilade [--listen ADDR]… [--tls-cert FILE --tls-key FILE] [--unix PATH] [--trust-proxy PEER]…
//!          [--hsts SECONDS] [--insecure-listen] [--insecure-plain-cookies] [--htpasswd FILE] [--api-keys FILE]
//!          [--jwks FILE | --jwks-url URL] [--issuer NAME] [--audience NAME] …
//! ```

mod key;
mod listen;
mod log;

pub use self::{
    key::KeyArgs,
    listen::{Listen, ListenError, ProxyFields, host_of, is_loopback, literal},
    log::LogFormat,
};

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::demo;

/// One straight chain from the web server to the web app: starts a demonstration of it.
#[derive(Debug, Parser)]
#[command(name = "enfilade", version, max_term_width = 100, args_conflicts_with_subcommands = true)]
pub struct Args {
    /// Something else than the demonstration.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Address to listen on, such as 127.0.0.1:8080; may be given several times
    ///
    /// Without it: `127.0.0.1:8080`, and `[::1]:8080` where the machine has IPv6. Port 0 takes a free port.
    #[arg(long, value_name = "ADDR")]
    pub listen: Vec<SocketAddr>,

    /// Speak TLS on all addresses: the certificate with its chain (PEM), read again when it changes
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,

    /// The certificate's private key (PEM, not encrypted)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,

    /// Listen on a Unix socket as well, which only this user can open (see --unix-mode)
    #[arg(long, value_name = "PATH")]
    pub unix: Option<PathBuf>,

    /// Who can open the Unix socket, such as 660 for its owner and group
    #[arg(long, value_name = "OCTAL", value_parser = listen::parse_mode, default_value = "600", requires = "unix")]
    pub unix_mode: u32,

    /// A proxy to believe when it says who its client is: an address, a network, or `unix:`; may be given several times
    #[arg(long, value_name = "PEER")]
    pub trust_proxy: Vec<String>,

    /// How those proxies say it; the other way is removed unread
    #[arg(long, value_name = "FIELDS", value_enum, default_value_t = ProxyFields::XForwarded, requires = "trust_proxy")]
    pub proxy_fields: ProxyFields,

    /// Tell browsers to come by https only, for so many seconds after each visit; begin with a few minutes
    ///
    /// There is no way back before they have passed, and every program on this host name must speak https then.
    #[arg(long, value_name = "SECONDS")]
    pub hsts: Option<u64>,

    /// Allow addresses beyond this machine over plain HTTP: anyone who reaches them can talk to the demo
    ///
    /// No demo users and no demo token are made then; say who may come in with --htpasswd, --api-keys or --jwks.
    #[arg(long)]
    pub insecure_listen: bool,

    /// A name or address that the demo answers to as well; may be given several times
    ///
    /// It answers to localhost and to the addresses in --listen, save 0.0.0.0 and `[::]`.
    #[arg(long, value_name = "NAME")]
    pub host: Vec<String>,

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

    /// How log lines look, on standard error; `ENFILADE_LOG=warn,access=info` says which there are
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub log: LogFormat,
}

impl Args {
    /// The scheme of the addresses.
    pub fn scheme(&self) -> &'static str {
        if self.tls_cert.is_some() { "https" } else { "http" }
    }
}

/// What there is beside the demonstration.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// API keys for programs
    Key(KeyArgs),
}

/// Parses the command line, runs, and says on standard error what went wrong.
pub fn main() -> ExitCode {
    let args = Args::parse();
    log::start(args.log);
    let done = match &args.command {
        Some(Command::Key(key)) => key.run(),
        None => demo::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(error.as_ref());
            // EX_CONFIG of sysexits.h: what was asked for does not work here.
            ExitCode::from(78)
        }
    }
}

/// Prints an error with its causes.
fn complain(error: &dyn std::error::Error) {
    use std::{fmt::Write as _, io::Write as _};

    let mut text = format!("enfilade: {error}");
    let mut cause = error.source();
    while let Some(deeper) = cause {
        let _ = write!(text, "\n  because {deeper}");
        cause = deeper.source();
    }
    // Nobody is left to tell when standard error is closed.
    let _ = writeln!(std::io::stderr(), "{text}");
}
