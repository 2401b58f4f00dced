//! A site on loopback, asked over either protocol.
//!
//! ```text
//! Site::of([gates]) ── ask(Wire, headers) ──▶ Answer { status, code, body, head }
//! ```

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use bytes::Bytes;
use enfilade_core::{Chain, Gate, Principal};
use enfilade_server::{RequestBody, Server};
use http::{HeaderMap, Request, Response, Version};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinHandle,
};

/// Either protocol.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Wire {
    Http1,
    Http2,
}

pub(crate) const BOTH: [Wire; 2] = [Wire::Http1, Wire::Http2];

/// A server with the given gates, and an app that says who was there and what it was sent.
pub(crate) struct Site {
    addr: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Site {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    /// `ada`, who was let in; or the reason code.
    pub(crate) fn word(&self) -> String {
        let json: Value = serde_json::from_str(&self.body).unwrap_or_default();
        let word = if self.status == 200 { &json["who"] } else { &json["code"] };
        word.as_str().unwrap_or("?").to_owned()
    }

    /// The names of the fields that the app was sent.
    pub(crate) fn seen(&self) -> Vec<String> {
        let json: Value = serde_json::from_str(&self.body).unwrap();
        serde_json::from_value(json["fields"].clone()).unwrap()
    }
}

impl Site {
    pub(crate) fn of(gates: impl IntoIterator<Item = Arc<dyn Gate>>) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let addr = listener.local_addr().unwrap();
        let app = tower::service_fn(async |req: Request<RequestBody>| Ok::<_, Infallible>(tell(&req)));
        let chain = gates.into_iter().fold(Chain::new(), |chain, gate| chain.gate(Shared(gate)));
        let (service, _) = chain.build(app).unwrap();
        let server = Server::from_listeners([listener]).unwrap();
        let task = tokio::spawn(async move { server.serve(service).await.unwrap() });
        Self { addr, task }
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.addr).await.unwrap()
    }

    /// A GET with these header fields, as they are.
    pub(crate) async fn ask(&self, wire: Wire, fields: &[(&str, &str)]) -> Answer {
        self.ask_at(wire, "/", fields).await
    }

    pub(crate) async fn ask_at(&self, wire: Wire, target: &str, fields: &[(&str, &str)]) -> Answer {
        match wire {
            Wire::Http1 => {
                let mut text =
                    format!("GET {target} HTTP/1.1\r\nhost: {}\r\naccept: application/json\r\n", self.addr);
                for (name, value) in fields {
                    text.extend([*name, ": ", *value, "\r\n"]);
                }
                self.send(format!("{text}connection: close\r\n\r\n").as_bytes()).await
            }
            Wire::Http2 => {
                let mut req = Request::get(format!("http://{}{target}", self.addr))
                    .version(Version::HTTP_2)
                    .header("accept", "application/json");
                for (name, value) in fields {
                    req = req.header(*name, *value);
                }
                self.send2(req.body(Full::default()).unwrap()).await
            }
        }
    }

    /// Bytes that end in a request which closes the connection.
    pub(crate) async fn send(&self, bytes: &[u8]) -> Answer {
        let mut stream = self.connect().await;
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        parse(&answer)
    }

    async fn send2(&self, req: Request<Full<Bytes>>) -> Answer {
        let io = TokioIo::new(self.connect().await);
        let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
        let connection = tokio::spawn(connection);
        let (head, body) = sender.send_request(req).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        connection.abort();
        Answer { status: head.status.as_u16(), headers: head.headers, body: text(&body) }
    }
}

/// The first response of a connection.
pub(crate) fn parse(bytes: &[u8]) -> Answer {
    let all = text(bytes);
    let (head, body) = all.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no response: {all:?}"));
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let fields = lines.map(|line| line.split_once(": ").unwrap());
    let headers =
        fields.map(|(name, value)| (name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap()));
    Answer { status, headers: headers.collect(), body: body.to_owned() }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn tell(req: &Request<RequestBody>) -> Response<Full<Bytes>> {
    let who = Principal::of(req.extensions()).map(|who| who.subject().to_owned());
    let fields: Vec<_> = req.headers().keys().map(http::HeaderName::as_str).collect();
    let body = serde_json::json!({"who": who, "fields": fields, "connection": connection(req.headers())});
    Response::new(Full::new(Bytes::from(body.to_string())))
}

fn connection(headers: &HeaderMap) -> String {
    headers.get_all("connection").iter().map(|value| value.to_str().unwrap()).collect::<Vec<_>>().join(",")
}

/// A gate that others hold too.
struct Shared(Arc<dyn Gate>);

impl Gate for Shared {
    fn enter(&self, req: &mut http::request::Parts) -> enfilade_core::Verdict {
        self.0.enter(req)
    }

    fn about(&self) -> enfilade_core::About {
        self.0.about()
    }
}

pub(crate) fn gate(gate: impl Gate) -> Arc<dyn Gate> {
    Arc::new(gate)
}
