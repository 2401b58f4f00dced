//! Whatever is asked, a script's environment says one thing under each name, and who the user is comes from nowhere else.
//!
//! ```text
//! door, user · method SP target NL fields ── Site::variables ──▶ refused, or each name once, and
//!     REMOTE_USER  the proved subject, or absent       HTTP_*  the fields of exactly that name
//!     SCRIPT_NAME + PATH_INFO  the path, decoded once  HTTP_PROXY  never
//! ```
#![no_main]

use std::{collections::BTreeMap, ffi::OsStr, os::unix::ffi::OsStrExt as _, sync::LazyLock};

use enfilade_cgi::environment::Site;
use enfilade_core::{AuthMethod, ClientAddr, Principal, RequestContext};
use enfilade_server::StrictRequest;
use http::{HeaderValue, Method, Request, Uri, request::Parts};

static SITES: LazyLock<[Site; 2]> =
    LazyLock::new(|| [Site::new("/srv/a.cgi", ""), Site::new("/srv/a.cgi", "/a.cgi")]);

type Environment = BTreeMap<Vec<u8>, Vec<u8>>;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((way, rest)) = data.split_first() else { return };
    let Some(mut parts) = request(rest) else { return };
    let site = &SITES[usize::from(way & 1)];
    if way & 2 != 0 {
        let client = ClientAddr::Tcp("192.0.2.7:9".parse().expect("an address"));
        let Ok(canonical) = StrictRequest::new().with_client(client).judge(&parts) else { return };
        RequestContext::begin(&mut parts.extensions, canonical);
    }
    let nobody = environment(site, &parts);
    Principal::new("ada").with_method(AuthMethod::Basic).put(&mut parts.extensions);
    let somebody = environment(site, &parts);
    assert_eq!(nobody.is_some(), somebody.is_some(), "who is proved opens and closes nothing here");
    let (Some(nobody), Some(mut somebody)) = (nobody, somebody) else { return };
    check(&nobody, &parts);
    assert!(!nobody.contains_key(&b"REMOTE_USER"[..]) && !nobody.contains_key(&b"AUTH_TYPE"[..]));
    assert_eq!(somebody.remove(&b"REMOTE_USER"[..]).as_deref(), Some(&b"ada"[..]));
    assert_eq!(somebody.remove(&b"AUTH_TYPE"[..]).as_deref(), Some(&b"Basic"[..]));
    assert_eq!(somebody, nobody, "and nothing else");
});

fn environment(site: &Site, parts: &Parts) -> Option<Environment> {
    let variables = site.variables(parts, None).ok()?;
    let mut found = Environment::new();
    let bytes = |text: &OsStr| text.as_bytes().to_vec();
    for (name, value) in variables.iter() {
        assert!(found.insert(bytes(name), bytes(value)).is_none(), "{name:?} twice");
    }
    Some(found)
}

fn check(found: &Environment, parts: &Parts) {
    for (name, value) in found {
        let plain = |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_';
        assert!(!name.is_empty() && name.iter().all(plain), "{}", name.escape_ascii());
        assert!(!value.contains(&0), "{} is cut", name.escape_ascii());
        match name.strip_prefix(b"HTTP_") {
            Some(
                b"PROXY" | b"AUTHORIZATION" | b"PROXY_AUTHORIZATION" | b"CONTENT_LENGTH" | b"CONTENT_TYPE",
            ) => {
                panic!("{} is not for scripts", name.escape_ascii())
            }
            Some(b"HOST") | None => {}
            Some(field) => assert_eq!(value, &joined(parts, field), "{}", name.escape_ascii()),
        }
    }
    let path = [&found[&b"SCRIPT_NAME"[..]], &*found[&b"PATH_INFO"[..]]].concat();
    match parts.uri.path() {
        "*" => assert!(found[&b"PATH_INFO"[..]].is_empty()),
        target => assert_eq!(path, decoded(target.as_bytes()), "{target}"),
    }
    assert_eq!(found[&b"QUERY_STRING"[..]], parts.uri.query().unwrap_or_default().as_bytes());
    assert_eq!(found[&b"REQUEST_METHOD"[..]], parts.method.as_str().as_bytes());
}

/// What the fields of this name say; of this name with hyphens, for no other may become the variable.
fn joined(parts: &Parts, field: &[u8]) -> Vec<u8> {
    let name = String::from_utf8(field.to_vec()).expect("ASCII").to_ascii_lowercase().replace('_', "-");
    let values: Vec<_> = parts.headers.get_all(&name).iter().map(HeaderValue::as_bytes).collect();
    assert!(!values.is_empty(), "no such field: {name}");
    values.join(if name == "cookie" { &b"; "[..] } else { &b", "[..] })
}

fn decoded(mut rest: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    while let [byte, tail @ ..] = rest {
        let escape = (*byte == b'%').then(|| std::str::from_utf8(&tail[..2]).expect("two digits"));
        all.push(escape.map_or(*byte, |digits| u8::from_str_radix(digits, 16).expect("two digits")));
        rest = if escape.is_some() { &tail[2..] } else { tail };
    }
    all
}

fn request(bytes: &[u8]) -> Option<Parts> {
    let end = bytes.iter().position(|b| *b == b'\n').unwrap_or(bytes.len());
    let (line, rest) = (&bytes[..end], bytes.get(end + 1..).unwrap_or_default());
    let space = line.iter().position(|b| *b == b' ')?;
    let mut parts = Request::new(()).into_parts().0;
    parts.method = Method::from_bytes(&line[..space]).ok()?;
    parts.uri = Uri::try_from(&line[space + 1..]).ok()?;
    for (name, value) in fuzz::fields(rest) {
        parts.headers.append(name, value);
    }
    Some(parts)
}
