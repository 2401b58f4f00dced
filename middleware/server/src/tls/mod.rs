//! TLS 1.2 and 1.3 on a listener: certificates from PEM files, chosen by name, read again when they change.
//!
//! ```text
//! ClientHello ─▶ SNI: exact ▸ wildcard ▸ default ─▶ handshake ─▶ ALPN: h2 | http/1.1 ─▶ hyper
//!                └ none fits: refused                └ until head_timeout, with the first head
//! request ─▶ its Host is on this connection's certificate ─▶ next      it is not: 421 http.host-uncovered
//! ```
//!
//! 1. Cryptography is aws-lc-rs, given to rustls in words: a program that has another provider, or none, is not asked.
//! 2. A client that names no host gets the first certificate. One that names a host on no certificate is refused, unless
//!    there is [a default](TlsBuilder::with_default).
//! 3. A connection may be used for every name on its certificate (RFC 9113 §9.1.1) and for no other (421, RFC 9110
//!    §15.5.20). A peer that is trusted to speak for others answers for the name itself.
//! 4. A reload takes the whole new set or none of it; a bad file keeps the old set and says so in the log. Connections
//!    keep the certificate that they began with.
//! 5. There is no early data (0-RTT): it can be replayed.
//! 6. A version is what ALPN says. Without ALPN it is HTTP/1.1 (RFC 9113 §3.2).
//!
//! ```no_run
//! use std::time::Duration;
//! use enfilade_server::{Listener, Server, tls::Tls};
//!
//! # async fn program() -> Result<(), Box<dyn std::error::Error>> {
//! let tls = Tls::builder()
//!     .with_certificate("shop.pem", "shop.key")
//!     .with_certificate("api.pem", "api.key")
//!     .open()?
//!     .watched(Duration::from_secs(60))?;
//! let server = Server::on([Listener::tcp("0.0.0.0:443").await?.with_tls(tls)]);
//! # Ok(()) }
//! ```

mod certificate;
mod choice;
mod error;

pub use self::error::TlsError;
pub(crate) use self::{certificate::Certificate, choice::Choice};

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, RwLock},
    thread,
    time::Duration,
};

use rustls::{ServerConfig, crypto::aws_lc_rs::default_provider};

use self::certificate::{Pair, Text};

/// Certificates and how they are shown. Clones share them, so one reload serves all. See the [module docs](self).
#[derive(Clone)]
pub struct Tls(Arc<Shared>);

/// Which files a [`Tls`] is made of.
#[derive(Clone, Debug, Default)]
#[must_use = "nothing is read until it is opened"]
pub struct TlsBuilder {
    pairs: Vec<Pair>,
    default: Option<usize>,
    any_host: bool,
}

struct Shared {
    how: TlsBuilder,
    current: RwLock<Arc<Current>>,
    seen: Mutex<Seen>,
}

/// What new connections get.
pub(crate) struct Current {
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) choice: Arc<Choice>,
    pub(crate) any_host: bool,
}

/// The digest of what was taken, and what was said of what was refused last.
struct Seen {
    taken: [u8; 32],
    refused: Option<String>,
}

impl Tls {
    /// One certificate with its chain, and its key; both PEM.
    ///
    /// # Errors
    ///
    /// As [`TlsBuilder::open`].
    pub fn open(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Result<Self, TlsError> {
        Self::builder().with_certificate(certificate, key).open()
    }

    /// Begins with several certificates, or settings of your own.
    pub fn builder() -> TlsBuilder {
        TlsBuilder::default()
    }

    /// Looks every so often whether a file has changed, on a thread that ends soon after the last clone.
    /// Less than 10 ms counts as 10 ms.
    ///
    /// # Errors
    ///
    /// When the thread cannot be started.
    pub fn watched(self, every: Duration) -> Result<Self, TlsError> {
        let (shared, every) = (Arc::downgrade(&self.0), every.max(Duration::from_millis(10)));
        let watch = move || {
            loop {
                thread::park_timeout(every);
                let Some(shared) = shared.upgrade() else { return };
                Self(shared).look();
            }
        };
        let thread = thread::Builder::new().name("enfilade-tls".to_owned()).spawn(watch);
        thread.map_err(TlsError::Thread)?;
        Ok(self)
    }

    /// Reads the files again now; whether one had changed.
    ///
    /// # Errors
    ///
    /// As [`TlsBuilder::open`]; the old certificates stay.
    pub fn reload(&self) -> Result<bool, TlsError> {
        let mut seen = self.0.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let (texts, digest) = self.0.how.read()?;
        if digest == seen.taken {
            return Ok(false);
        }
        let current = Arc::new(self.0.how.make(&texts)?);
        *self.0.current.write().unwrap_or_else(PoisonError::into_inner) = current;
        seen.taken = digest;
        Ok(true)
    }

    pub(crate) fn current(&self) -> Arc<Current> {
        self.0.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reloads, and tells the log what came of it: a bad file once, not every time.
    fn look(&self) {
        let result = self.reload();
        let mut seen = self.0.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok(changed) => {
                seen.refused = None;
                if changed {
                    tracing::info!(target: "enfilade::server", code = "tls.reloaded", "read the certificates again");
                }
            }
            Err(error) => {
                let what = error.to_string();
                if seen.refused.as_ref() != Some(&what) {
                    let code = "tls.reload-failed";
                    tracing::error!(target: "enfilade::server", code, "the old certificates stay: {what}");
                    seen.refused = Some(what);
                }
            }
        }
    }
}

impl TlsBuilder {
    /// Adds a certificate for the names that stand on it (subject alternative names); where two have one name, the
    /// first keeps it.
    ///
    /// The first file begins with the certificate itself, its chain behind it; the second holds one key (PKCS#8, SEC1
    /// or PKCS#1) that is not encrypted.
    pub fn with_certificate(mut self, certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.pairs.push(Pair { certificate: certificate.into(), key: key.into() });
        self
    }

    /// Adds the certificate that is shown to whoever names no host, or one that no other certificate has.
    pub fn with_default(mut self, certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.default = Some(self.pairs.len());
        self.with_certificate(certificate, key)
    }

    /// Takes requests for names that are not on the certificate: for health checks that ask by address and verify
    /// nothing. Nothing tells a client then that it has reached the wrong server.
    pub fn insecure_any_host(mut self) -> Self {
        self.any_host = true;
        self
    }

    /// Reads the files.
    ///
    /// # Errors
    ///
    /// When there is none, one cannot be read or understood, or a key belongs to another certificate.
    pub fn open(self) -> Result<Tls, TlsError> {
        if self.any_host {
            let what = "insecure_any_host: requests for names that are not on the certificate are answered";
            tracing::warn!(target: "enfilade::server", "{what}");
        }
        let (texts, taken) = self.read()?;
        let current = RwLock::new(Arc::new(self.make(&texts)?));
        let seen = Mutex::new(Seen { taken, refused: None });
        Ok(Tls(Arc::new(Shared { how: self, current, seen })))
    }

    fn read(&self) -> Result<(Vec<Text>, [u8; 32]), TlsError> {
        let texts: Vec<_> = self.pairs.iter().map(Pair::read).collect::<Result<_, _>>()?;
        let digest = Text::digest(&texts);
        Ok((texts, digest))
    }

    fn make(&self, texts: &[Text]) -> Result<Current, TlsError> {
        let provider = Arc::new(default_provider());
        let parse = |(pair, text): (&Pair, &Text)| Certificate::parse(pair, text, &provider).map(Arc::new);
        let all: Vec<_> = self.pairs.iter().zip(texts).map(parse).collect::<Result<_, _>>()?;
        let choice = Arc::new(Choice::new(all, self.default)?);
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Provider)?
            .with_no_client_auth()
            .with_cert_resolver(choice.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config.max_early_data_size = 0;
        Ok(Current { config: Arc::new(config), choice, any_host: self.any_host })
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("files", &self.0.how.pairs).finish_non_exhaustive()
    }
}
