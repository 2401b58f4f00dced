//! [`JwksFile`]: the keys in a JWKS file, read again when it changes.
//!
//! ```text
//! JwksFile::open(path) ─▶ Keys ─▶ Verifier          unreadable, malformed, weak at start: ConfigError
//!      └ watched(every) ── content changed ── good: the new keys, and only they, from the next request on
//!                                          └─ bad:  the old keys stay, and the log says so once
//! ```
//!
//! The content is compared, not the time of change: an editor may write twice within one tick. Replace the file by
//! renaming a new one over it: one that is still being written may be read half.
//!
//! ```
//! use enfilade_auth::jwt::{Algorithm, JwksFile, SigningKey, Verifier};
//!
//! let path = std::env::temp_dir().join(format!("enfilade-doc-{}.json", std::process::id()));
//! let jwk = SigningKey::generate(Algorithm::Es256).with_id("2026-11").to_jwk().unwrap();
//! std::fs::write(&path, format!(r#"{{"keys":[{jwk}]}}"#))?;
//!
//! let file = JwksFile::open(&path)?;
//! let verifier = Verifier::builder(&file).with_issuer("https://id.example").with_audience("shop").build()?;
//!
//! std::fs::write(&path, "oops")?;
//! assert!(file.reload().is_err());
//! assert_eq!(file.keys().current().len(), 1, "the old keys stay");
//! # std::fs::remove_file(&path)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::{
    fmt, fs,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_lc_rs::digest::{SHA256, digest};

use super::{Algorithm, KeySet, Keys};
use crate::{ConfigError, watch::watch};

/// The keys in a file. Clones share them. See the [module docs](self).
#[derive(Clone)]
pub struct JwksFile {
    source: Arc<Source>,
    keys: Keys,
}

/// How a [`JwksFile`] is to be read.
#[derive(Clone, Debug)]
#[must_use = "nothing is read until it is opened"]
pub struct JwksFileBuilder {
    path: PathBuf,
    max_file_size: u64,
    rsa: Algorithm,
}

struct Source {
    how: JwksFileBuilder,
    seen: Mutex<Seen>,
}

/// Digests of what was taken and of what was refused last.
struct Seen {
    taken: [u8; 32],
    refused: Option<[u8; 32]>,
}

impl JwksFile {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// [`ConfigError::File`] when it cannot be read, [`ConfigError::Key`] as [`KeySet::from_jwks`].
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, ConfigError> {
        Self::builder(path).open()
    }

    /// Begins with settings of your own.
    pub fn builder(path: impl Into<PathBuf>) -> JwksFileBuilder {
        JwksFileBuilder { path: path.into(), max_file_size: 1 << 20, rsa: Algorithm::Rs256 }
    }

    /// Looks every so often whether the file has changed, on a thread that ends when nobody uses the keys any more.
    /// Less than 10 ms counts as 10 ms.
    ///
    /// # Errors
    ///
    /// [`ConfigError::File`], when the thread cannot be started.
    pub fn watched(self, every: Duration) -> Result<Self, ConfigError> {
        let (source, keys) = (self.source.clone(), self.keys.downgrade());
        let every = every.max(Duration::from_millis(10));
        let look = move || keys.upgrade().map(|keys| source.look(&keys)).is_some();
        watch("enfilade-jwks", every, look)
            .map_err(|error| ConfigError::File { path: self.source.how.path.clone(), source: error })?;
        Ok(self)
    }

    /// Reads the file again now; whether it had changed.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open); the old keys stay.
    pub fn reload(&self) -> Result<bool, ConfigError> {
        self.source.reload(&self.keys)
    }

    /// The keys: those of the last good content.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }
}

impl JwksFileBuilder {
    /// The longest file that is read, in bytes. Default 1 MiB.
    pub fn with_max_file_size(mut self, bytes: u64) -> Self {
        self.max_file_size = bytes;
        self
    }

    /// What RSA keys without `alg` are bound to. Default RS256.
    pub fn with_rsa_algorithm(mut self, algorithm: Algorithm) -> Self {
        self.rsa = algorithm;
        self
    }

    /// Reads the file.
    ///
    /// # Errors
    ///
    /// As [`JwksFile::open`].
    pub fn open(self) -> Result<JwksFile, ConfigError> {
        let text = self.read()?;
        let set = self.parse(&text)?;
        let seen = Mutex::new(Seen { taken: hash(&text), refused: None });
        Ok(JwksFile { keys: Keys::new(set), source: Arc::new(Source { how: self, seen }) })
    }

    fn read(&self) -> Result<String, ConfigError> {
        read(&self.path, self.max_file_size)
            .map_err(|source| ConfigError::File { path: self.path.clone(), source })
    }

    fn parse(&self, text: &str) -> Result<KeySet, ConfigError> {
        let set = KeySet::from_jwks_with_rsa(text, self.rsa).map_err(|error| match error {
            ConfigError::Key { problem, .. } => {
                ConfigError::Key { from: self.path.display().to_string(), problem }
            }
            other => other,
        })?;
        for key in set.left_out() {
            tracing::warn!(target: "enfilade::auth", path = %self.path.display(), key, "a key is left out");
        }
        Ok(set)
    }
}

impl Source {
    fn reload(&self, keys: &Keys) -> Result<bool, ConfigError> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let text = self.how.read()?;
        let content = hash(&text);
        if content == seen.taken {
            return Ok(false);
        }
        keys.replace(self.how.parse(&text)?);
        seen.taken = content;
        Ok(true)
    }

    /// Reloads, and tells the log what came of it: a bad file once, not every time.
    fn look(&self, keys: &Keys) {
        let result = self.reload(keys);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.how.path.display();
        match result {
            Ok(false) => seen.refused = None,
            Ok(true) => {
                seen.refused = None;
                let count = keys.current().len();
                tracing::info!(target: "enfilade::auth", %path, keys = count, "read the JWKS file again");
            }
            Err(error) => {
                let what = hash(&error.to_string());
                if seen.refused.replace(what) != Some(what) {
                    tracing::error!(target: "enfilade::auth", %error, "the JWKS file is bad: the old keys stay");
                }
            }
        }
    }
}

impl From<&JwksFile> for Keys {
    fn from(file: &JwksFile) -> Self {
        file.keys.clone()
    }
}

impl From<JwksFile> for Keys {
    fn from(file: JwksFile) -> Self {
        file.keys
    }
}

impl fmt::Debug for JwksFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwksFile").field("path", &self.source.how.path).field("keys", &self.keys).finish()
    }
}

fn read(path: &Path, most: u64) -> io::Result<String> {
    let mut text = String::new();
    // The length that the file system reports may be out of date, and is 0 for a pipe.
    let length = fs::File::open(path)?.take(most.saturating_add(1)).read_to_string(&mut text)?;
    if u64::try_from(length).is_ok_and(|length| length > most) {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is longer than {most} bytes")));
    }
    Ok(text)
}

fn hash(text: &str) -> [u8; 32] {
    digest(&SHA256, text.as_bytes()).as_ref().try_into().expect("SHA-256 has 32 bytes")
}
