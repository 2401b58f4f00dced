//! One key: made at random, or read from bytes or a file; known outside by an id that tells nothing.

use std::{
    fmt,
    fs::{File, Metadata},
    io::{self, Read as _},
    path::Path,
};

use aws_lc_rs::{hkdf, rand};
use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use zeroize::Zeroizing;

use crate::{ConfigError, config_error::KeyFault};

/// A secret from which all keys in use are derived. Cheap to clone; never shown.
#[derive(Clone)]
pub struct Key {
    prk: hkdf::Prk,
    id: KeyId,
}

/// Which key made a seal. Derived from the key, so it needs no bookkeeping and says nothing about it.
pub(crate) type KeyId = [u8; 4];

const BYTES_MIN: usize = 32;
const BYTES_MAX: usize = 4096;

impl Key {
    /// A random key of 32 bytes.
    ///
    /// # Panics
    ///
    /// If the machine has no randomness.
    pub fn generate() -> Self {
        let mut secret = Zeroizing::new([0; BYTES_MIN]);
        rand::fill(&mut *secret).expect("the operating system gives random bytes");
        Self::derive(&*secret)
    }

    /// A key from 32 to 4,096 random bytes.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Key`], when they cannot be random, or are too few.
    pub fn from_bytes(secret: &[u8]) -> Result<Self, ConfigError> {
        Self::judge(secret).map_err(|fault| ConfigError::Key { path: None, fault })
    }

    /// A key from a file: raw bytes, or hexadecimal or base64 text. `owner_only` refuses one that others may read.
    pub(super) fn read(path: &Path, owner_only: bool) -> Result<Self, ConfigError> {
        let failed = |error| ConfigError::KeyFile { path: path.to_owned(), error };
        // Asked before it is opened too: opening a pipe waits for a writer.
        if !path.metadata().map_err(failed)?.is_file() {
            return Err(ConfigError::KeyFileKind { path: path.to_owned() });
        }
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if !metadata.is_file() {
            return Err(ConfigError::KeyFileKind { path: path.to_owned() });
        }
        if let Some(mode) = exposed(&metadata).filter(|_| owner_only) {
            return Err(ConfigError::KeyFileMode { path: path.to_owned(), mode });
        }
        let content = read_some(file).map_err(failed)?;
        decode(&content)
            .and_then(|secret| Self::judge(&secret))
            .map_err(|fault| ConfigError::Key { path: Some(path.to_owned()), fault })
    }

    pub(super) fn prk(&self) -> &hkdf::Prk {
        &self.prk
    }

    pub(super) fn id(&self) -> KeyId {
        self.id
    }

    fn judge(secret: &[u8]) -> Result<Self, KeyFault> {
        let mut seen = [false; 256];
        for b in secret {
            seen[usize::from(*b)] = true;
        }
        let different = seen.iter().filter(|seen| **seen).count();
        match secret.len() {
            bytes if bytes < BYTES_MIN => Err(KeyFault::Short { bytes }),
            bytes if bytes > BYTES_MAX => Err(KeyFault::Long),
            // 32 random bytes have fewer than 8 different ones once in 10^40 keys.
            _ if different < 8 => Err(KeyFault::Uniform),
            _ => Ok(Self::derive(secret)),
        }
    }

    fn derive(secret: &[u8]) -> Self {
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, b"enfilade-cookie/1 key ring").extract(secret);
        let mut id = KeyId::default();
        expand(&prk, &[b"key id"], &mut id);
        Self { prk, id }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:08x})", u32::from_be_bytes(self.id))
    }
}

/// HKDF-Expand (RFC 5869 §2.3) over parts that cannot be confused: each is preceded by its length.
pub(super) fn expand(prk: &hkdf::Prk, parts: &[&[u8]], out: &mut [u8]) {
    struct Bytes(usize);
    impl hkdf::KeyType for Bytes {
        fn len(&self) -> usize {
            self.0
        }
    }
    let mut info = Vec::new();
    for part in parts {
        info.extend_from_slice(&(part.len() as u64).to_be_bytes());
        info.extend_from_slice(part);
    }
    prk.expand(&[&info], Bytes(out.len()))
        .and_then(|okm| okm.fill(out))
        .expect("HKDF gives up to 255 times 32 bytes");
}

/// The permission bits of a file that others may read, or that the group may change.
#[cfg(unix)]
fn exposed(metadata: &Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = metadata.permissions().mode() & 0o7777;
    (mode & 0o027 != 0).then_some(mode)
}

#[cfg(not(unix))]
fn exposed(_: &Metadata) -> Option<u32> {
    None
}

/// One byte more than a key may have, so that a longer file is told from one that fits.
fn read_some(file: File) -> io::Result<Zeroizing<Vec<u8>>> {
    let most = 2 * BYTES_MAX + 3;
    let mut content = Zeroizing::new(Vec::with_capacity(most));
    file.take(most as u64).read_to_end(&mut content)?;
    Ok(content)
}

/// Text is hexadecimal or base64, anything else is the key itself.
fn decode(content: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyFault> {
    let text = content.trim_ascii();
    let is_text = !text.is_empty() && text.iter().all(|b| b.is_ascii_graphic() || b.is_ascii_whitespace());
    if !is_text {
        return Ok(Zeroizing::new(content.to_vec()));
    }
    // As long as it can get, so that no copy of a half-read key is left behind by growing.
    let mut secret = Zeroizing::new(vec![0; text.len()]);
    let len = hexadecimal(text, &mut secret).or_else(|| base64(text, &mut secret)).ok_or(KeyFault::Text)?;
    secret.truncate(len);
    Ok(secret)
}

/// How many bytes were written.
fn hexadecimal(text: &[u8], out: &mut [u8]) -> Option<usize> {
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_chunks::<2>();
    for ([high, low], byte) in pairs.iter().zip(out) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    rest.is_empty().then_some(pairs.len())
}

/// Either alphabet, padded or not; how many bytes were written.
fn base64(text: &[u8], out: &mut [u8]) -> Option<usize> {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    [alphabet::STANDARD, alphabet::URL_SAFE]
        .iter()
        .find_map(|alphabet| GeneralPurpose::new(alphabet, config).decode_slice(text, out).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAW: [u8; 32] =
        *b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\xff\xfe\xfd\xfc\xfb\xfa0123456789abcdef";

    #[test]
    fn a_key_is_the_same_however_it_is_written() {
        let hex = "00010203040506070809fffefdfcfbfa30313233343536373839616263646566".to_owned();
        let texts = [
            hex.clone(),
            format!("{}\n", hex.to_uppercase()),
            "AAECAwQFBgcICf/+/fz7+jAxMjM0NTY3ODlhYmNkZWY=\n".to_owned(),
            "AAECAwQFBgcICf_-_fz7-jAxMjM0NTY3ODlhYmNkZWY".to_owned(),
        ];
        for text in texts {
            assert_eq!(**decode(text.as_bytes()).unwrap(), RAW, "{text}");
        }
        assert_eq!(**decode(&RAW).unwrap(), RAW);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let fault = |content: &[u8]| decode(content).and_then(|secret| Key::judge(&secret)).unwrap_err();
        assert_eq!(fault(b""), KeyFault::Short { bytes: 0 });
        assert_eq!(fault(b"correct horse battery staple, twice over"), KeyFault::Text);
        assert_eq!(fault(b"c2hvcnQ="), KeyFault::Short { bytes: 5 });
        assert_eq!(fault(&RAW[..31]), KeyFault::Short { bytes: 31 });
        assert_eq!(fault(&[0; 32]), KeyFault::Uniform);
        assert_eq!(fault("00".repeat(32).as_bytes()), KeyFault::Uniform);
        assert_eq!(fault(&RAW.repeat(129)), KeyFault::Long);
    }

    #[test]
    fn a_key_shows_its_id_only() {
        let shown = format!("{:?}", Key::from_bytes(&RAW).unwrap());
        assert_eq!(shown.len(), "Key(00000000)".len());
        assert_eq!(shown, format!("{:?}", Key::from_bytes(&RAW).unwrap()));
    }
}
