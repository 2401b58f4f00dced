//! The page's style and the hash in its Content-Security-Policy belong together: a browser drops the style otherwise.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use enfilade_core::{Gates, Rejection, RenderRejections, gate_fn};
use enfilade_test::{Probe, drive};
use http::StatusCode;
use tower::ServiceBuilder;

#[test]
fn the_policy_names_the_style_by_its_hash() {
    let gate = gate_fn("door", |_| Err(Rejection::new(StatusCode::FORBIDDEN, "policy.denied")));
    let layers = ServiceBuilder::new().layer(RenderRejections::new()).layer(Gates::of(gate));
    let reply = drive(layers, &Probe::ok()).get("/").header("accept", "text/html").send();
    let style = reply.text().split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
    let policy = reply.header("content-security-policy").unwrap();
    let hash = format!("style-src 'sha256-{}'", BASE64_STANDARD.encode(sha256(style.as_bytes())));
    assert!(policy.contains(&hash), "the style has changed: in page.rs it must say {hash}, not {policy}");
}

#[test]
fn the_hash_in_this_test_is_sha_256() {
    assert_eq!(BASE64_STANDARD.encode(sha256(b"abc")), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
}

/// FIPS 180-4 in a few lines: core itself needs no hash, and a crypto crate for one test would be a heavy guest.
fn sha256(message: &[u8]) -> Vec<u8> {
    let primes: Vec<u32> = (2u32..).filter(|n| (2..*n).all(|d| n % d != 0)).take(64).collect();
    let k: Vec<u32> = primes.iter().map(|p| fraction(u128::from(*p) << 96, 3)).collect();
    let mut hash: Vec<u32> = primes[..8].iter().map(|p| fraction(u128::from(*p) << 64, 2)).collect();
    let mut padded = message.to_vec();
    padded.push(0x80);
    padded.resize(padded.len().next_multiple_of(64) + if padded.len() % 64 > 56 { 64 } else { 0 }, 0);
    let end = padded.len() - 8;
    padded[end..].copy_from_slice(&(message.len() as u64 * 8).to_be_bytes());
    for block in padded.chunks(64) {
        let mut w: Vec<u32> =
            block.chunks(4).map(|b| b.iter().fold(0, |word, b| word << 8 | u32::from(*b))).collect();
        for i in 16..64 {
            let (a, b) = (w[i - 15], w[i - 2]);
            let s0 = a.rotate_right(7) ^ a.rotate_right(18) ^ (a >> 3);
            let s1 = b.rotate_right(17) ^ b.rotate_right(19) ^ (b >> 10);
            w.push(w[i - 16].wrapping_add(s0).wrapping_add(w[i - 7]).wrapping_add(s1));
        }
        let mut v = hash.clone();
        for i in 0..64 {
            let s1 = v[4].rotate_right(6) ^ v[4].rotate_right(11) ^ v[4].rotate_right(25);
            let choice = (v[4] & v[5]) ^ (!v[4] & v[6]);
            let t1 = [s1, choice, k[i], w[i]].iter().fold(v[7], |sum, x| sum.wrapping_add(*x));
            let s0 = v[0].rotate_right(2) ^ v[0].rotate_right(13) ^ v[0].rotate_right(22);
            let majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
            v.pop();
            v[3] = v[3].wrapping_add(t1);
            v.insert(0, t1.wrapping_add(s0.wrapping_add(majority)));
        }
        hash.iter_mut().zip(v).for_each(|(h, v)| *h = h.wrapping_add(v));
    }
    hash.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// The 32 bits behind the point of a root: the lower half of the whole root of a number shifted that far.
fn fraction(shifted: u128, degree: u32) -> u32 {
    let root = (0..36).rev().fold(0u128, |root, bit| {
        let more = root | 1 << bit;
        if more.pow(degree) <= shifted { more } else { root }
    });
    u32::try_from(root & u128::from(u32::MAX)).expect("32 bits were taken")
}
