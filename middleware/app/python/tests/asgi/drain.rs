//! The server ends: who streams is told, what is in flight is finished, the app's shutdown comes last.

use std::time::Duration;

use enfilade_server::{Connections, Limits};
use enfilade_test::Drive;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

use crate::kit::{foreign, run, turns, virtual_time};

const SECOND: Duration = Duration::from_secs(1);

async fn asked(app: enfilade_python::AsgiApp, target: &str) -> (Connections, DuplexStream) {
    let server = Connections::new(Limits::default()).expect("limits");
    let (mut client, end) = duplex(1 << 16);
    tokio::spawn(server.serve(end, None, app));
    let request = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
    client.write_all(request.as_bytes()).await.expect("it is written");
    (server, client)
}

async fn rest(mut client: DuplexStream) -> String {
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.expect("it is read");
    answer
}

const STREAMS: &str = "
told = []
go = asyncio.Event()
async def app(scope, receive, send):
    await without_lifespan(scope)
    if scope['path'] == '/slow':
        await go.wait()
        return await respond(send, b'finished')
    kind = b'text/event-stream' if scope['path'] == '/events' else b'text/plain'
    await start(send, 200, [(b'content-type', kind)])
    await part(send, b'data: 1\\n\\n')
    await receive()
    told.append((await receive())['type'])
    if scope['path'] == '/events':
        await asyncio.Event().wait()
    await part(send, b'data: last\\n\\n', False)
";

#[test]
fn an_app_that_streams_hears_of_the_drain_and_may_say_its_last() {
    run(STREAMS, |app, module| async move {
        virtual_time();
        let (server, client) = asked(app, "/stream").await;
        turns().await;
        assert_eq!(module.value("told"), "[]");
        server.drain();
        let answer = rest(client).await;
        assert!(answer.contains("data: last") && answer.ends_with("0\r\n\r\n"), "{answer}");
        assert_eq!(module.value("told"), "['http.disconnect']");
        server.done().await;
    });
}

#[test]
fn a_stream_of_events_that_does_not_end_ends_in_peace_after_its_grace() {
    run(STREAMS, |app, module| async move {
        virtual_time();
        let (server, client) = asked(app.with_grace(3 * SECOND), "/events").await;
        turns().await;
        server.drain();
        let begun = tokio::time::Instant::now();
        let answer = rest(client).await;
        assert!(answer.ends_with("data: 1\n\n\r\n0\r\n\r\n"), "{answer}");
        assert!((3 * SECOND..5 * SECOND).contains(&begun.elapsed()), "{:?}", begun.elapsed());
        assert_eq!(module.value("told"), "['http.disconnect']");
    });
}

#[test]
fn a_request_in_flight_is_finished() {
    run(STREAMS, |app, module| async move {
        virtual_time();
        let (server, client) = asked(app, "/slow").await;
        turns().await;
        server.drain();
        turns().await;
        module.value("go.set()");
        let answer = rest(client).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("finished"), "{answer}");
        server.done().await;
    });
}

#[test]
fn a_second_server_of_the_same_app_has_a_drain_of_its_own() {
    run(STREAMS, |app, module| async move {
        virtual_time();
        for round in 1..3 {
            let (server, client) = asked(app.clone(), "/stream").await;
            turns().await;
            server.drain();
            assert!(rest(client).await.contains("data: last"), "{round}");
            server.done().await;
            turns().await;
            assert_eq!(module.value("len(told)"), round.to_string());
        }
    });
}

#[test]
fn on_a_thread_of_its_own_an_app_hears_of_a_drain_elsewhere() {
    foreign(STREAMS, async |app, module| {
        let (server, mut client) = asked(app, "/stream").await;
        let mut begun = Vec::new();
        while !begun.ends_with(b"data: 1\n\n\r\n") {
            begun.push(client.read_u8().await.expect("the begin of a stream"));
        }
        server.drain();
        let answer = rest(client).await;
        assert!(answer.contains("data: last") && answer.ends_with("0\r\n\r\n"), "{answer}");
        assert_eq!(module.value("told"), "['http.disconnect']");
        server.done().await;
    });
}

#[test]
fn work_that_is_left_is_waited_for_before_the_shutdown() {
    let module = crate::kit::Module::new(
        "
told = []
async def app(scope, receive, send):
    if scope['type'] == 'lifespan':
        await receive()
        await send({'type': 'lifespan.startup.complete'})
        await receive()
        told.append('shutdown')
        return await send({'type': 'lifespan.shutdown.complete'})
    await respond(send, b'tea')
    await asyncio.sleep(0.02)
    told.append('work')
",
    );
    let ran = enfilade_python::AsgiApp::run(&module.target(), |app| async move {
        Drive::service(app).get("/").send_async().await;
    });
    ran.expect("it runs");
    assert_eq!(module.value("told"), "['work', 'shutdown']");
}
