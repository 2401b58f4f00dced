//! [`KeyFile`]: a line for each key, read again when the file changes.
//!
//! ```text
//! # deploys
//! {"id":"V1kq0aB7cD2e","hash":"sha256:…","subject":"ci","scopes":["deploy"],"expires":"2027-01-31"}
//! {"id":"…","hash":"sha256:…","subject":"robot","roles":["staff"],"note":"lent to Bob","disabled":true}
//! ```
//!
//! 1. One JSON object a line, so that `enfilade key new` can append one. `id`, `hash` and `subject` must be there;
//!    a name that is none of ours stops the load, or `"expire"` would be a key without an end.
//! 2. A reload takes the whole new file or none of it; a bad one keeps the old keys and says so in the log. To withdraw
//!    a key, take its line out or write `"disabled":true`, and look at the log.
//! 3. A file without a byte is refused, for it is half written; one with nothing but a comment has no key.
//!
//! ```
//! use enfilade_auth::{KeyFile, NewKey};
//!
//! let keys = KeyFile::parse(NewKey::new("ci").make()?.line())?;
//! assert_eq!(keys.len(), 1);
//! let error = KeyFile::parse(r#"{"id":"V1kq0aB7cD2e","subject":"ci"}"#).unwrap_err();
//! assert_eq!(error.to_string(), "line 1: missing field `hash`");
//! # Ok::<(), enfilade_auth::ConfigError>(())
//! ```

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt, fs,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock, Weak},
    time::Duration,
};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use enfilade_core::Principal;
use serde_derive::{Deserialize, Serialize};

use super::{METHOD, date, format};
use crate::{ConfigError, watch::watch};

/// No key file is longer: 40,000 keys have room.
const MAX_FILE: u64 = 8 << 20;

/// The keys of a file. Cheap to clone; clones share the keys, so one reload serves all. See the [module docs](self).
#[derive(Clone)]
pub struct KeyFile(Arc<Shared>);

struct Shared {
    path: Option<PathBuf>,
    keys: RwLock<Arc<Keys>>,
    /// The digest of the content that was refused last, so that the log says so once.
    refused: Mutex<Option<[u8; 32]>>,
}

/// The keys of one content.
pub(super) struct Keys {
    by_id: HashMap<Box<str>, Stored>,
    digest: [u8; 32],
}

/// One key as it is judged.
pub(super) struct Stored {
    hash: [u8; 32],
    who: Principal,
    disabled: bool,
}

impl KeyFile {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// [`ConfigError::File`] or [`ConfigError::KeyLine`].
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, ConfigError> {
        let path = path.into();
        let keys = Keys::parse(&read(&path)?, Some(&path))?;
        Ok(Self::new(Some(path), keys))
    }

    /// The same from text.
    ///
    /// # Errors
    ///
    /// [`ConfigError::KeyLine`].
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        Ok(Self::new(None, Keys::parse(text, None)?))
    }

    /// Looks every so often whether the file has changed, on a thread that ends soon after the last clone.
    ///
    /// A second or more; less counts as one.
    ///
    /// # Errors
    ///
    /// [`ConfigError::File`], when the thread cannot be started.
    pub fn watched(self, every: Duration) -> Result<Self, ConfigError> {
        let Some(path) = self.0.path.clone() else { return Ok(self) };
        let (shared, every) = (Arc::downgrade(&self.0), every.max(Duration::from_secs(1)));
        let look = move || Weak::upgrade(&shared).map(|shared| Self(shared).look()).is_some();
        watch("enfilade-keys", every, look).map_err(|source| ConfigError::File { path, source })?;
        Ok(self)
    }

    /// Reads the file again now; whether it had changed. Keys from text never change.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open); the old keys stay.
    pub fn reload(&self) -> Result<bool, ConfigError> {
        let Some(path) = &self.0.path else { return Ok(false) };
        let text = read(path)?;
        if digest_of(&text) == self.current().digest {
            return Ok(false);
        }
        let keys = Arc::new(Keys::parse(&text, Some(path))?);
        *self.0.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(true)
    }

    /// How many keys there are, disabled ones too.
    pub fn len(&self) -> usize {
        self.current().by_id.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn current(&self) -> Arc<Keys> {
        self.0.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn new(path: Option<PathBuf>, keys: Keys) -> Self {
        Self(Arc::new(Shared { path, keys: RwLock::new(Arc::new(keys)), refused: Mutex::default() }))
    }

    /// Reloads, and tells the log what came of it: a bad file once, not every time.
    fn look(&self) {
        let path = self.0.path.as_deref().unwrap_or(Path::new("")).display();
        let mut refused = self.0.refused.lock().unwrap_or_else(PoisonError::into_inner);
        match self.reload() {
            Ok(false) => *refused = None,
            Ok(true) => {
                *refused = None;
                tracing::info!(target: "enfilade::auth", %path, keys = self.len(), "read the key file again");
            }
            Err(error) => {
                let what = digest_of(&error.to_string());
                if refused.replace(what) != Some(what) {
                    tracing::error!(target: "enfilade::auth", %error, "the key file is bad: the old keys stay");
                }
            }
        }
    }
}

impl fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyFile").field("path", &self.0.path).field("keys", &self.len()).finish()
    }
}

impl Keys {
    pub(super) fn find(&self, id: &str) -> Option<&Stored> {
        self.by_id.get(id)
    }

    fn parse(text: &str, path: Option<&Path>) -> Result<Self, ConfigError> {
        let at = |line, problem| ConfigError::KeyLine { path: path.map(Path::to_owned), line, problem };
        if text.is_empty() {
            return Err(at(1, "the file is empty: write a comment, if there is to be no key".to_owned()));
        }
        let mut by_id = HashMap::new();
        for (line, text) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
            if text.trim().is_empty() || text.starts_with('#') {
                continue;
            }
            let (id, stored) =
                Line::parse(text).and_then(Line::into_stored).map_err(|problem| at(line, problem))?;
            match by_id.entry(id) {
                Entry::Occupied(_) => return Err(at(line, "this id is there twice: keep one".to_owned())),
                Entry::Vacant(place) => place.insert(stored),
            };
        }
        Ok(Self { by_id, digest: digest_of(text) })
    }
}

impl Stored {
    pub(super) fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    pub(super) fn principal(&self) -> &Principal {
        &self.who
    }

    pub(super) fn is_disabled(&self) -> bool {
        self.disabled
    }
}

/// A line as it is written.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    id: String,
    hash: String,
    subject: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) scopes: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) roles: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) expires: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) note: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    disabled: bool,
}

impl Line {
    pub(super) fn of(subject: String) -> Self {
        Self {
            id: String::new(),
            hash: String::new(),
            subject,
            scopes: Vec::new(),
            roles: Vec::new(),
            expires: None,
            note: None,
            disabled: false,
        }
    }

    pub(super) fn set(&mut self, id: &str, hash: &[u8; 32]) {
        id.clone_into(&mut self.id);
        self.hash = format!("sha256:{}", BASE64_URL_SAFE_NO_PAD.encode(hash));
    }

    pub(super) fn to_text(&self) -> String {
        serde_json::to_string(self).expect("strings and lists of strings are JSON")
    }

    fn parse(text: &str) -> Result<Self, String> {
        // A wrong type would be quoted in serde's words, and it may be a key: only what is missing or unknown is named.
        serde_json::from_str(text).map_err(|error| {
            let words = error.to_string();
            let is_about_names = ["missing field", "unknown field", "duplicate field"];
            let known = is_about_names.iter().any(|begin| words.starts_with(begin));
            let words = words.split(" at line").next().unwrap_or_default();
            if known {
                words.to_owned()
            } else {
                format!("no JSON of a key: look at column {}", error.column())
            }
        })
    }

    /// Checks every field; the error holds nothing of the hash.
    pub(super) fn into_stored(self) -> Result<(Box<str>, Stored), String> {
        let wrong = |what: &str| Err(what.to_owned());
        if !format::is_id(&self.id) {
            return wrong("`id` is 12 letters and digits: make a key with `enfilade key new`");
        }
        let hash =
            self.hash.strip_prefix("sha256:").and_then(|text| BASE64_URL_SAFE_NO_PAD.decode(text).ok());
        let Some(hash) = hash.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()) else {
            return wrong("`hash` is `sha256:` and 43 letters: make a key with `enfilade key new`");
        };
        if !is_name(&self.subject) {
            return wrong(
                "`subject` is 1 to 255 bytes, without blanks around it and without control characters",
            );
        }
        if !self.scopes.iter().all(|scope| is_scope(scope)) {
            return wrong("a scope is visible ASCII, without blanks, `\"` and `\\`");
        }
        if !self.roles.iter().all(|role| is_name(role)) {
            return wrong(
                "a role is 1 to 255 bytes, without blanks around it and without control characters",
            );
        }
        let mut who = Principal::new(self.subject)
            .with_method(METHOD)
            .with_scopes(self.scopes)
            .with_roles(self.roles)
            .with_credential_id(&*self.id);
        if let Some(date) = self.expires {
            let Some(seconds) = date::parse(&date) else {
                return wrong("`expires` is a day or a second in UTC: 2027-01-31 or 2027-01-31T12:00:00Z");
            };
            who = who.with_expires(seconds);
        }
        Ok((self.id.into(), Stored { hash, who, disabled: self.disabled }))
    }
}

fn is_name(text: &str) -> bool {
    (1..=255).contains(&text.len()) && text.trim() == text && !text.contains(char::is_control)
}

/// RFC 6749 §3.3.
fn is_scope(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\')
}

fn read(path: &Path) -> Result<String, ConfigError> {
    let error = |source| ConfigError::File { path: path.to_owned(), source };
    // Opening a pipe would wait for a writer.
    if !fs::metadata(path).map_err(error)?.is_file() {
        return Err(error(io::Error::other("not a regular file")));
    }
    let mut text = String::new();
    let file = fs::File::open(path).map_err(error)?;
    file.take(MAX_FILE + 1).read_to_string(&mut text).map_err(error)?;
    if text.len() as u64 > MAX_FILE {
        return Err(error(io::Error::other("longer than 8 MiB")));
    }
    Ok(text)
}

fn digest_of(text: &str) -> [u8; 32] {
    digest(&SHA256, text.as_bytes()).as_ref().try_into().expect("SHA-256 has 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NewKey;

    #[test]
    fn looking_takes_a_good_file_and_leaves_a_bad_one() {
        let path = std::env::temp_dir().join(format!("enfilade-keys-{}", std::process::id()));
        let line = || NewKey::new("ci").make().unwrap().line().to_owned();
        let (a, b) = (line(), line());
        fs::write(&path, &a).unwrap();
        let keys = KeyFile::open(&path).unwrap();
        for (text, len) in [
            (a.clone(), 1),
            (format!("{a}\n{b}"), 2),
            (format!("{a}\n{a}"), 2),
            (format!("{a}\n{{"), 2),
            (String::new(), 2),
            (format!("{b}\n"), 1),
            ("# nobody any more\n".to_owned(), 0),
        ] {
            fs::write(&path, text).unwrap();
            keys.look();
            assert_eq!(keys.len(), len);
        }
        fs::remove_file(&path).unwrap();
        keys.look();
        assert!(keys.is_empty());
    }
}
