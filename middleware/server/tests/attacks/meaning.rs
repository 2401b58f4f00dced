//! Two readings of one request: whatever the app, the log and the links are told is one and the same.

use std::{convert::Infallible, time::Duration};

use enfilade_core::{Gate, RequestContext};
use enfilade_server::{AllowedHosts, Limits, RequestBody, StrictRequest};
use enfilade_test::Probe;
use http::{Request, Response, header::HOST};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::service_fn;

use crate::{
    frames::{END, HEADERS, PREFACE, WHOLE, block, frame, headers, request, settings},
    kit::{Log, connect, hear, rested, say},
};

/// A host in any spelling that means the same is the same, among one name and among a thousand.
#[test]
fn a_host_is_found_in_any_case_with_its_port_and_its_dot_among_a_thousand() {
    let names: Vec<String> = (0..1000).map(|n| format!("shop-{n}.example.com")).collect();
    let few = AllowedHosts::new(["shop-7.example.com"]).unwrap();
    let many = AllowedHosts::new(&names).unwrap();
    let dotted = AllowedHosts::new(["Shop-7.example.com."]).unwrap();
    for (host, allowed) in [
        ("shop-7.example.com", true),
        ("ShOp-7.Example.Com", true),
        ("SHOP-7.EXAMPLE.COM:8443", true),
        ("shop-7.example.com.", true),
        ("shop-7.example.com.:8443", true),
        ("shop-7.example.co", false),
        ("xshop-7.example.com", false),
        ("shop-7.example.com.evil.example", false),
    ] {
        for gate in [&few, &many, &dotted] {
            let request = Request::get("/").header(HOST, host).body(()).unwrap();
            let (mut parts, ()) = request.into_parts();
            let canonical = StrictRequest::new().judge(&parts).unwrap();
            RequestContext::begin(&mut parts.extensions, canonical);
            assert_eq!(gate.enter(&mut parts).is_ok(), allowed, "{host}");
        }
    }
}

/// N9: with the dot a host is the same one, and an app that compares `Host` or keys a cache by it sees one spelling.
#[tokio::test(start_paused = true)]
async fn the_dot_at_the_end_of_a_host_is_seen_by_nobody_behind_the_door() {
    let dotted: [&[u8]; 3] = [
        b"GET / HTTP/1.1\r\nHost: shop.example.\r\n\r\n",
        b"GET http://shop.example./ HTTP/1.1\r\nHost: shop.example\r\n\r\n",
        b"GET http://shop.example/ HTTP/1.1\r\nHost: Shop.Example.\r\n\r\n",
    ];
    let pseudo = |host: &'static [u8]| -> [(&str, &[u8]); 4] {
        [(":method", b"GET"), (":scheme", b"http"), (":path", b"/"), (":authority", host)]
    };
    let host: [(&str, &[u8]); 1] = [("host", b"shop.example.")];
    let over_http2 = [
        headers(1, END, &pseudo(b"shop.example.")),
        headers(1, END, &pseudo(b"SHOP.example.:80")),
        headers(1, END, &[&pseudo(b"shop.example")[..], &host].concat()),
        headers(1, END, &[&pseudo(b"shop.example")[..3], &host].concat()),
    ];
    let over_http2 = over_http2.map(|head| [PREFACE, &settings(&[]), &head].concat());
    for raw in dotted.into_iter().chain(over_http2.iter().map(Vec::as_slice)) {
        let probe = Probe::ok();
        let mut client = connect(Limits::default(), probe.service());
        client.write_all(raw).await.unwrap();
        rested(&probe, 1).await;
        let seen = probe.last();
        let canonical = RequestContext::of(&seen.extensions).unwrap().canonical().unwrap();
        assert_eq!(canonical.host().unwrap().name(), "shop.example");
        let (target, field) = (seen.uri.authority().map(http::uri::Authority::host), seen.header("host"));
        assert!(target.or(field).is_some());
        assert!(target.is_none_or(|host| host == "shop.example"), "{target:?}");
        assert!(field.is_none_or(|host| host.trim_end_matches(":80") == "shop.example"), "{field:?}");
    }
    let mut client = connect(Limits::default(), Probe::ok().service());
    let refused = say(&mut client, b"GET / HTTP/1.1\r\nHost: a..\r\n\r\n");
    assert_eq!(refused.await.statuses(), [400]);
}

/// The same as over HTTP/1, where `tests/server/bodies.rs` asks it: the policy stands above the protocols.
#[tokio::test(start_paused = true)]
async fn forwarding_fields_reach_no_app_over_http2_nor_in_trailers_nor_do_ids() {
    const IDS: [(&str, &[u8]); 3] = [
        ("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        ("tracestate", b"a=b"),
        ("x-request-id", b"forged"),
    ];
    const FORGED: [(&str, &[u8]); 8] = [
        ("x-forwarded-for", b"1.1.1.1"),
        ("x-forwarded-for", b"2.2.2.2"),
        ("x_forwarded_for", b""),
        ("x.forwarded.host", b"evil.example"),
        ("x-forwarded-prefix", b"/admin"),
        ("forwarded", b"for=1.1.1.1, for=2.2.2.2"),
        ("x_real-ip", b"1.1.1.1"),
        ("true-client-ip", b"1.1.1.1"),
    ];
    let probe = Probe::ok().read_bodies();
    let mut client = connect(Limits::default(), probe.service());
    let head = headers(1, 0, &[&request("POST", "/")[..], &FORGED].concat());
    let trailers = frame(HEADERS, END | WHOLE, 1, &block(&[&FORGED[..], &IDS].concat()));
    client.write_all(&[PREFACE, &settings(&[]), &head, &trailers].concat()).await.unwrap();
    rested(&probe, 1).await;
    let seen = probe.last();
    let left: Vec<_> = seen.headers.keys().filter(|name| name.as_str().contains("for")).collect();
    assert!(left.is_empty() && !seen.headers.contains_key("x_real-ip"), "{:?}", seen.headers);
    let trailers = seen.trace().and_then(enfilade_test::Trace::trailers);
    assert!(trailers.is_none_or(http::HeaderMap::is_empty), "{trailers:?}");
    let client = RequestContext::of(&seen.extensions).unwrap().canonical().unwrap().client().unwrap();
    assert_eq!(client.to_string(), "192.0.2.1:5000");
}

const UPGRADE: &[u8] = b"GET /socket HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n";
const NEXT: &[u8] = b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n";

/// RUSTSEC-2026-0033: what follows an upgrade belongs to the new protocol, and is no request.
#[tokio::test(start_paused = true)]
async fn bytes_behind_an_upgrade_that_is_taken_are_the_new_protocols_alone() {
    let probe = Probe::ok();
    let asked = probe.service();
    let app = service_fn(move |mut req: Request<RequestBody>| {
        let asked = asked.clone();
        async move {
            if req.uri().path() != "/socket" {
                return Ok(tower::ServiceExt::oneshot(asked, req).await.unwrap().map(|_| String::new()));
            }
            let upgraded = hyper::upgrade::on(&mut req);
            tokio::spawn(async move {
                let mut io = TokioIo::new(upgraded.await.unwrap());
                let mut heard = vec![0; NEXT.len()];
                io.read_exact(&mut heard).await.unwrap();
                io.write_all(&heard).await.unwrap();
                io.flush().await.unwrap();
            });
            let response = Response::builder().status(101).header("connection", "upgrade");
            Ok::<_, Infallible>(response.header("upgrade", "echo").body(String::new()).unwrap())
        }
    });
    let mut client = connect(Limits::default(), app);
    let heard = say(&mut client, &[UPGRADE, NEXT].concat()).await;
    assert!(heard.text.ends_with(str::from_utf8(NEXT).unwrap()), "{heard:?}");
    assert_eq!(heard.statuses(), [101]);
    probe.never_reached();
}

#[tokio::test(start_paused = true)]
async fn bytes_behind_an_upgrade_that_is_not_taken_are_the_next_request() {
    let probe = Probe::ok();
    let mut client = connect(Limits::default(), probe.service());
    let heard = say(&mut client, &[UPGRADE, NEXT].concat()).await;
    assert_eq!(heard.statuses(), [200, 200]);
    let paths: Vec<_> = probe.requests().iter().map(|seen| seen.uri.path().to_owned()).collect();
    assert_eq!(paths, ["/socket", "/next"]);
}

/// A frame of a WebSocket where the app took no upgrade is no request, and ends the connection.
#[tokio::test(start_paused = true)]
async fn a_frame_behind_an_upgrade_that_is_not_taken_is_refused() {
    let probe = Probe::ok();
    let mut client = connect(Limits::default(), probe.service());
    let heard = say(&mut client, &[UPGRADE, b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"].concat()).await;
    assert_eq!((heard.statuses(), heard.closed), (vec![200, 400], true), "{heard:?}");
}

/// Nothing of a request that is refused before or behind us tells what it held.
#[tokio::test(start_paused = true)]
async fn no_refusal_and_no_line_of_the_log_holds_a_secret() {
    let secrets = "Authorization: Bearer s3cret\r\nCookie: __Host-session=s3cret\r\nX-Api-Key: s3cret\r\n";
    for line in [
        "GET / HTTP/1.1\r\nHost: a\r\n",
        "GET /?token=s3cret HTTP/1.1\r\nHost: a\r\n",
        "GET / HTTP/1.1\r\nHost: a@b\r\n",
        "GET / HTTP/1.1\r\nHost: s3cret@b\r\n",
        "GET http://u:s3cret@a/ HTTP/1.1\r\nHost: a\r\n",
        "GET /?a=s3cret#s3cret HTTP/1.1\r\n",
        "GET ?s3cret HTTP/1.1\r\nHost: a\r\n",
        "GET / HTTP/7.s3cret\r\nHost: a\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: s3cret\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: s3cret, chunked\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\ns3cret\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: s3cret\r\n",
    ] {
        let log = Log::capture();
        let probe = Probe::ok();
        let mut client = connect(Limits::default(), probe.service());
        let heard = say(&mut client, format!("{line}{secrets}\r\n").as_bytes()).await;
        drop(client);
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert!(!heard.text.is_empty() && !heard.text.contains("s3cret"), "{line}: {heard:?}");
        assert!(!log.text().is_empty() && !log.text().contains("s3cret"), "{line}: {}", log.text());
    }
}

#[tokio::test(start_paused = true)]
async fn no_refusal_and_no_line_of_the_log_holds_a_secret_over_http2() {
    const ORDINARY: [(&str, &[u8]); 4] =
        [(":method", b"GET"), (":scheme", b"http"), (":path", b"/"), (":authority", b"a")];
    let secrets: [(&str, &[u8]); 3] =
        [("authorization", b"Bearer s3cret"), ("cookie", b"__Host-session=s3cret"), ("x-api-key", b"s3cret")];
    for (name, value) in [
        (":path", &b"/?token=s3cret"[..]),
        (":path", b"s3cret"),
        (":path", b"/%2e%2e/?s3cret"),
        (":authority", b"a@s3cret"),
        (":authority", b"s3cret@b"),
        (":scheme", b"s3cret"),
        (":method", b"s3cret s3cret"),
        ("content-length", b"s3cret"),
        ("te", b"s3cret"),
        ("connection", b"s3cret"),
        ("x-forwarded-for", b"s3cret"),
        ("S3cret", b"s3cret"),
    ] {
        let mut fields = ORDINARY.to_vec();
        match fields.iter_mut().find(|(known, _)| *known == name) {
            Some(known) => known.1 = value,
            None => fields.push((name, value)),
        }
        let log = Log::capture();
        let probe = Probe::ok();
        let mut client = connect(Limits::default(), probe.service());
        let request = headers(1, END, &[&fields[..], &secrets].concat());
        client.write_all(&[PREFACE, &settings(&[]), &request].concat()).await.unwrap();
        let heard = hear(&mut client, Duration::from_secs(1)).await;
        drop(client);
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert!(!heard.text.is_empty() && !heard.text.contains("s3cret"), "{name}: {heard:?}");
        assert!(!log.text().contains("s3cret"), "{name}: {}", log.text());
    }
}

/// Nothing in a request is a template.
#[tokio::test(start_paused = true)]
async fn nothing_in_a_request_is_expanded() {
    let log = Log::capture();
    let path = "/$HOME/$%7BPATH%7D/%25(id)s";
    let probe = Probe::ok();
    let mut client = connect(Limits::default(), probe.service());
    let raw = format!(
        "GET {path} HTTP/1.1\r\nHost: a\r\nX: {{env.PATH}} ${{PATH}} {{{{7*7}}}} ${{jndi:ldap://a}}\r\n\r\n"
    );
    client.write_all(raw.as_bytes()).await.unwrap();
    let heard = hear(&mut client, Duration::from_secs(1)).await;
    assert_eq!(heard.statuses(), [200]);
    let seen = probe.last();
    assert_eq!(seen.header("x"), Some("{env.PATH} ${PATH} {{7*7}} ${jndi:ldap://a}"));
    assert!(log.text().contains("/$HOME/"), "{}", log.text());
    assert!(!log.text().contains(&std::env::var("PATH").unwrap_or_else(|_| "49".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn nothing_in_a_request_is_expanded_over_http2() {
    let log = Log::capture();
    let templates = "{env.PATH} ${PATH} {{7*7}} ${jndi:ldap://a}";
    let probe = Probe::ok();
    let mut client = connect(Limits::default(), probe.service());
    let fields =
        [&request("GET", "/$HOME/$%7BPATH%7D/%25(id)s")[..], &[("x", templates.as_bytes())]].concat();
    client.write_all(&[PREFACE, &settings(&[]), &headers(1, END, &fields)].concat()).await.unwrap();
    rested(&probe, 1).await;
    assert_eq!(probe.last().header("x"), Some(templates));
    drop(client);
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert!(log.text().contains("/$HOME/"), "{}", log.text());
    assert!(!log.text().contains(&std::env::var("PATH").unwrap_or_else(|_| "49".to_owned())));
}
