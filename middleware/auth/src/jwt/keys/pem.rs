//! Public keys in PEM: one `PUBLIC KEY` block, its DER read by hand, for aws-lc does not say what kind it parsed.
//!
//! ```text
//! SEQUENCE ─┬─ SEQUENCE ── OID (RSA · EC + curve · Ed25519)          RFC 5280 §4.1.2.7, RFC 8410 §4
//!           └─ BIT STRING ── SEQUENCE { n, e } · point · 32 bytes
//! ```

use base64::{Engine, engine::general_purpose::STANDARD};

use super::VerifyingKey;
use crate::jwt::{Algorithm, algorithm::Family};

const OID_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const OID_EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const OID_P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const OID_P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const OID_ED25519: &[u8] = &[0x2b, 0x65, 0x70];

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const NULL: u8 = 0x05;
const OID: u8 = 0x06;

pub(super) fn public_key(pem: &str, algorithm: Option<Algorithm>) -> Result<VerifyingKey, &'static str> {
    let der = block("PUBLIC KEY", pem).ok_or(
        "expected one `-----BEGIN PUBLIC KEY-----` block: `openssl pkey -pubout` writes it from a private key",
    )?;
    let (family, key) = spki(&der).ok_or("the block holds no RSA, P-256, P-384 or Ed25519 public key")?;
    let algorithm = algorithm.unwrap_or(match family {
        Family::P256 => Algorithm::Es256,
        Family::P384 => Algorithm::Es384,
        Family::Ed25519 => Algorithm::EdDsa,
        Family::Rsa | Family::Secret => Algorithm::Rs256,
    });
    if algorithm.family() != family {
        return Err("the algorithm needs another kind of key than this one");
    }
    if family != Family::Rsa {
        return VerifyingKey::curve(algorithm, key);
    }
    let (modulus, exponent) = rsa_numbers(key).ok_or("the RSA key's numbers cannot be read")?;
    VerifyingKey::rsa(algorithm, modulus, exponent)
}

/// The DER of the only block of this label; text around it is allowed, as openssl writes some.
pub(in crate::jwt) fn block(label: &str, pem: &str) -> Option<Vec<u8>> {
    let (_, rest) = pem.split_once(&format!("-----BEGIN {label}-----"))?;
    let (body, rest) = rest.split_once(&format!("-----END {label}-----"))?;
    if rest.contains("-----BEGIN ") {
        return None;
    }
    let text: String = body.split_ascii_whitespace().collect();
    STANDARD.decode(text).ok()
}

fn spki(der: &[u8]) -> Option<(Family, &[u8])> {
    let whole = only(SEQUENCE, der)?;
    let (kind, rest) = take(SEQUENCE, whole)?;
    let (oid, params) = take(OID, kind)?;
    let family = if oid == OID_RSA && only(NULL, params) == Some(&[]) {
        Family::Rsa
    } else if oid == OID_ED25519 && params.is_empty() {
        Family::Ed25519
    } else if oid == OID_EC {
        match only(OID, params)? {
            OID_P256 => Family::P256,
            OID_P384 => Family::P384,
            _ => return None,
        }
    } else {
        return None;
    };
    // The first byte of a BIT STRING counts its unused bits.
    let key = only(BIT_STRING, rest)?.strip_prefix(&[0])?;
    Some((family, key))
}

/// `n` and `e` (RFC 8017 §A.1.1), without the zero byte that keeps a DER number positive.
pub(in crate::jwt) fn rsa_numbers(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (modulus, rest) = take(INTEGER, only(SEQUENCE, der)?)?;
    let exponent = only(INTEGER, rest)?;
    let positive = |number: &'_ [u8]| number.first().is_some_and(|first| *first < 0x80);
    (positive(modulus) && positive(exponent)).then(|| (without_zero(modulus), without_zero(exponent)))
}

fn without_zero(number: &[u8]) -> &[u8] {
    number.strip_prefix(&[0]).unwrap_or(number)
}

/// The content of the element that is all there is.
fn only(tag: u8, der: &[u8]) -> Option<&[u8]> {
    let (content, rest) = take(tag, der)?;
    rest.is_empty().then_some(content)
}

/// The content of the first element, and what follows it; lengths in their shortest form only (X.690 §10.1).
fn take(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (header, rest) = der.split_first_chunk::<2>()?;
    if header[0] != tag {
        return None;
    }
    let (length, rest) = match header[1] {
        short @ ..=0x7f => (usize::from(short), rest),
        0x81 => (usize::from(*rest.first().filter(|length| **length >= 0x80)?), &rest[1..]),
        0x82 => {
            let (length, rest) = rest.split_first_chunk::<2>()?;
            (usize::from(Some(u16::from_be_bytes(*length)).filter(|length| *length >= 0x100)?), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}
