//! [`PasswordHash`]: argon2id or bcrypt, parsed once; nothing weaker has a form here.
//!
//! ```text
//! $argon2id$v=19$m=19456,t=2,p=1$salt$hash   the PHC string form
//! $2y$10$…                                   bcrypt: 2a, 2b, 2y
//! ```
//!
//! 1. bcrypt reads 72 bytes of a password and no more. A longer one is refused, after as much work as any other.
//! 2. Hashes are compared in constant time.
//! 3. Parameters that would let one request take a gigabyte or a minute do not load.

use std::fmt;

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::{constant_time::verify_slices_are_equal, rand};
use base64::{
    Engine as _,
    alphabet::BCRYPT,
    engine::{GeneralPurpose, general_purpose::NO_PAD},
    prelude::BASE64_STANDARD_NO_PAD,
};

use crate::ConfigError;

/// The longest password that is looked at, in bytes.
pub(super) const MAX_PASSWORD: usize = 1024;

const BCRYPT_BASE64: GeneralPurpose = GeneralPurpose::new(&BCRYPT, NO_PAD);
const BCRYPT_MAX_PASSWORD: usize = 72;
const MAX_MEMORY_KIB: u32 = 1 << 20;
const MAX_WORK_KIB: u64 = 4 << 20;
const MAX_BCRYPT_COST: u32 = 16;

/// Hashes a password for a user file or a store: argon2id, 19 MiB, two passes, a random salt.
///
/// ```
/// let line = format!("ada:{}", enfilade_auth::hash_password("correct horse")?);
/// assert!(line.starts_with("ada:$argon2id$v=19$m=19456,t=2,p=1$"));
/// # Ok::<(), enfilade_auth::ConfigError>(())
/// ```
///
/// # Errors
///
/// [`ConfigError::Password`], for a password that no client could send: empty, longer than 1,024 bytes, or with
/// control characters in it.
pub fn hash_password(password: &str) -> Result<String, ConfigError> {
    let problem = match password {
        "" => Some("it is empty"),
        long if long.len() > MAX_PASSWORD => Some("it is longer than 1,024 bytes"),
        text if text.contains(char::is_control) => {
            Some("it has a control character, which Basic cannot carry")
        }
        _ => None,
    };
    if let Some(problem) = problem {
        return Err(ConfigError::Password { problem });
    }
    let params = Argon2id { memory: Params::DEFAULT_M_COST, passes: Params::DEFAULT_T_COST, lanes: 1 };
    let salt = random::<16>().map_err(|problem| ConfigError::Password { problem })?;
    let hash: [u8; 32] = params
        .hash(password.as_bytes(), &salt)
        .ok_or(ConfigError::Password { problem: "there is not enough memory to hash it" })?;
    let Argon2id { memory, passes, lanes } = params;
    let (salt, hash) = (BASE64_STANDARD_NO_PAD.encode(salt), BASE64_STANDARD_NO_PAD.encode(hash));
    Ok(format!("$argon2id$v=19$m={memory},t={passes},p={lanes}${salt}${hash}"))
}

/// A password's hash with its parameters. `Debug` shows the parameters only.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash {
    kind: Kind,
    salt: Box<[u8]>,
    hash: Box<[u8]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Argon2id(Argon2id),
    Bcrypt { cost: u32 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Argon2id {
    memory: u32,
    passes: u32,
    lanes: u32,
}

impl PasswordHash {
    /// Parses the text form of argon2id or bcrypt.
    ///
    /// # Errors
    ///
    /// [`ConfigError::PasswordHash`], for anything else, MD5, SHA and plain text first of all.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let parsed = match text.strip_prefix('$').and_then(|rest| rest.split_once('$')) {
            Some(("argon2id", rest)) => parse_argon2id(rest),
            Some(("2a" | "2b" | "2y", rest)) => parse_bcrypt(rest),
            Some(("2x", _)) => {
                Err("`$2x$` marks the hashes of a faulty bcrypt: make a new one with `htpasswd -B`")
            }
            Some(("argon2i" | "argon2d", _)) => Err("only the `id` form of argon2 will do: make a new hash"),
            _ => {
                Err("this hash is too weak, or no hash: make a new one with `htpasswd -B` or `enfilade hash`")
            }
        };
        parsed.map_err(|problem| ConfigError::PasswordHash { problem })
    }

    /// A hash that no password has, as dear as the one that [`hash_password`] makes.
    pub(super) fn unknown() -> Self {
        Self::of(Kind::Argon2id(Argon2id { memory: Params::DEFAULT_M_COST, passes: 2, lanes: 1 }))
    }

    /// A hash that no password has, with the parameters of this one.
    pub(super) fn decoy(&self) -> Self {
        Self::of(self.kind)
    }

    fn of(kind: Kind) -> Self {
        Self { kind, salt: Box::new([0; 16]), hash: Box::default() }
    }

    /// Whether this is the password's hash. Slow on purpose: never on a reactor thread.
    ///
    /// `None` when it cannot be known, for want of memory.
    pub(super) fn verify(&self, password: &[u8]) -> Option<bool> {
        match self.kind {
            Kind::Argon2id(params) => {
                let actual: Vec<u8> = params.hash_len(password, &self.salt, self.hash.len().max(16))?;
                Some(verify_slices_are_equal(&actual, &self.hash).is_ok())
            }
            Kind::Bcrypt { cost } => {
                let salt = self.salt.as_ref().try_into().ok()?;
                let actual = bcrypt(password, cost, salt);
                let is_whole = password.len() <= BCRYPT_MAX_PASSWORD;
                Some(verify_slices_are_equal(&actual, &self.hash).is_ok() && is_whole)
            }
        }
    }

    /// How much work it is, in KiB of memory passed over; a bcrypt round takes about as long as 96 of them.
    pub(super) fn work(&self) -> u64 {
        match self.kind {
            Kind::Argon2id(Argon2id { memory, passes, .. }) => u64::from(memory) * u64::from(passes),
            Kind::Bcrypt { cost } => 96 << cost,
        }
    }

    /// Whether it is below what OWASP asks for: argon2id with m=7168 and t=5 or alike, bcrypt of cost 10.
    pub(super) fn is_cheap(&self) -> bool {
        match self.kind {
            Kind::Argon2id(Argon2id { memory, .. }) => memory < 7168 || self.work() < 7168 * 5,
            Kind::Bcrypt { cost } => cost < 10,
        }
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordHash").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Argon2id {
    fn hash<const N: usize>(self, password: &[u8], salt: &[u8]) -> Option<[u8; N]> {
        self.hash_len(password, salt, N)?.try_into().ok()
    }

    fn hash_len(self, password: &[u8], salt: &[u8], len: usize) -> Option<Vec<u8>> {
        let params = Params::new(self.memory, self.passes, self.lanes, Some(len)).ok()?;
        let mut out = vec![0; len];
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon2.hash_password_into(password, salt, &mut out).ok()?;
        Some(out)
    }
}

/// The password as C reads it: up to its NUL, 72 bytes at most.
fn bcrypt(password: &[u8], cost: u32, salt: [u8; 16]) -> [u8; 23] {
    let mut text = [0; BCRYPT_MAX_PASSWORD];
    let len = password.len().min(BCRYPT_MAX_PASSWORD);
    text[..len].copy_from_slice(&password[..len]);
    let hash = bcrypt::bcrypt(cost, salt, &text[..(len + 1).min(BCRYPT_MAX_PASSWORD)]);
    let [hash @ .., _] = hash;
    hash
}

/// `v=19$m=…,t=…,p=…$salt$hash`.
fn parse_argon2id(rest: &str) -> Result<PasswordHash, &'static str> {
    const FORM: &str = "argon2id is written `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`: make a new hash";
    let [version, params, salt, hash] = fields(rest, '$').ok_or(FORM)?;
    let [memory, passes, lanes] = fields(params, ',').ok_or(FORM)?;
    let number = |field: &str, name: &str| field.strip_prefix(name).and_then(decimal).ok_or(FORM);
    let params = Argon2id {
        memory: number(memory, "m=")?,
        passes: number(passes, "t=")?,
        lanes: number(lanes, "p=")?,
    };
    let kind = Kind::Argon2id(params);
    let decode =
        |text: &str| BASE64_STANDARD_NO_PAD.decode(text).map(Vec::into_boxed_slice).map_err(|_| FORM);
    let hash = PasswordHash { kind, salt: decode(salt)?, hash: decode(hash)? };
    if version != "v=19" || !(8..=64).contains(&hash.salt.len()) || !(16..=64).contains(&hash.hash.len()) {
        return Err(FORM);
    }
    if params.memory > MAX_MEMORY_KIB || hash.work() > MAX_WORK_KIB || params.lanes > 64 {
        return Err(
            "these argon2 parameters would stall the server: at most 1 GiB of memory, and 4 GiB over all passes",
        );
    }
    match Params::new(params.memory, params.passes, params.lanes, Some(hash.hash.len())) {
        Ok(_) => Ok(hash),
        Err(_) => Err("argon2 does not allow these parameters: m is at least 8 times p, t and p at least 1"),
    }
}

/// `10$` and 53 characters: salt and hash.
fn parse_bcrypt(rest: &str) -> Result<PasswordHash, &'static str> {
    const FORM: &str = "bcrypt is written `$2y$10$` and 53 characters: make a new hash with `htpasswd -B`";
    let [cost, text] = fields(rest, '$').ok_or(FORM)?;
    let cost = (cost.len() == 2).then(|| decimal(cost)).flatten().ok_or(FORM)?;
    if text.len() != 53 || !text.is_ascii() {
        return Err(FORM);
    }
    let (salt, hash) = text.split_at(22);
    let decode = |text| BCRYPT_BASE64.decode(text).map(Vec::into_boxed_slice).map_err(|_| FORM);
    match cost {
        4..=MAX_BCRYPT_COST => {
            Ok(PasswordHash { kind: Kind::Bcrypt { cost }, salt: decode(salt)?, hash: decode(hash)? })
        }
        0..4 => Err(FORM),
        _ => Err("a bcrypt cost over 16 would stall the server: 10 to 14 is usual"),
    }
}

fn fields<const N: usize>(text: &str, separator: char) -> Option<[&str; N]> {
    let mut parts = text.split(separator);
    let fields = std::array::from_fn(|_| parts.next().unwrap_or_default());
    (parts.next().is_none() && fields.iter().all(|field| !field.is_empty())).then_some(fields)
}

/// Digits only: `str::parse` would take a `+`.
fn decimal(text: &str) -> Option<u32> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

pub(super) fn random<const N: usize>() -> Result<[u8; N], &'static str> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| "the system gives no random bytes")?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// jBCrypt's and PHP's vectors.
    const BCRYPT_VECTORS: [(&str, &str); 4] = [
        ("", "$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s."),
        ("abc", "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"),
        (
            "~!@#$%^&*()      ~!@#$%^&*()PNBFRD",
            "$2a$06$fPIsBO8qRqkjj273rfaOI.HtSV9jLDpTbZn782DC6/t7qT67P6FfO",
        ),
        ("rasmuslerdorf", "$2y$07$usesomesillystringfore2uDLvp1Ii2e./U9C8sBjqp8I90dH6hi"),
    ];

    #[test]
    fn others_bcrypt_hashes_are_verified() {
        for (password, text) in BCRYPT_VECTORS {
            let hash = PasswordHash::parse(text).unwrap();
            assert_eq!(hash.verify(password.as_bytes()), Some(true), "{text}");
            assert_eq!(hash.verify(format!("{password}x").as_bytes()), Some(false), "{text}");
            assert_eq!(hash.decoy().verify(password.as_bytes()), Some(false), "a decoy has no password");
        }
    }

    #[test]
    fn bcrypt_does_not_cut_a_long_password_off() {
        let salt = [7; 16];
        for (len, expected) in [(71, true), (72, true), (73, false), (1024, false)] {
            let password = vec![b'a'; len];
            let hash = PasswordHash {
                kind: Kind::Bcrypt { cost: 4 },
                salt: Box::new(salt),
                hash: Box::new(bcrypt(&password, 4, salt)),
            };
            assert_eq!(hash.verify(&password), Some(expected), "{len} bytes");
        }
    }

    #[test]
    fn argon2id_hashes_of_ours_are_verified() {
        let text = hash_password("Grüße").unwrap();
        let hash = PasswordHash::parse(&text).unwrap();
        assert_eq!(hash.verify("Grüße".as_bytes()), Some(true));
        assert_eq!(hash.verify("Grüsse".as_bytes()), Some(false));
        assert_eq!(hash.decoy().verify("Grüße".as_bytes()), Some(false));
        assert!(!hash.is_cheap());
        assert_ne!(text, hash_password("Grüße").unwrap(), "salts are random");
    }

    /// Made by the reference implementation: `echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1 -l 24 -e`.
    #[test]
    fn the_reference_implementations_argon2id_hash_is_verified() {
        let text = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        assert_eq!(PasswordHash::parse(text).unwrap().verify(b"password"), Some(true));
    }

    #[test]
    fn whatever_is_weak_or_malformed_or_would_stall_does_not_load() {
        let good = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        assert!(PasswordHash::parse(good).is_ok());
        let bcrypt = "$2y$10$KH61y1gdM/IG8GSr0tiC3u.zNJcTO6IvGILKq3dx5UlxoVfY6dbXK";
        assert!(PasswordHash::parse(bcrypt).is_ok());
        let wrong = [
            String::new(),
            "secret".into(),
            "rqXexS6ZhobKA".into(),
            "$apr1$TqI9WECO$LHZB2DqRlk9nObiB6vJG9.".into(),
            "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=".into(),
            "$5$rounds=5000$usesomesillystri$KqJWpanXZHKq2BOB43TSaYhEWsQ1Lr5QNyPCDH/Tp.6".into(),
            good.replace("argon2id", "argon2i"),
            good.replace("v=19", "v=16"),
            good.replace("v=19$", ""),
            good.replace("m=19456", "m=+19456"),
            good.replace("m=19456,t=2", "t=2,m=19456"),
            good.replace("m=19456", "m=4194304"),
            good.replace("t=2", "t=4294967295"),
            good.replace("t=2", "t=0"),
            good.replace("p=1", "p=16777215"),
            good.replace("m=19456", "m=7"),
            good.replace("c29tZXNhbHQ", "c29t"),
            good.replace("8ArZWb2GRPPc", "8ArZWb2GRPP*"),
            format!("{good}$x"),
            bcrypt.replace("2y", "2x"),
            bcrypt.replace("$10$", "$31$"),
            bcrypt.replace("$10$", "$03$"),
            bcrypt.replace("$10$", "$+9$"),
            bcrypt.replace("bXK", "bX"),
            bcrypt.replace("bXK", "bX\u{e9}"),
        ];
        for text in wrong {
            let error = PasswordHash::parse(&text).unwrap_err();
            assert!(matches!(error, ConfigError::PasswordHash { .. }), "{text}");
        }
    }

    #[test]
    fn passwords_that_no_client_can_send_are_not_hashed() {
        for password in ["", "a\nb", "a\u{85}b", &"a".repeat(1025)] {
            assert!(matches!(hash_password(password), Err(ConfigError::Password { .. })), "{password:?}");
        }
    }
}
