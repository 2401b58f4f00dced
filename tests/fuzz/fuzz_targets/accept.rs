//! Which body a refusal has does not depend on noise, and never on what was not asked for.
//!
//! ```text
//! fields ── Format::negotiate ──▶ the same with junk fields around, and in any case of letters
//! ```
#![no_main]

use enfilade_core::render::Format;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let fields: Vec<&[u8]> = data.split(|b| *b == b'\n').collect();
    let found = Format::negotiate(fields.iter().copied());
    let noise: [&[u8]; 3] = [b"", b"image/webp;q=1", b"nonsense, ;;,\"\""];
    let with_noise = noise.iter().chain(&fields).chain(&noise).copied();
    assert_eq!(Format::negotiate(with_noise), found);
    let upper = data.to_ascii_uppercase();
    assert_eq!(Format::negotiate(upper.split(|b| *b == b'\n')), found);
    let backwards = Format::negotiate(fields.iter().rev().copied());
    assert_eq!(backwards, found, "the order of fields says nothing");

    let lower = data.to_ascii_lowercase();
    let says = |word: &[u8]| lower.windows(word.len()).any(|part| part == word);
    match found {
        Format::Html => assert!(says(b"text/html") || says(b"*")),
        Format::Text => assert!(says(b"text/plain") || says(b"*")),
        _ => {}
    }
});
