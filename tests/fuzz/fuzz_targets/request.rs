//! What passes the door has one host, one path, one framing, and no word about another hop.
//!
//! ```text
//! settings · method SP target NL fields ── StrictRequest ──▶ refused, or the same from every side, and again if asked again
//! ```
#![no_main]

use std::{
    cell::RefCell,
    convert::Infallible,
    future::{Future, ready},
    pin::pin,
    task::{Context, Waker},
};

use enfilade_core::{ClientAddr, Host, RequestContext};
use enfilade_server::{PathRules, StrictRequest, Trust};
use http::{Method, Request, Response, Uri, Version, request::Parts};
use tower::{Layer, Service, service_fn};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((way, rest)) = data.split_first() else { return };
    let Some(parts) = request(*way, rest) else { return };
    let (rules, target) = (rules(*way), parts.uri.path().to_owned());
    let mut door = StrictRequest::new().with_paths(rules);
    if way & 4 != 0 {
        let trust = Trust::x_forwarded(["10.0.0.0/8"]).expect("a network").with_host();
        door = door.with_client(ClientAddr::Tcp("10.0.0.1:9".parse().expect("an address"))).with_trust(trust);
    }
    let verdict = door.judge(&parts);
    let passed = RefCell::new(None);
    let mut service = door.layer(service_fn(|req: Request<_>| {
        *passed.borrow_mut() = Some(req.into_parts().0);
        ready(Ok::<_, Infallible>(Response::new(String::new())))
    }));
    let future = pin!(service.call(Request::from_parts(parts, String::new())));
    assert!(future.poll(&mut Context::from_waker(Waker::noop())).is_ready());
    let passed = passed.borrow_mut().take();
    assert_eq!(passed.is_some(), verdict.is_ok(), "the decision and the link agree");
    let Some(parts) = passed else { return };
    check(&parts);
    check_path(&parts, rules, &target);
    let context = RequestContext::of(&parts.extensions).expect("begun at the door");
    let canonical = context.canonical().expect("canonical at the door");
    let again = StrictRequest::new().with_scheme(canonical.scheme().clone()).with_paths(rules).judge(&parts);
    let again = again.unwrap_or_else(|rejection| panic!("{} for what passed: {parts:?}", rejection.code()));
    assert_eq!(again.host().map(Host::name), canonical.host().map(Host::name));
    assert_eq!(again.path(), canonical.path());
});

fn rules(way: u8) -> PathRules {
    let settings: [(u8, fn(PathRules) -> PathRules); 7] = [
        (8, PathRules::with_encoded_slashes),
        (16, PathRules::with_empty_segments),
        (32, PathRules::with_encoded_delimiters),
        (32, PathRules::with_semicolons),
        (64, PathRules::with_any_bytes),
        (64, PathRules::insecure_backslashes),
        (128, PathRules::with_one_spelling),
    ];
    let wanted = settings.into_iter().filter(|(bit, _)| way & bit != 0);
    wanted.fold(PathRules::new(), |rules, (_, let_in)| let_in(rules))
}

/// Decoded once, whoever decodes; no way up, no other host, no end of a string, however somebody splits it.
fn check_path(parts: &Parts, rules: PathRules, target: &str) {
    let path = RequestContext::path(&parts.extensions).expect("judged at the door");
    let kept = target.replace("%2f", "%252F").replace("%2F", "%252F");
    assert_eq!(path, decoded(kept.as_bytes()), "{target}");
    assert!(rules == rules.with_one_spelling() || parts.uri.path() == target, "{target} stays as it is");
    assert!(!path.iter().any(u8::is_ascii_control), "{target}");
    assert!(!matches!(path.get(1), Some(b'/' | b'\\')), "{target} is another host");
    // Only where `%2F` is let in does it stand for a slash; elsewhere it is text, spelled `%252F` in the target.
    let slash = if rules == rules.with_encoded_slashes() { "/" } else { "%2F" };
    for segment in String::from_utf8_lossy(path).replace("%2F", slash).split(['/', '\\']) {
        let name = segment.split(';').next();
        assert!(name != Some(".") && name != Some(".."), "{target} leads elsewhere");
    }
}

fn decoded(mut rest: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    while let [byte, tail @ ..] = rest {
        let digits = (*byte == b'%').then(|| std::str::from_utf8(&tail[..2]).expect("digits behind every %"));
        all.push(
            digits.map_or(*byte, |digits| u8::from_str_radix(digits, 16).expect("digits behind every %")),
        );
        rest = if digits.is_some() { &tail[2..] } else { tail };
    }
    all
}

fn check(parts: &Parts) {
    let context = RequestContext::of(&parts.extensions).expect("begun at the door");
    let host = context.canonical().expect("canonical at the door").host();
    assert_ne!(parts.method, Method::CONNECT);
    assert!(parts.uri.to_string().is_ascii());
    let star = parts.method == Method::OPTIONS && parts.uri.path() == "*";
    assert!(parts.uri.path().starts_with('/') || star, "{:?}", parts.uri);
    assert!(host.is_some() || parts.version < Version::HTTP_11);
    if let Some(host) = host {
        let name = host.name();
        assert!(!name.is_empty() && !name.contains(['@', '/', '\\', ' ', '?', '#', ',', '%']), "{name}");
        assert_eq!(name, name.to_ascii_lowercase());
    }
    let all =
        |name: &str| parts.headers.get_all(name).iter().map(|v| v.as_bytes().to_vec()).collect::<Vec<_>>();
    let spoken = all("host");
    assert!(spoken.len() <= 1);
    for text in spoken.iter().map(Vec::as_slice).chain(parts.uri.authority().map(|a| a.as_str().as_bytes())) {
        let text = http::HeaderValue::from_bytes(text).expect("it was one");
        assert_eq!(
            Host::parse(&text).as_ref().map(Host::name),
            host.map(Host::name),
            "an app reads another host"
        );
    }
    assert!(parts.uri.scheme().is_none_or(|s| s == "http" || s == "https"));
    let codings = all("transfer-encoding");
    assert!(codings.is_empty() || codings.len() == 1 && codings[0].eq_ignore_ascii_case(b"chunked"));
    let lengths = all("content-length");
    assert!(lengths.len() <= 1 && lengths.iter().flatten().all(u8::is_ascii_digit));
    for name in parts.headers.keys() {
        let cgi: String =
            name.as_str().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        assert!(cgi != "forwarded" && !cgi.starts_with("x_forwarded") && cgi != "x_real_ip", "{name}");
    }
}

fn request(way: u8, bytes: &[u8]) -> Option<Parts> {
    let end = bytes.iter().position(|b| *b == b'\n').unwrap_or(bytes.len());
    let (line, rest) = (&bytes[..end], bytes.get(end + 1..).unwrap_or_default());
    let space = line.iter().position(|b| *b == b' ')?;
    let mut parts = Request::new(()).into_parts().0;
    parts.method = Method::from_bytes(&line[..space]).ok()?;
    parts.uri = Uri::try_from(&line[space + 1..]).ok()?;
    parts.version =
        [Version::HTTP_11, Version::HTTP_2, Version::HTTP_10, Version::HTTP_11][usize::from(way & 3)];
    for (name, value) in fuzz::fields(rest) {
        parts.headers.append(name, value);
    }
    Some(parts)
}
