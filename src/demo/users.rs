//! Who may sign in: two demo users with passwords made at start, and whoever the operator's file names.
//!
//! ```text
//! find(name) ─▶ demo users ─▶ --htpasswd FILE ─▶ nobody
//! ```

use std::fmt;

use aws_lc_rs::rand;
use enfilade_auth::{ConfigError, Htpasswd, PasswordHash, StoreError, User, UserStore, hash_password};

/// The demo's users.
pub struct Users {
    demo: Vec<(&'static str, User)>,
    file: Option<Htpasswd>,
}

/// A demo user as printed at start.
pub struct DemoUser {
    /// What to type as the name.
    pub name: &'static str,
    /// The password made for this run.
    pub password: String,
    /// What the user may do, in a word.
    pub role: &'static str,
}

impl Users {
    /// Two users with fresh passwords, which are returned to be printed; none where anybody could try them.
    ///
    /// # Errors
    ///
    /// When a password cannot be hashed.
    pub fn new(exposed: bool, file: Option<Htpasswd>) -> Result<(Self, Vec<DemoUser>), ConfigError> {
        let names = if exposed { &[][..] } else { &[("ada", "admin"), ("grace", "reader")] };
        let printed: Vec<_> =
            names.iter().map(|&(name, role)| DemoUser { name, password: fresh_password(), role }).collect();
        let demo = printed
            .iter()
            .map(|user| {
                let hash = hash_password(&user.password)?;
                Ok((
                    user.name,
                    User::new(user.name, &hash)?.with_roles([user.role]).with_scopes(["demo:read"]),
                ))
            })
            .collect::<Result<_, ConfigError>>()?;
        Ok((Self { demo, file }, printed))
    }
}

impl UserStore for Users {
    async fn find(&self, name: &str) -> Result<Option<User>, StoreError> {
        if let Some((_, user)) = self.demo.iter().find(|(known, _)| *known == name) {
            return Ok(Some(user.clone()));
        }
        match &self.file {
            Some(file) => file.find(name).await,
            None => Ok(None),
        }
    }

    /// The file's: whether its users exist must not show in how long an answer takes. The demo's own are no secret.
    fn dearest(&self) -> Option<PasswordHash> {
        self.file.as_ref().and_then(UserStore::dearest)
    }

    fn generation(&self) -> u64 {
        self.file.as_ref().map_or(0, UserStore::generation)
    }
}

/// The name and the role: the password is for the terminal alone.
impl fmt::Debug for DemoUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DemoUser").field("name", &self.name).field("role", &self.role).finish_non_exhaustive()
    }
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Users").field("demo", &self.demo.len()).field("file", &self.file).finish()
    }
}

/// Sixteen of 32 letters and digits that are not taken for each other: 80 random bits.
fn fresh_password() -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut random = [0; 16];
    rand::fill(&mut random).expect("the system's random generator works, or nothing here is safe");
    let letters: String = random.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect();
    format!("{}-{}-{}-{}", &letters[..4], &letters[4..8], &letters[8..12], &letters[12..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_long_and_never_the_same() {
        let (one, two) = (fresh_password(), fresh_password());
        assert_eq!(one.len(), 19);
        assert_ne!(one, two);
    }

    #[test]
    fn where_anybody_could_try_them_there_are_no_demo_users() {
        let (users, printed) = Users::new(true, None).unwrap();
        assert!(users.demo.is_empty() && printed.is_empty());
    }
}
