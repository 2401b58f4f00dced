//! Yes, no, and what is no handshake.

use enfilade_python::AsgiApp;
use enfilade_test::{Drive, assert_refused};

use super::{Client, ECHO, client::HANDSHAKE};
use crate::kit::{run, turns, virtual_time};

async fn asked(app: &AsgiApp, request: &str) -> String {
    Client::connect(app.clone(), 4096).ask(request).await
}

#[test]
fn a_scope_is_that_of_a_request_without_a_method() {
    let source = "
told = None
async def app(scope, receive, send):
    global told
    await without_lifespan(scope)
    told = scope
    await send({'type': 'websocket.close'})
";
    run(source, |app, module| async move {
        let head = asked(
            &app,
            &format!(
                "{}Sec-WebSocket-Protocol: chat, x\r\nSec-WebSocket-Protocol: y\r\nX-A: 1\r\n\r\n",
                HANDSHAKE.replace("/chat", "/caf%C3%A9?a=%20")
            ),
        )
        .await;
        assert!(head.starts_with("HTTP/1.1 403 "), "{head}");
        for (key, value) in [
            ("type", "websocket"),
            ("scheme", "ws"),
            ("http_version", "1.1"),
            ("path", "/café"),
            ("raw_path", "b'/caf%C3%A9'"),
            ("query_string", "b'a=%20'"),
            ("root_path", ""),
            ("subprotocols", "['chat', 'x', 'y']"),
            ("server", "('localhost', 80)"),
            ("state", "{'principal': None}"),
            ("extensions", "{'websocket.http.response': {}}"),
            ("asgi", "{'version': '3.0', 'spec_version': '2.5'}"),
        ] {
            assert_eq!(module.value(&format!("told['{key}']")), value, "{key}");
        }
        assert_eq!(module.value("'method' in told, (b'x-a', b'1') in told['headers']"), "(False, True)");
    });
}

/// Answers with what the query says, and notes what it raises.
const ANSWERS: &str = "
said = None
async def app(scope, receive, send):
    global said
    await without_lifespan(scope)
    async def answer():
        for message in eval(scope['query_string'].decode().replace('~', ' ').replace('^', '\"')):
            await send(message)
    said = await raised(answer())
";

fn answers(messages: &str) -> String {
    let query = messages.replace(' ', "~").replace('"', "^");
    HANDSHAKE.replace("/chat", &format!("/?{query}"))
}

#[test]
fn a_yes_may_choose_a_subprotocol_and_add_headers() {
    run(ANSWERS, |app, _| async move {
        let ask = answers(
            "[{'type':'websocket.accept','subprotocol':'x','headers':[(b'X-A',b'1'),(b'set-cookie',b'a'),(b'Set-Cookie',b'b'),(b'content-length',b'5'),(b'connection',b'close')]}]",
        );
        let head = asked(&app, &format!("{ask}Sec-WebSocket-Protocol: chat, x\r\n\r\n")).await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        for line in [
            "sec-websocket-protocol: x\r\n",
            "x-a: 1\r\n",
            "set-cookie: a\r\n",
            "set-cookie: b\r\n",
            "upgrade: websocket\r\n",
            "connection: upgrade\r\n",
        ] {
            assert!(head.contains(line), "{line} {head}");
        }
        assert!(!head.contains("content-length") && !head.contains("close"), "{head}");
        let head = asked(&app, &format!("{ask}\r\n").replace("'subprotocol':'x',", "")).await;
        assert!(head.starts_with("HTTP/1.1 101 ") && !head.contains("protocol:"), "{head}");
    });
}

#[test]
fn a_yes_that_is_none_raises_in_the_app() {
    run(ANSWERS, |app, module| async move {
        for (accept, said) in [
            ("'subprotocol':'y'", "ValueError: the client has not offered"),
            ("'subprotocol':'X'", "ValueError: the client has not offered"),
            ("'subprotocol':''", "ValueError: the client has not offered"),
            ("'subprotocol':3", "TypeError"),
            ("'headers':[(b'sec-websocket-protocol',b'y')]", "ValueError: `sec-websocket-protocol`"),
            ("'headers':[(b'Sec-WebSocket-Accept',b'y')]", "ValueError: `sec-websocket-accept`"),
            ("'headers':[(b'Sec-WebSocket-Extensions',b'y')]", "ValueError: `sec-websocket-extensions`"),
            ("'headers':[(b'a',b'b\\r\\nc:d')]", "ValueError: a header's value"),
            ("'headers':[('a',b'b')]", "TypeError"),
            ("'headers':3", "TypeError"),
        ] {
            let ask = answers(&format!("[{{'type':'websocket.accept',{accept}}}]"));
            let head = asked(&app, &format!("{ask}Sec-WebSocket-Protocol: chat, x\r\n\r\n")).await;
            assert!(head.starts_with("HTTP/1.1 500 "), "{accept} {head}");
            assert!(module.value("said").starts_with(said), "{accept} {}", module.value("said"));
        }
    });
}

#[test]
fn a_no_is_a_403_or_a_response_of_its_own() {
    run(ANSWERS, |app, module| async move {
        let head = asked(&app, &format!("{}\r\n", answers("[{'type':'websocket.close'}]"))).await;
        assert!(head.starts_with("HTTP/1.1 403 ") && !head.contains("upgrade: websocket"), "{head}");
        let own = answers(
            "[{'type':'websocket.http.response.start','status':404,'headers':[(b'x-a',b'1')]},{'type':'websocket.http.response.body','body':b'te','more_body':True},{'type':'websocket.http.response.body','body':b'a'}]",
        );
        let head = asked(&app, &format!("{own}\r\n")).await;
        assert!(head.starts_with("HTTP/1.1 404 ") && head.contains("x-a: 1\r\n"), "{head}");
        assert_eq!(module.value("said"), "nothing");
        for (messages, status) in [
            ("[{'type':'websocket.http.response.start','status':404},{'type':'websocket.accept'}]", 500),
            ("[{'type':'websocket.close'},{'type':'websocket.accept'}]", 403),
            ("[{'type':'websocket.close'},{'type':'websocket.close'}]", 403),
            ("[{'type':'websocket.send','text':'x'}]", 500),
            ("[{'type':'http.response.start','status':200}]", 500),
            ("[{'type':'websocket.http.response.start','status':101}]", 500),
            ("[{'type':'websocket.http.response.body'}]", 500),
            ("[{'type':'websocket.close','code':5}]", 500),
            ("[{'type':'websocket.close','reason':'x'*124}]", 500),
            ("[3]", 500),
            ("[{}]", 500),
        ] {
            let head = asked(&app, &format!("{}\r\n", answers(messages))).await;
            assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{messages} {head}");
            assert_ne!(module.value("said"), "nothing", "{messages}");
        }
    });
}

#[test]
fn an_app_that_says_nothing_or_raises_is_refused() {
    for body in ["return", "raise KeyError", "raise SystemExit", "await receive()\n    raise GeneratorExit"] {
        let source =
            format!("async def app(scope, receive, send):\n    await without_lifespan(scope)\n    {body}\n");
        run(&source, |app, _| async move {
            let head = asked(&app, &format!("{HANDSHAKE}\r\n")).await;
            assert!(head.starts_with("HTTP/1.1 500 "), "{head}");
        });
    }
}

#[test]
fn an_app_that_does_not_answer_in_time_is_given_up() {
    let source = "
told = []
async def app(scope, receive, send):
    await without_lifespan(scope)
    told.append(await receive())
    told.append(await receive())
";
    run(source, |app, module| async move {
        virtual_time();
        let app = app.with_deadline(std::time::Duration::from_secs(5));
        let head = asked(&app, &format!("{HANDSHAKE}\r\n")).await;
        assert!(head.starts_with("HTTP/1.1 504 "), "{head}");
        turns().await;
        assert_eq!(
            module.value("told"),
            "[{'type': 'websocket.connect'}, {'type': 'websocket.disconnect', 'code': 1006, 'reason': ''}]"
        );
    });
}

#[test]
fn what_looks_like_a_handshake_and_is_none_never_reaches_the_app() {
    let source = "calls = 0\nasync def app(scope, receive, send):\n    global calls\n    calls += scope['type'] != 'lifespan'\n    await respond(send)\n";
    run(source, |app, module| async move {
        let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        for (what, instead, status) in [
            ("GET", "POST", 400),
            ("keep-alive, Upgrade", "keep-alive", 400),
            ("Version: 13", "Version: 12", 426),
            ("Sec-WebSocket-Version: 13\r\n", "", 426),
            ("Version: 13", "Version: 13\r\nSec-WebSocket-Version: 13", 426),
            (key, "", 400),
            (key, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==\r\n", 400),
            (key, "Sec-WebSocket-Key: short\r\n", 400),
            (key, &format!("{key}{key}"), 400),
            (key, &format!("{key}Content-Length: 3\r\n"), 400),
            (key, &format!("{key}Transfer-Encoding: chunked\r\n"), 400),
            (key, &format!("{key}Sec-WebSocket-Protocol: a,,b\r\n"), 400),
            (key, &format!("{key}Sec-WebSocket-Protocol: a b\r\n"), 400),
            (key, &format!("{key}Sec-WebSocket-Protocol: a, a\r\n"), 400),
        ] {
            let ask = HANDSHAKE.replacen(what, instead, 1);
            assert_ne!(ask, HANDSHAKE);
            let head = asked(&app, &format!("{ask}\r\n")).await;
            assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{instead}: {head}");
            assert_eq!(head.contains("sec-websocket-version: 13"), status == 426, "{head}");
        }
        assert_eq!(module.value("calls"), "0");
    });
}

#[test]
fn an_upgrade_to_something_else_is_a_request() {
    run(
        "async def app(scope, receive, send):\n    await respond(send, scope['type'])\n",
        |app, _| async move {
            let ask = HANDSHAKE.replace("Upgrade: websocket", "Upgrade: h2c");
            let head = asked(&app, &format!("{ask}\r\n")).await;
            assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        },
    );
}

#[test]
fn a_connection_that_cannot_be_upgraded_is_told_so() {
    run(ECHO, |app, _| async move {
        let mut app = Drive::service(app);
        let ask = app.get("/").headers([
            ("connection", "upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ]);
        assert_refused!(ask.send_async().await, 500, "asgi.websocket-no-upgrade");
    });
}

#[test]
fn places_are_counted_and_a_refusal_says_so() {
    run(ECHO, |app, _| async move {
        let app = app.with_max_in_flight(1);
        let mut first = Client::open(app.clone()).await;
        let head = asked(&app, &format!("{HANDSHAKE}\r\n")).await;
        assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
        first.close(1000).await;
        assert_eq!(first.hear_close().await, 1000);
        first.hear_the_end().await;
        turns().await;
        Client::open(app).await;
    });
}

#[test]
fn an_app_on_a_thread_of_its_own_speaks_as_well() {
    crate::kit::foreign(ECHO, async |app, module| {
        let mut client = Client::open(app).await;
        for number in 0..50 {
            client.say(0x81, number.to_string()).await;
            assert_eq!(client.hear_text().await, number.to_string());
        }
        client.say(0x82, vec![7; 200_000]).await;
        assert_eq!(client.hear().await.map(|(first, data)| (first, data.len())), Some((0x82, 200_000)));
        client.close(1000).await;
        assert_eq!(client.hear_close().await, 1000);
        client.hear_the_end().await;
        module.until("told[-1]['type'] == 'websocket.disconnect'").await;
    });
}
