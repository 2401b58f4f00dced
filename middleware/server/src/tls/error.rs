//! Why certificates cannot be used: each variant names the file and what to do.
//!
//! ```text
//! cannot read the key `shop.key`: permission denied
//! ```

use std::{error::Error, fmt, io, path::PathBuf};

/// Certificates or keys that cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum TlsError {
    /// A file that cannot be read.
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A certificate file that holds none, or one that cannot be understood.
    Certificate {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A key file that does not hold one key, or one that cannot be used.
    Key {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A key that belongs to another certificate.
    Mismatch {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// No certificate at all.
    NoCertificate,
    /// The cryptography has no protocol version in common with this crate.
    Provider(rustls::Error),
    /// The thread that watches the files cannot be started.
    Thread(io::Error),
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, source } => write!(f, "cannot read `{}`: {source}", path.display()),
            Self::Certificate { path, problem } => {
                write!(f, "`{}` is no certificate that can be shown: {problem}", path.display())
            }
            Self::Key { path, problem } => {
                write!(f, "`{}` is no key that can be used: {problem}", path.display())
            }
            Self::Mismatch { certificate, key } => {
                let (certificate, key) = (certificate.display(), key.display());
                write!(f, "the key `{key}` does not belong to the certificate `{certificate}`: name its own")
            }
            Self::NoCertificate => f.write_str("TLS needs a certificate: name at least one, with its key"),
            Self::Provider(source) => write!(f, "TLS cannot be set up: {source}"),
            Self::Thread(source) => write!(f, "the certificates cannot be watched: {source}"),
        }
    }
}

impl Error for TlsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::File { source, .. } | Self::Thread(source) => Some(source),
            Self::Provider(source) => Some(source),
            Self::Certificate { .. } | Self::Key { .. } | Self::Mismatch { .. } | Self::NoCertificate => None,
        }
    }
}
