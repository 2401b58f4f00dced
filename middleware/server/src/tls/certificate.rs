//! One certificate with its chain and key, as read from two PEM files, and the names that stand on it.
//!
//! ```text
//! shop.pem ─▶ certificate, chain ─┐
//! shop.key ─▶ one private key ────┴─▶ do they belong together? ─▶ names: shop.example, *.shop.example, 192.0.2.7
//! ```

use std::{
    fmt, fs,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use aws_lc_rs::digest::{Context, SHA256};
use enfilade_core::Host;
use rustls::{
    Error, InconsistentKeys,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, IpAddr, PrivateKeyDer, ServerName, pem::PemObject},
    sign::CertifiedKey,
};
use webpki::EndEntityCert;

use super::TlsError;

/// No chain of a thousand certificates is longer.
const MAX_FILE: u64 = 2 << 20;

/// The files of one certificate.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

/// What stood in them.
pub(super) struct Text {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

/// A certificate that can be shown.
pub(crate) struct Certificate {
    pub(super) key: Arc<CertifiedKey>,
    pub(super) names: Vec<String>,
}

impl Pair {
    pub(super) fn read(&self) -> Result<Text, TlsError> {
        Ok(Text { certificate: read(&self.certificate)?, key: read(&self.key)? })
    }
}

impl Text {
    /// A digest of all texts: the content is compared, not the time of change, and keys are not kept for it.
    pub(super) fn digest(all: &[Self]) -> [u8; 32] {
        let mut context = Context::new(&SHA256);
        for text in all.iter().flat_map(|text| [&text.certificate, &text.key]) {
            context.update(&(text.len() as u64).to_be_bytes());
            context.update(text);
        }
        context.finish().as_ref().try_into().expect("SHA-256 has 32 bytes")
    }
}

impl Certificate {
    pub(super) fn parse(pair: &Pair, text: &Text, provider: &CryptoProvider) -> Result<Self, TlsError> {
        let chain = chain(&text.certificate)
            .map_err(|problem| TlsError::Certificate { path: pair.certificate.clone(), problem })?;
        let names = names(&chain[0])
            .map_err(|problem| TlsError::Certificate { path: pair.certificate.clone(), problem })?;
        let key = key(&text.key).map_err(|problem| TlsError::Key { path: pair.key.clone(), problem })?;
        let key = CertifiedKey::from_der(chain, key, provider).map_err(|error| match error {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                TlsError::Mismatch { certificate: pair.certificate.clone(), key: pair.key.clone() }
            }
            error => TlsError::Key { path: pair.key.clone(), problem: error.to_string() },
        })?;
        Ok(Self { key: Arc::new(key), names })
    }

    /// Whether a request for this host may come over a connection that shows this certificate.
    ///
    /// Parses the certificate, which takes a microsecond: a connection asks once for each host it sees in a row.
    pub(crate) fn covers(&self, host: &Host) -> bool {
        let name = host.name();
        let name = match name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
            Some(v6) => v6.parse().ok().map(|ip: std::net::IpAddr| ServerName::IpAddress(IpAddr::from(ip))),
            None => ServerName::try_from(name).ok(),
        };
        let parsed = self.key.end_entity_cert().ok().and_then(|end| EndEntityCert::try_from(end).ok());
        match (parsed, name) {
            (Some(parsed), Some(name)) => parsed.verify_is_valid_for_subject_name(&name).is_ok(),
            _ => false,
        }
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Certificate").field(&self.names).finish()
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let read = || {
        let mut bytes = Vec::new();
        // The length that the file system reports may be out of date, and is 0 for a pipe.
        if fs::File::open(path)?.take(MAX_FILE + 1).read_to_end(&mut bytes)? as u64 > MAX_FILE {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is longer than 2 MiB"));
        }
        Ok(bytes)
    };
    read().map_err(|source| TlsError::File { path: path.to_owned(), source })
}

fn chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| format!("its PEM is broken ({error})"))?;
    if chain.is_empty() {
        return Err("it holds no `BEGIN CERTIFICATE`".to_owned());
    }
    Ok(chain)
}

fn key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, String> {
    let mut keys: Vec<_> = PrivateKeyDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| format!("its PEM is broken ({error})"))?;
    match keys.len() {
        1 => Ok(keys.remove(0)),
        0 if pem.windows(9).any(|window| window == b"ENCRYPTED") => {
            Err("it is encrypted: decrypt it, and let only this server's user read it".to_owned())
        }
        0 => Err("it holds no `BEGIN PRIVATE KEY`, `EC PRIVATE KEY` or `RSA PRIVATE KEY`".to_owned()),
        several => Err(format!("it holds {several} keys: leave one")),
    }
}

/// The host names on a certificate, lower case; there may be none, when it is for addresses only.
fn names(certificate: &CertificateDer<'_>) -> Result<Vec<String>, String> {
    let parsed = EndEntityCert::try_from(certificate)
        .map_err(|error| format!("its first certificate cannot be understood ({error})"))?;
    let names: Vec<_> = parsed.valid_dns_names().map(str::to_ascii_lowercase).collect();
    if names.is_empty()
        && !certificate.windows(SUBJECT_ALT_NAME.len()).any(|window| window == SUBJECT_ALT_NAME)
    {
        return Err("it has no subjectAltName, and clients look nowhere else (RFC 9525, section 2): \
                    for one made by openssl add `-addext subjectAltName=DNS:localhost`"
            .to_owned());
    }
    Ok(names)
}

/// The object identifier of that extension in DER (RFC 5280, section 4.2.1.6).
const SUBJECT_ALT_NAME: [u8; 5] = [0x06, 0x03, 0x55, 0x1d, 0x11];
