//! Where the users are: a trait with one method to write, [`UserStore::find`], and what it returns.
//!
//! ```text
//! find("ada") ──▶ Ok(Some(User)) · Ok(None): nobody of this name · Err: the store is down, 503 auth.store-failed
//! ```
//!
//! ```
//! use enfilade_auth::{StoreError, User, UserStore};
//!
//! struct Table(Vec<(String, String)>);
//!
//! impl UserStore for Table {
//!     async fn find(&self, name: &str) -> Result<Option<User>, StoreError> {
//!         let Some((name, hash)) = self.0.iter().find(|(known, _)| known == name) else { return Ok(None) };
//!         Ok(Some(User::new(name.as_str(), hash)?.with_roles(["staff"])))
//!     }
//! }
//! ```

use std::{error::Error, fmt, sync::Arc};

use enfilade_core::{AuthMethod, Principal};

use super::PasswordHash;
use crate::ConfigError;

/// Users by name. See the [module docs](self).
pub trait UserStore: Send + Sync + 'static {
    /// Finds a user by the name that the client sent; it may be anything without control characters, up to 255 bytes.
    ///
    /// One user has one spelling: where a store folds case or Unicode forms, the subject of its [`User`] is still
    /// the one name that policies and limits know. Dropped when the client hangs up.
    ///
    /// # Errors
    ///
    /// When the store cannot say. The request is refused with 503 `auth.store-failed`; the error goes to the log.
    fn find(&self, name: &str) -> impl Future<Output = Result<Option<User>, StoreError>> + Send;

    /// A number that changes whenever users do, if the store knows: what was remembered before is forgotten then.
    ///
    /// Otherwise a changed password or a removed user is noticed only when [`Basic`](super::Basic) has forgotten
    /// the pair, after a minute.
    fn generation(&self) -> u64 {
        0
    }

    /// What to hash for a name that nobody has, so that the answer takes as long: the dearest hash in the store.
    ///
    /// Otherwise [`Basic`](super::Basic) takes the dearest that it has seen.
    fn dearest(&self) -> Option<PasswordHash> {
        None
    }
}

/// One user: who it is, and the hash of the password. Cheap to clone.
#[derive(Clone)]
#[must_use]
pub struct User {
    who: Principal,
    hash: Arc<PasswordHash>,
}

impl User {
    /// A user with this subject, and the text form of an argon2id or bcrypt hash.
    ///
    /// # Errors
    ///
    /// [`ConfigError::PasswordHash`], when it is neither.
    pub fn new(subject: impl Into<Box<str>>, hash: &str) -> Result<Self, ConfigError> {
        let who = Principal::new(subject).with_method(AuthMethod::Basic).with_amr(["pwd"]);
        Ok(Self { who, hash: Arc::new(PasswordHash::parse(hash)?) })
    }

    /// The roles or groups.
    pub fn with_roles<I: Into<Box<str>>>(self, roles: impl IntoIterator<Item = I>) -> Self {
        self.with_principal(|who| who.with_roles(roles))
    }

    /// The scopes.
    pub fn with_scopes<I: Into<Box<str>>>(self, scopes: impl IntoIterator<Item = I>) -> Self {
        self.with_principal(|who| who.with_scopes(scopes))
    }

    /// Anything else that the principal should say.
    pub fn with_principal(self, change: impl FnOnce(Principal) -> Principal) -> Self {
        Self { who: change(self.who), ..self }
    }

    /// Who it is.
    pub fn principal(&self) -> &Principal {
        &self.who
    }

    pub(super) fn hash(&self) -> &Arc<PasswordHash> {
        &self.hash
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("who", &self.who).field("hash", &self.hash).finish()
    }
}

/// Why a store cannot say who a user is. For the log only: put no secret in it.
#[derive(Debug)]
pub struct StoreError(Box<dyn Error + Send + Sync>);

impl StoreError {
    /// Of any error, or a text.
    pub fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(error.into())
    }
}

/// A hash that is no hash: the store's data is at fault.
impl From<ConfigError> for StoreError {
    fn from(error: ConfigError) -> Self {
        Self::new(error)
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}
