//! Who is believed when they speak for another, and what becomes of what strangers forge.
//!
//! ```text
//! peer, fields ──▶ Trust ──▶ client scheme host | 400 http.forwarded-invalid
//! ```

#![allow(
    clippy::unwrap_used,
    reason = "a test may fail; the setting in .clippy.toml reaches test functions only"
)]

use std::net::IpAddr;

use enfilade_core::{ClientAddr, RequestContext, UnixPeer};
use enfilade_server::{ConfigError, StrictRequest, Trust};
use enfilade_test::{Probe, assert_passed, assert_refused, drive};
use http::{HeaderMap, HeaderName, HeaderValue, Version};
use proptest::prelude::*;

const PROXY: &str = "10.0.0.1:5000";
const STRANGER: &str = "198.51.100.1:5000";

fn tcp(addr: &str) -> ClientAddr {
    ClientAddr::Tcp(addr.parse().unwrap())
}

fn headers(lines: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
    }
    headers
}

/// `client scheme host`, or the reason code.
fn told(trust: &Trust, peer: &str, lines: &[(&str, &str)]) -> String {
    match trust.judge(tcp(peer), &headers(lines)) {
        Ok(word) => {
            let client = word.client.ip().map_or_else(|| word.client.to_string(), |ip| ip.to_string());
            let scheme = word.scheme.map_or_else(|| "-".to_owned(), |scheme| scheme.to_string());
            let host = word.host.map_or_else(|| "-".to_owned(), |host| host.to_string());
            format!("{client} {scheme} {host}")
        }
        Err(rejection) => rejection.code().to_owned(),
    }
}

fn x() -> Trust {
    Trust::x_forwarded(["10.0.0.0/8", "2001:db8:1::/48"]).unwrap()
}

fn rfc() -> Trust {
    Trust::forwarded(["10.0.0.0/8", "2001:db8:1::/48"]).unwrap()
}

const BAD: &str = "http.forwarded-invalid";

#[test]
fn x_forwarded_for_is_walked_from_the_right_over_trusted_hops() {
    for (value, client) in [
        ("203.0.113.9", "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9", "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("6.6.6.6,203.0.113.9,10.0.0.2,10.9.9.9", "203.0.113.9"),
        ("203.0.113.9, ::ffff:10.0.0.2", "203.0.113.9"),
        ("203.0.113.9, [2001:db8:1::5]:443", "203.0.113.9"),
        ("2001:db8:2::9, 2001:db8:1::5", "2001:db8:2::9"),
        ("203.0.113.9:4711", "203.0.113.9"),
        // All trusted: the leftmost. None named: the peer.
        ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("", "10.0.0.1"),
        (" , ,", "10.0.0.1"),
        ("203.0.113.9, ,", "203.0.113.9"),
        // Who is not named has no address.
        ("203.0.113.9, unknown", "unknown"),
        ("203.0.113.9, _hidden, 10.0.0.2", "unknown"),
        // What stands left of the client is not read.
        ("<script>, 127.0.0.1%00, 203.0.113.9", "203.0.113.9"),
    ] {
        assert_eq!(told(&x(), PROXY, &[("x-forwarded-for", value)]), format!("{client} - -"), "{value}");
    }
    for value in [
        "localhost",
        "203.0.113.9, 10.0.0.2, client.example",
        "203.0.113.9 10.0.0.2",
        "203.0.113.9;10.0.0.2",
        "fe80::1%eth0",
        "[fe80::1%25eth0]:80",
        "010.0.0.1",
        "0x0a000001",
        "203.0.113.9:99999",
        "\"203.0.113.9\"",
        "for=203.0.113.9",
    ] {
        assert_eq!(told(&x(), PROXY, &[("x-forwarded-for", value)]), BAD, "{value}");
    }
}

#[test]
fn forwarded_is_walked_from_the_right_and_only_its_last_element_speaks_of_scheme_and_host() {
    for (value, expected) in [
        ("for=203.0.113.9", "203.0.113.9 - -"),
        ("for=203.0.113.9;proto=https;host=shop.example", "203.0.113.9 https shop.example"),
        (r#"FOR=203.0.113.9;Proto=HTTPS;Host="Shop.Example:8443""#, "203.0.113.9 https shop.example:8443"),
        ("for=6.6.6.6;host=evil.example;proto=https, for=203.0.113.9", "203.0.113.9 - -"),
        (
            "for=203.0.113.9;proto=https, for=10.0.0.2;proto=http;host=inner.example",
            "203.0.113.9 http inner.example",
        ),
        (r#"for="[2001:db8:2::9]:1", for="[2001:db8:1::5]""#, "2001:db8:2::9 - -"),
        (r#"for="203.0.113.9:80";by=_p;secret="a,b;c""#, "203.0.113.9 - -"),
        ("for=unknown;proto=http", "unknown http -"),
        ("for=203.0.113.9, for=_SEVKISEK", "unknown - -"),
        // A hop that is not named: whoever stands left of it is anybody's guess.
        ("for=203.0.113.9, proto=https", "unknown https -"),
        ("", "10.0.0.1 - -"),
    ] {
        assert_eq!(told(&rfc(), PROXY, &[("forwarded", value)]), expected, "{value}");
    }
    for value in [
        "203.0.113.9",
        "for=203.0.113.9:80",
        "for=203.0.113.9;host=shop.example:8443",
        "for=[2001:db8::9]",
        "for=2001:db8::9",
        r#"for="2001:db8::9""#,
        "for=203.0.113.9;for=10.0.0.2",
        "for=203.0.113.9;proto=https;proto=http",
        "for=203.0.113.9;proto=wss",
        "for=203.0.113.9;proto=javascript",
        r#"for=203.0.113.9;host="a@b""#,
        r#"for=203.0.113.9;host="""#,
        r#"for=203.0.113.9;host="a/b""#,
        r#"for="203.0.113.9"#,
        r#"for="6.6.6.6, for="[2001:db8:2::9]""#,
        "for = 203.0.113.9",
        r#"for="fe80::1%eth0""#,
        "for=",
    ] {
        assert_eq!(told(&rfc(), PROXY, &[("forwarded", value)]), BAD, "{value}");
    }
}

#[test]
fn a_spoofed_field_of_a_stranger_changes_nothing() {
    for trust in [x().with_host(), rfc()] {
        let lines = [
            ("x-forwarded-for", "127.0.0.1"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "evil.example"),
            ("forwarded", "for=127.0.0.1;proto=https;host=evil.example"),
        ];
        assert_eq!(told(&trust, STRANGER, &lines), "198.51.100.1 - -");
        // What a stranger garbles is no reason to refuse: it is not read.
        assert_eq!(told(&trust, STRANGER, &[("forwarded", "\"")]), "198.51.100.1 - -");
    }
}

#[test]
fn the_other_family_is_not_believed_even_of_a_trusted_peer() {
    let other =
        [("forwarded", "for=6.6.6.6;proto=https;host=evil.example"), ("x-forwarded-for", "203.0.113.9")];
    assert_eq!(told(&x(), PROXY, &other), "203.0.113.9 - -");
    let other = [
        ("x-forwarded-for", "6.6.6.6"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "evil.example"),
        ("x-real-ip", "6.6.6.6"),
    ];
    assert_eq!(told(&rfc().with_host(), PROXY, &other), "10.0.0.1 - -");
    assert_eq!(
        told(&x(), PROXY, &[("x_forwarded_for", "6.6.6.6"), ("x-real-ip", "6.6.6.6")]),
        "10.0.0.1 - -"
    );
}

#[test]
fn doubled_fields_are_one_list_whose_end_is_the_peers_own_word() {
    let lines = [
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-for", "203.0.113.9"),
        ("x-forwarded-for", "10.0.0.2"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-proto", "https, http"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-host", "evil.example, shop.example"),
    ];
    assert_eq!(told(&x().with_host(), PROXY, &lines), "203.0.113.9 http shop.example");
    assert_eq!(told(&x(), PROXY, &lines), "203.0.113.9 http -", "X-Forwarded-Host only when asked for");
    // A quote that a client left open does not reach into the peer's own line.
    let lines = [("forwarded", r#"for="6.6.6.6"#), ("forwarded", "for=203.0.113.9")];
    assert_eq!(told(&rfc(), PROXY, &lines), "203.0.113.9 - -");
}

#[test]
fn a_scheme_or_host_that_is_none_is_refused() {
    for (name, value, expected) in [
        ("x-forwarded-proto", "HTTPS", "10.0.0.1 https -"),
        ("x-forwarded-proto", "wss", "10.0.0.1 https -"),
        ("x-forwarded-proto", "ws", "10.0.0.1 http -"),
        ("x-forwarded-proto", "", "10.0.0.1 - -"),
        ("x-forwarded-proto", "https://", BAD),
        ("x-forwarded-proto", "file", BAD),
        ("x-forwarded-proto", "http s", BAD),
        ("x-forwarded-host", "Shop.Example", "10.0.0.1 - shop.example"),
        ("x-forwarded-host", "[2001:db8::7]:8443", "10.0.0.1 - [2001:db8::7]:8443"),
        ("x-forwarded-host", "a@b", BAD),
        ("x-forwarded-host", "a/b", BAD),
        ("x-forwarded-host", "a:99999", BAD),
        ("x-forwarded-host", "a b", BAD),
    ] {
        assert_eq!(told(&x().with_host(), PROXY, &[(name, value)]), expected, "{name}: {value}");
    }
    let mut headers = HeaderMap::new();
    headers.insert("x-forwarded-for", HeaderValue::from_bytes(b"203.0.113.9\xff").unwrap());
    assert_eq!(x().judge(tcp(PROXY), &headers).unwrap_err().code(), BAD);
}

#[test]
fn a_thousand_hops_are_walked_and_end() {
    let trusted = vec!["10.0.0.2"; 1000].join(", ");
    assert_eq!(told(&x(), PROXY, &[("x-forwarded-for", &trusted)]), "10.0.0.2 - -");
    assert_eq!(
        told(&x(), PROXY, &[("x-forwarded-for", &format!("203.0.113.9, {trusted}"))]),
        "203.0.113.9 - -"
    );
    let trusted = vec!["for=10.0.0.2"; 1000].join(", ");
    assert_eq!(told(&rfc(), PROXY, &[("forwarded", &trusted)]), "10.0.0.2 - -");
}

#[test]
fn peers_are_networks_and_nobody_is_trusted_by_default() {
    let trusts = |peers: &[&str], peer: &str| Trust::forwarded(peers).unwrap().trusts(tcp(peer));
    assert!(trusts(&["10.0.0.1"], "10.0.0.1:1") && !trusts(&["10.0.0.1"], "10.0.0.2:1"));
    assert!(trusts(&["10.0.0.0/8"], "[::ffff:10.1.2.3]:1"));
    assert!(trusts(&["::ffff:10.0.0.0/104"], "10.1.2.3:1"));
    assert!(trusts(&["2001:db8::/32"], "[2001:db8::1]:1") && !trusts(&["2001:db8::/32"], "[2001:db9::1]:1"));
    // A Unix peer is trusted only as `unix:`, and nobody else is by that.
    let unix = ClientAddr::Unix(UnixPeer::new(33, 33));
    assert!(Trust::forwarded(["unix:"]).unwrap().trusts(unix));
    assert!(!trusts(&["unix:"], "127.0.0.1:1") && !Trust::forwarded(["127.0.0.1"]).unwrap().trusts(unix));
    assert!(!Trust::forwarded(["unix:", "127.0.0.1"]).unwrap().trusts(ClientAddr::Hidden));
    for bad in
        ["", "proxy.example", "10.0.0.5/8", "10.0.0.0/33", "0.0.0.0/0", "::/0", "*", "unix", "10.0.0.1:80"]
    {
        let error = Trust::x_forwarded([bad]).unwrap_err();
        assert_eq!(error, ConfigError::TrustedPeer { given: bad.to_owned() });
        assert!(error.to_string().contains("10.0.0.0/8"), "{error}");
    }
    assert_eq!(Trust::x_forwarded::<&str>([]).unwrap_err(), ConfigError::NoTrustedPeers);
}

/// What an app reads: client, peer, scheme, host, its `Host` field, its target, and fields that are left.
fn app_sees(link: StrictRequest, uri: &str, version: Version, lines: &[(&str, &str)]) -> String {
    let probe = Probe::ok();
    let mut link = drive(link, &probe);
    assert_passed!(link.get(uri).version(version).headers(lines.iter().copied()).send());
    let seen = probe.last();
    let canonical = RequestContext::of(&seen.extensions).unwrap().canonical().unwrap().clone();
    let ip = |addr: Option<ClientAddr>| {
        addr.and_then(|addr| addr.ip()).map_or("-".into(), |ip: IpAddr| ip.to_string())
    };
    let host = canonical.host().map(ToString::to_string).unwrap_or_default();
    let field = seen.headers.get("host").map_or("-", |value| value.to_str().unwrap());
    let left = seen
        .headers
        .keys()
        .filter(|name| *name != "host")
        .map(HeaderName::as_str)
        .collect::<Vec<_>>()
        .join(",");
    let (client, peer) = (ip(canonical.client()), ip(canonical.peer()));
    format!("{client} {peer} {} {host} {field} {} [{left}]", canonical.scheme(), seen.uri)
}

#[test]
fn one_canonical_request_reaches_the_app_wherever_it_looks() {
    let from = |peer: &str| StrictRequest::new().with_client(tcp(peer)).with_trust(x().with_host());
    let lines = [
        ("host", "inner:8080"),
        ("x-forwarded-for", "6.6.6.6, 203.0.113.9"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "Shop.Example"),
        ("x-forwarded-port", "1"),
        ("X_Forwarded_For", "6.6.6.6"),
        ("forwarded", "for=6.6.6.6"),
        ("x-real-ip", "6.6.6.6"),
        ("accept", "*/*"),
    ];
    for (peer, uri, version, expected) in [
        (
            PROXY,
            "/a?b",
            Version::HTTP_11,
            "203.0.113.9 10.0.0.1 https shop.example shop.example /a?b [accept]",
        ),
        (
            PROXY,
            "http://inner:8080/a?b",
            Version::HTTP_2,
            "203.0.113.9 10.0.0.1 https shop.example shop.example https://shop.example/a?b [accept]",
        ),
        (
            STRANGER,
            "/a?b",
            Version::HTTP_11,
            "198.51.100.1 198.51.100.1 http inner:8080 inner:8080 /a?b [accept]",
        ),
        (
            STRANGER,
            "https://inner:8080/",
            Version::HTTP_2,
            "198.51.100.1 198.51.100.1 http inner:8080 inner:8080 http://inner:8080/ [accept]",
        ),
    ] {
        assert_eq!(app_sees(from(peer), uri, version, &lines), expected, "{peer} {uri}");
    }
    // Without trust nobody is believed, and nothing is left.
    let nobody = StrictRequest::new().with_client(tcp(PROXY));
    assert_eq!(
        app_sees(nobody, "/", Version::HTTP_11, &lines),
        "10.0.0.1 10.0.0.1 http inner:8080 inner:8080 / [accept]"
    );
}

#[test]
fn a_garbled_word_of_a_trusted_peer_is_refused_and_a_strangers_is_not_read() {
    let probe = Probe::ok();
    let lines = [("host", "a"), ("x-forwarded-for", "nonsense")];
    let mut link = drive(StrictRequest::new().with_client(tcp(PROXY)).with_trust(x()), &probe);
    assert_refused!(link.get("/").headers(lines).send(), 400, BAD);
    probe.never_reached();
    let mut link = drive(StrictRequest::new().with_client(tcp(STRANGER)).with_trust(x()), &probe);
    assert_passed!(link.get("/").headers(lines).send());
    // A connection whose peer is not known has nobody to believe.
    let mut link = drive(StrictRequest::new().with_trust(x()), &probe);
    assert_passed!(link.get("/").headers(lines).send());
}

#[test]
fn a_client_that_is_not_named_is_in_no_network() {
    let link = StrictRequest::new().with_client(tcp(PROXY)).with_trust(x());
    let lines = [("host", "a"), ("x-forwarded-for", "unknown")];
    assert_eq!(app_sees(link, "/", Version::HTTP_11, &lines), "- 10.0.0.1 http a a / []");
}

proptest! {
    #[test]
    fn no_client_is_found_left_of_the_first_that_is_not_trusted(
        forged in "[ -~]{0,40}",
        client in any::<[u8; 4]>().prop_filter("not trusted", |ip| ip[0] != 10),
        hops in 0usize..5,
    ) {
        let client = IpAddr::from(client).to_string();
        let mut list = vec![forged.clone(), client.clone()];
        list.extend((0..hops).map(|hop| format!("10.0.0.{hop}")));
        let told = told(&x(), PROXY, &[("x-forwarded-for", &list.join(", "))]);
        prop_assert_eq!(told, format!("{client} - -"));

        // `Forwarded` in lines of its own: whatever a client sent before, it is not read.
        let mut headers = headers(&[("forwarded", &forged)]);
        headers.append("forwarded", format!("for={client}").parse().unwrap());
        prop_assert_eq!(rfc().judge(tcp(PROXY), &headers).unwrap().client.ip().unwrap().to_string(), client);
    }

    #[test]
    fn any_line_is_judged_and_none_lets_a_stranger_be_the_machine_itself(line in "[ -~]{0,80}") {
        for (trust, name) in [(x(), "x-forwarded-for"), (rfc(), "forwarded")] {
            let _ = trust.judge(tcp(PROXY), &headers(&[(name, &line)]));
            let word = trust.judge(tcp(STRANGER), &headers(&[(name, &line)])).unwrap();
            prop_assert_eq!(word.client, tcp(STRANGER));
        }
    }
}
