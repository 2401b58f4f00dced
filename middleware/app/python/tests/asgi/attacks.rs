//! What an app or a client might try: two messages in one, functions that outlive their request, finalizers, threads.

use enfilade_python::AsgiApp;
use enfilade_server::{Connections, Limits};
use enfilade_test::{Drive, ProbeBody, assert_body};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

use crate::kit::{foreign, get, run, turns};

/// What a connection says to these requests, until it is closed.
async fn wire(app: &AsgiApp, requests: &str) -> String {
    let server = Connections::new(Limits::default()).expect("limits");
    let (mut client, end) = duplex(1 << 20);
    let serving = tokio::spawn(server.serve(end, None, app.clone()));
    client.write_all(requests.as_bytes()).await.expect("it is written");
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.expect("it is read");
    serving.await.expect("no panic");
    String::from_utf8_lossy(&answer).into_owned()
}

/// An app that answers `/second` honestly, and everything else as the text says.
fn first(how: &str) -> String {
    format!(
        "
async def app(scope, receive, send):
    await without_lifespan(scope)
    if scope['path'] == '/second':
        return await respond(send, b'second')
    {how}
"
    )
}

#[test]
fn no_answer_can_be_read_as_two() {
    let evil = "HTTP/1.1 200 OK\\r\\ncontent-length: 4\\r\\n\\r\\nevil";
    for how in [
        format!("await respond(send, b'{evil}', 204)"),
        format!("await respond(send, b'{evil}', 304)"),
        format!("await respond(send, b'{evil}', 205)"),
        format!("await respond(send, b'{evil}', 200, [(b'content-length', b'0')])"),
        format!("await start(send, 200, [(b'content-length', b'3')]); await part(send, b'abc'); await part(send, b'{evil}', False)"),
        format!("await start(send, 200, [(b'content-length', b'0')]); await part(send, b''); await part(send, b'{evil}', False)"),
        format!("await respond(send, b'x', 200, [(b'x', b'a\\r\\n\\r\\n{evil}')])"),
        format!("await respond(send, b'x', 200, [(b'x: a\\r\\n\\r\\n{evil}', b'')])"),
        "await respond(send, b'5\\r\\nevil!\\r\\n0\\r\\n\\r\\n', 200, [(b'transfer-encoding', b'chunked'), (b'content-length', b'3')])".into(),
        "await respond(send, b'x', 200, [(b'transfer-encoding', b'identity')])".into(),
        format!("await start(send, 200, [(b'content-length', b'3'), (b'content-length', b'3')]); await part(send, b'{evil}', False)"),
        format!("await start(send, 200, trailers=True); await part(send, b'x', False); await send({{'type': 'http.response.trailers', 'headers': [(b'a', b'b\\r\\n\\r\\n{evil}')]}})"),
    ] {
        run(&first(&how), move |app, _| async move {
            for method in ["GET", "HEAD"] {
                let requests = format!(
                    "{method} / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\n\r\nGET /second HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
                );
                let answer = wire(&app, &requests).await;
                let heads = answer.matches("HTTP/1.1 ").count();
                let evil = answer.find("\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 4");
                assert!(evil.is_none(), "{how}\n{answer}");
                assert!(heads <= 2, "{how}\n{answer}");
                assert!(!answer.contains("evil") || answer.contains("transfer-encoding: chunked") || answer.contains("content-length: 17"), "{how}\n{answer}");
                let second = answer.ends_with("\r\n\r\nsecond");
                assert!(second || heads <= 1, "the second is whole, or the connection was cut\n{how}\n{answer}");
            }
        });
    }
}

#[test]
fn a_request_whose_body_the_app_leaves_unread_is_no_second_request() {
    run(&first("await respond(send, b'first')"), |app, _| async move {
        let smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
        let requests = format!(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{smuggled}GET /second HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            smuggled.len()
        );
        let answer = wire(&app, &requests).await;
        assert!(answer.matches("HTTP/1.1 200").count() <= 2, "{answer}");
        assert!(answer.matches("first").count() == 1, "{answer}");
    });
}

const KEPT: &str = "
kept, told = [], []
async def late(receive, send):
    told.append((await receive())['type'])
    told.append(await raised(part(send, b'late')))
async def app(scope, receive, send):
    await without_lifespan(scope)
    kept.append((receive, send))
    if scope['path'] == '/whole':
        return await respond(send, b'tea')
    await start(send)
    await part(send, b'x')
    if scope['path'] == '/raises':
        raise KeyError
    await receive()
    await receive()
";

#[test]
fn functions_that_outlive_their_request_raise_or_tell_the_end() {
    run(KEPT, |app, module| async move {
        let mut app = Drive::service(app);
        for path in ["/whole", "/raises"] {
            app.get(path).send_async().await;
        }
        drop(app.get("/gone").start());
        drop(app.get("/gone").start().head());
        turns().await;
        assert_eq!(module.value("len(kept)"), "4");
        module.value("[asyncio.get_running_loop().create_task(late(*both)) for both in kept]");
        turns().await;
        let told = module.value("told");
        assert_eq!(told.matches("http.disconnect").count(), 4, "{told}");
        assert_eq!(told.matches("Error").count(), 4, "{told}");
    });
}

#[test]
fn functions_may_be_called_from_other_threads_without_harm() {
    let source = "
import threading
stop, calls = False, 0
def hammer(receive, send):
    global calls
    while not stop:
        for call in (lambda: send({'type': 'http.response.body', 'body': b'y', 'more_body': True}), receive,
                lambda: send({'type': 'http.response.start', 'status': 200}), lambda: receive().send(None),
                lambda: send({'type': 'http.response.body', 'body': b'y' * 70000, 'more_body': True}).send(None)):
            try:
                call()
            except BaseException:
                pass
            calls += 1
async def app(scope, receive, send):
    await without_lifespan(scope)
    if scope['path'] == '/well':
        return await respond(send, b'well')
    threads = [threading.Thread(target=hammer, args=(receive, send), daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    await start(send)
    try:
        for _ in range(20):
            await part(send, b'x' * 1000)
            await asyncio.sleep(0.001)
        await part(send, b'', False)
    except Exception:
        pass
";
    foreign(source, async |app: AsgiApp, module| {
        for number in 0..6 {
            let mut drive = Drive::service(app.clone());
            let body = ProbeBody::new().data("one").data("two").hang();
            let flight = drive.post("/").body(body).start();
            if number % 2 == 0 {
                let _ =
                    tokio::time::timeout(std::time::Duration::from_millis(50), flight.finish_async()).await;
            } else {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                drop(flight);
            }
            assert_body!(drive.get("/well").send_async().await, "well");
        }
        module.until("calls > 1000").await;
        module.value("globals().update(stop=True)");
        assert_body!(Drive::service(app).get("/well").send_async().await, "well");
    });
}

#[test]
fn finalizers_may_call_what_they_like() {
    let source = "
count = 0
class Late:
    def __init__(self, receive, send):
        self.receive, self.send = receive, send
    def __del__(self):
        global count
        count += 1
        for call in (lambda: self.send({'type': 'http.response.body', 'body': b'y', 'more_body': True}),
                lambda: self.receive(), lambda: self.receive().send(None),
                lambda: self.send({'type': 'http.response.start', 'status': 200})):
            try:
                call()
            except BaseException:
                pass
class Bytes(bytes):
    pass
async def app(scope, receive, send):
    await without_lifespan(scope)
    late = Late(receive, send)
    scope['late'] = late
    body = Bytes(b'x' * 100_000)
    body.late = late
    asyncio.current_task().late = None
    del late
    message = {'type': 'http.response.body', 'body': body, 'more_body': True, 'late': scope['late']}
    del scope, body
    if await mode(receive) == b'early':
        await send({'type': 'http.response.body', 'body': message.pop('body')})
    await start(send)
    await send(message)
    message.clear()
    await part(send, b'z' * 100_000)
    await part(send, b'', False)
async def mode(receive):
    return (await receive())['body']
";
    run(source, |app, module| async move {
        let mut drive = Drive::service(app);
        for round in 0..3 {
            drive.post("/").body("early").send_async().await;
            drive.head("/").send_async().await;
            drive.get("/").send_async().await;
            let flight = drive.get("/").start();
            if round == 1 {
                turns().await;
            }
            drop(flight);
            turns().await;
        }
        module.value("__import__('gc').collect()");
        assert!(module.value("count").parse::<usize>().expect("a number") >= 9, "{}", module.value("count"));
    });
}

#[test]
fn odd_objects_are_no_way_in() {
    for (message, raises) in [
        (
            "type('D', (dict,), {'get': None, '__getitem__': None})(type='http.response.start', status=200)",
            false,
        ),
        (
            "{'type': type('S', (str,), {'__eq__': None, '__hash__': str.__hash__})('http.response.start'), 'status': 200}",
            false,
        ),
        ("{'type': 'http.response.start', 'status': True}", true),
        ("{'type': 'http.response.start', 'status': type('I', (int,), {})(200)}", false),
        ("{'type': 'http.response.start', 'status': 200.0}", true),
        ("{'type': 'http.response.start', 'status': 10**30}", true),
        ("{'type': 'http.response.start', 'status': 200, 'headers': [(b'a',) * 3]}", true),
        ("{'type': 'http.response.start', 'status': 200, 'headers': ['ab']}", true),
        ("{'type': 'http.response.start', 'status': 200, 'headers': {b'ab': 1}}", true),
        ("{'type': 'http.response.start', 'status': 200, 'headers': (1 / 0 for _ in 'x')}", true),
        ("{'type': '\\ud800'}", true),
        ("{'type': 'http.response.start', 'status': 200, 'headers': [(b'a' * 70000, b'b')]}", true),
        (
            "{'type': 'http.response.start', 'status': 200, 'headers': [(b'a%d' % n, b'b') for n in range(40000)]}",
            true,
        ),
    ] {
        let reply = get(&format!(
            "
async def app(scope, receive, send):
    await without_lifespan(scope)
    said = await raised(sent(send, {message}))
    if said == 'nothing':
        return await part(send, b'nothing', False)
    await respond(send, said)
"
        ));
        assert_eq!(reply.text() != "nothing", raises, "{message}: {}", reply.text());
    }
}

#[test]
fn headers_that_change_while_they_are_read_do_no_harm() {
    let reply = get("
class Pair(tuple):
    pass
async def app(scope, receive, send):
    headers = [(b'a', b'b')] * 10
    class Evil:
        def __iter__(self):
            headers.clear()
            return iter((b'c', b'd'))
        def __len__(self):
            headers.clear()
            return 2
        def __getitem__(self, place):
            headers.clear()
            return b'e'
    headers.insert(1, Evil())
    said = await raised(sent(send, {'type': 'http.response.start', 'status': 200, 'headers': headers}))
    if said != 'nothing':
        await start(send)
    await part(send, b'well', False)
");
    assert_body!(reply, "well");
}
