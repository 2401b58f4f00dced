//! Which certificate a client is shown: the one for the name that it asks for.
//!
//! ```text
//! shop.example      "shop.example" ▸ "*.example" ▸ the default ▸ none: refused
//! (no name)         the default ▸ the first
//! ```

use std::{collections::HashMap, sync::Arc};

use rustls::{
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

use super::{Certificate, TlsError};

/// All certificates of a listener, by name.
#[derive(Debug)]
pub(crate) struct Choice {
    all: Vec<Arc<Certificate>>,
    by_name: HashMap<String, usize>,
    default: Option<usize>,
}

impl Choice {
    pub(super) fn new(all: Vec<Arc<Certificate>>, default: Option<usize>) -> Result<Self, TlsError> {
        if all.is_empty() {
            return Err(TlsError::NoCertificate);
        }
        let mut by_name = HashMap::new();
        for (at, certificate) in all.iter().enumerate() {
            for name in &certificate.names {
                by_name.entry(name.clone()).or_insert(at);
            }
        }
        Ok(Self { all, by_name, default })
    }

    /// The certificate for a name as the client sent it; `None` when none fits.
    pub(crate) fn of(&self, name: Option<&str>) -> Option<&Arc<Certificate>> {
        let at = match name {
            None => self.default.or(Some(0)),
            Some(name) => self.named(name).or(self.default),
        };
        at.and_then(|at| self.all.get(at))
    }

    fn named(&self, name: &str) -> Option<usize> {
        // RFC 6066 §3 sends neither a trailing dot nor, by custom, upper case; who does means the same host.
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        let exact = self.by_name.get(&name);
        // RFC 6125 §6.4.3: a wildcard stands for one label, the leftmost.
        let wild = || self.by_name.get(&format!("*.{}", name.split_once('.')?.1));
        exact.or_else(wild).copied()
    }
}

impl ResolvesServerCert for Choice {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.of(hello.server_name()).map(|certificate| certificate.key.clone())
    }
}
