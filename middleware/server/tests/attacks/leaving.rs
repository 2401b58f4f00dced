//! Clients that leave, by half or altogether, and a server that does.

use std::{convert::Infallible, time::Duration};

use enfilade_server::{Connections, Draining, Limits, RequestBody};
use enfilade_test::{Answer, Latch, Probe, ProbeBody};
use http::{Request, Response};
use tokio::{
    io::{AsyncWriteExt, DuplexStream, duplex},
    time::{sleep, timeout},
};
use tower::service_fn;

use crate::{
    frames::{END, PREFACE, headers, request, settings},
    kit::{connect, hear, rested},
};

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// Nothing tells it from one that left, and an app must not work for nobody.
#[tokio::test(start_paused = true)]
async fn a_half_closed_client_counts_as_gone_while_the_app_works() {
    let probe = Probe::ok().respond(Answer::hang());
    let mut client = connect(Limits::default(), probe.service());
    client.write_all(GET).await.unwrap();
    client.shutdown().await.unwrap();
    rested(&probe, 1).await;
    assert!(hear(&mut client, Duration::from_secs(5)).await.closed);
}

#[tokio::test(start_paused = true)]
async fn a_half_closed_client_counts_as_gone_over_http2() {
    let probe = Probe::ok().respond(Answer::hang());
    let mut client = connect(Limits::default(), probe.service());
    client
        .write_all(&[PREFACE, &settings(&[]), &headers(1, END, &request("GET", "/"))].concat())
        .await
        .unwrap();
    sleep(Duration::from_millis(10)).await;
    assert_eq!(probe.in_flight(), 1);
    client.shutdown().await.unwrap();
    rested(&probe, 1).await;
}

/// hyper does not read on behind a request that came too early, so it does not see the end either. The request counts
/// as in flight until the app answers; that is the most that such a client can hold.
#[tokio::test(start_paused = true)]
async fn a_client_that_sent_more_and_left_is_noticed_when_the_app_answers() {
    let latch = Latch::shut();
    let probe = Probe::ok().respond(Answer::ok().wait(&latch)).respond(200);
    let mut client = connect(Limits::default(), probe.service());
    client.write_all(&[GET, GET].concat()).await.unwrap();
    sleep(Duration::from_millis(10)).await;
    drop(client);
    sleep(Duration::from_secs(3600)).await;
    assert_eq!(probe.in_flight(), 1);
    latch.open();
    rested(&probe, 1).await;
    assert!(probe.requests().len() <= 2);
}

/// A request that is followed by nothing is the rule, and there the end is seen at once.
#[tokio::test(start_paused = true)]
async fn a_client_that_left_in_the_middle_of_a_second_head_sends_no_second_request() {
    let probe = Probe::ok();
    let mut client = connect(Limits::default(), probe.service());
    client.write_all(&[GET, b"GET /admin HTTP/1.1\r\nHost: a\r\n"].concat()).await.unwrap();
    client.shutdown().await.unwrap();
    let heard = hear(&mut client, Duration::from_secs(5)).await;
    assert!(heard.closed, "{heard:?}");
    assert_eq!(probe.requests().len(), 1);
}

/// Says a word at once, and goodbye once the server drains.
async fn events(req: Request<RequestBody>) -> Result<Response<ProbeBody>, Infallible> {
    let draining = Draining::of(req.extensions()).expect("a server of ours");
    let latch = Latch::shut();
    let body = ProbeBody::new().data("word ").wait(&latch).data("goodbye");
    tokio::spawn(async move {
        draining.begun().await;
        latch.open();
    });
    Ok(Response::new(body))
}

/// Without being told, a stream of events would hold the server for the whole grace period.
#[tokio::test(start_paused = true)]
async fn streams_are_told_of_a_drain_and_end_over_both_protocols() {
    let connections = Connections::new(Limits::default()).unwrap();
    let open = || -> DuplexStream {
        let (client, server) = duplex(1 << 16);
        tokio::spawn(connections.serve(server, None, service_fn(events)));
        client
    };
    let mut one = open();
    one.write_all(GET).await.unwrap();
    let (mut send, connection) = h2::client::handshake(open()).await.unwrap();
    tokio::spawn(connection);
    let (two, _) = send.send_request(Request::get("http://a/").body(()).unwrap(), true).unwrap();
    let mut two = two.await.unwrap().into_body();
    assert_eq!(two.data().await.unwrap().unwrap(), "word ");
    sleep(Duration::from_secs(100)).await;
    assert_eq!(connections.in_flight(), 2);

    connections.drain();
    let heard = hear(&mut one, Duration::from_secs(1)).await;
    assert!(heard.closed && heard.text.contains("word ") && heard.text.contains("goodbye"), "{heard:?}");
    assert_eq!(two.data().await.unwrap().unwrap(), "goodbye");
    assert!(two.data().await.is_none());
    drop((send, two));
    timeout(Duration::from_secs(1), connections.done()).await.expect("nothing is left");
}
