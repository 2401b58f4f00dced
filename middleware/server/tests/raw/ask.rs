//! One raw request over one socket of its own, and what becomes of it.
//!
//! ```text
//! write ─▶ the first final answer ─▶ is the next request (or a PING) answered? ─▶ close ─▶ the server is done: its log
//! ```

use std::{
    convert::Infallible,
    fmt::Display,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use bytes::Bytes;
use enfilade_core::ClientAddr;
use enfilade_server::{Connections, Limits, RequestBody};
use http::{Request, Response};
use http_body_util::{BodyExt, Collected, Full};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::timeout,
};
use tower::service_fn;

use crate::{
    frames::{self, DATA, END, Frame, HEADERS, PING, PREFACE},
    http2::Part,
    kit::Log,
    verdict::Verdict,
};

pub(crate) trait Io: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// A listening socket of a server.
pub(crate) struct Socket {
    listener: TcpListener,
    addr: SocketAddr,
    connections: Connections,
    #[cfg(feature = "tls")]
    tls: Option<crate::tls::Client>,
}

impl Socket {
    pub(crate) async fn tcp() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let addr = listener.local_addr().unwrap();
        let connections = Connections::new(Limits::default()).unwrap();
        Self {
            listener,
            addr,
            connections,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    #[cfg(feature = "tls")]
    pub(crate) async fn tls(server: enfilade_server::tls::Tls, client: crate::tls::Client) -> Self {
        let plain = Self::tcp().await;
        Self { connections: plain.connections.with_tls(server), tls: Some(client), ..plain }
    }

    /// A client's end, and the server's work on the other.
    async fn open(&self) -> (Box<dyn Io>, JoinHandle<()>) {
        let (client, accepted) = tokio::join!(TcpStream::connect(self.addr), self.listener.accept());
        let (server, peer) = accepted.unwrap();
        let client = client.unwrap();
        client.set_nodelay(true).unwrap();
        let serving = self.connections.serve(server, Some(ClientAddr::Tcp(peer)), service_fn(echo));
        let serving = tokio::spawn(serving);
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            return (tls.handshake(client).await, serving);
        }
        (Box::new(client), serving)
    }
}

/// Reads the whole body and says what it was asked; the host and the scheme are the door's to judge.
async fn echo(req: Request<RequestBody>) -> Result<Response<Full<Bytes>>, Infallible> {
    let uri = req.uri();
    let target = uri.path_and_query().map_or_else(|| uri.to_string(), ToString::to_string);
    let line = format!("{} {target}", req.method());
    let body = req.into_body().collect().await.map(Collected::to_bytes).unwrap_or_default();
    let said = format!("{line} {}", String::from_utf8_lossy(&body));
    Ok(Response::new(Full::from(said.trim_end().to_owned())))
}

/// The verdict on an HTTP/1 request.
pub(crate) async fn ask_http1(socket: &Socket, raw: &[u8]) -> String {
    let log = Log::capture();
    let (mut io, serving) = socket.open().await;
    let asking = async {
        // The server may have closed already; what it said before counts.
        let _ = io.write_all(raw).await;
        let mut came = Vec::new();
        let first = answer(&mut io, &mut came, raw.starts_with(b"HEAD ")).await;
        let _ = io.write_all(b"GET /still-there HTTP/1.1\r\nHost: a\r\n\r\n").await;
        let next = answer(&mut io, &mut came, false).await;
        drop(io);
        (first, next)
    };
    let (first, next) = within(asking, "an answer").await;
    within(serving, "the end of the connection").await.unwrap();
    let codes = log.codes();
    let goes_on = match &next {
        Some((200, said)) if said == "GET /still-there" => true,
        None => false,
        Some(other) => return format!("mixed up: {first:?}, then {other:?}"),
    };
    match first {
        None => Verdict::Closed.to_string(),
        Some((200, said)) => {
            let accepted = if goes_on { "accepted" } else { "accepted, then closed" };
            format!("{accepted}: `{said}`")
        }
        Some((status, _)) => refused(status, codes.first(), goes_on),
    }
}

fn refused(status: u16, code: Option<&String>, goes_on: bool) -> String {
    let end = if goes_on { ", and the connection goes on" } else { "" };
    match code.map(String::as_str) {
        // hyper's own are logged only so many at once.
        None | Some("http.parse") => format!("refused by hyper: {status}{end}"),
        Some(code) => format!("refused by us: {status} `{code}`{end}"),
    }
}

/// The next final answer, by its own framing; `None` at the end.
async fn answer(io: &mut Box<dyn Io>, came: &mut Vec<u8>, head: bool) -> Option<(u16, String)> {
    loop {
        let end = loop {
            match came.windows(4).position(|four| four == b"\r\n\r\n") {
                Some(at) => break at + 4,
                None => read(io, came).await?,
            }
        };
        let text = String::from_utf8_lossy(&came[..end]).to_ascii_lowercase();
        let status = text.get(9..12)?.parse().ok()?;
        let length = text.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.parse().ok());
        let length = if head { 0 } else { length.unwrap_or(0) };
        while came.len() < end + length {
            read(io, came).await?;
        }
        let body = String::from_utf8_lossy(&came[end..end + length]).into_owned();
        came.drain(..end + length);
        if status >= 200 {
            return Some((status, body));
        }
    }
}

/// `None` when nothing more comes.
async fn read(io: &mut Box<dyn Io>, came: &mut Vec<u8>) -> Option<()> {
    let read = io.read_buf(came).await.unwrap_or(0);
    (read > 0).then_some(())
}

/// The verdict on HTTP/2 frames.
pub(crate) async fn ask_http2(socket: &Socket, parts: &[Part]) -> String {
    let log = Log::capture();
    let (mut io, serving) = socket.open().await;
    let mut sent = [PREFACE, &frames::settings(&[])].concat();
    sent.extend(parts.iter().flat_map(|part| part.bytes()));
    let asking = async {
        let _ = io.write_all(&sent).await;
        let mut came = Vec::new();
        let first = event(&mut io, &mut came).await;
        // What ends a stream must leave the connection.
        let _ = io.write_all(&frames::frame(PING, 0, 0, b"still up")).await;
        let goes_on = loop {
            match next(&mut io, &mut came).await {
                Some(frame) if frame.kind == PING && frame.payload == b"still up" => break true,
                Some(frame) if frame.kind != frames::GOAWAY => {}
                _ => break false,
            }
        };
        drop(io);
        (first, goes_on)
    };
    let (first, goes_on) = within(asking, "a verdict").await;
    within(serving, "the end of the connection").await.unwrap();
    let asked = log.text().contains("access: ");
    let end = if goes_on { "" } else { ", and the connection ends" };
    match first {
        Event::Answer(200, said) if goes_on => format!("accepted: `{said}`"),
        Event::Answer(200, said) => format!("accepted, then closed: `{said}`"),
        Event::Answer(status, _) if !asked => format!("refused by hyper: {status}{end}"),
        Event::Answer(status, _) => {
            format!("refused by us: {status} `{}`{end}", log.codes().first().map_or("", String::as_str))
        }
        Event::Reset(reason) => format!("refused by h2: stream, `{reason}`{end}"),
        Event::Goaway(reason) => format!("refused by h2: connection, `{reason}`"),
        Event::Closed => Verdict::Closed.to_string(),
    }
}

enum Event {
    Answer(u16, String),
    Reset(&'static str),
    Goaway(&'static str),
    Closed,
}

/// The first thing that becomes of a stream or of the connection.
async fn event(io: &mut Box<dyn Io>, came: &mut Vec<u8>) -> Event {
    let mut answer: Option<(u32, u16)> = None;
    let mut body = Vec::new();
    while let Some(frame) = next(io, came).await {
        match (frame.kind, answer) {
            (frames::RST_STREAM, None) => return Event::Reset(frames::name(frame.reason().unwrap_or(99))),
            (frames::GOAWAY, None) => return Event::Goaway(frames::name(frame.reason().unwrap_or(99))),
            (HEADERS, None) => {
                let status = frame.status().unwrap_or_else(|| panic!("an answer has a status: {frame:?}"));
                answer = Some((frame.stream, status));
            }
            (DATA, Some((stream, _))) if frame.stream == stream => body.extend(&frame.payload),
            _ => {}
        }
        if let Some((stream, status)) = answer
            && frame.stream == stream
            && frame.flags & END != 0
        {
            return Event::Answer(status, String::from_utf8_lossy(&body).into_owned());
        }
    }
    Event::Closed
}

async fn next(io: &mut Box<dyn Io>, came: &mut Vec<u8>) -> Option<Frame> {
    loop {
        if let Some(frame) = Frame::take(came) {
            return Some(frame);
        }
        read(io, came).await?;
    }
}

/// Fails a test that would hang.
async fn within<T>(future: impl Future<Output = T>, what: impl Display) -> T {
    let patience = Duration::from_secs(60);
    timeout(patience, future).await.unwrap_or_else(|_| panic!("{what} did not come in {patience:?}"))
}
