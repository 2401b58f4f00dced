//! Cookies that were read, written again, are read as the same, however they are spread over fields.
//!
//! ```text
//! lines ── Jar ──▶ (name, value)… ── one field each, or one field for all ── Jar ──▶ the same
//! ```
#![no_main]

use enfilade_cookie::Jar;
use http::{HeaderValue, Request};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let jar = jar(data.split(|b| *b == b'\n'));
    let pairs = pairs(&jar);
    for (name, value) in &pairs {
        assert!(!name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic() && b != b'=' && b != b';'));
        assert!(!value.iter().any(|b| b.is_ascii_control() || *b == b';'), "{value:?}");
        assert!(!value.starts_with(b" ") && !value.ends_with(b" "), "{value:?}");
        let same: Vec<_> = pairs.iter().filter(|(known, _)| known == name).map(|(_, value)| value).collect();
        let contested = name.starts_with("__Host-") && same.iter().any(|other| *other != same[0]);
        assert_eq!(jar.get(name), (!contested).then_some(same[0].as_slice()));
        assert_eq!(jar.is_duplicated(name), same.len() > 1);
    }
    let lines: Vec<Vec<u8>> =
        pairs.iter().map(|(name, value)| [name.as_bytes(), b"=", value].concat()).collect();
    check(&pairs, &self::jar(lines.iter().map(Vec::as_slice)));
    let joined = lines.join(&b"; "[..]);
    if joined.len() < 8000 {
        check(&pairs, &self::jar([joined.as_slice()].into_iter()));
    }
});

fn check(expected: &[(String, Vec<u8>)], again: &Jar) {
    assert_eq!(pairs(again), expected);
    assert!(again.hidden() == 0 && !again.is_truncated());
}

fn pairs(jar: &Jar) -> Vec<(String, Vec<u8>)> {
    jar.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn jar<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Jar {
    let mut parts = Request::new(()).into_parts().0;
    for line in lines.filter_map(|line| HeaderValue::from_bytes(line).ok()) {
        parts.headers.append("cookie", line);
    }
    Jar::enter(&mut parts).0
}
