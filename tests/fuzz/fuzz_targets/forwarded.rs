//! Of whatever a client says about who it is, nothing is believed: only what the trusted proxy appended.
//!
//! ```text
//! client's lines + ", " + the proxy's element ──▶ the proxy's word, or a refusal; never the client's
//! ```
#![no_main]

use std::{net::SocketAddr, sync::LazyLock};

use enfilade_core::ClientAddr;
use enfilade_server::Trust;
use http::{HeaderMap, HeaderValue, uri::Scheme};

static TRUST: LazyLock<[Trust; 2]> = LazyLock::new(|| {
    let peers = ["10.0.0.0/8", "fd00::/8"];
    [Trust::forwarded(peers).expect("networks"), Trust::x_forwarded(peers).expect("networks").with_host()]
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((way, rest)) = data.split_first() else { return };
    let peer = |text: &str| ClientAddr::Tcp(text.parse::<SocketAddr>().expect("an address"));
    let [forwarded, x_forwarded] = &*TRUST;
    let mut any = HeaderMap::new();
    for (name, value) in fuzz::fields(rest) {
        any.append(name, value);
    }
    for trust in &*TRUST {
        let word = trust.judge(peer("203.0.113.1:9"), &any).expect("a stranger's fields are not even read");
        assert!(word.client == peer("203.0.113.1:9") && word.scheme.is_none() && word.host.is_none());
        if let Ok(word) = trust.judge(peer("10.0.0.1:9"), &any) {
            let named = word.client != peer("10.0.0.1:9");
            assert!(!named || any.contains_key("forwarded") || any.contains_key("x-forwarded-for"));
        }
    }

    let (text, ip) =
        [("203.0.113.9", "203.0.113.9"), ("\"[2001:db8::9]:443\"", "2001:db8::9")][usize::from(way & 1)];
    let element = format!("for={text};proto=https;host=shop.example");
    let headers = appended("forwarded", rest, &element, way & 2 == 0);
    if let Ok(word) = forwarded.judge(peer("10.0.0.1:9"), &headers) {
        assert_eq!(word.client, ClientAddr::Forwarded(ip.parse().expect("an address")));
        assert_eq!(word.scheme, Some(Scheme::HTTPS));
        assert_eq!(word.host.as_ref().map(|host| host.as_str()), Some("shop.example"));
    }

    let mut headers = appended("x-forwarded-for", rest, ip, way & 2 == 0);
    for (name, said) in [("x-forwarded-proto", "https"), ("x-forwarded-host", "shop.example")] {
        headers.extend(appended(name, rest, said, way & 4 == 0));
    }
    if let Ok(word) = x_forwarded.judge(peer("10.0.0.1:9"), &headers) {
        assert_eq!(word.client, ClientAddr::Forwarded(ip.parse().expect("an address")));
        assert_eq!(word.scheme, Some(Scheme::HTTPS));
        assert_eq!(word.host.as_ref().map(|host| host.as_str()), Some("shop.example"));
    }
});

/// The client's lines, and what a proxy appends: to the last of them, or as a line of its own.
fn appended(name: &'static str, client: &[u8], own: &str, same_line: bool) -> HeaderMap {
    let mut lines: Vec<Vec<u8>> = client.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
    match lines.last_mut().filter(|_| same_line) {
        Some(last) => last.extend_from_slice(format!(", {own}").as_bytes()),
        None => lines.push(own.as_bytes().to_vec()),
    }
    let mut headers = HeaderMap::new();
    let last = lines.len() - 1;
    for (index, line) in lines.iter().enumerate() {
        let value = match HeaderValue::from_bytes(line) {
            Ok(value) => value,
            // What HTTP refuses before us; a proxy would have appended to a line that exists.
            Err(_) if index == last => HeaderValue::from_str(own).expect("our own"),
            Err(_) => continue,
        };
        headers.append(name, value);
    }
    headers
}
