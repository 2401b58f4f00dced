//! What is wrong with a setting, said when the chain is built.
//!
//! ```text
//! ConfigError::Key { path, fault } ── Display ──▶ which file, what is wrong, and the command that makes a good one
//! ```

use std::{error::Error, fmt, io, path::PathBuf};

use crate::CookieError;

/// What is wrong with a setting: it names the setting and the fix.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConfigError {
    /// A key file cannot be read.
    KeyFile {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// What should be a key file is a folder, a pipe or a device.
    KeyFileKind {
        /// Which file.
        path: PathBuf,
    },
    /// Others than the owner could read or change a key file.
    KeyFileMode {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A key is no key: too short, too long, a pass phrase, or without any randomness.
    Key {
        /// Which file; `None` for a key given as bytes.
        path: Option<PathBuf>,
        /// What is wrong with it.
        fault: KeyFault,
    },
    /// A ring without keys.
    NoKeys,
    /// A ring with more than 16 keys: each that is tried costs time.
    TooManyKeys,
    /// The same key twice.
    KeyRepeated,
    /// A ring that was not read from files cannot be read again.
    NotFromFiles,
    /// A name that no cookie can have.
    Name {
        /// Which setting.
        setting: &'static str,
        /// The name.
        name: String,
        /// What is wrong with it.
        error: CookieError,
    },
}

/// What is wrong with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyFault {
    /// Less than 32 bytes.
    Short {
        /// How many there are.
        bytes: usize,
    },
    /// More than 4,096 bytes: some other file.
    Long,
    /// Text that is neither hexadecimal nor base64: a pass phrase can be guessed.
    Text,
    /// Hardly any different bytes: an empty or sparse file, a placeholder.
    Uniform,
}

const MAKE_ONE: &str = "make one with `head -c 32 /dev/urandom | base64`";

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeyFile { path, error } => {
                write!(f, "key file `{}` cannot be read: {error}", path.display())
            }
            Self::KeyFileKind { path } => write!(f, "key file `{}` is not a file", path.display()),
            Self::KeyFileMode { path, mode } => write!(
                f,
                "key file `{}` has mode {mode:04o}, so others than its owner can read or change it: `chmod 600` it, or \
                 say `KeyRing::insecure_from_files`",
                path.display(),
            ),
            Self::Key { path: Some(path), fault } => write!(f, "key file `{}` {fault}", path.display()),
            Self::Key { path: None, fault } => write!(f, "the key {fault}"),
            Self::NoKeys => f.write_str("a key ring needs at least one key: `KeyRing::generate` makes one"),
            Self::TooManyKeys => f.write_str("a key ring has at most 16 keys: leave the oldest out"),
            Self::KeyRepeated => f.write_str("a key ring has each key once: leave the second out"),
            Self::NotFromFiles => {
                f.write_str("this key ring was not read from files: give it new keys with `KeyRing::replace`")
            }
            Self::Name { setting, name, error } => write!(f, "{setting}: `{name}`: {error}"),
        }
    }
}

impl fmt::Display for KeyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short { bytes } => write!(f, "has {bytes} bytes, and needs at least 32: {MAKE_ONE}"),
            Self::Long => write!(f, "has more than 4096 bytes, so it is something else: {MAKE_ONE}"),
            Self::Text => write!(f, "is text that is neither hexadecimal nor base64: {MAKE_ONE}"),
            Self::Uniform => write!(f, "repeats a few bytes, so it is a placeholder: {MAKE_ONE}"),
        }
    }
}

impl Error for ConfigError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::KeyFile { error, .. } => Some(error),
            Self::Name { error, .. } => Some(error),
            _ => None,
        }
    }
}
