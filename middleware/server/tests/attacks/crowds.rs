//! More clients than there is room for.

use std::time::Duration;

use enfilade_server::{Connections, Limits};
use enfilade_test::{Answer, Latch, Probe, ProbeBody};
use http::{Request, StatusCode};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, duplex},
    time::{Instant, sleep, timeout},
};
use tower::service_fn;

use crate::{
    frames::{
        CONTINUATION, END, Frame, HEADERS, PREFACE, RST_STREAM, SETTINGS, block, frame, headers, request,
        settings, window_update,
    },
    kit::{Log, connect, curt, hear, rested},
};

#[tokio::test(start_paused = true)]
async fn requests_over_the_limit_are_503_over_http2_and_resting_connections_do_not_count() {
    let latch = Latch::shut();
    let probe = Probe::ok().respond_with({
        let latch = latch.clone();
        move |req| match req.uri.path() {
            "/slow" => Answer::ok().wait(&latch),
            _ => Answer::ok(),
        }
    });
    let connections = Connections::new(Limits::default().with_max_in_flight(2)).unwrap();
    let mut clients = Vec::new();
    for _ in 0..4 {
        let (client, server) = duplex(1 << 16);
        tokio::spawn(connections.serve(server, None, probe.service()));
        let (send, connection) = h2::client::handshake(client).await.unwrap();
        tokio::spawn(connection);
        clients.push(send);
    }
    let ask = |send: &mut h2::client::SendRequest<bytes::Bytes>, path: &str| {
        let request = Request::get(format!("http://a{path}")).body(()).unwrap();
        send.send_request(request, true).unwrap().0
    };
    for client in &mut clients {
        assert_eq!(ask(client, "/").await.unwrap().status(), 200);
    }
    // One connection takes all places: no client is counted by itself.
    let (first, second) = (ask(&mut clients[0], "/slow"), ask(&mut clients[0], "/slow"));
    sleep(Duration::from_millis(10)).await;
    let refused = ask(&mut clients[1], "/").await.unwrap();
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers()["retry-after"], "1");
    latch.open();
    assert_eq!(first.await.unwrap().status(), 200);
    assert_eq!(second.await.unwrap().status(), 200);
    rested(&probe, 6).await;
    assert_eq!(ask(&mut clients[1], "/").await.unwrap().status(), 200);
}

/// RFC 8441 §3: a client may ask for a WebSocket over HTTP/2 only where SETTINGS offer it, and these do not.
#[tokio::test(start_paused = true)]
async fn websockets_over_http2_are_not_offered() {
    let mut client = connect(Limits::default(), service_fn(curt));
    client.write_all(&[PREFACE, &settings(&[])].concat()).await.unwrap();
    let mut came = Vec::new();
    let settings = loop {
        assert!(client.read_buf(&mut came).await.unwrap() > 0);
        if let Some(frame) = Frame::take(&mut came) {
            break frame;
        }
    };
    assert_eq!(settings.kind, SETTINGS);
    let ids: Vec<_> = settings.payload.chunks(6).map(|one| u16::from_be_bytes([one[0], one[1]])).collect();
    assert!(!ids.contains(&8), "SETTINGS_ENABLE_CONNECT_PROTOCOL: {ids:?}");
    // The limits of streams and heads are told, so that a client that means well keeps them.
    assert!(ids.contains(&3) && ids.contains(&6), "{ids:?}");
}

/// Each part comes well before any timeout for silence would notice.
#[tokio::test(start_paused = true)]
async fn a_large_head_that_comes_slowly_is_cut_at_the_deadline_of_the_first_head() {
    let begin = block(&request("GET", "/"));
    let two = [PREFACE, &settings(&[]), &frame(HEADERS, END, 1, &begin)].concat();
    let small = frame(CONTINUATION, 0, 1, &block(&[("x", &[b'x'; 100])]));
    let kinds: [(&[u8], &[u8]); 2] =
        [(b"GET / HTTP/1.1\r\nHost: a\r\n", b"X: 1000 bytes a second\r\n"), (&two, &small)];
    for (first, part) in kinds {
        let log = Log::capture();
        let client = connect(Limits::default(), service_fn(curt));
        let (mut read, mut write) = tokio::io::split(client);
        write.write_all(first).await.unwrap();
        let start = Instant::now();
        let part = part.to_vec();
        tokio::spawn(async move {
            // HTTP/2 takes five CONTINUATION frames at most, so they come seldom.
            while write.write_all(&part).await.is_ok() {
                sleep(Duration::from_millis(2500)).await;
            }
        });
        let heard = hear(&mut read, Duration::from_secs(3600)).await;
        assert!(heard.closed && start.elapsed().as_secs() == 10, "{heard:?} after {:?}", start.elapsed());
        assert_eq!(log.codes(), ["http.timeout"]);
    }
}

/// RUSTSEC-2025-0037: an early answer leaves bytes of the body behind; they are never a request, nor part of one.
#[tokio::test(start_paused = true)]
async fn an_early_answer_over_http2_leaves_the_next_request_whole() {
    let probe = Probe::ok();
    let (mut send, connection) =
        h2::client::handshake(connect(Limits::default(), probe.service())).await.unwrap();
    tokio::spawn(connection);
    let post = Request::post("http://a/first").body(()).unwrap();
    let (response, mut body) = send.send_request(post, false).unwrap();
    assert_eq!(response.await.unwrap().status(), 200);
    // The server has reset the stream; what was sent meanwhile is dropped.
    let _ = body.send_data(bytes::Bytes::from(vec![b'x'; 1 << 16]), false);
    let get = Request::get("http://a/second").body(()).unwrap();
    assert_eq!(send.send_request(get, true).unwrap().0.await.unwrap().status(), 200);
    let paths: Vec<_> = probe.requests().iter().map(|seen| seen.uri.path().to_owned()).collect();
    assert_eq!(paths, ["/first", "/second"]);
}

/// The body's only frame is in h2's buffer at once; it is watched there all the same, and new requests excuse nothing.
#[tokio::test(start_paused = true)]
async fn a_last_frame_that_is_taken_byte_by_byte_is_reset_though_other_requests_go_on() {
    let probe = Probe::ok().respond(Answer::ok().body(ProbeBody::from("x".repeat(64 << 10))));
    let mut client = connect(Limits::default(), probe.service());
    let first = [PREFACE, &settings(&[(4, 0)]), &headers(1, END, &request("GET", "/"))].concat();
    client.write_all(&first).await.unwrap();
    let (mut read, mut write) = tokio::io::split(client);
    tokio::spawn(async move {
        for second in 0.. {
            let more = headers(3 + second / 5, END, &request("HEAD", "/"));
            let more = if second % 10 == 0 { more } else { Vec::new() };
            if write.write_all(&[window_update(1, 1), more].concat()).await.is_err() {
                return;
            }
            sleep(Duration::from_secs(1)).await;
        }
    });
    let mut came = Vec::new();
    let start = Instant::now();
    let reset = loop {
        let read = timeout(Duration::from_secs(300), read.read_buf(&mut came)).await.expect("there is news");
        assert!(read.unwrap() > 0 && start.elapsed().as_secs() < 300, "after {:?}", start.elapsed());
        let mut frames = std::iter::from_fn(|| Frame::take(&mut came));
        if let Some(frame) = frames.find(|frame| frame.reason().is_some()) {
            break frame;
        }
    };
    assert_eq!((reset.kind, reset.stream), (RST_STREAM, 1));
    // 30 s, and a second for each of its 64 KiB.
    assert!((94..=95).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
}
