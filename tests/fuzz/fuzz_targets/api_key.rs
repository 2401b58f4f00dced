//! A key is the key, to the byte, or it is refused; a file of keys is read or refused, never half.
//!
//! ```text
//! input as a key · the key changed by input ──▶ proved only if equal      input as a file ──▶ no panic, no secret shown
//! ```
#![no_main]

use std::sync::LazyLock;

use enfilade_auth::{ApiKey, KeyFile, MadeKey, NewKey};

static MADE: LazyLock<(MadeKey, ApiKey)> = LazyLock::new(|| {
    let made = NewKey::new("ci").with_scopes(["deploy"]).make().expect("a good key");
    let keys = ApiKey::new(KeyFile::parse(made.line()).expect("a good line"));
    (made, keys)
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let (made, keys) = &*MADE;
    let changed = fuzz::changed(made.key().as_bytes(), data);
    for key in [data, &changed] {
        let is_right = key == made.key().as_bytes();
        assert_eq!(keys.verify(key).is_ok(), is_right, "{key:?}");
    }
    let lines = fuzz::changed(made.line().as_bytes(), data);
    for file in [data, &lines] {
        let Ok(text) = str::from_utf8(file) else { continue };
        let Ok(file) = KeyFile::parse(text) else { continue };
        let _ = ApiKey::new(file).verify(made.key().as_bytes());
    }
});
