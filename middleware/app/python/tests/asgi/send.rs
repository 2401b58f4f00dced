//! What an app may send, what raises in it, and what the client gets.

use enfilade_test::{Drive, assert_body, assert_header, assert_passed, assert_refused, drive::Step};
use http::StatusCode;
use http_body::Body as _;

use crate::kit::{both, get, run, turns};

/// Sends messages until one raises, and answers with what it says.
fn raising(before: &str, message: &str) -> String {
    format!(
        "
said = None
async def app(scope, receive, send):
    global said
    await without_lifespan(scope)
    async def all():
{before}
        await send({message})
    said = await raised(all())
    if said == 'nothing':
        return
    try:
        await respond(send, said)
    except Exception:
        pass
"
    )
}

const NOTHING: &str = "        pass";
const BEGUN: &str = "        await start(send)";
const STREAMING: &str = "        await start(send)\n        await part(send, b'x')";
const WHOLE: &str = "        await respond(send, b'x')";

fn said(before: &str, message: &str) -> String {
    run(&raising(before, message), |app, module| async move {
        let flight = Drive::service(app).get("/").start();
        turns().await;
        drop(flight);
        module.value("said")
    })
}

#[test]
fn a_message_out_of_order_raises_in_the_app() {
    let (head, body) = ("{'type': 'http.response.start', 'status': 200}", "{'type': 'http.response.body'}");
    let trailers = "{'type': 'http.response.trailers', 'headers': []}";
    let file = "{'type': 'http.response.pathsend', 'path': '/etc/hostname'}";
    for (before, message) in [
        (NOTHING, body),
        (NOTHING, trailers),
        (NOTHING, file),
        (BEGUN, head),
        (BEGUN, trailers),
        (STREAMING, head),
        (STREAMING, trailers),
        (STREAMING, file),
        (WHOLE, head),
        (WHOLE, body),
        (WHOLE, trailers),
        (WHOLE, file),
    ] {
        let told = said(before, message);
        assert!(told.starts_with("RuntimeError: `http.response."), "{before} {message}: {told}");
    }
}

#[test]
fn a_message_of_the_wrong_shape_raises_in_the_app() {
    for (message, told) in [
        ("None", "TypeError"),
        ("[]", "TypeError"),
        ("{}", "ValueError"),
        ("{'type': 1}", "TypeError"),
        ("{'type': 'http.response.begin'}", "ValueError"),
        ("{'type': 'websocket.accept'}", "ValueError"),
        ("{'type': 'http.response.start'}", "ValueError"),
        ("{'type': 'http.response.start', 'status': '200'}", "TypeError"),
        ("{'type': 'http.response.start', 'status': None}", "TypeError"),
        ("{'type': 'http.response.start', 'status': 99}", "ValueError"),
        ("{'type': 'http.response.start', 'status': 100}", "ValueError"),
        ("{'type': 'http.response.start', 'status': 101}", "ValueError"),
        ("{'type': 'http.response.start', 'status': 1000}", "ValueError"),
        ("{'type': 'http.response.start', 'status': -1}", "ValueError"),
        ("{'type': 'http.response.start', 'status': 200, 'headers': 1}", "TypeError"),
        ("{'type': 'http.response.start', 'status': 200, 'headers': [1]}", "TypeError"),
        ("{'type': 'http.response.start', 'status': 200, 'headers': [(b'a',)]}", "TypeError"),
        ("{'type': 'http.response.start', 'status': 200, 'headers': [(b'a', 'b')]}", "TypeError"),
        ("{'type': 'http.response.start', 'status': 200, 'headers': [('a', b'b')]}", "TypeError"),
        ("{'type': 'http.response.start', 'status': 200, 'trailers': 1}", "TypeError"),
    ] {
        let said = said(NOTHING, message);
        assert!(said.starts_with(told), "{message}: {said}");
    }
    for (message, told) in [
        ("{'type': 'http.response.body', 'body': 'text'}", "TypeError"),
        ("{'type': 'http.response.body', 'body': None}", "TypeError"),
        ("{'type': 'http.response.body', 'body': [1]}", "TypeError"),
        ("{'type': 'http.response.body', 'more_body': 'yes'}", "TypeError"),
        ("{'type': 'http.response.pathsend'}", "ValueError"),
        ("{'type': 'http.response.pathsend', 'path': b'/x'}", "TypeError"),
        ("{'type': 'http.response.debug', 'info': {}}", "RuntimeError"),
    ] {
        let said = said(BEGUN, message);
        assert!(said.starts_with(told), "{message}: {said}");
    }
}

#[test]
fn a_header_that_would_be_two_lines_raises_in_the_app() {
    for header in [
        "(b'a', b'b\\r\\nset-cookie: x')",
        "(b'a', b'b\\nc')",
        "(b'a', b'b\\rc')",
        "(b'a', b'b\\r\\n')",
        "(b'a', b'\\nb')",
        "(b'a', b'b\\x00c')",
        "(b'a', b'\\x7f')",
        "(b'a\\r\\nb', b'c')",
        "(b'a: b', b'c')",
        "(b'a b', b'c')",
        "(b'a ', b'c')",
        "(b'', b'c')",
        "(b':status', b'200')",
        "(b'caf\\xc3\\xa9', b'c')",
        "(b'content-length', b'1'), (b'Content-Length', b'1')",
    ] {
        let message = format!("{{'type': 'http.response.start', 'status': 200, 'headers': [{header}]}}");
        let said = said(NOTHING, &message);
        assert!(said.starts_with("ValueError"), "{header}: {said}");
    }
}

#[test]
fn after_a_message_that_raised_the_app_may_answer() {
    let reply = get(&raising(NOTHING, "{'type': 'http.response.start', 'status': 1}"));
    assert_passed!(reply);
    assert!(reply.text().starts_with("ValueError"), "{}", reply.text());
}

#[test]
fn headers_are_sent_as_they_are_in_lower_case() {
    let reply = get("
async def app(scope, receive, send):
    await start(send, 201, [(b'X-One', b'1'), [b'x-two', b' 2\\t'], (b'set-cookie', b'a=1'),
        (b'Set-Cookie', b'b=2'), (b'x-bytes', b'caf\\xe9'), (b'x-empty', b'')])
    await part(send, b'tea', False)
");
    assert_passed!(reply, 201);
    assert_header!(reply, "x-one" = "1");
    assert_header!(reply, "x-two" = "2");
    assert_header!(reply, "x-empty" = "");
    assert_eq!(reply.header_all("set-cookie"), ["a=1", "b=2"]);
    assert_eq!(reply.headers()["x-bytes"].as_bytes(), b"caf\xe9");
    assert_body!(reply, "tea");
}

#[test]
fn headers_may_come_from_any_iterable() {
    for headers in
        ["((b'x', b'1'),)", "{b'x': b'1'}.items()", "iter([[b'x', b'1']])", "(p for p in [(b'x', b'1')])"]
    {
        let reply = get(&format!(
            "
async def app(scope, receive, send):
    await send({{'type': 'http.response.start', 'status': 200, 'headers': {headers}}})
    await part(send, b'', False)
"
        ));
        assert_passed!(reply);
        assert_header!(reply, "x" = "1");
    }
}

#[test]
fn how_the_connection_is_kept_is_not_the_apps_to_say() {
    let reply = get("
async def app(scope, receive, send):
    await respond(send, b'tea', 200, [(b'Transfer-Encoding', b'chunked'), (b'connection', b'close'),
        (b'keep-alive', b'x'), (b'Upgrade', b'h2c'), (b'te', b'x'), (b'proxy-connection', b'x'), (b'trailer', b'x')])
");
    assert_passed!(reply);
    assert_eq!(reply.headers().len(), 0, "{:?}", reply.headers());
    assert_body!(reply, "tea");
}

#[test]
fn a_body_may_be_bytes_of_any_kind_and_is_what_it_was_when_it_was_sent() {
    let reply = get("
class Mine(bytes):
    pass
async def app(scope, receive, send):
    await start(send)
    changed = bytearray(b'one ' * 5000)
    await part(send, changed)
    changed[:] = b'x' * len(changed)
    changed = bytearray(b'two ')
    await part(send, memoryview(changed)[1:])
    changed[:] = b'xxxx'
    await part(send, Mine(b'three ' * 5000))
    await part(send, b'', False)
");
    let expected = "one ".repeat(5000) + "wo " + &"three ".repeat(5000);
    assert_eq!(reply.body().len(), expected.len());
    assert!(*reply.body() == expected);
}

#[test]
fn a_response_of_one_part_is_whole() {
    run("async def app(scope, receive, send):\n    await respond(send, b'tea')\n", |app, _| async move {
        let response = Drive::service(app).get("/").start().head().expect("infallible");
        assert_eq!(response.body().size_hint().exact(), Some(3));
    });
}

#[test]
fn a_body_must_be_as_long_as_it_says() {
    for (length, parts, whole) in [
        ("4", "await part(send, b'tea', False)", false),
        ("2", "await part(send, b'tea', False)", false),
        ("x", "await part(send, b'tea', False)", false),
        ("", "await part(send, b'tea', False)", false),
        ("+3", "await part(send, b'tea', False)", false),
        ("3, 3", "await part(send, b'tea', False)", false),
        ("99999999999999999999", "await part(send, b'tea', False)", false),
        ("2", "await part(send, b'tea')", false),
        ("3", "await part(send, b'tea', False)", true),
    ] {
        let reply = get(&format!(
            "
async def app(scope, receive, send):
    await start(send, 200, [(b'content-length', b'{length}')])
    {parts}
"
        ));
        if whole {
            assert_passed!(reply);
            assert_body!(reply, "tea");
        } else {
            assert_refused!(reply, 500, "asgi.app-failed");
        }
    }
}

#[test]
fn a_body_that_streams_breaks_off_where_it_is_not_as_long_as_it_says() {
    for (length, last, said) in [("5", "b'x'", "tea"), ("3", "b'x'", "tea")] {
        let reply = get(&format!(
            "
async def app(scope, receive, send):
    await start(send, 200, [(b'content-length', b'{length}')])
    await part(send, b'tea')
    await part(send, {last}, False)
"
        ));
        assert_passed!(reply);
        assert!(reply.body_error().is_some(), "{length}: {reply:?}");
        assert!(reply.text().starts_with(said), "{length}");
        assert!(reply.text().len() <= length.parse().expect("a number"), "{length}: {}", reply.text());
    }
}

#[test]
fn a_stream_with_a_length_tells_it() {
    let source = "
async def app(scope, receive, send):
    await start(send, 200, [(b'content-length', b'6')])
    await part(send, b'tea')
    await part(send, b'cup', False)
";
    run(source, |app, _| async move {
        let mut response = Drive::service(app).get("/").start().head().expect("infallible");
        assert_eq!(response.body().size_hint().exact(), Some(6));
        assert_eq!(response.step(), Step::Data("tea".into()));
        assert_eq!(response.body().size_hint().exact(), Some(3));
    });
}

#[test]
fn a_client_that_does_not_read_makes_send_wait() {
    let source = "
sent = 0
async def app(scope, receive, send):
    global sent
    await without_lifespan(scope)
    await start(send)
    for _ in range(100):
        await part(send, b'x' * 16384)
        sent += 1
    await part(send, b'', False)
";
    run(source, |app, module| async move {
        let mut app = Drive::service(app);
        let mut flight = app.get("/").start();
        turns().await;
        assert!(!flight.is_pending());
        assert_eq!(module.value("sent"), "3", "64 KiB wait, and the fourth part with them");
        let mut response = flight.head().expect("infallible");
        turns().await;
        assert_eq!(module.value("sent"), "3");
        let mut read = 0;
        loop {
            match response.step() {
                Step::Data(data) => read += data.len(),
                Step::Pending => turns().await,
                Step::End => break,
                other => panic!("{other:?}"),
            }
            let sent: usize = module.value("sent").parse().expect("a number");
            assert!(sent * 16384 <= read + 80 * 1024, "{sent} parts were sent when {read} bytes were read");
        }
        assert_eq!((read, module.value("sent")), (100 * 16384, "100".into()));
    });
}

#[test]
fn one_large_part_is_taken_whole() {
    let reply = get("
async def app(scope, receive, send):
    await start(send)
    await part(send, b'x' * 3_000_000)
    await part(send, b'y' * 3_000_000, False)
");
    assert_eq!(reply.body().len(), 6_000_000);
    assert_eq!(reply.body_error(), None);
}

#[test]
fn after_the_client_has_gone_send_raises_os_error() {
    let source = "
said = []
async def app(scope, receive, send):
    await without_lifespan(scope)
    await start(send)
    await part(send, b'x')
    await receive()
    assert (await receive())['type'] == 'http.disconnect'
    for _ in range(2):
        said.append(await raised(part(send, b'y')))
    said.append(await raised(start(send)))
";
    run(source, |app, module| async move {
        let mut response = Drive::service(app).get("/").start().head().expect("infallible");
        assert_eq!(response.step(), Step::Data("x".into()));
        turns().await;
        drop(response);
        turns().await;
        assert_eq!(
            module.value("said"),
            "['OSError: the client has gone', 'OSError: the client has gone', \
            'OSError: the client has gone']"
        );
    });
}

#[test]
fn one_who_waits_to_send_is_told_that_the_client_has_gone() {
    let source = "
said = None
async def app(scope, receive, send):
    global said
    await without_lifespan(scope)
    await start(send)
    said = await raised(part(send, b'x' * 100_000))
";
    run(source, |app, module| async move {
        let response = Drive::service(app).get("/").start().head().expect("infallible");
        turns().await;
        assert_eq!(module.value("said"), "None");
        drop(response);
        turns().await;
        assert_eq!(module.value("said"), "OSError: the client has gone");
    });
}

#[test]
fn the_answer_to_head_has_the_head_of_a_get_and_no_body() {
    let ask = |source| both(source, |mut app| async move { app.head("/").send_async().await });
    let whole = ask("async def app(scope, receive, send):\n    await respond(send, b'tea')\n");
    assert_passed!(whole);
    assert_header!(whole, "content-length" = "3");
    assert_body!(whole, "");
    let told = ask(
        "async def app(scope, receive, send):\n    await respond(send, b'', 200, [(b'content-length', b'99')])\n",
    );
    assert_header!(told, "content-length" = "99");
    let streamed = ask("
async def app(scope, receive, send):
    await start(send)
    for _ in range(3):
        await part(send, b'tea')
    await part(send, b'', False)
");
    assert_passed!(streamed);
    assert_body!(streamed, "");
    assert_header!(streamed, "content-length" absent);
}

#[test]
fn what_an_app_sends_after_the_answer_to_head_is_thrown_away_and_raises_nothing() {
    let source = "
said = None
async def app(scope, receive, send):
    global said
    await without_lifespan(scope)
    async def all():
        await start(send)
        for _ in range(20):
            await part(send, b'x' * 100_000)
        await part(send, b'', False)
    said = await raised(all())
";
    run(source, |app, module| async move {
        let reply = Drive::service(app).head("/").send_async().await;
        assert_passed!(reply);
        turns().await;
        assert_eq!(module.value("said"), "nothing");
    });
}

#[test]
fn statuses_without_a_body_have_none() {
    for (status, length) in [(204, None), (205, None), (304, Some("3"))] {
        for body in
            ["await part(send, b'tea', False)", "await part(send, b'tea')\n    await part(send, b'', False)"]
        {
            let reply = get(&format!(
                "
async def app(scope, receive, send):
    await start(send, {status}, [(b'content-length', b'3')])
    {body}
"
            ));
            assert_eq!(reply.status(), StatusCode::from_u16(status).expect("a status"));
            assert_eq!(reply.header("content-length"), length, "{status}");
            assert_body!(reply, "");
        }
    }
}

#[test]
fn trailers_follow_the_body() {
    let reply = get("
async def app(scope, receive, send):
    await start(send, 200, [(b'trailer', b'x-sum')], trailers=True)
    await part(send, b'tea')
    await part(send, b'cup', False)
    assert (await raised(part(send, b'x'))).startswith('RuntimeError')
    await send({'type': 'http.response.trailers', 'headers': [(b'x-sum', b'6')], 'more_trailers': True})
    await send({'type': 'http.response.trailers', 'headers': [(b'X-More', b'7')]})
    said = await raised(sent(send, {'type': 'http.response.trailers', 'headers': []}))
    assert said.startswith('RuntimeError'), said
");
    assert_passed!(reply);
    assert_header!(reply, "trailer" = "x-sum");
    assert_body!(reply, "teacup");
    let trailers = reply.trailers().expect("trailers");
    assert_eq!(
        (&trailers["x-sum"], &trailers["x-more"]),
        (&"6".parse().expect("a value"), &"7".parse().expect("a value"))
    );
    assert_eq!(reply.body_error(), None);
}

#[test]
fn what_says_how_a_message_is_framed_is_no_trailer() {
    for header in ["(b'content-length', b'1')", "(b'a', b'b\\r\\nc')", "(b'a', 1)"] {
        let reply = get(&format!(
            "
async def app(scope, receive, send):
    await start(send, trailers=True)
    await part(send, b'tea', False)
    said = await raised(sent(send, {{'type': 'http.response.trailers', 'headers': [{header}]}}))
    assert said[:9] in ('ValueErro', 'TypeError'), said
    await send({{'type': 'http.response.trailers', 'headers': [(b'transfer-encoding', b'x'), (b'x-a', b'1')]}})
"
        ));
        assert_eq!(reply.body_error(), None, "{header}");
        assert_eq!(reply.trailers().expect("trailers").len(), 1);
    }
}

#[test]
fn trailers_that_never_come_break_the_body_off() {
    let reply = get("
async def app(scope, receive, send):
    await start(send, trailers=True)
    await part(send, b'tea', False)
");
    assert!(reply.body_error().expect("it breaks off").contains("returned before the end"), "{reply:?}");
}

#[test]
fn what_an_app_tells_its_test_is_with_the_response() {
    let source = "
async def app(scope, receive, send):
    await without_lifespan(scope)
    await send({'type': 'http.response.debug', 'info': {'template': 'home.html'}})
    await respond(send, b'tea')
";
    run(source, |app, _| async move {
        let reply = Drive::service(app.with_debug()).get("/").send_async().await;
        assert_body!(reply, "tea");
        let debug = reply.extensions().get::<enfilade_python::asgi::AsgiDebug>().expect("it was sent");
        let info = pyo3::Python::attach(|py| debug.info().bind(py).to_string());
        assert_eq!(info, "{'template': 'home.html'}");
    });
}
