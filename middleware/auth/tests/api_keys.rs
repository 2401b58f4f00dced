//! API keys: what is accepted, what is refused with which word, and what a key file may say.
//!
//! ```text
//! made.line() ─▶ KeyFile ─▶ ApiKey ─▶ Auth ◀─ x-api-key, Authorization: ApiKey
//! ```

#![allow(clippy::unwrap_used)] // a helper of a test fails the test

use std::sync::Arc;

use enfilade_auth::{
    ApiKey, Attempt, Auth, AuthMethod, Authenticator, Carrier, ConfigError, Gate, KeyFile, MadeKey, NewKey,
    Principal,
};
use enfilade_test::{TestClock, assert_passed, assert_refused};
use http::{Request, header::HeaderValue, request};

const NOW: u64 = 1_795_478_400; // 2026-11-24

fn made(subject: &str) -> MadeKey {
    NewKey::new(subject).make().unwrap()
}

fn with(line: &str, field: &str) -> String {
    format!("{},{field}}}", line.strip_suffix('}').unwrap())
}

fn auth_of(text: &str) -> Auth {
    let time = TestClock::at(NOW);
    Auth::new(ApiKey::new(KeyFile::parse(text).unwrap()).with_scheme().with_clock(time.clock()))
}

fn parts(headers: &[(&str, &str)]) -> request::Parts {
    let mut req = Request::get("/orders?api_key=x");
    for (name, value) in headers {
        req = req.header(*name, *value);
    }
    req.body(()).unwrap().into_parts().0
}

fn code(auth: &Auth, headers: &[(&str, &str)]) -> String {
    let mut req = parts(headers);
    match auth.enter(&mut req) {
        Err(rejection) => rejection.code().to_owned(),
        Ok(_) => Principal::of(&req.extensions).unwrap().subject().to_owned(),
    }
}

/// Another key with the id of this one: whole, and wrong.
fn guess(key: &MadeKey) -> String {
    let other = made("x");
    let id = key.key().split('_').nth(1).unwrap();
    let body = format!("enf_{id}_{}", &other.key()[17..60]);
    // The checksum of a guess is right too: it protects nothing.
    let crc = !body.bytes().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    });
    let digits: Vec<char> = ('0'..='9').chain('A'..='Z').chain('a'..='z').collect();
    let checksum = (0..6).rev().map(|at| digits[(crc / 62_u32.pow(at) % 62) as usize]);
    body.chars().chain(checksum).collect()
}

/// A cookie that proves ada, whatever the request.
struct Tab;

impl Authenticator for Tab {
    fn carriers(&self) -> Vec<Carrier> {
        Vec::new()
    }
    fn authenticate(&self, _: &mut request::Parts) -> Attempt {
        Attempt::Proved(Principal::new("ada").with_ambient(true))
    }
}

#[test]
fn a_key_proves_its_holder_with_scopes_roles_and_end() {
    let made = NewKey::new("ci")
        .with_scopes(["deploy", "read"])
        .with_roles(["robots"])
        .with_expires("2027-01-31")
        .with_note("for the pipeline")
        .make()
        .unwrap();
    for (name, value) in [
        ("x-api-key", made.key().to_owned()),
        ("authorization", format!("ApiKey {}", made.key())),
        ("authorization", format!("apikey   {}", made.key())),
    ] {
        let mut req = parts(&[(name, &value)]);
        assert_passed!(auth_of(made.line()).enter(&mut req));
        let who = Principal::of(&req.extensions).unwrap();
        assert_eq!((who.subject(), who.method()), ("ci", AuthMethod::Other("api-key")));
        assert!(who.has_scope("deploy") && who.has_scope("read") && who.has_role("robots"));
        assert_eq!(who.expires(), Some(1_801_353_600));
        assert_eq!(who.credential_id(), made.key().split('_').nth(1));
        assert!(!who.is_ambient());
        assert!(req.headers[name].is_sensitive(), "logs and HPACK do not see it");
    }
}

#[test]
fn each_fault_of_a_key_has_its_word() {
    let (ci, bob, old, off) =
        (made("ci"), made("bob"), NewKey::new("old").with_expires("2026-11-24").make().unwrap(), made("off"));
    let file = [bob.line(), old.line(), &with(off.line(), r#""disabled":true"#), ci.line()].join("\n");
    let auth = auth_of(&file);
    let (key, unknown) = (ci.key(), made("ci"));
    let table: &[(&str, &str)] = &[
        (key, "ci"),
        (bob.key(), "bob"),
        (old.key(), "auth.key-expired"),
        (off.key(), "auth.key-disabled"),
        (unknown.key(), "auth.bad-credentials"),
        (&guess(&ci), "auth.bad-credentials"),
        // Who has not the whole key does not hear that it has ended.
        (&guess(&old), "auth.bad-credentials"),
        (&guess(&off), "auth.bad-credentials"),
        ("", "auth.key-malformed"),
        ("enf_", "auth.key-malformed"),
        ("__", "auth.key-malformed"),
        (&key[..65], "auth.key-malformed"),
        (&format!("{key} "), "auth.key-malformed"),
        (&format!("{key},{key}"), "auth.key-malformed"),
        (&format!("\"{key}\""), "auth.key-malformed"),
        (&key.to_uppercase(), "auth.key-malformed"),
        (&key.replace("enf_", "ENF_"), "auth.key-malformed"),
        (&"a_".repeat(30_000), "auth.key-malformed"),
    ];
    for (key, expected) in table {
        assert_eq!(code(&auth, &[("x-api-key", key)]), *expected, "{key:.70}");
    }
    let mut req = parts(&[]);
    req.headers.insert("x-api-key", HeaderValue::from_bytes(b"enf_\xff_\xff").unwrap());
    assert_refused!(auth.enter(&mut req), 401, "auth.key-malformed");
}

#[test]
fn the_prefix_of_a_key_cannot_be_exchanged() {
    let made = made("ci");
    let other = made.key().replacen("enf_", "adm_", 1);
    // Even with a checksum that fits.
    assert_ne!(code(&auth_of(made.line()), &[("x-api-key", &other)]), "ci");
}

#[test]
fn a_key_that_is_there_twice_is_refused_wherever_it_stands() {
    let made = made("ci");
    let auth = auth_of(made.line());
    let scheme = format!("ApiKey {}", made.key());
    for headers in [
        [("x-api-key", made.key()), ("x-api-key", made.key())],
        [("x-api-key", made.key()), ("authorization", &scheme)],
        [("authorization", &scheme), ("authorization", &scheme)],
    ] {
        let mut req = parts(&headers);
        assert_refused!(auth.enter(&mut req), 400, "auth.credentials-repeated");
    }
    // Also without an Auth link around it.
    let kind = ApiKey::new(KeyFile::parse(made.line()).unwrap());
    let twice = kind.authenticate(&mut parts(&[("x-api-key", made.key()), ("x-api-key", "x")]));
    assert!(matches!(twice, Attempt::Refused(refused) if refused.code() == "auth.credentials-repeated"));
}

#[test]
fn a_bad_key_never_falls_back_and_no_query_is_read() {
    let made = made("ci");
    let auth = auth_of(made.line()).or(Tab);
    assert_eq!(code(&auth, &[]), "ada");
    assert_eq!(code(&auth, &[("x-api-key", "bad")]), "auth.key-malformed");
    assert_eq!(code(&auth, &[("x-api-key", made.key())]), "auth.credentials-conflict");
    let mut req = Request::get(format!("/?api_key={}", made.key())).body(()).unwrap().into_parts().0;
    assert_refused!(auth_of(made.line()).enter(&mut req), 401, "auth.missing");
}

#[test]
fn a_401_offers_the_scheme_only_where_it_is_read() {
    let keys = || KeyFile::parse("# none").unwrap();
    let with_scheme = Auth::new(ApiKey::new(keys()).with_scheme());
    let refused = with_scheme.enter(&mut parts(&[])).unwrap_err();
    assert_eq!(refused.challenges()[0].scheme(), "ApiKey");
    let without = Auth::new(ApiKey::new(keys()));
    assert_refused!(
        without.enter(&mut parts(&[("authorization", "ApiKey x")])),
        401,
        "auth.scheme-unsupported"
    );
    let challenges = without.enter(&mut parts(&[])).unwrap_err().challenges().len();
    assert_eq!(challenges, 1, "a 401 has a challenge, whatever the kinds");
}

#[test]
fn the_header_can_have_another_name_but_none_with_a_meaning() {
    let made = made("ci");
    let kind = || ApiKey::new(KeyFile::parse(made.line()).unwrap());
    let auth = Auth::new(kind().with_header("x-shop-key").unwrap());
    assert_eq!(code(&auth, &[("X-Shop-Key", made.key())]), "ci");
    assert_eq!(code(&auth, &[("x-api-key", made.key())]), "auth.missing");
    for name in ["authorization", "Cookie", "proxy-authorization", "x key", ""] {
        assert!(matches!(kind().with_header(name), Err(ConfigError::HeaderName { .. })), "{name}");
    }
}

#[test]
fn a_line_that_is_wrong_stops_the_load_and_says_how_without_the_hash() {
    let made = made("ci");
    let good = made.line();
    let hash = good.split("sha256:").nth(1).unwrap().split('"').next().unwrap();
    let table: &[(&str, &str)] = &[
        ("", "line 1: the file is empty"),
        ("{}", "line 1: missing field"),
        (made.key(), "line 1: no JSON of a key"),
        (&format!("# a\n\n{good}\n{good}"), "line 4: this id is there twice"),
        (&with(good, r#""expire":"2027-01-31""#), "line 1: unknown field `expire`"),
        (&with(good, r#""subject":"root""#), "line 1: duplicate field `subject`"),
        (&with(good, r#""expires":"tomorrow""#), "line 1: `expires` is"),
        (&with(good, r#""expires":1795478400"#), "line 1: no JSON of a key"),
        (&with(good, r#""disabled":"yes""#), "line 1: no JSON of a key"),
        (&with(good, r#""scopes":["a b"]"#), "line 1: a scope is"),
        (&with(good, r#""roles":[""]"#), "line 1: a role is"),
        (&good.replace(r#""ci""#, r#""""#), "line 1: `subject` is"),
        (&good.replace(r#""ci""#, r#""c\u0000i""#), "line 1: `subject` is"),
        (&good.replace("sha256:", "md5:"), "line 1: `hash` is"),
        (&good.replace(hash, &hash[1..]), "line 1: `hash` is"),
        (&good.replace(r#""id":""#, r#""id":"x"#), "line 1: `id` is"),
        (&format!("{good} trailing"), "line 1: no JSON of a key"),
    ];
    for (text, expected) in table {
        let error = KeyFile::parse(text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{text:.90}: {error}");
        assert!(!error.contains(&hash[1..]) && !error.contains(made.key()), "{error}");
    }
    assert!(matches!(KeyFile::open("/nowhere/keys"), Err(ConfigError::File { .. })));
    assert!(matches!(KeyFile::open("/"), Err(ConfigError::File { .. })));
}

#[test]
fn what_the_file_would_not_take_is_not_made() {
    for wrong in [
        NewKey::new(""),
        NewKey::new("a\nb"),
        NewKey::new("a").with_prefix("E"),
        NewKey::new("a").with_prefix("a_b"),
        NewKey::new("a").with_prefix("a".repeat(17)),
        NewKey::new("a").with_scopes(["a b"]),
        NewKey::new("a").with_roles([" a"]),
        NewKey::new("a").with_expires("2027-02-30"),
    ] {
        assert!(matches!(wrong.make(), Err(ConfigError::NewKey { .. })));
    }
}

#[test]
fn nothing_that_is_printed_holds_a_key_or_its_hash() {
    let made = made("ci");
    let secret = &made.key()[17..];
    let kind = ApiKey::new(KeyFile::parse(made.line()).unwrap());
    let refused = kind.verify(guess(&made).as_bytes()).unwrap_err();
    for text in [format!("{kind:?}"), format!("{refused:?} {refused}")] {
        assert!(!text.contains(&secret[..8]) && !text.contains("sha256"), "{text}");
    }
    assert!(!format!("{made:?}").contains(secret));
    assert!(!made.line().contains(secret));
}

#[test]
fn a_key_taken_out_of_the_file_is_refused_from_the_reload_on() {
    let path = std::env::temp_dir().join(format!("enfilade-api-keys-{}", std::process::id()));
    let (a, b) = (made("a"), made("b"));
    std::fs::write(&path, format!("{}\n{}\n", a.line(), b.line())).unwrap();
    let keys = KeyFile::open(&path).unwrap();
    let auth = Auth::any_of([Arc::new(ApiKey::new(keys.clone())) as Arc<dyn Authenticator>]);
    assert_eq!(code(&auth, &[("x-api-key", b.key())]), "b");

    std::fs::write(&path, "oops").unwrap();
    assert!(keys.reload().is_err());
    assert_eq!(code(&auth, &[("x-api-key", b.key())]), "b", "a bad file keeps the old keys");

    std::fs::write(&path, a.line()).unwrap();
    assert!(keys.reload().unwrap());
    assert_eq!(code(&auth, &[("x-api-key", b.key())]), "auth.bad-credentials");
    assert_eq!(code(&auth, &[("x-api-key", a.key())]), "a");
    std::fs::remove_file(&path).unwrap();
}
