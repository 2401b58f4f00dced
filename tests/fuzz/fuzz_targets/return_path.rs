//! Whatever is accepted as a path to return to stays on this origin, as a browser reads it.
//!
//! ```text
//! text ── ReturnPath ──▶ path ── url, against our own page ──▶ the same origin, also after it was decoded once
//! ```
#![no_main]

use enfilade_auth::ReturnPath;
use url::Url;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let here = Url::parse("https://shop.example/sign-in?next=x").expect("a good URL");
    let path = ReturnPath::parse(text);
    assert!(path.as_str().bytes().all(|b| b.is_ascii_graphic()), "{path}");
    let there = here.join(path.as_str()).expect("an absolute path");
    assert_eq!(there.origin(), here.origin(), "{text:?} became {path}");
    assert!(there.username().is_empty() && there.password().is_none());
    assert_eq!(ReturnPath::parse(path.as_str()), path, "read again it is the same");

    let raw = path.as_str().split(['?', '#']).next().unwrap_or_default();
    if let Ok(decoded) = String::from_utf8(decode(raw)) {
        let there = here.join(&decoded).expect("an absolute path");
        assert_eq!(there.origin(), here.origin(), "{text:?} became {path}, decoded {decoded:?}");
    }
});

fn decode(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escape =
            after.get(..2).filter(|_| *first == b'%').filter(|two| two.iter().all(u8::is_ascii_hexdigit));
        let byte = escape.and_then(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
        out.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    out
}
