//! [`Htpasswd`]: users in a file, as `htpasswd -B` writes it; read again when it changes.
//!
//! ```text
//! # staff
//! ada:$2y$10$…
//! bob:$argon2id$v=19$m=19456,t=2,p=1$…
//! ```
//!
//! 1. argon2id or bcrypt. A line of anything weaker, a name that is there twice, an empty name or a file of
//!    nobody stops the load, and the error names the line.
//! 2. Names are compared byte for byte, so every user has one spelling. Whoever types another is unknown.
//! 3. One kind and one cost for all: whose hash is cheaper than the others' is answered sooner than nobody is.
//! 4. A reload takes the whole new file or none of it; a bad one keeps the old and says so in the log. Replace
//!    the file by renaming a new one over it: one that is still being written may be read half.
//!
//! ```
//! use enfilade_auth::{Htpasswd, hash_password};
//!
//! let users = Htpasswd::parse(&format!("ada:{}", hash_password("correct horse")?))?;
//! assert_eq!(users.len(), 1);
//! # Ok::<(), enfilade_auth::ConfigError>(())
//! ```

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt, fs,
    future::ready,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError, RwLock, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use aws_lc_rs::digest::{SHA256, digest};

use super::{PasswordHash, StoreError, User, UserStore};
use crate::{ConfigError, watch::watch};

/// No user file is longer: 100,000 users have room.
const MAX_FILE: u64 = 8 << 20;

/// The users of a file. Cheap to clone; clones share the users, so one reload serves all. See the [module docs](self).
#[derive(Clone)]
pub struct Htpasswd(Arc<Shared>);

struct Shared {
    path: Option<PathBuf>,
    users: RwLock<Arc<Users>>,
    generation: AtomicU64,
    /// The digest of the content that was refused last, so that the log says so once.
    refused: Mutex<Option<[u8; 32]>>,
}

struct Users {
    by_name: HashMap<Box<str>, User>,
    dearest: PasswordHash,
    digest: [u8; 32],
}

impl Htpasswd {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// [`ConfigError::File`], [`ConfigError::UserLine`] or [`ConfigError::NoUsers`].
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, ConfigError> {
        let path = path.into();
        let users = Users::parse(&read(&path)?, Some(&path))?;
        Ok(Self::new(Some(path), users))
    }

    /// The same from text.
    ///
    /// # Errors
    ///
    /// [`ConfigError::UserLine`] or [`ConfigError::NoUsers`].
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        Ok(Self::new(None, Users::parse(text, None)?))
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
        watch("enfilade-htpasswd", every, look).map_err(|source| ConfigError::File { path, source })?;
        Ok(self)
    }

    /// Reads the file again now; whether it had changed. Users from text never change.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open); the old users stay.
    pub fn reload(&self) -> Result<bool, ConfigError> {
        let Some(path) = &self.0.path else { return Ok(false) };
        let text = read(path)?;
        if digest_of(&text) == self.users().digest {
            return Ok(false);
        }
        let users = Arc::new(Users::parse(&text, Some(path))?);
        *self.0.users.write().unwrap_or_else(PoisonError::into_inner) = users;
        // After the users: whoever sees the new number finds the new users, so nothing old is remembered under it.
        self.0.generation.fetch_add(1, Ordering::Release);
        Ok(true)
    }

    /// How many users there are.
    pub fn len(&self) -> usize {
        self.users().by_name.len()
    }

    /// Never: a file of nobody does not load.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn new(path: Option<PathBuf>, users: Users) -> Self {
        let users = RwLock::new(Arc::new(users));
        Self(Arc::new(Shared { path, users, generation: AtomicU64::new(0), refused: Mutex::default() }))
    }

    /// Reloads, and tells the log what came of it: a bad file once, not every time.
    fn look(&self) {
        let path = self.0.path.as_deref().unwrap_or(Path::new("")).display();
        let mut refused = self.0.refused.lock().unwrap_or_else(PoisonError::into_inner);
        match self.reload() {
            Ok(false) => *refused = None,
            Ok(true) => {
                *refused = None;
                tracing::info!(target: "enfilade::auth", %path, users = self.len(), "read the user file again");
            }
            Err(error) => {
                let what = digest_of(&error.to_string());
                if refused.replace(what) != Some(what) {
                    tracing::error!(target: "enfilade::auth", %error, "the user file is bad: the old users stay");
                }
            }
        }
    }

    fn users(&self) -> Arc<Users> {
        self.0.users.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl UserStore for Htpasswd {
    fn find(&self, name: &str) -> impl Future<Output = Result<Option<User>, StoreError>> + Send {
        ready(Ok(self.users().by_name.get(name).cloned()))
    }

    fn generation(&self) -> u64 {
        self.0.generation.load(Ordering::Acquire)
    }

    fn dearest(&self) -> Option<PasswordHash> {
        Some(self.users().dearest.clone())
    }
}

impl fmt::Debug for Htpasswd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Htpasswd").field("path", &self.0.path).field("users", &self.len()).finish()
    }
}

impl Users {
    fn parse(text: &str, path: Option<&Path>) -> Result<Self, ConfigError> {
        let mut lines: HashMap<&str, usize> = HashMap::new();
        let mut by_name = HashMap::new();
        // Editors of some systems begin a file with a mark, which would become part of the first name.
        for (line, text) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
            if text.trim().is_empty() || text.starts_with('#') {
                continue;
            }
            let error = |problem| ConfigError::UserLine { path: path.map(Path::to_owned), line, problem };
            let (name, user) = parse_line(text).map_err(error)?;
            match lines.entry(name) {
                Entry::Occupied(before) => {
                    return Err(error(format!(
                        "the user is on line {} already: keep one of the two",
                        before.get()
                    )));
                }
                Entry::Vacant(place) => place.insert(line),
            };
            by_name.insert(Box::from(name), user);
        }
        let dearest = by_name.values().map(User::hash).max_by_key(|hash| hash.work());
        let Some(dearest) = dearest.map(|hash| hash.decoy()) else {
            return Err(ConfigError::NoUsers { path: path.map(Path::to_owned) });
        };
        warn_of_cheap_hashes(&by_name, path);
        Ok(Self { by_name, dearest, digest: digest_of(text) })
    }
}

/// `name:hash`; the errors hold nothing of the hash.
fn parse_line(text: &str) -> Result<(&str, User), String> {
    let (name, hash) = text.split_once(':').ok_or("write `name:hash`")?;
    if name.is_empty() || name.len() > 255 || name.contains(char::is_control) || name.trim() != name {
        return Err(
            "a name is 1 to 255 bytes, without blanks around it and without control characters".to_owned()
        );
    }
    match User::new(name, hash) {
        Ok(user) => Ok((name, user)),
        Err(ConfigError::PasswordHash { problem }) => Err(problem.to_owned()),
        Err(other) => Err(other.to_string()),
    }
}

fn warn_of_cheap_hashes(users: &HashMap<Box<str>, User>, path: Option<&Path>) {
    let cheap = users.values().filter(|user| user.hash().is_cheap()).count();
    if cheap > 0 {
        let path = path.unwrap_or(Path::new("")).display();
        tracing::warn!(
            target: "enfilade::auth",
            %path,
            users = cheap,
            "password hashes are cheap to break: make new ones with `htpasswd -B -C 10` or `enfilade hash`",
        );
    }
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
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: &str = "$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.";
    const DEAR: &str =
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";

    #[test]
    fn nobody_costs_as_much_as_the_dearest_user() {
        let users = Htpasswd::parse(&format!("a:{CHEAP}\nb:{DEAR}\nc:{CHEAP}")).unwrap();
        let dearest = users.dearest().unwrap();
        assert_eq!(dearest.work(), PasswordHash::parse(DEAR).unwrap().work());
        assert_eq!(dearest.verify(b"password"), Some(false), "the work is the user's, the hash is nobody's");
    }

    #[test]
    fn looking_takes_a_good_file_and_leaves_a_bad_one() {
        let folder = std::env::temp_dir().join(format!("enfilade-look-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("users");
        let write = |text: String| fs::write(&path, text).unwrap();
        write(format!("a:{CHEAP}\n"));
        let users = Htpasswd::open(&path).unwrap();
        for (text, len, generation) in [
            (format!("a:{CHEAP}\n"), 1, 0),
            ("a:plain\n".to_owned(), 1, 0),
            ("a:plain\n".to_owned(), 1, 0),
            (format!("a:{CHEAP}\nb:{CHEAP}\n"), 2, 1),
            (String::new(), 2, 1),
            (format!("b:{CHEAP}\n"), 1, 2),
        ] {
            write(text);
            users.look();
            assert_eq!((users.len(), users.generation()), (len, generation));
        }
        fs::remove_dir_all(&folder).unwrap();
        users.look();
        assert_eq!(users.len(), 1);
    }
}
