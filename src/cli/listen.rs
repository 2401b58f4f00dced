//! Which addresses to listen on, and which host names those answer to.
//!
//! ```text
//! nothing said            127.0.0.1:8080, and [::1]:8080 where the machine has it
//! --listen loopback       that
//! --listen anything else  refused, unless --tls-cert or --insecure-listen
//! --unix PATH             a Unix socket as well
//! ```
//!
//! The loopback rule is a beginner's safety: plain HTTP hides nothing. Beyond loopback no demo users and no demo token are
//! made.

use std::{
    error, fmt, io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
    time::Duration,
};

use clap::ValueEnum;
use enfilade_server::{ConfigError, Listener, Trust, tls::Tls};
use tower::BoxError;

use super::ServerArgs;

/// What people type when they give no port.
const DEFAULT_PORT: u16 = 8080;

/// Bound listeners and what they are called.
#[derive(Debug)]
pub struct Listen {
    listeners: Vec<TcpListener>,
}

impl Listen {
    /// Binds what these arguments ask for, before anything else is done.
    ///
    /// # Errors
    ///
    /// [`ListenError`], with the option to type instead.
    pub fn of(args: &ServerArgs) -> Result<Self, ListenError> {
        Self::bind(&args.listen, args.insecure_listen || args.tls_cert.is_some())
    }

    /// Binds the addresses asked for, or the two loopback ones; others than these when they may be `anywhere`.
    ///
    /// # Errors
    ///
    /// [`ListenError`], with the option to type instead.
    pub fn bind(asked: &[SocketAddr], anywhere: bool) -> Result<Self, ListenError> {
        let beyond = asked.iter().find(|addr| !is_loopback(**addr));
        if let (Some(addr), false) = (beyond, anywhere) {
            return Err(ListenError::Exposed(*addr));
        }
        let listeners = if asked.is_empty() {
            both_loopbacks()?
        } else {
            asked.iter().map(|addr| bind(*addr)).collect::<Result<_, _>>()?
        };
        Ok(Self { listeners })
    }

    /// What another process of this program has bound.
    #[cfg(feature = "python")]
    pub(crate) fn taken(listeners: Vec<TcpListener>) -> Self {
        Self { listeners }
    }

    #[cfg(feature = "python")]
    pub(crate) fn listeners(&self) -> &[TcpListener] {
        &self.listeners
    }

    /// The addresses, with the ports that were taken.
    ///
    /// # Errors
    ///
    /// When the system cannot tell.
    pub fn addrs(&self) -> io::Result<Vec<SocketAddr>> {
        self.listeners.iter().map(TcpListener::local_addr).collect()
    }

    /// The listeners, for the server, with TLS, trusted proxies and the Unix socket that were asked for.
    ///
    /// # Errors
    ///
    /// When a certificate, a proxy or the socket's path cannot be used.
    pub fn into_listeners(self, args: &ServerArgs) -> Result<Vec<Listener>, BoxError> {
        let trust = trust(args)?;
        let mut tcp = Listener::from_tcp(self.listeners)?;
        if let (Some(certificate), Some(key)) = (&args.tls_cert, &args.tls_key) {
            tcp = tcp.with_tls(Tls::open(certificate, key)?.watched(RELOAD)?);
        }
        let mut all = vec![tcp];
        if let Some(path) = &args.unix {
            all.push(Listener::unix(path, args.unix_mode)?);
        }
        let believe = |listener: Listener| match &trust {
            Some(trust) => listener.with_trust(trust.clone()),
            None => listener,
        };
        Ok(all.into_iter().map(believe).collect())
    }
}

/// How often the certificate is looked at.
const RELOAD: Duration = Duration::from_secs(10);

/// The fields by which proxies speak of their clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProxyFields {
    /// X-Forwarded-For and X-Forwarded-Proto
    XForwarded,
    /// Forwarded (RFC 7239)
    Forwarded,
}

fn trust(args: &ServerArgs) -> Result<Option<Trust>, ConfigError> {
    if args.trust_proxy.is_empty() {
        return Ok(None);
    }
    match args.proxy_fields {
        ProxyFields::XForwarded => Trust::x_forwarded(&args.trust_proxy),
        ProxyFields::Forwarded => Trust::forwarded(&args.trust_proxy),
    }
    .map(Some)
}

/// Reads a mode as `chmod` does.
pub(super) fn parse_mode(text: &str) -> Result<u32, String> {
    match u32::from_str_radix(text, 8) {
        Ok(mode) if mode <= 0o777 => Ok(mode),
        _ => Err("write three octal digits, such as 660".to_owned()),
    }
}

/// The host to type on this machine: `localhost` where that leads to the address, or the address itself.
pub fn host_of(addr: SocketAddr) -> String {
    let localhost = addr.ip() == Ipv4Addr::LOCALHOST || addr.ip() == Ipv6Addr::LOCALHOST;
    if localhost || addr.ip().is_unspecified() { "localhost".to_owned() } else { literal(addr) }
}

/// The address as a host: an IPv6 one in brackets.
pub fn literal(addr: SocketAddr) -> String {
    match addr {
        SocketAddr::V4(addr) => addr.ip().to_string(),
        SocketAddr::V6(addr) => format!("[{}]", addr.ip()),
    }
}

/// Whether only this machine can reach the address.
pub fn is_loopback(addr: SocketAddr) -> bool {
    addr.ip().to_canonical().is_loopback()
}

/// The same port on both loopback addresses; a machine without IPv6 listens on one.
fn both_loopbacks() -> Result<Vec<TcpListener>, ListenError> {
    let v4 = bind((Ipv4Addr::LOCALHOST, DEFAULT_PORT).into())?;
    match TcpListener::bind((Ipv6Addr::LOCALHOST, DEFAULT_PORT)) {
        Ok(v6) => Ok(vec![v4, v6]),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            Err(ListenError::bind((Ipv6Addr::LOCALHOST, DEFAULT_PORT).into(), error))
        }
        Err(_) => Ok(vec![v4]),
    }
}

fn bind(addr: SocketAddr) -> Result<TcpListener, ListenError> {
    TcpListener::bind(addr).map_err(|error| ListenError::bind(addr, error))
}

/// Why an address cannot be listened on.
#[derive(Debug)]
#[non_exhaustive]
pub enum ListenError {
    /// An address beyond this machine, without TLS or `--insecure-listen`.
    Exposed(SocketAddr),
    /// Somebody else has the address.
    Busy(SocketAddr, io::Error),
    /// The system said no.
    Bind(SocketAddr, io::Error),
}

impl ListenError {
    fn bind(addr: SocketAddr, error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::AddrInUse => Self::Busy(addr, error),
            _ => Self::Bind(addr, error),
        }
    }
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exposed(addr) => write!(
                f,
                "--listen {addr} can be reached from other machines, over plain HTTP: whoever is on the way reads \
                 every password and token. Add --tls-cert and --tls-key to hide them, or --insecure-listen to do it all \
                 the same (no demo users are made then); to stay on this machine, use --listen 127.0.0.1:{}",
                addr.port()
            ),
            Self::Busy(addr, _) => {
                let free = SocketAddr::new(addr.ip(), next_port(addr.port()));
                write!(f, "{addr} is in use by another program: try --listen {free}")
            }
            Self::Bind(addr, _) => {
                write!(
                    f,
                    "cannot listen on {addr}: choose an address of this machine, as in --listen 127.0.0.1:8080"
                )
            }
        }
    }
}

impl error::Error for ListenError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Exposed(_) => None,
            Self::Busy(_, error) | Self::Bind(_, error) => Some(error),
        }
    }
}

/// A port to suggest: the next one, or the system's choice.
fn next_port(port: u16) -> u16 {
    port.checked_add(1).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_loopback_is_refused_and_the_message_says_what_to_type() {
        let error = Listen::bind(&["0.0.0.0:0".parse().unwrap()], false).unwrap_err();
        assert!(matches!(error, ListenError::Exposed(_)));
        assert!(error.to_string().contains("--insecure-listen") && error.to_string().contains("127.0.0.1"));
    }

    #[test]
    fn a_mode_is_read_as_chmod_reads_it() {
        assert_eq!(parse_mode("660"), Ok(0o660));
        for bad in ["", "9", "1777", "rw", "-1", "0o660"] {
            assert!(parse_mode(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_mapped_loopback_address_is_loopback() {
        assert!(is_loopback("[::ffff:127.0.0.1]:1".parse().unwrap()));
        assert!(!is_loopback("[::ffff:10.0.0.1]:1".parse().unwrap()));
    }

    #[test]
    fn the_host_to_type_leads_to_the_address() {
        let host = |addr: &str| host_of(addr.parse().unwrap());
        assert_eq!(host("127.0.0.1:1"), "localhost");
        assert_eq!(host("[::1]:1"), "localhost");
        assert_eq!(host("127.0.0.2:1"), "127.0.0.2");
        assert_eq!(host("0.0.0.0:1"), "localhost");
        assert_eq!(host("[fe80::1]:1"), "[fe80::1]");
    }

    #[test]
    fn a_busy_port_names_the_listen_to_type() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = taken.local_addr().unwrap();
        let error = Listen::bind(&[addr], false).unwrap_err().to_string();
        let next = SocketAddr::new(addr.ip(), next_port(addr.port()));
        assert!(error.contains(&format!("--listen {next}")), "{error}");
    }
}
