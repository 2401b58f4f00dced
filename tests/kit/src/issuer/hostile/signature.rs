//! Signatures: none that the key made, or written in another form.
//!
//! ```text
//! every algorithm   empty · zeros · ones · cut · longer · one bit · of another token
//! ECDSA             DER, r = 0, s = 0 (CVE-2022-21449)      RSA  0, 1, the modulus      HMAC  cut
//! ```

use super::{Forge, code, shape::split};
use crate::issuer::{Key, jws::base64url};

const WRONG: &str = "the key did not make this signature";
const LENGTH: &str = "a signature has one length (RFC 7518 §3)";
const PSYCHIC: &str = "r and s lie between 1 and n − 1 (CVE-2022-21449)";
const RAW: &str = "r ‖ s, not DER (RFC 7518 §3.4)";

pub(super) fn all(forge: &mut Forge<'_>) {
    let key = forge.issuer.key();
    of_any_kind(forge);
    of_another_token(forge, &key);
    if key.alg().is_ecdsa() {
        ecdsa(forge, &key);
    } else if key.alg().is_rsa() {
        rsa(forge, &key);
    } else if key.alg().is_shared_secret() {
        with(forge, "signature/first-byte-only", LENGTH, |signature| signature[..1].to_vec());
    } else {
        // The neutral element as R, and S = 0: right under a key of small order only.
        with(forge, "signature/neutral-element", WRONG, |_| [&[1][..], &[0; 63]].concat());
    }
}

/// A good token whose signature was changed.
fn with(forge: &mut Forge<'_>, name: &str, why: &'static str, change: impl FnOnce(Vec<u8>) -> Vec<u8>) {
    let token = forge.good();
    let changed = token.sign_with(|input| change(token.signer().sign(input)));
    forge.refuse(code::SIGNATURE, name, why, changed);
}

fn of_any_kind(forge: &mut Forge<'_>) {
    with(forge, "signature/empty", WRONG, |_| Vec::new());
    with(forge, "signature/zeros", PSYCHIC, |signature| vec![0; signature.len()]);
    with(forge, "signature/ones", WRONG, |signature| vec![0xff; signature.len()]);
    with(forge, "signature/one-bit-at-the-front", WRONG, |mut signature| {
        signature[0] ^= 1;
        signature
    });
    with(forge, "signature/one-bit-at-the-end", WRONG, |mut signature| {
        signature.iter_mut().next_back().into_iter().for_each(|last| *last ^= 1);
        signature
    });
    with(forge, "signature/a-byte-short", LENGTH, |signature| signature[..signature.len() - 1].to_vec());
    with(forge, "signature/a-byte-long", LENGTH, |signature| [signature, vec![0]].concat());
    with(forge, "signature/a-zero-in-front", LENGTH, |signature| [vec![0], signature].concat());
    with(forge, "signature/half", LENGTH, |signature| signature[..signature.len() / 2].to_vec());
    with(forge, "signature/twice", LENGTH, |signature| [signature.clone(), signature].concat());
    with(forge, "signature/reversed", WRONG, |signature| signature.into_iter().rev().collect());
    with(forge, "signature/in-hexadecimal", LENGTH, |signature| {
        signature.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()
    });
}

fn of_another_token(forge: &mut Forge<'_>, key: &Key) {
    let (ada, eve) = (forge.good().sign(), forge.issuer.token("eve").sign());
    let [header, payload, _] = split(&eve);
    let [_, _, signature] = split(&ada);
    forge.refuse(
        code::SIGNATURE,
        "signature/of-another-payload",
        WRONG,
        format!("{header}.{payload}.{signature}"),
    );
    let other_header = forge.good().header("x", 1).signing_input();
    let [header, payload, signature] = split(&ada);
    let header_of = other_header.split('.').next().unwrap_or_default();
    let changed = format!("{header_of}.{payload}.{signature}");
    forge.refuse(code::SIGNATURE, "signature/of-another-header", WRONG, changed);
    let bare = base64url(&key.sign(payload.as_bytes()));
    forge.refuse(
        code::SIGNATURE,
        "signature/of-the-payload-alone",
        WRONG,
        format!("{header}.{payload}.{bare}"),
    );
    let token = forge.good();
    let [head, claims] = token.parts();
    let decoded = token.sign_with(|_| key.sign(&[head, b".".to_vec(), claims].concat()));
    forge.refuse(code::SIGNATURE, "signature/of-the-decoded-text", WRONG, decoded);
    let spaced = token.clone().payload_bytes(format!("{} ", token.claims_text()));
    let moved = spaced.sign_with(|_| key.sign(token.signing_input().as_bytes()));
    forge.refuse(code::SIGNATURE, "signature/of-the-same-claims-written-otherwise", WRONG, moved);
}

fn ecdsa(forge: &mut Forge<'_>, key: &Key) {
    with(forge, "signature/der", RAW, |signature| der(&signature));
    with(forge, "signature/r-is-zero", PSYCHIC, |mut signature| {
        let half = signature.len() / 2;
        signature[..half].fill(0);
        signature
    });
    with(forge, "signature/s-is-zero", PSYCHIC, |mut signature| {
        let half = signature.len() / 2;
        signature[half..].fill(0);
        signature
    });
    with(forge, "signature/r-and-s-are-one", PSYCHIC, |signature| {
        let half = signature.len() / 2;
        (0..signature.len()).map(|at| u8::from((at + 1) % half == 0)).collect()
    });
    with(forge, "signature/r-and-s-swapped", WRONG, |mut signature| {
        let half = signature.len() / 2;
        signature.rotate_left(half);
        signature
    });
    let zero = forge.good().sign_with(|_| der(&vec![0; key.sign(b"").len()]));
    forge.refuse(code::SIGNATURE, "signature/der-of-zeros", PSYCHIC, zero);
}

fn rsa(forge: &mut Forge<'_>, key: &Key) {
    with(forge, "signature/the-number-one", WRONG, |signature| {
        let mut one = vec![0; signature.len()];
        one.iter_mut().next_back().into_iter().for_each(|last| *last = 1);
        one
    });
    let jwk = key.jwk();
    let modulus = base64::Engine::decode(
        &base64::engine::general_purpose::URL_SAFE_NO_PAD,
        jwk["n"].as_str().unwrap_or_default(),
    );
    let modulus = modulus.expect("our own base64url");
    with(forge, "signature/the-modulus", WRONG, |_| modulus);
}

/// `SEQUENCE { INTEGER r, INTEGER s }`, as OpenSSL writes a signature.
fn der(raw: &[u8]) -> Vec<u8> {
    let integer = |half: &[u8]| {
        let skip = half.iter().take_while(|byte| **byte == 0).count().min(half.len() - 1);
        let number = &half[skip..];
        let sign: &[u8] = if number[0] >= 0x80 { &[0] } else { &[] };
        [&[2, short(sign.len() + number.len())], sign, number].concat()
    };
    let (r, s) = raw.split_at(raw.len() / 2);
    let body = [integer(r), integer(s)].concat();
    let length = if body.len() < 0x80 { vec![short(body.len())] } else { vec![0x81, short(body.len())] };
    [vec![0x30], length, body].concat()
}

fn short(length: usize) -> u8 {
    u8::try_from(length).expect("two numbers of a curve are short")
}
