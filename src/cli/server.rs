//! What the demo and `run` have in common: where to listen, by what names to be called, whom to believe.
//!
//! ```text
//! ServerArgs ─▶ Listen ─▶ listeners      addresses ─▶ the URL to type, the names to answer to
//! ```

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::Args;
use enfilade_server::{AllowedHosts, ConfigError, SecurityHeaders, security_headers::Hsts};

use super::{
    LogFormat, ProxyFields,
    listen::{host_of, is_loopback, literal, parse_mode},
};

// No doc comment: clap would show it in the place of the command's own.
#[allow(missing_docs)]
#[derive(Clone, Debug, Args)]
pub struct ServerArgs {
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
    #[arg(long, value_name = "OCTAL", value_parser = parse_mode, default_value = "600", requires = "unix")]
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

    /// Allow addresses beyond this machine over plain HTTP: whoever is on the way reads every password and token
    ///
    /// No demo users and no demo token are made then.
    #[arg(long)]
    pub insecure_listen: bool,

    /// A name or address to answer to as well; may be given several times
    ///
    /// It answers to localhost and to the addresses in --listen, save 0.0.0.0 and `[::]`. Requests for other names get 421, and
    /// so do those of HTTP/1.0 that name none.
    #[arg(long, value_name = "NAME")]
    pub host: Vec<String>,

    /// How log lines look, on standard error; `ENFILADE_LOG=warn,access=info` says which there are
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub log: LogFormat,
}

impl ServerArgs {
    /// The scheme of the addresses.
    pub fn scheme(&self) -> &'static str {
        if self.tls_cert.is_some() { "https" } else { "http" }
    }

    /// What to type into a browser.
    pub fn url(&self, addrs: &[SocketAddr]) -> String {
        let first = addrs.first().copied().unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0)));
        format!("{}://{}:{}", self.scheme(), host_of(first), first.port())
    }

    /// The names to answer to, on any port: forwarded ports (ssh, containers) change it.
    ///
    /// # Errors
    ///
    /// When one that was given is no host name.
    pub fn hosts(&self, addrs: &[SocketAddr]) -> Result<AllowedHosts, ConfigError> {
        let own = ["localhost", "127.0.0.1", "[::1]"].map(str::to_owned);
        let listened = addrs.iter().filter(|addr| !addr.ip().is_unspecified()).map(|addr| literal(*addr));
        AllowedHosts::new(own.into_iter().chain(listened).chain(self.host.iter().cloned()))
    }

    /// These headers, with HSTS where it was asked for.
    ///
    /// # Errors
    ///
    /// When its span is none.
    pub fn with_hsts(&self, headers: SecurityHeaders) -> Result<SecurityHeaders, ConfigError> {
        match self.hsts {
            Some(seconds) => headers.with_hsts(Hsts::new(Duration::from_secs(seconds))),
            None => Ok(headers),
        }
    }

    /// Says in the log what is insecure about these addresses.
    pub(crate) fn warn_of_exposure(&self, addrs: &[SocketAddr]) {
        if is_exposed(addrs) && self.tls_cert.is_none() {
            tracing::warn!(target: "enfilade", "insecure_listen: other machines can reach this, over plain HTTP");
        }
    }
}

/// Whether other machines can reach one of these.
pub(crate) fn is_exposed(addrs: &[SocketAddr]) -> bool {
    addrs.iter().any(|addr| !is_loopback(*addr))
}
