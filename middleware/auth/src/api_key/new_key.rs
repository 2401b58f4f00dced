//! [`NewKey`]: makes a key, and the line that the key file has of it.
//!
//! ```text
//! NewKey::new("ci") ─ scopes · roles · expiry · note ─ make() ─▶ key()   shown once, kept by nobody
//!                                                            └▶ line()  for the file: id and hash, no secret
//! ```

use std::fmt;

use zeroize::Zeroizing;

use super::{
    file::Line,
    format::{self, Key},
};
use crate::ConfigError;

/// A key to be made. See [`ApiKey`](super::ApiKey).
///
/// ```
/// use enfilade_auth::NewKey;
///
/// let made = NewKey::new("ci").with_prefix("shop").with_expires("2027-01-31").make()?;
/// assert!(made.key().starts_with("shop_"));
/// assert!(made.line().contains(r#""expires":"2027-01-31""#) && !made.line().contains(made.key()));
/// # Ok::<(), enfilade_auth::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "no key is there until it is made"]
pub struct NewKey {
    prefix: String,
    line: Line,
}

impl NewKey {
    /// A key whose holder is this subject.
    pub fn new(subject: impl Into<String>) -> Self {
        Self { prefix: "enf".to_owned(), line: Line::of(subject.into()) }
    }

    /// How the key begins, so that people and scanners see whose it is: 2 to 16 lower-case letters and digits.
    pub fn with_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// The scopes.
    pub fn with_scopes<I: Into<String>>(mut self, scopes: impl IntoIterator<Item = I>) -> Self {
        self.line.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// The roles or groups.
    pub fn with_roles<I: Into<String>>(mut self, roles: impl IntoIterator<Item = I>) -> Self {
        self.line.roles = roles.into_iter().map(Into::into).collect();
        self
    }

    /// From when on it counts no more: `2027-01-31` or `2027-01-31T12:00:00Z`.
    pub fn with_expires(mut self, date: impl Into<String>) -> Self {
        self.line.expires = Some(date.into());
        self
    }

    /// What people should know of it.
    pub fn with_note(mut self, note: impl Into<String>) -> Self {
        self.line.note = Some(note.into());
        self
    }

    /// Makes the key.
    ///
    /// # Errors
    ///
    /// [`ConfigError::NewKey`], when the file would not take its line.
    pub fn make(self) -> Result<MadeKey, ConfigError> {
        let Self { prefix, mut line } = self;
        if !format::is_prefix(&prefix) {
            let problem = "the prefix is 2 to 16 lower-case letters and digits, a letter first".to_owned();
            return Err(ConfigError::NewKey { problem });
        }
        let key = format::generate(&prefix);
        let parsed = Key::parse(key.as_bytes()).expect("what is made here is read here");
        line.set(parsed.id(), &parsed.hash());
        let text = line.to_text();
        line.into_stored().map_err(|problem| ConfigError::NewKey { problem })?;
        Ok(MadeKey { key, line: text })
    }
}

/// A key that was made just now, wiped when dropped; the only place where its secret is.
#[must_use = "the key is nowhere else"]
pub struct MadeKey {
    key: Zeroizing<String>,
    line: String,
}

impl MadeKey {
    /// The key, for its holder.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The line for the key file, without its line end.
    pub fn line(&self) -> &str {
        &self.line
    }
}

impl fmt::Debug for MadeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MadeKey").field("line", &self.line).finish_non_exhaustive()
    }
}
