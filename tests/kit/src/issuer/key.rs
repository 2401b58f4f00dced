//! [`Key`]: one key of an issuer's, with all that a test may want of it: signatures, JWK, PEM, DER, the secret.
//!
//! ```text
//! Key ─┬─ sign(bytes)                      jwk()          what the issuer publishes
//!      └─ id() · alg() · with_id · as_alg   public_pem() · public_der() · secret()
//! ```
//!
//! A key pair is made once a process for each (issuer's name, kind, number), so RSA costs its tenths of a second once.
//!
//! ```
//! use enfilade_test::issuer::{Alg, Key};
//!
//! // What an attacker makes of a public key that a server might take for a secret.
//! let forged = Key::from_secret(Alg::Hs256, "-----BEGIN PUBLIC KEY-----\n…").with_id("es256-1");
//! assert_eq!(forged.sign(b"header.payload").len(), 32);
//! assert_eq!(forged.jwk()["kty"], "oct");
//! ```

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    hmac, rand,
    rsa::KeySize,
    signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{
    alg::{Alg, Kind},
    jws::base64url,
};

const RANDOM: &str = "the machine has random numbers";

/// A key with its id and its algorithm. Cheap to clone; see the [module docs](self).
#[derive(Clone)]
pub struct Key {
    id: Box<str>,
    alg: Alg,
    pair: Arc<Pair>,
}

enum Pair {
    Secret(Vec<u8>),
    Rsa(RsaKeyPair),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// Whose key, of which kind, the how-manieth.
type Place = (Box<str>, Kind, u32);

/// Filled by whoever is first to ask for the key.
type Cell = Arc<OnceLock<Arc<Pair>>>;

impl Key {
    /// A shared secret of any length, with the id `secret`; a strong one has the length of its hash or more.
    ///
    /// # Panics
    ///
    /// If the algorithm is none of HS256, HS384 and HS512.
    pub fn from_secret(alg: Alg, secret: impl Into<Vec<u8>>) -> Self {
        assert!(alg.is_shared_secret(), "{alg} has no shared secret");
        Self { id: "secret".into(), alg, pair: Arc::new(Pair::Secret(secret.into())) }
    }

    /// The key in that place, made when it is first asked for.
    pub(super) fn of(owner: &str, alg: Alg, number: u32) -> Self {
        static POOL: OnceLock<Mutex<HashMap<Place, Cell>>> = OnceLock::new();
        let place = (owner.into(), alg.kind(), number);
        let cell = {
            let pool = POOL.get_or_init(Mutex::default).lock();
            pool.unwrap_or_else(PoisonError::into_inner).entry(place).or_default().clone()
        };
        // Outside the lock: whoever wants another key need not wait until this one is made.
        let pair = cell.get_or_init(|| Arc::new(Pair::generate(alg.kind()))).clone();
        Self { id: format!("{}-{number}", alg.as_str().to_lowercase()).into(), alg, pair }
    }

    /// The key's id: the `kid` of its tokens and of its JWK.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The one algorithm that it is for.
    pub fn alg(&self) -> Alg {
        self.alg
    }

    /// The same key under another id.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<Box<str>>) -> Self {
        self.id = id.into();
        self
    }

    /// The same key pair used with another algorithm, as an RSA key can be: the confusion that RFC 8725 §3.1 forbids.
    ///
    /// # Panics
    ///
    /// If the algorithm needs a key of another kind.
    #[must_use]
    pub fn as_alg(mut self, alg: Alg) -> Self {
        let both_secret = self.alg.is_shared_secret() && alg.is_shared_secret();
        assert!(both_secret || self.alg.kind() == alg.kind(), "a key for {} is none for {alg}", self.alg);
        self.alg = alg;
        self
    }

    /// The signature, as JWS wants it (RFC 7518 §3).
    ///
    /// # Panics
    ///
    /// If the machine has no random numbers.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let rng = rand::SystemRandom::new();
        match &*self.pair {
            Pair::Secret(secret) => {
                hmac::sign(&hmac::Key::new(self.alg.hmac(), secret), message).as_ref().to_vec()
            }
            Pair::Ecdsa(pair) => pair.sign(&rng, message).expect(RANDOM).as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(self.alg.padding(), &rng, message, &mut signature).expect(RANDOM);
                signature
            }
        }
    }

    /// The JWK (RFC 7517 §4) for whoever checks: the public half, or the secret itself.
    pub fn jwk(&self) -> Value {
        let mut jwk = self.numbers();
        jwk["kid"] = json!(self.id);
        jwk["alg"] = json!(self.alg.as_str());
        jwk["use"] = json!("sig");
        jwk
    }

    /// The public half in PEM (`PUBLIC KEY`, RFC 7468 §13), lines of 64, with a line break at the end.
    pub fn public_pem(&self) -> Option<String> {
        let text = BASE64_STANDARD.encode(self.public_der()?);
        let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
        Some(format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n")))
    }

    /// The public half in DER (`SubjectPublicKeyInfo`); `None` for a shared secret.
    pub fn public_der(&self) -> Option<Vec<u8>> {
        let der: PublicKeyX509Der<'_> = match &*self.pair {
            Pair::Secret(_) => return None,
            Pair::Rsa(pair) => pair.public_key().as_der(),
            Pair::Ecdsa(pair) => pair.public_key().as_der(),
            Pair::Ed25519(pair) => pair.public_key().as_der(),
        }
        .expect("a public key that was just made");
        Some(der.as_ref().to_vec())
    }

    /// The public half as bare bytes: the point of a curve, or RSA's PKCS #1 structure.
    pub fn public_bytes(&self) -> Option<Vec<u8>> {
        match &*self.pair {
            Pair::Secret(_) => None,
            Pair::Rsa(pair) => Some(pair.public_key().as_ref().to_vec()),
            Pair::Ecdsa(pair) => Some(pair.public_key().as_ref().to_vec()),
            Pair::Ed25519(pair) => Some(pair.public_key().as_ref().to_vec()),
        }
    }

    /// The secret, where it is one that both sides share.
    pub fn secret(&self) -> Option<&[u8]> {
        match &*self.pair {
            Pair::Secret(secret) => Some(secret),
            _ => None,
        }
    }

    fn numbers(&self) -> Value {
        match &*self.pair {
            Pair::Secret(secret) => json!({"kty": "oct", "k": base64url(secret)}),
            Pair::Rsa(pair) => {
                let [n, e] = rsa_numbers(pair.public_key().as_ref());
                json!({"kty": "RSA", "n": base64url(n), "e": base64url(e)})
            }
            Pair::Ecdsa(pair) => {
                let (curve, _) = self.alg.kind().curve().expect("an ECDSA key has a curve");
                let point = pair.public_key().as_ref();
                let (x, y) = point[1..].split_at(point.len() / 2);
                json!({"kty": "EC", "crv": curve, "x": base64url(x), "y": base64url(y)})
            }
            Pair::Ed25519(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(pair.public_key().as_ref())})
            }
        }
    }
}

impl Pair {
    fn generate(kind: Kind) -> Self {
        match kind {
            Kind::Secret(length) => {
                let mut secret = vec![0; length];
                rand::fill(&mut secret).expect(RANDOM);
                Self::Secret(secret)
            }
            Kind::Rsa => Self::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).expect(RANDOM)),
            Kind::Ed25519 => Self::Ed25519(Ed25519KeyPair::generate().expect(RANDOM)),
            curve => {
                let (_, signing) = curve.curve().expect("what is left are curves");
                Self::Ecdsa(EcdsaKeyPair::generate(signing).expect(RANDOM))
            }
        }
    }
}

/// Modulus and exponent out of `SEQUENCE { INTEGER n, INTEGER e }` (RFC 8017 §A.1.1), as aws-lc has written it.
fn rsa_numbers(der: &[u8]) -> [&[u8]; 2] {
    let (sequence, _) = tlv(der);
    let (n, rest) = tlv(sequence);
    let (e, _) = tlv(rest);
    // A leading zero keeps a DER number positive; a JWK has none (RFC 7518 §2, Base64urlUInt).
    [n, e].map(|number| number.strip_prefix(&[0]).unwrap_or(number))
}

/// The value of the first element, and what follows it.
fn tlv(der: &[u8]) -> (&[u8], &[u8]) {
    let short = usize::from(der[1]);
    let (start, length) = if short < 0x80 {
        (2, short)
    } else {
        let end = 2 + (short & 0x7f);
        (end, der[2..end].iter().fold(0, |length, byte| length << 8 | usize::from(*byte)))
    };
    (&der[start..start + length], &der[start + length..])
}

/// Id and algorithm; nothing of the key, though it is one for tests.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).field("alg", &self.alg).finish_non_exhaustive()
    }
}
