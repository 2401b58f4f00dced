//! The log: one line a request, nothing secret, nothing that a client could write into it, and no flood.

use std::convert::Infallible;

use bytes::Bytes;
use enfilade_core::Principal;
use enfilade_server::{Limits, RequestBody};
use http::{Request, Response};
use http_body_util::Full;
use tower::service_fn;

use crate::kit::{Log, ask, connect, say};

#[tokio::test(start_paused = true)]
async fn a_line_says_what_happened_and_keeps_the_query_to_itself() {
    let log = Log::capture();
    let app = service_fn(async |mut req: Request<RequestBody>| {
        Principal::new("ada\nroot").put(req.extensions_mut());
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("hello")))
    });
    let raw = b"GET /a%20b\"?token=secret HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer secret\r\n\r\n";
    say(&mut connect(Limits::default(), app), raw).await;
    let text = log.text();
    for part in [
        "INFO access: method=GET path=/a%20b\\\" status=200 bytes=5 ms=",
        " client=192.0.2.1 id=",
        r" subject=ada\nroot complete=true",
    ] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    assert_eq!(text.lines().count(), 1);
    assert!(!text.contains("secret") && !text.contains("code="), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_line_says_the_path_that_was_asked_for_and_not_what_it_was_read_as() {
    for (asked, said) in [
        ("/%61dmin", "path=/%61dmin status=200"),
        ("/a%0d%0aINFO%20access:", "path=/a%0d%0aINFO%20access: status=400"),
        ("/a%2Fb", "path=/a%2Fb status=400"),
        ("/a/../b", "path=/a/../b status=400"),
    ] {
        let log = Log::capture();
        ask(format!("GET {asked} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes()).await;
        let text = log.text();
        let lines: Vec<_> = text.lines().filter(|line| line.contains(said)).collect();
        assert_eq!(lines.len(), 1, "{text}");
        let refused = text.lines().filter(|line| line.contains("enfilade::refused"));
        assert!(refused.into_iter().all(|line| line.contains(&format!("path={asked} "))), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_hyper_refuses_is_logged_as_long_as_it_is_no_flood() {
    let log = Log::capture();
    // One server: the limit belongs to it, not to the process.
    let connections = enfilade_server::Connections::new(Limits::default()).unwrap();
    for _ in 0..80 {
        let (mut client, server) = tokio::io::duplex(1024);
        tokio::spawn(connections.serve(server, None, service_fn(crate::kit::echo)));
        say(&mut client, b"\x16\x03\x01\x02\x00 a TLS hello\r\n\r\n").await;
    }
    let text = log.text();
    assert_eq!(text.lines().count(), 50, "{text}");
    assert!(text.lines().all(|line| line.contains("code=\"http.parse\"")), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_a_link_has_its_code_and_its_client() {
    let log = Log::capture();
    let heard = ask(b"GET /x HTTP/1.1\r\n\r\n").await;
    assert!(heard.text.contains("content-type: application/problem+json"), "{heard:?}");
    let text = log.text();
    assert_eq!(text.lines().count(), 2, "one of the refusal, one of the request: {text}");
    let access = text.lines().find(|line| line.contains("access:")).unwrap();
    assert!(access.contains("path=/x status=400") && access.contains("client=192.0.2.1"), "{text}");
    assert!(access.contains("code=\"http.host-missing\""), "{text}");
}
