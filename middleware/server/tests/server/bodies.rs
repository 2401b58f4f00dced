//! Request bodies that are too large, refused early, or never end: the next request on the connection is right, or there
//! is none.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use enfilade_core::RequestContext;
use enfilade_server::{Limits, RequestBody};
use enfilade_test::{Answer, Probe};
use http::{HeaderName, Request, Response};
use http_body_util::Full;
use tokio::{
    io::{AsyncWriteExt, copy, sink},
    time::sleep,
};
use tower::service_fn;

use crate::kit::{Log, ask, connect, curt, echo, hear, rested, say};

const NEXT: &str = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";

fn post(rest: &str) -> String {
    format!("POST / HTTP/1.1\r\nHost: a\r\n{rest}")
}

#[tokio::test(start_paused = true)]
async fn a_body_over_the_limit_is_413_whether_it_says_so_or_not() {
    let limits = Limits::default().with_max_body_size(4);
    for rest in [
        "Content-Length: 5\r\n\r\nfives",
        "Transfer-Encoding: chunked\r\n\r\n3\r\nfiv\r\n2\r\nes\r\n0\r\n\r\n",
    ] {
        let log = Log::capture();
        let mut client = connect(limits.clone(), service_fn(echo));
        let heard = say(&mut client, (post(rest) + NEXT).as_bytes()).await;
        assert_eq!((heard.statuses(), heard.closed), (vec![413], true), "{heard:?}");
        assert_eq!(log.codes(), ["http.body-too-large"]);
    }
    let mut client = connect(limits, service_fn(echo));
    let heard = say(&mut client, (post("Content-Length: 4\r\n\r\nfour") + NEXT).as_bytes()).await;
    assert_eq!(heard.statuses(), [200, 200], "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_waits_for_100_is_refused_without_it() {
    let mut client = connect(Limits::default().with_max_body_size(4), service_fn(echo));
    let heard = say(&mut client, post("Expect: 100-continue\r\nContent-Length: 5\r\n\r\n").as_bytes()).await;
    assert!(heard.text.starts_with("HTTP/1.1 413") && heard.closed, "{heard:?}");

    let mut client = connect(Limits::default(), service_fn(echo));
    let heard = say(&mut client, post("Expect: 100-continue\r\nContent-Length: 4\r\n\r\n").as_bytes()).await;
    assert_eq!(heard.text, "HTTP/1.1 100 Continue\r\n\r\n");
    assert!(say(&mut client, b"four").await.text.ends_with("<POST / four>"));
}

#[tokio::test(start_paused = true)]
async fn after_an_early_answer_the_rest_of_the_body_is_never_a_request() {
    // What follows the head is read as body or not at all: never as `GET /next`, unless the body is complete.
    let whole = say(
        &mut connect(Limits::default(), service_fn(curt)),
        (post("Content-Length: 4\r\n\r\nfour") + NEXT).as_bytes(),
    )
    .await;
    assert_eq!(whole.statuses(), [200, 200], "{whole:?}");

    let inside = post(&format!("Content-Length: {}\r\n\r\n{NEXT}", NEXT.len() + 1));
    let heard = say(&mut connect(Limits::default(), service_fn(curt)), inside.as_bytes()).await;
    assert_eq!((heard.statuses(), heard.closed), (vec![200], true), "{heard:?}");

    let chunked = post(&format!("Transfer-Encoding: chunked\r\n\r\n1000\r\n{NEXT}"));
    let heard = say(&mut connect(Limits::default(), service_fn(curt)), chunked.as_bytes()).await;
    assert_eq!((heard.statuses(), heard.closed), (vec![200], true), "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn an_early_answer_to_an_endless_body_closes_the_connection() {
    let client = connect(Limits::default().with_max_body_size(u64::MAX), service_fn(curt));
    let (mut read, mut write) = tokio::io::split(client);
    write.write_all(post("Content-Length: 10000000000\r\n\r\n").as_bytes()).await.unwrap();
    let sending = tokio::spawn(async move { copy(&mut tokio::io::repeat(b'x'), &mut write).await });
    let heard = hear(&mut read, Duration::from_secs(60)).await;
    assert_eq!((heard.statuses(), heard.closed), (vec![200], true));
    drop(read);
    assert!(sending.await.unwrap().is_err(), "the client is told that nobody reads");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_in_the_middle_is_noticed_by_the_app() {
    let probe = Probe::ok().read_bodies();
    for (at, rest) in ["Content-Length: 10\r\n\r\nhalf", "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"]
        .into_iter()
        .enumerate()
    {
        let mut client = connect(Limits::default(), probe.service());
        client.write_all(post(rest).as_bytes()).await.unwrap();
        drop(client);
        rested(&probe, at + 1).await;
        assert_eq!(probe.last().body(), None, "half a body is no body");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_while_the_app_works_stops_the_app() {
    let log = Log::capture();
    let probe = Probe::ok().respond(Answer::hang());
    let mut client = connect(Limits::default(), probe.service());
    client.write_all(NEXT.as_bytes()).await.unwrap();
    tokio::task::yield_now().await;
    assert_eq!(probe.in_flight(), 1);
    drop(client);
    rested(&probe, 1).await;
    assert!(log.text().contains("complete=false") && !log.text().contains("status="), "{}", log.text());
}

#[tokio::test(start_paused = true)]
async fn trailers_lose_what_a_head_decides_by() {
    let probe = Probe::ok().read_bodies();
    let trailers = "Digest: x\r\nHost: b\r\nAuthorization: c\r\nX_Forwarded_For: d\r\nContent-Length: 5\r\n";
    let raw = post(&format!("Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n{trailers}\r\n"));
    say(&mut connect(Limits::default(), probe.service()), raw.as_bytes()).await;
    let seen = probe.last();
    let left = seen.trace().unwrap().trailers().unwrap();
    assert_eq!(left.keys().collect::<Vec<_>>(), ["digest"]);
}

#[tokio::test(start_paused = true)]
async fn a_response_that_nobody_reads_waits_in_bounded_memory() {
    let app = service_fn(async |_: Request<RequestBody>| {
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(vec![b'x'; 1 << 16])))
    });
    let client = connect(Limits::default(), app);
    let (mut read, mut write) = tokio::io::split(client);
    // 100 requests ask for 6.4 MiB; the pipe holds 1.
    write.write_all(NEXT.repeat(100).as_bytes()).await.unwrap();
    sleep(Duration::from_secs(5)).await;
    tokio::spawn(async move {
        sleep(Duration::from_secs(20)).await;
        drop(write);
    });
    let got = copy(&mut read, &mut sink()).await.unwrap();
    assert!(got > 100 << 16, "nothing was lost: {got}");
}

#[tokio::test(start_paused = true)]
async fn forwarding_fields_reach_no_app_in_any_spelling() {
    let probe = Probe::ok();
    let raw = "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.1.1.1\r\nX_Forwarded_For: 1\r\nx-FORWARDED_proto: https\r\n\
        X-Forwarded-For: 2\r\nForwarded: for=1\r\nX-Real-IP: 1\r\nX_Real_Ip: 1\r\nX-Forwarded-Prefix: /\r\n\
        X-Request-Id: mine\r\nx_request_id: mine\r\nAccept: */*\r\n\r\n";
    let heard = say(&mut connect(Limits::default(), probe.service()), raw.as_bytes()).await;
    let seen = probe.last();
    let client = RequestContext::of(&seen.extensions).unwrap().canonical().unwrap().client().unwrap();
    assert_eq!(client.to_string(), "192.0.2.1:5000");
    let mut names: Vec<_> = seen.headers.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "host"]);
    assert!(!heard.text.contains("mine"), "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn every_answer_names_its_request_also_a_refusal() {
    let heard = ask(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a@b\r\n\r\n").await;
    let ids: Vec<_> =
        heard.text.split("x-request-id: ").skip(1).map(|rest| rest.lines().next().unwrap()).collect();
    assert_eq!(ids.len(), 2, "{heard:?}");
    assert_ne!(ids[0], ids[1]);
}
