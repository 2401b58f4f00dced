//! Behind our server, byte for byte: an answer that breaks off never looks like one that has ended.

use std::time::Duration;

use enfilade_python::WsgiApp;
use enfilade_server::Server;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::kit::{app, app_of, foreign, inline, module, until, value};

/// Longer than any test takes: a server that hangs fails.
const LONG: Duration = Duration::from_secs(60);

async fn connect(app: WsgiApp) -> TcpStream {
    let server = Server::bind("127.0.0.1:0").await.expect("a port");
    let address = server.local_addrs()[0];
    tokio::spawn(server.serve(app));
    TcpStream::connect(address).await.expect("it listens")
}

/// Sends bytes and reads what comes until the server closes.
async fn exchange(app: WsgiApp, sent: &str) -> String {
    let mut client = connect(app).await;
    client.write_all(sent.as_bytes()).await.expect("sent");
    let mut got = Vec::new();
    // A connection that was reset has ended too.
    let _ = timeout(LONG, client.read_to_end(&mut got)).await.expect("the server closes");
    String::from_utf8(got).expect("text")
}

/// Inline and on a pool.
fn both(source: &str, sent: &str, judge: impl Fn(&str)) {
    judge(&inline(async { exchange(app(source), sent).await }));
    judge(&foreign(async { exchange(app(source), sent).await }));
}

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const LAST: &str = "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/// `body` answers `/`; `/last` is answered by a mark.
fn with_mark(body: &str) -> String {
    format!(
        "
def app(environ, start):
    if environ['PATH_INFO'] == '/last':
        start('200 OK', [('Content-Length', '4')])
        yield b'mark'
        return
{body}
"
    )
}

#[test]
fn an_exception_after_the_head_leaves_the_chunked_body_without_its_end() {
    let source = with_mark("    start('200 OK', [])\n    yield b'part'\n    raise KeyError('x')");
    both(&source, &format!("{GET}{LAST}"), |got| {
        // What was sent before may be lost with the connection; nothing of it looks whole.
        assert!(got.is_empty() || got.starts_with("HTTP/1.1 200 OK\r\n"), "{got}");
        assert!(!got.contains("0\r\n\r\n") && !got.contains("mark"), "{got}");
    });
}

#[test]
fn a_body_that_is_too_short_closes_the_connection_before_another_answer() {
    let source = with_mark("    start('200 OK', [('Content-Length', '10')])\n    yield b'abc'");
    both(&source, &format!("{GET}{LAST}"), |got| {
        // What was sent before may be lost with the connection; nothing of it looks whole.
        let (head, body) = got.split_once("\r\n\r\n").unwrap_or_default();
        assert!(head.is_empty() || head.contains("content-length: 10"), "{got}");
        assert!("abc".starts_with(body), "{got}");
    });
}

#[test]
fn a_body_that_is_too_long_is_cut_and_the_next_answer_is_whole() {
    for chunks in ["yield b'abcdef'", "yield b'ab'; yield b'cdef'", "yield b'abc'; yield b'def'"] {
        let source = with_mark(&format!("    start('200 OK', [('Content-Length', '3')])\n    {chunks}"));
        both(&source, &format!("{GET}{LAST}"), |got| {
            let (first, rest) = got
                .split_once("HTTP/1.1 200 OK\r\n")
                .map(|(_, rest)| rest.split_once("HTTP/1.1").expect("two"))
                .expect("an answer");
            assert!(first.ends_with("\r\n\r\nabc"), "{got}");
            assert!(rest.ends_with("\r\n\r\nmark"), "{got}");
        });
    }
}

#[test]
fn answers_without_a_body_keep_the_connection_in_step() {
    for (method, status, length) in [
        ("HEAD", "200 OK", "('Content-Length', '99')"),
        ("HEAD", "404 Not Found", ""),
        ("GET", "204 No Content", "('Content-Length', '3')"),
        ("GET", "304 Not Modified", "('Content-Length', '3')"),
        ("GET", "205 Reset Content", ""),
    ] {
        let source = with_mark(&format!("    start('{status}', [{length}])\n    yield b'abc'"));
        let sent = format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n{LAST}");
        both(&source, &sent, |got| {
            assert!(!got.contains("abc"), "{method} {status}: {got}");
            assert!(
                got.ends_with("\r\n\r\nmark") && got.matches("HTTP/1.1 ").count() == 2,
                "{method} {status}: {got}"
            );
        });
    }
}

#[test]
fn a_chunked_body_is_told_its_length_and_read_whole() {
    let source = "
def app(environ, start):
    text(start)
    return [repr((environ.get('CONTENT_LENGTH'), environ['wsgi.input'].read())).encode()]
";
    let sent = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntea\r\n4\r\n cup\r\n0\r\n\r\n";
    both(source, sent, |got| assert!(got.ends_with("('7', b'tea cup')"), "{got}"));
}

#[test]
fn a_refusal_has_its_code_and_no_word_of_the_exception() {
    let source = "def app(environ, start):\n    raise KeyError('secret')\n";
    both(source, LAST, |got| {
        assert!(got.starts_with("HTTP/1.1 500 ") && got.contains("wsgi.app-failed"), "{got}");
        assert!(!got.contains("secret"), "{got}");
    });
}

const ENDLESS: &str = "
closed = 0
class Chunks:
    def __iter__(self):
        return self
    def __next__(self):
        return b'x' * 4096
    def close(self):
        global closed
        closed += 1
def app(environ, start):
    start('200 OK', [])
    return Chunks()
";

#[test]
fn close_is_called_when_the_client_hangs_up_in_the_middle() {
    for pooled in [false, true] {
        let test = async || {
            let module = module(ENDLESS);
            let mut client = connect(app_of(&module)).await;
            client.write_all(GET.as_bytes()).await.expect("sent");
            client.read_exact(&mut [0; 10_000]).await.expect("it comes");
            assert_eq!(value(&module, "closed"), "0");
            drop(client);
            until("the app is told", || value(&module, "closed") == "1").await;
        };
        if pooled { foreign(test()) } else { inline(test()) }
    }
}
