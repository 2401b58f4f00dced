//! Messages both ways: whole, in fragments, with controls between them, compressed.

use enfilade_python::WebSocketSettings;

use super::{Client, ECHO, client::frame};
use crate::kit::{run, turns};

#[test]
fn texts_and_bytes_come_back_as_they_were() {
    run(ECHO, |app, _| async move {
        let mut client = Client::open(app).await;
        for length in [0, 1, 125, 126, 127, 65535, 65536, 200_000] {
            let text = "é".repeat(length / 2) + &"x".repeat(length % 2);
            client.say(0x81, &text).await;
            assert_eq!(client.hear_text().await, text);
        }
        client.say(0x82, [0, 255, 128]).await;
        assert_eq!(client.hear().await, Some((0x82, vec![0, 255, 128])));
    });
}

#[test]
fn fragments_are_put_together_and_controls_may_stand_between() {
    run(ECHO, |app, module| async move {
        let mut client = Client::open(app).await;
        let word = "tea é".as_bytes();
        client.say(0x01, &word[..5]).await;
        client.say(0x89, b"ping").await;
        client.say(0x00, b"").await;
        client.say(0x8a, b"a pong that nobody asked for").await;
        client.say(0x80, &word[5..]).await;
        assert_eq!(client.hear().await, Some((0x8a, b"ping".to_vec())));
        assert_eq!(client.hear_text().await, "tea é");
        client.say(0x02, b"a").await;
        client.say(0x80, b"b").await;
        assert_eq!(client.hear().await, Some((0x82, b"ab".to_vec())));
        assert_eq!(module.value("[m['type'] for m in told]"), "['websocket.receive', 'websocket.receive']");
    });
}

#[test]
fn a_byte_at_a_time_is_as_good_as_all_at_once() {
    run(ECHO, |app, _| async move {
        let mut client = Client::open(app).await;
        let all = [frame(0x81, b"one"), frame(0x89, b"p"), frame(0x02, b"tw"), frame(0x80, b"o")].concat();
        for byte in &all {
            client.write(&[*byte]).await;
            tokio::task::yield_now().await;
        }
        assert_eq!(client.hear_text().await, "one");
        assert_eq!(client.hear().await, Some((0x8a, b"p".to_vec())));
        assert_eq!(client.hear().await, Some((0x82, b"two".to_vec())));
        client.write(&all).await;
        assert_eq!(client.hear().await, Some((0x8a, b"p".to_vec())));
        assert_eq!(client.hear_text().await, "one");
    });
}

#[test]
fn what_came_before_the_yes_waits_for_it() {
    let source = "
go = asyncio.Event()
async def app(scope, receive, send):
    await without_lifespan(scope)
    await receive()
    await go.wait()
    await send({'type': 'websocket.accept'})
    message = await receive()
    await send({'type': 'websocket.send', 'text': message['text'].upper()})
";
    run(source, |app, module| async move {
        let mut client = Client::connect(app, 64 << 10);
        client.write(format!("{}\r\n", super::client::HANDSHAKE).as_bytes()).await;
        client.say(0x81, "tea").await;
        turns().await;
        module.value("go.set()");
        assert!(client.ask("").await.starts_with("HTTP/1.1 101 "));
        assert_eq!(client.hear_text().await, "TEA");
        assert_eq!(client.hear_close().await, 1000, "the app has returned");
    });
}

#[test]
fn what_an_app_sends_is_read_strictly() {
    let source = "
said = []
async def app(scope, receive, send):
    await without_lifespan(scope)
    await receive()
    await send({'type': 'websocket.accept'})
    for message in [{}, {'text': 'a', 'bytes': b'b'}, {'text': None, 'bytes': None}, {'text': b'a'}, {'bytes': 'a'},
            {'text': '\\ud800'}, {'bytes': 3}, {'bytes': [1]}]:
        said.append((await raised(sent(send, {'type': 'websocket.send', **message}))).split(':')[0])
    for message in [{'code': 1005}, {'code': 1006}, {'code': 999}, {'code': 1015}, {'code': 2999}, {'code': 70000},
            {'code': -1}, {'code': 'x'}, {'reason': 3}, {'reason': 'é' * 62}]:
        said.append((await raised(sent(send, {'type': 'websocket.close', **message}))).split(':')[0])
    for message in ['websocket.accept', 'websocket.http.response.start', 'websocket.receive', 'http.response.start']:
        said.append((await raised(sent(send, {'type': message, 'status': 200}))).split(':')[0])
    for message in [{'text': 'a', 'bytes': None}, {'bytes': bytearray(b'b')}, {'bytes': memoryview(b'xcx')[1:2]}, {'text': ''}]:
        await send({'type': 'websocket.send', **message})
    await send({'type': 'websocket.close', 'code': 4999, 'reason': 'é' * 61})
    said.append((await raised(sent(send, {'type': 'websocket.send', 'text': 'x'}))).split(':')[0])
    said.append((await raised(sent(send, {'type': 'websocket.close'}))).split(':')[0])
";
    run(source, |app, module| async move {
        let mut client = Client::open(app).await;
        assert_eq!(client.hear_text().await, "a");
        assert_eq!(client.hear().await, Some((0x82, b"b".to_vec())));
        assert_eq!(client.hear().await, Some((0x82, b"c".to_vec())));
        assert_eq!(client.hear_text().await, "");
        let (first, payload) = client.hear().await.expect("a close frame");
        assert_eq!((first, &payload[..2], payload.len()), (0x88, &4999_u16.to_be_bytes()[..], 124));
        let said = module.value("said");
        assert!(!said.contains("nothing") && said.ends_with("'RuntimeError', 'RuntimeError']"), "{said}");
        assert_eq!(module.value("len(said)"), "24");
    });
}

#[test]
fn a_receive_that_is_given_up_loses_no_message() {
    let source = "
async def app(scope, receive, send):
    await without_lifespan(scope)
    await receive()
    await send({'type': 'websocket.accept'})
    for _ in range(3):
        task = asyncio.create_task(receive())
        await asyncio.sleep(0)
        task.cancel()
    await send({'type': 'websocket.send', 'text': 'go'})
    texts = []
    while len(texts) < 50:
        try:
            texts.append((await asyncio.wait_for(receive(), 0.0001))['text'])
        except asyncio.TimeoutError:
            pass
    await send({'type': 'websocket.send', 'text': ' '.join(texts)})
";
    run(source, |app, _| async move {
        let mut client = Client::open(app).await;
        assert_eq!(client.hear_text().await, "go");
        let mut expected = Vec::new();
        for number in 0..50 {
            client.say(0x81, number.to_string()).await;
            expected.push(number.to_string());
            tokio::time::sleep(std::time::Duration::from_micros(100)).await;
        }
        assert_eq!(client.hear_text().await, expected.join(" "));
    });
}

/// What a message is compressed to, without the bytes that end it.
fn deflated(text: &[u8], deflate: &mut flate2::Compress) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 1024);
    deflate.compress_vec(text, &mut out, flate2::FlushCompress::Sync).expect("there is room");
    out.truncate(out.len() - 4);
    out
}

fn inflated(payload: &[u8], inflate: &mut flate2::Decompress) -> Vec<u8> {
    let mut out = Vec::with_capacity(1 << 20);
    let input = [payload, &[0, 0, 0xff, 0xff]].concat();
    inflate.decompress_vec(&input, &mut out, flate2::FlushDecompress::Sync).expect("it inflates");
    out
}

#[test]
fn messages_are_compressed_where_it_was_agreed_on() {
    for (offer, agreed, takeover) in [
        ("permessage-deflate", "permessage-deflate; server_max_window_bits=12", true),
        (
            "permessage-deflate; client_max_window_bits; server_max_window_bits=10",
            "permessage-deflate; server_max_window_bits=10",
            true,
        ),
        (
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12",
            false,
        ),
        (
            "x, permessage-deflate; foo, permessage-deflate",
            "permessage-deflate; server_max_window_bits=12",
            true,
        ),
    ] {
        run(ECHO, move |app, _| async move {
            let (mut client, head) =
                Client::open_with(app, &format!("Sec-WebSocket-Extensions: {offer}\r\n")).await;
            assert!(head.contains(&format!("sec-websocket-extensions: {agreed}\r\n")), "{head}");
            let text = "a text that comes again and again, ".repeat(20);
            let mut deflate = flate2::Compress::new(flate2::Compression::default(), false);
            let mut inflate = flate2::Decompress::new(false);
            let mut sizes = Vec::new();
            for _ in 0..3 {
                if !takeover {
                    deflate.reset();
                    inflate.reset(false);
                }
                client.say(0xc1, deflated(text.as_bytes(), &mut deflate)).await;
                let (first, payload) = client.hear().await.expect("a frame");
                assert_eq!(first, 0xc1);
                assert_eq!(inflated(&payload, &mut inflate), text.as_bytes());
                sizes.push(payload.len());
            }
            assert!(sizes[0] < text.len() / 2);
            assert_eq!(sizes[1] < sizes[0], takeover, "{sizes:?}");
            client.say(0x81, "short").await;
            assert_eq!(client.hear_text().await, "short");
            // In fragments, of which only the first says that it is compressed.
            if !takeover {
                deflate.reset();
                inflate.reset(false);
            }
            let whole = deflated(text.as_bytes(), &mut deflate);
            client.say(0x41, &whole[..5]).await;
            client.say(0x89, b"p").await;
            client.say(0x00, &whole[5..9]).await;
            client.say(0x80, &whole[9..]).await;
            assert_eq!(client.hear().await, Some((0x8a, b"p".to_vec())));
            assert_eq!(inflated(&client.hear().await.expect("a frame").1, &mut inflate), text.as_bytes());
        });
    }
}

#[test]
fn offers_that_cannot_be_kept_are_left_alone() {
    for offer in [
        "permessage-deflate; server_max_window_bits=8",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; client_max_window_bits; client_max_window_bits",
        "permessage-deflate; mux",
        "x-webkit-deflate-frame",
    ] {
        run(ECHO, move |app, _| async move {
            let (mut client, head) =
                Client::open_with(app, &format!("Sec-WebSocket-Extensions: {offer}\r\n")).await;
            assert!(!head.contains("sec-websocket-extensions"), "{offer}: {head}");
            client.say(0x81, "tea").await;
            assert_eq!(client.hear_text().await, "tea");
        });
    }
}

#[test]
fn compression_can_be_turned_off() {
    run(ECHO, |app, _| async move {
        let app = app.with_websockets(WebSocketSettings::new().with_compression(false));
        let (mut client, head) =
            Client::open_with(app, "Sec-WebSocket-Extensions: permessage-deflate\r\n").await;
        assert!(!head.contains("sec-websocket-extensions"), "{head}");
        client.say(0xc1, [0]).await;
        assert_eq!(client.hear_close().await, 1002);
    });
}

#[test]
fn the_largest_limit_there_is_is_a_limit() {
    run(ECHO, |app, _| async move {
        let app = app.with_websockets(WebSocketSettings::new().with_max_message(usize::MAX));
        let (mut client, _) =
            Client::open_with(app, "Sec-WebSocket-Extensions: permessage-deflate\r\n").await;
        let mut deflate = flate2::Compress::new(flate2::Compression::default(), false);
        client.say(0xc1, deflated(b"tea", &mut deflate)).await;
        assert_eq!(client.hear_text().await, "tea");
    });
}
