//! Who closes and why: the client, the app, silence, the server; and what is slower than the other side.

use std::time::Duration;

use enfilade_python::WebSocketSettings;
use tokio::io::AsyncReadExt as _;

use super::{Client, ECHO, client::frame};
use crate::kit::{run, turns, virtual_time};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_client_that_closes_is_answered_with_its_code_and_the_app_is_told() {
    for (payload, code, reason) in [
        (vec![], 1005, ""),
        (1000_u16.to_be_bytes().to_vec(), 1000, ""),
        ([&4000_u16.to_be_bytes()[..], "né".as_bytes()].concat(), 4000, "né"),
    ] {
        run(ECHO, move |app, module| async move {
            let mut client = Client::open(app).await;
            client.say(0x88, payload).await;
            assert_eq!(client.hear_close().await, code);
            client.hear_the_end().await;
            turns().await;
            assert_eq!(
                module.value("told"),
                format!("[{{'type': 'websocket.disconnect', 'code': {code}, 'reason': '{reason}'}}]")
            );
        });
    }
}

#[test]
fn a_client_that_goes_without_a_word_is_1006() {
    run(ECHO, |app, module| async move {
        let client = Client::open(app).await;
        drop(client);
        turns().await;
        assert_eq!(module.value("told[0]['code']"), "1006");
    });
}

/// An app that ends as the text says, once it is open.
fn ends(how: &str) -> String {
    format!(
        "
told = []
async def app(scope, receive, send):
    await without_lifespan(scope)
    await receive()
    await send({{'type': 'websocket.accept'}})
    {how}
"
    )
}

#[test]
fn how_an_app_ends_is_told_by_a_code() {
    for (how, code) in [
        ("return", 1000),
        ("raise KeyError", 1011),
        ("raise SystemExit", 1011),
        ("raise GeneratorExit", 1011),
        ("asyncio.current_task().cancel(); await asyncio.sleep(0)", 1011),
        ("await send({'type': 'websocket.close'})", 1000),
        ("await send({'type': 'websocket.close', 'code': None})", 1000),
        ("await send({'type': 'websocket.close', 'code': 4001, 'reason': None})", 4001),
        ("await send({'type': 'websocket.close', 'code': 3000}); raise KeyError", 3000),
    ] {
        run(&ends(how), move |app, _| async move {
            let mut client = Client::open(app).await;
            assert_eq!(client.hear_close().await, code, "{how}");
            client.close(code).await;
            client.hear_the_end().await;
        });
    }
}

#[test]
fn an_app_that_has_closed_hears_the_clients_answer() {
    let how = "await send({'type': 'websocket.close', 'code': 4001})\n    told.append(await receive())";
    run(&ends(how), |app, module| async move {
        let mut client = Client::open(app).await;
        client.say(0x81, "late").await;
        assert_eq!(client.hear_close().await, 4001);
        client.say(0x89, "a ping that gets no pong").await;
        client.close(4001).await;
        client.hear_the_end().await;
        turns().await;
        assert_eq!(module.value("told[-1]['type'], told[-1]['code']"), "('websocket.disconnect', 4001)");
    });
}

#[test]
fn after_the_end_send_raises_os_error() {
    let how = "await receive()\n    told.append(await raised(sent(send, {'type': 'websocket.send', 'text': 'x'})))\n    \
               told.append(await raised(sent(send, {'type': 'websocket.close'})))";
    run(&ends(how), |app, module| async move {
        let mut client = Client::open(app).await;
        client.close(1000).await;
        assert_eq!(client.hear_close().await, 1000);
        turns().await;
        assert_eq!(module.value("told"), "['OSError: the client has gone', 'OSError: the client has gone']");
    });
}

#[test]
fn a_client_that_does_not_answer_a_close_is_cut() {
    run(&ends("return"), |app, _| async move {
        virtual_time();
        let app = app.with_websockets(WebSocketSettings::new().with_close_timeout(3 * SECOND));
        let mut client = Client::open(app).await;
        let begun = tokio::time::Instant::now();
        assert_eq!(client.hear_close().await, 1000);
        client.hear_the_end().await;
        assert!((3 * SECOND..4 * SECOND).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    });
}

#[test]
fn silence_is_asked_whether_it_lives_and_is_cut_if_it_does_not_answer() {
    run(ECHO, |app, module| async move {
        virtual_time();
        let settings = WebSocketSettings::new().with_ping(Some(10 * SECOND)).with_pong_timeout(5 * SECOND);
        let mut client = Client::open(app.with_websockets(settings)).await;
        let begun = tokio::time::Instant::now();
        for _ in 0..3 {
            assert_eq!(client.hear().await, Some((0x89, vec![])));
            client.say(0x8a, b"").await;
        }
        assert!(begun.elapsed() >= 30 * SECOND, "{:?}", begun.elapsed());
        assert_eq!(client.hear().await, Some((0x89, vec![])));
        let asked = tokio::time::Instant::now();
        client.hear_the_end().await;
        assert!((5 * SECOND..6 * SECOND).contains(&asked.elapsed()), "{:?}", asked.elapsed());
        turns().await;
        assert_eq!(module.value("told[-1]['code']"), "1006");
    });
}

#[test]
fn a_client_that_talks_is_not_asked() {
    run(ECHO, |app, _| async move {
        virtual_time();
        let settings = WebSocketSettings::new().with_ping(Some(10 * SECOND));
        let mut client = Client::open(app.with_websockets(settings)).await;
        for _ in 0..20 {
            tokio::time::sleep(6 * SECOND).await;
            client.say(0x81, "x").await;
            assert_eq!(client.hear_text().await, "x");
        }
    });
}

#[test]
fn without_pings_silence_may_last() {
    run(ECHO, |app, _| async move {
        virtual_time();
        let mut client = Client::open(app.with_websockets(WebSocketSettings::new().with_ping(None))).await;
        tokio::time::sleep(3600 * SECOND).await;
        client.say(0x81, "x").await;
        assert_eq!(client.hear_text().await, "x");
    });
}

#[test]
fn an_app_that_does_not_read_stops_the_reading() {
    let source = "
go = asyncio.Event()
async def app(scope, receive, send):
    await without_lifespan(scope)
    await receive()
    await send({'type': 'websocket.accept'})
    await go.wait()
    count = 0
    while (await receive())['text'] != 'end':
        count += 1
    await send({'type': 'websocket.send', 'text': str(count)})
";
    run(source, |app, module| async move {
        let mut client = Client::open(app).await;
        let chunk = frame(0x81, &[b'x'; 1000]).repeat(10);
        let mut written = 0;
        // The pipe holds 64 KiB, the queue as much, and one read is under way.
        while written < 100
            && tokio::time::timeout(Duration::from_millis(300), client.write(&chunk)).await.is_ok()
        {
            written += 1;
        }
        assert!((8..40).contains(&written), "{written} times 10 kB were taken");
        module.value("go.set()");
        // What was cut off in the middle is sent anew on another connection.
    });
}

#[test]
fn an_app_that_reads_again_gets_everything() {
    let source = "
go = asyncio.Event()
async def app(scope, receive, send):
    await without_lifespan(scope)
    await receive()
    await send({'type': 'websocket.accept'})
    await go.wait()
    texts = []
    while not texts or texts[-1] != 'end':
        texts.append((await receive())['text'])
    assert texts[:-1] == [str(number) for number in range(20_000)]
    await send({'type': 'websocket.send', 'text': str(len(texts))})
";
    run(source, |app, module| async move {
        let client = Client::open(app).await;
        let (mut reading, mut writing) = tokio::io::split(client.io);
        let writer = tokio::spawn(async move {
            for number in 0..20_000 {
                let bytes = frame(0x81, number.to_string().as_bytes());
                tokio::io::AsyncWriteExt::write_all(&mut writing, &bytes).await.expect("it is written");
            }
            tokio::io::AsyncWriteExt::write_all(&mut writing, &frame(0x81, b"end"))
                .await
                .expect("it is written");
            writing
        });
        turns().await;
        module.value("go.set()");
        let mut answer = [0; 7];
        reading.read_exact(&mut answer).await.expect("an answer");
        assert_eq!(&answer, b"\x81\x0520001");
        writer.await.expect("no panic");
    });
}

#[test]
fn a_client_that_does_not_read_makes_send_wait() {
    let source = "
sent_parts = 0
async def app(scope, receive, send):
    global sent_parts
    await without_lifespan(scope)
    await receive()
    await send({'type': 'websocket.accept'})
    for number in range(1000):
        await send({'type': 'websocket.send', 'bytes': b'x' * 10_000})
        sent_parts += 1
";
    run(source, |app, module| async move {
        let mut client = Client::open(app).await;
        turns().await;
        let before: usize = module.value("sent_parts").parse().expect("a number");
        assert!((5..30).contains(&before), "{before}");
        for _ in 0..1000 {
            assert_eq!(client.hear().await.expect("a frame").1.len(), 10_000);
        }
        assert_eq!(client.hear_close().await, 1000);
        assert_eq!(module.value("sent_parts"), "1000");
    });
}

#[test]
fn a_client_that_pings_and_does_not_read_is_not_read() {
    run(ECHO, |app, _| async move {
        let mut client = Client::open(app).await;
        let pings = frame(0x89, &[b'x'; 125]).repeat(100);
        let mut written = 0;
        while written < 100
            && tokio::time::timeout(Duration::from_millis(300), client.write(&pings)).await.is_ok()
        {
            written += 1;
        }
        assert!(written < 60, "{written} times 13 kB of pings were taken");
    });
}

#[test]
fn one_who_waits_to_send_is_told_that_the_client_has_gone() {
    let how = "told.append(await raised(sent(send, {'type': 'websocket.send', 'bytes': b'x' * 1_000_000})))\n    \
               told.append(await raised(sent(send, {'type': 'websocket.send', 'bytes': b'x'})))";
    run(&ends(how), |app, module| async move {
        let client = Client::open(app).await;
        turns().await;
        assert_eq!(module.value("told"), "[]");
        drop(client);
        turns().await;
        assert_eq!(module.value("told[-1]"), "OSError: the client has gone");
    });
}

#[test]
fn when_the_server_drains_the_client_and_the_app_are_told() {
    run(ECHO, |app, module| async move {
        let mut client = Client::open(app).await;
        client.say(0x81, "x").await;
        assert_eq!(client.hear_text().await, "x");
        client.server.drain();
        assert_eq!(client.hear_close().await, 1001);
        turns().await;
        assert_eq!(module.value("told[-1]['type'], told[-1]['code']"), "('websocket.disconnect', 1001)");
        client.close(1001).await;
        client.hear_the_end().await;
        client.server.done().await;
    });
}

#[test]
fn an_app_that_does_not_hear_of_the_end_is_cancelled_after_its_grace() {
    let how = "try:\n        await asyncio.Event().wait()\n    except asyncio.CancelledError:\n        told.append('cancelled')";
    run(&ends(how), |app, module| async move {
        virtual_time();
        let client = Client::open(app.with_grace(3 * SECOND)).await;
        drop(client);
        tokio::time::sleep(2 * SECOND).await;
        assert_eq!(module.value("told"), "[]");
        tokio::time::sleep(2 * SECOND).await;
        assert_eq!(module.value("told"), "['cancelled']");
    });
}
