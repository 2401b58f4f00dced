//! An answer that breaks off, as a client sees it: over a real socket, by HTTP/1 and HTTP/2.
//!
//! ```text
//! the script is killed · its deadline passes · says less than it promised
//!      HTTP/1: the connection ends before the body does      HTTP/2: the stream is reset, the connection lives
//! ```

use std::net::SocketAddr;

use bytes::Bytes;
use enfilade_cgi::CgiService;
use enfilade_server::Server;
use h2::client::SendRequest;
use http::Request;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::oneshot,
    time,
};

use crate::kit::{Dir, LONG, gone};

const HEAD: &str = r"printf 'Content-Type: text/plain\n\n'";

/// How a script may end in the middle of its answer; the shell waits for `go` first, so that its part is on the way.
const ENDS: [(&str, &str); 3] = [
    ("killed", "printf 'Content-Type: text/plain\\n\\n'; printf part; wait_for go; kill -9 $$"),
    (
        "killed, its length known",
        "printf 'Content-Type: text/plain\\nContent-Length: 99\\n\\n'; printf part; wait_for go; kill -9 $$",
    ),
    (
        "shorter than it said",
        "printf 'Content-Type: text/plain\\nContent-Length: 99\\n\\n'; printf part; wait_for go",
    ),
];

const BEFORE: &str = r#"case $PATH_INFO in /again) printf 'Content-Type: text/plain\n\n'; exit;; esac
wait_for() { while [ ! -e "$1" ]; do sleep 0.01; done; }"#;

/// A server on a free port; it ends when its sender is dropped.
async fn serve(app: CgiService) -> (SocketAddr, oneshot::Sender<()>) {
    let (end, ended) = oneshot::channel::<()>();
    let server = Server::bind("127.0.0.1:0").await.expect("a free port");
    let addr = server.local_addrs()[0];
    let ended = async { drop(ended.await) };
    tokio::spawn(server.with_graceful_shutdown(ended).serve(app));
    (addr, end)
}

/// A connection that has asked and heard the script's first part.
async fn ask_by_http1(addr: SocketAddr) -> (TcpStream, String) {
    let mut socket = TcpStream::connect(addr).await.expect("it listens");
    socket.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.expect("it reads");
    let mut heard = Vec::new();
    while !heard.windows(4).any(|bytes| bytes == b"part") {
        assert_ne!(socket.read_buf(&mut heard).await.expect("it answers"), 0, "it ended too early");
    }
    (socket, String::from_utf8(heard).expect("text"))
}

async fn rest(mut socket: TcpStream, mut heard: String) -> String {
    let mut rest = Vec::new();
    // A reset in the place of the end is as good a sign.
    let _ = socket.read_to_end(&mut rest).await;
    heard.push_str(&String::from_utf8(rest).expect("text"));
    heard
}

/// The same by HTTP/2: the stream's body, of which the first part was read.
async fn ask_by_http2(addr: SocketAddr) -> (SendRequest<Bytes>, h2::RecvStream) {
    let socket = TcpStream::connect(addr).await.expect("it listens");
    let (mut send, connection) = h2::client::handshake(socket).await.expect("it speaks HTTP/2");
    tokio::spawn(connection);
    let request = Request::get("http://localhost/").body(()).expect("a request");
    let (answer, _) = send.send_request(request, true).expect("an open connection");
    let mut body = answer.await.expect("an answer").into_body();
    let mut heard = Vec::new();
    while heard.len() < 4 {
        heard.extend_from_slice(&body.data().await.expect("a part").expect("unbroken"));
    }
    assert_eq!(heard, b"part");
    (send, body)
}

#[tokio::test]
async fn http1_connections_end_before_the_body_does() {
    for (why, lines) in ENDS {
        let dir = Dir::new();
        let (addr, _end) = serve(dir.cgi(&format!("{BEFORE}; {lines}")).with_linger(LONG)).await;
        let (socket, heard) = ask_by_http1(addr).await;
        std::fs::write(dir.path("go"), "").expect("a file");
        let heard = rest(socket, heard).await;
        assert!(heard.starts_with("HTTP/1.1 200 ") && heard.contains("part"), "{why}: {heard}");
        assert!(!heard.contains("\r\n0\r\n"), "{why}: a clean end: {heard}");
        assert_eq!(heard.matches("HTTP/1.1").count(), 1, "{why}: {heard}");
    }
}

#[tokio::test]
async fn http2_streams_are_reset_and_their_connection_lives() {
    for (why, lines) in ENDS {
        let dir = Dir::new();
        let (addr, _end) = serve(dir.cgi(&format!("{BEFORE}; {lines}")).with_linger(LONG)).await;
        let (mut send, mut body) = ask_by_http2(addr).await;
        std::fs::write(dir.path("go"), "").expect("a file");
        let error = body.data().await.expect("no clean end").expect_err(why);
        assert!(error.is_reset() && error.is_remote(), "{why}: {error}");
        let again = Request::get("http://localhost/again").body(()).expect("a request");
        let (answer, _) = send.send_request(again, true).expect("an open connection");
        assert_eq!(answer.await.expect("an answer").status(), 200, "{why}");
    }
}

#[tokio::test]
async fn a_deadline_breaks_both_off_and_leaves_nothing_running() {
    for is_http2 in [false, true] {
        let dir = Dir::new();
        let lines = format!("echo $$ > pid; {HEAD}; printf part; exec sleep 1000");
        let app = dir.cgi(&lines).with_deadline(LONG).with_max_silence(2 * LONG).with_linger(4 * LONG);
        let (addr, _end) = serve(app).await;
        if is_http2 {
            let (_send, mut body) = ask_by_http2(addr).await;
            time::pause();
            let error = body.data().await.expect("no clean end").expect_err("it breaks off");
            time::resume();
            assert!(error.is_reset(), "{error}");
        } else {
            let (socket, heard) = ask_by_http1(addr).await;
            time::pause();
            let heard = rest(socket, heard).await;
            time::resume();
            assert!(heard.contains("part") && !heard.contains("\r\n0\r\n"), "{heard}");
        }
        gone(&dir.told("pid").await).await;
    }
}

#[tokio::test]
async fn an_answer_in_peace_ends_cleanly_over_both() {
    let dir = Dir::new();
    let (addr, _end) = serve(dir.cgi(&format!("{BEFORE}; {HEAD}; printf part; wait_for go"))).await;
    let (mut socket, mut heard) = ask_by_http1(addr).await;
    let (_send, mut body) = ask_by_http2(addr).await;
    std::fs::write(dir.path("go"), "").expect("a file");
    while !heard.ends_with("\r\n0\r\n\r\n") {
        let mut more = [0; 256];
        let read = socket.read(&mut more).await.expect("it goes on");
        assert_ne!(read, 0, "a connection that could be used again: {heard}");
        heard.push_str(&String::from_utf8_lossy(&more[..read]));
    }
    while let Some(data) = body.data().await {
        assert!(data.expect("unbroken").is_empty());
    }
    assert!(body.is_end_stream());
}
