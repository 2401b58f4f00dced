//! Only what was sealed, unchanged and for this very use, opens.
//!
//! ```text
//! kind · value length · value · rest     rest as it is ──▶ never opens     sealed value changed by rest ──▶ never opens
//! ```
#![no_main]

use std::sync::LazyLock;

use enfilade_cookie::{Jar, Key, KeyRing, Sealed};
use http::{HeaderValue, Request, Response};

static RING: LazyLock<KeyRing> = LazyLock::new(|| ring(0));
/// Seals nothing: libFuzzer learns from comparisons, and so has seals of the other ring among its inputs.
static UNUSED: LazyLock<KeyRing> = LazyLock::new(|| ring(100));
const NAME: &str = "__Host-s";

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [kind, length, rest @ ..] = data else { return };
    let (value, rest) = rest.split_at(usize::from(*length).min(rest.len()));
    let private = kind & 1 == 0;
    let (arbitrary, _) = carrying(rest);
    assert!(view(&arbitrary, &UNUSED, private, "use").open(NAME).is_err(), "what nobody sealed opened");

    let Some(wire) = sealed(value, private) else { return };
    let (jar, _) = carrying(&fuzz::changed(&wire, rest));
    let same = jar.get(NAME) == Some(wire.as_slice());
    match view(&jar, &RING, private, "use").open(NAME) {
        Ok(opened) => assert!(same && opened.bytes() == value, "a changed seal opened"),
        Err(reason) => assert!(!same, "an unchanged seal did not open: {reason}"),
    }
    assert!(view(&jar, &RING, private, "other").open(NAME).is_err(), "another purpose");
    assert!(view(&jar, &RING, !private, "use").open(NAME).is_err(), "another kind");
});

fn ring(from: u8) -> KeyRing {
    let key =
        |from: u8| Key::from_bytes(&std::array::from_fn::<u8, 64, _>(|i| from ^ i as u8)).expect("64 bytes");
    KeyRing::new([key(from), key(from + 1)]).expect("two keys")
}

fn view<'a>(jar: &'a Jar, ring: &'a KeyRing, private: bool, purpose: &'a str) -> Sealed<'a> {
    if private { jar.private(ring, purpose) } else { jar.signed(ring, purpose) }
}

fn carrying(value: &[u8]) -> (Jar, http::request::Parts) {
    let mut parts = Request::new(()).into_parts().0;
    if let Ok(field) = HeaderValue::from_bytes(&[NAME.as_bytes(), b"=", value].concat()) {
        parts.headers.insert("cookie", field);
    }
    (Jar::enter(&mut parts).0, parts)
}

fn sealed(value: &[u8], private: bool) -> Option<Vec<u8>> {
    let mut parts = Request::new(()).into_parts().0;
    let (jar, emit) = Jar::enter(&mut parts);
    view(&jar, &RING, private, "use").add(NAME, value).ok()?;
    let mut response = Response::new(()).into_parts().0;
    emit.expect("this was the first to ask").run(&mut response);
    let line = response.headers["set-cookie"].as_bytes();
    let pair = line.split(|b| *b == b';').next()?;
    Some(pair[NAME.len() + 1..].to_vec())
}
