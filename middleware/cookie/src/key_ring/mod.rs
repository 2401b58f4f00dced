//! The [`KeyRing`]: the first key seals, every key opens, and what an older key sealed is sealed again on reading.
//!
//! ```text
//! KeyRing [ new , old , older ]        seal ── new          open ── whichever key the seal names
//!    └─ HKDF-SHA256 per purpose and kind ──▶ signing keys (HMAC-SHA256), sealing keys (AES-256-GCM-SIV)
//! ```
//!
//! To rotate: put a new key first, reload, and leave the old one out when the longest `Max-Age` has passed.
//! Nobody is logged out. On several machines, distribute the new key in second place first.
//!
//! AES-256-GCM-SIV (RFC 8452) rather than AES-GCM: a nonce that comes twice reveals no more than that the same
//! value was sealed twice, so random nonces under one long-lived key do not wear out.
//!
//! ```
//! use enfilade_cookie::{Key, KeyRing};
//!
//! let ring = KeyRing::generate();
//! let elsewhere = ring.clone(); // the same ring
//! ring.rotate(Key::generate());
//! assert_eq!(elsewhere.len(), 2);
//! ```

mod key;
mod sub_keys;

pub use self::key::Key;
pub(crate) use self::{
    key::KeyId,
    sub_keys::{Keys, Material, SubKey, SubKeys},
};

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use arc_swap::{ArcSwap, Guard};
use enfilade_core::Clock;

use crate::ConfigError;

/// The keys of signed and private cookies. Cheap to clone: clones are one ring. See the [module docs](self).
#[derive(Clone)]
pub struct KeyRing {
    ring: Arc<Ring>,
    clock: Clock,
}

struct Ring {
    keys: ArcSwap<Keys>,
    files: Option<Files>,
}

struct Files {
    paths: Vec<PathBuf>,
    owner_only: bool,
}

/// Every key of a ring may be tried, and this bounds what one cookie can cost.
const KEYS_MAX: usize = 16;

impl KeyRing {
    /// One random key, which ends with the process: cookies sealed by it count as absent after a restart.
    pub fn generate() -> Self {
        Self::build(Box::new([Key::generate()]), None)
    }

    /// These keys: the first seals.
    ///
    /// # Errors
    ///
    /// None, more than 16, or one twice.
    pub fn new(keys: impl IntoIterator<Item = Key>) -> Result<Self, ConfigError> {
        Ok(Self::build(checked(keys)?, None))
    }

    /// One key per file, raw bytes or hexadecimal or base64 text, at least 32 bytes; the first file's key seals.
    ///
    /// On Unix a file is refused that others than owner and group can read, or that the group can write.
    ///
    /// # Errors
    ///
    /// The first file that cannot be read or is no key.
    pub fn from_files<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Result<Self, ConfigError> {
        Self::read_files(paths, true)
    }

    /// The same, whoever can read the files: for secrets that a container runtime mounts readable by all.
    ///
    /// # Errors
    ///
    /// The first file that cannot be read or is no key.
    pub fn insecure_from_files<P: AsRef<Path>>(
        paths: impl IntoIterator<Item = P>,
    ) -> Result<Self, ConfigError> {
        tracing::warn!(target: "enfilade::cookie", "insecure: key files are read whoever else can read them");
        Self::read_files(paths, false)
    }

    /// Another clock, by which seals are dated and expire. Clones made before keep theirs.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Reads the files again, for every clone of this ring. Requests in flight finish with the keys they began with.
    ///
    /// # Errors
    ///
    /// What is wrong with a file; the ring then stays as it was. [`ConfigError::NotFromFiles`] for other rings.
    pub fn reload(&self) -> Result<(), ConfigError> {
        let files = self.ring.files.as_ref().ok_or(ConfigError::NotFromFiles)?;
        self.ring.keys.store(Arc::new(Keys::new(files.read()?)));
        Ok(())
    }

    /// Replaces all keys, for every clone of this ring.
    ///
    /// # Errors
    ///
    /// None, more than 16, or one twice; the ring then stays as it was.
    pub fn replace(&self, keys: impl IntoIterator<Item = Key>) -> Result<(), ConfigError> {
        self.ring.keys.store(Arc::new(Keys::new(checked(keys)?)));
        Ok(())
    }

    /// Seals with this key from now on; the others still open. The oldest of 16 goes.
    pub fn rotate(&self, key: Key) {
        self.ring.keys.rcu(|now| {
            let others = now.keys().iter().filter(|known| known.id() != key.id());
            Keys::new([&key].into_iter().chain(others).take(KEYS_MAX).cloned().collect())
        });
    }

    /// How many keys there are; never none.
    #[expect(clippy::len_without_is_empty, reason = "a ring without keys cannot be made")]
    pub fn len(&self) -> usize {
        self.keys().keys().len()
    }

    /// The keys of this moment.
    pub(crate) fn keys(&self) -> Guard<Arc<Keys>> {
        self.ring.keys.load()
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    fn read_files<P: AsRef<Path>>(
        paths: impl IntoIterator<Item = P>,
        owner_only: bool,
    ) -> Result<Self, ConfigError> {
        let paths = paths.into_iter().map(|path| path.as_ref().to_owned()).collect();
        let files = Files { paths, owner_only };
        Ok(Self::build(files.read()?, Some(files)))
    }

    fn build(keys: Box<[Key]>, files: Option<Files>) -> Self {
        let ring = Ring { keys: ArcSwap::from_pointee(Keys::new(keys)), files };
        Self { ring: Arc::new(ring), clock: Clock::system() }
    }
}

impl Files {
    fn read(&self) -> Result<Box<[Key]>, ConfigError> {
        let keys: Result<Vec<_>, _> =
            self.paths.iter().map(|path| Key::read(path, self.owner_only)).collect();
        checked(keys?)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyRing").field(&self.keys().keys()).finish()
    }
}

fn checked(keys: impl IntoIterator<Item = Key>) -> Result<Box<[Key]>, ConfigError> {
    let keys: Box<[Key]> = keys.into_iter().take(KEYS_MAX + 1).collect();
    let mut ids: Vec<_> = keys.iter().map(Key::id).collect();
    ids.sort_unstable();
    ids.dedup();
    match keys.len() {
        0 => Err(ConfigError::NoKeys),
        len if len > KEYS_MAX => Err(ConfigError::TooManyKeys),
        len if len > ids.len() => Err(ConfigError::KeyRepeated),
        _ => Ok(keys),
    }
}
