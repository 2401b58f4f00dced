//! What a client may not say, and how it is told.

use enfilade_python::WebSocketSettings;

use super::{Client, ECHO, client::frame};
use crate::kit::{run, turns};

/// Bytes, and the code that they are closed with.
fn table() -> Vec<(&'static str, Vec<u8>, u16)> {
    let mut unmasked = frame(0x81, b"x");
    unmasked[1] &= 0x7f;
    let long_way = vec![0x81, 0xfe, 0, 1, 0, 0, 0, 0, b'x'];
    let longer_way = vec![0x81, 0xff, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, b'x'];
    vec![
        ("no mask", unmasked, 1002),
        ("a long length for a short one", long_way, 1002),
        ("the longest length for a short one", longer_way, 1002),
        ("a bit of no extension", frame(0xc1, b"x"), 1002),
        ("another", frame(0xa1, b"x"), 1002),
        ("a third", frame(0x91, b"x"), 1002),
        ("an opcode that is none", frame(0x83, b"x"), 1002),
        ("another", frame(0x8b, b""), 1002),
        ("a fragment of nothing", frame(0x80, b"x"), 1002),
        ("a message in a message", [frame(0x01, b"x"), frame(0x81, b"y")].concat(), 1002),
        ("a ping in fragments", frame(0x09, b"x"), 1002),
        ("a ping that is too long", frame(0x89, &[0; 126]), 1002),
        ("a close that is too long", frame(0x88, &[3; 126]), 1002),
        ("a close of one byte", frame(0x88, b"x"), 1002),
        ("a code that is none", frame(0x88, &999_u16.to_be_bytes()), 1002),
        ("a code that may not be sent", frame(0x88, &1005_u16.to_be_bytes()), 1002),
        ("another", frame(0x88, &1006_u16.to_be_bytes()), 1002),
        ("a code of nobody's", frame(0x88, &2999_u16.to_be_bytes()), 1002),
        ("a reason that is no text", frame(0x88, &[3, 232, 0xff]), 1007),
        ("a text that is none", frame(0x81, &[0xff]), 1007),
        ("a text that is cut off", frame(0x81, "é".as_bytes().split_at(1).0), 1007),
        ("a surrogate", frame(0x81, &[0xed, 0xa0, 0x80]), 1007),
        ("fragments of which one is no text", [frame(0x01, b"x"), frame(0x00, &[0xff])].concat(), 1007),
        ("fragments that are cut off", [frame(0x01, &[0xc3]), frame(0x80, b"")].concat(), 1007),
        ("a message that is too big", frame(0x82, &[0; 1001]), 1009),
        ("only said to be", vec![0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4], 1009),
        (
            "said to be larger than memory",
            vec![0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4],
            1009,
        ),
        ("in fragments", [frame(0x02, &[0; 600]), frame(0x00, &[0; 401])].concat(), 1009),
    ]
}

#[test]
fn who_breaks_the_rules_is_told_which_and_the_app_is_told_the_same() {
    for (what, bytes, code) in table() {
        run(ECHO, move |app, module| async move {
            let app = app.with_websockets(WebSocketSettings::new().with_max_message(1000));
            let mut client = Client::open(app).await;
            client.write(&bytes).await;
            assert_eq!(client.hear_close().await, code, "{what}");
            client.hear_the_end().await;
            turns().await;
            assert_eq!(
                module.value("told[-1]['type'], told[-1]['code']"),
                format!("('websocket.disconnect', {code})"),
                "{what}"
            );
        });
    }
}

#[test]
fn what_follows_a_fault_is_not_heard() {
    run(ECHO, |app, module| async move {
        let mut client = Client::open(app).await;
        client.write(&[frame(0x83, b""), frame(0x81, b"tea")].concat()).await;
        assert_eq!(client.hear_close().await, 1002);
        client.hear_the_end().await;
        turns().await;
        assert_eq!(module.value("len(told)"), "1");
    });
}

#[test]
fn a_bomb_is_stopped_at_the_limit() {
    run(ECHO, |app, module| async move {
        let app = app.with_websockets(WebSocketSettings::new().with_max_message(100_000));
        let (mut client, _) =
            Client::open_with(app.clone(), "Sec-WebSocket-Extensions: permessage-deflate\r\n").await;
        let mut deflate = flate2::Compress::new(flate2::Compression::fast(), false);
        let mut bomb = Vec::with_capacity(1 << 20);
        deflate.compress_vec(&vec![0; 4_000_000], &mut bomb, flate2::FlushCompress::Sync).expect("room");
        assert!(bomb.len() < 40_000, "{}", bomb.len());
        client.say(0xc2, &bomb).await;
        assert_eq!(client.hear_close().await, 1009);
        // The same in fragments.
        let (mut client, _) =
            Client::open_with(app, "Sec-WebSocket-Extensions: permessage-deflate\r\n").await;
        let mut first = 0x42;
        for part in bomb.chunks(100) {
            if client.io_write(&frame(first, part)).await.is_err() {
                break;
            }
            first = 0;
        }
        assert_eq!(client.hear_close().await, 1009);
        turns().await;
        assert_eq!(module.value("[m['code'] for m in told]"), "[1009, 1009]");
    });
}

#[test]
fn what_does_not_inflate_is_a_fault() {
    run(ECHO, |app, _| async move {
        let (mut client, _) =
            Client::open_with(app, "Sec-WebSocket-Extensions: permessage-deflate\r\n").await;
        client.say(0xc2, [0xff; 40]).await;
        assert_eq!(client.hear_close().await, 1002);
    });
}

#[test]
fn floods_of_little_things_cost_nothing_that_stays() {
    run(ECHO, |app, module| async move {
        let mut client = Client::open(app).await;
        // Empty fragments of one message, and pongs.
        client.say(0x01, b"").await;
        let many = frame(0x00, b"").repeat(2000);
        let pongs = frame(0x8a, b"").repeat(2000);
        for _ in 0..50 {
            client.write(&many).await;
            client.write(&pongs).await;
        }
        client.say(0x80, b"tea").await;
        assert_eq!(client.hear_text().await, "tea");
        assert_eq!(module.value("len(told)"), "1");
    });
}
