//! What comes where a TLS hello should, and hellos that come in pieces.

use std::{sync::Arc, time::Duration};

use rustls::{ClientConnection, pki_types::ServerName};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};
use tower::service_fn;

use crate::{
    frames::PREFACE,
    kit::{Log, echo, hear, say},
    pki::{Client, pipe, server, tls},
};

#[tokio::test(start_paused = true)]
async fn whatever_is_no_hello_is_closed_without_a_word_of_http() {
    let server = server(tls(&["shop.example"]));
    let garbage: [(&str, &[u8]); 10] = [
        ("a request", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("a preface of HTTP/2", PREFACE),
        ("a line of the PROXY protocol", b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"),
        ("a head of the PROXY protocol, version 2", b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"),
        ("zeros", &[0; 64]),
        ("ones", &[0xff; 64]),
        ("a hello of SSL 2", b"\x80\x2e\x01\0\x02\0\x15\0\0\0\x10\x01\0\x80"),
        ("a record that is too long", b"\x16\x03\x01\xff\xff\x01\0\0\0"),
        ("a record of another kind", b"\x17\x03\x03\0\x05hello"),
        ("a hello that is none", b"\x16\x03\x01\0\x08\x01\0\0\x04garb"),
    ];
    for (name, bytes) in garbage {
        let log = Log::capture();
        let mut client = pipe(&server);
        let heard = say(&mut client, bytes).await;
        assert!(heard.closed && !heard.text.contains("HTTP"), "{name}: {heard:?}");
        assert_eq!(log.codes(), ["tls.handshake"], "{name}");
    }
}

/// The other way round: a hello where plain HTTP is spoken gets HTTP's answer.
#[tokio::test(start_paused = true)]
async fn a_hello_on_a_plain_listener_is_no_request() {
    let log = Log::capture();
    let mut client = crate::kit::connect(enfilade_server::Limits::default(), service_fn(echo));
    let heard = say(&mut client, &hello("shop.example")).await;
    assert_eq!((heard.statuses(), heard.closed), (vec![400], true), "{heard:?}");
    assert_eq!(log.codes(), ["http.parse"]);
}

/// A hello in two records names the same host as in one (gateways have looked at the first alone).
#[tokio::test(start_paused = true)]
async fn a_hello_in_many_records_names_its_host() {
    let server = server(tls(&["shop.example"]));
    for (size, name, answered) in [
        (1, "shop.example", true),
        (20, "shop.example", true),
        (100, "SHOP.example", true),
        (20, "evil.example", false),
    ] {
        let mut client = pipe(&server);
        client.write_all(&split(&hello(name), size)).await.unwrap();
        let mut record = [0; 5];
        client.read_exact(&mut record).await.unwrap();
        // 22: the server's hello; 21: an alert.
        assert_eq!(record[0] == 22, answered, "{name} in pieces of {size}: {record:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_hello_that_comes_byte_by_byte_is_a_hello() {
    let mut client = pipe(&server(tls(&["shop.example"])));
    for byte in hello("shop.example") {
        client.write_all(&[byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(client.read_u8().await.unwrap(), 22);
}

/// A client that breaks off anywhere leaves nothing behind.
#[tokio::test(start_paused = true)]
async fn a_handshake_that_is_broken_off_anywhere_leaves_no_task() {
    let server = server(tls(&["shop.example"]));
    let hello = hello("shop.example");
    for length in [0, 1, 5, 6, 40, hello.len() - 1, hello.len()] {
        let mut client = pipe(&server);
        client.write_all(&hello[..length]).await.unwrap();
        drop(client);
    }
    server.drain();
    timeout(Duration::from_secs(1), server.done()).await.expect("nothing is left");
}

/// Where TLS is asked for nothing is served without it, whatever follows the garbage.
#[tokio::test(start_paused = true)]
async fn a_request_behind_garbage_is_not_answered() {
    let server = server(tls(&["shop.example"]));
    let mut client = pipe(&server);
    client.write_all(b"\r\n\r\nGET / HTTP/1.1\r\nHost: shop.example\r\n\r\n").await.unwrap();
    let heard = hear(&mut client, Duration::from_secs(60)).await;
    assert!(heard.closed && !heard.text.contains("HTTP"), "{heard:?}");
}

/// A client's first record.
fn hello(name: &'static str) -> Vec<u8> {
    let config = Arc::new(Client::new(&["http/1.1"]).config);
    let mut client = ClientConnection::new(config, ServerName::try_from(name).unwrap()).unwrap();
    let mut record = Vec::new();
    client.write_tls(&mut record).unwrap();
    record
}

/// The same handshake message in records of so many bytes.
fn split(record: &[u8], size: usize) -> Vec<u8> {
    let (head, message) = record.split_at(5);
    assert_eq!(usize::from(u16::from_be_bytes([head[3], head[4]])), message.len(), "one record");
    let pieces = message.chunks(size).map(|piece| {
        let length = u16::try_from(piece.len()).unwrap().to_be_bytes();
        [&head[..3], &length, piece].concat()
    });
    pieces.collect::<Vec<_>>().concat()
}
