//! A client of WebSockets that says what it is told to say, right or wrong.

use enfilade_python::AsgiApp;
use enfilade_server::{Connections, Limits};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

/// The handshake that every browser sends, without its end.
pub(crate) const HANDSHAKE: &str = "GET /chat HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Upgrade\r\n\
    Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

const MASK: [u8; 4] = [0x12, 0x34, 0x56, 0x78];

pub(crate) struct Client {
    pub(crate) io: DuplexStream,
    pub(crate) server: Connections,
}

impl Client {
    /// A connection with so much room in its pipe.
    pub(crate) fn connect(app: AsgiApp, room: usize) -> Self {
        let server = Connections::new(Limits::default()).expect("limits");
        let (io, end) = duplex(room);
        tokio::spawn(server.serve(end, None, app));
        Self { io, server }
    }

    /// An open WebSocket.
    pub(crate) async fn open(app: AsgiApp) -> Self {
        Self::open_with(app, "").await.0
    }

    /// The same with more fields in its handshake; and the head of the answer.
    pub(crate) async fn open_with(app: AsgiApp, fields: &str) -> (Self, String) {
        let mut client = Self::connect(app, 64 << 10);
        let head = client.ask(&format!("{HANDSHAKE}{fields}\r\n")).await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        assert!(head.contains("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head}");
        (client, head)
    }

    /// Sends a request, and reads the head of what comes back.
    pub(crate) async fn ask(&mut self, request: &str) -> String {
        self.write(request.as_bytes()).await;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let byte = self.io.read_u8().await.unwrap_or_else(|error| {
                panic!("{error} after {:?}", String::from_utf8_lossy(&head));
            });
            head.push(byte);
        }
        String::from_utf8(head).expect("a head is text")
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.io.write_all(bytes).await.expect("it is written");
    }

    /// The same where the server may have gone.
    pub(crate) async fn io_write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.io.write_all(bytes).await
    }

    /// Sends a frame: its first byte, and a payload that is masked.
    pub(crate) async fn say(&mut self, first: u8, payload: impl AsRef<[u8]>) {
        self.write(&frame(first, payload.as_ref())).await;
    }

    /// Says goodbye.
    pub(crate) async fn close(&mut self, code: u16) {
        self.say(0x88, code.to_be_bytes()).await;
    }

    /// The next frame: its first byte and its payload. `None` at the end of the connection.
    pub(crate) async fn hear(&mut self) -> Option<(u8, Vec<u8>)> {
        let first = self.io.read_u8().await.ok()?;
        let length = match self.io.read_u8().await.expect("a length") {
            126 => usize::from(self.io.read_u16().await.expect("a length")),
            127 => usize::try_from(self.io.read_u64().await.expect("a length")).expect("it fits"),
            length => usize::from(length),
        };
        assert!(length < 1 << 40, "a server masks nothing");
        let mut payload = vec![0; length];
        self.io.read_exact(&mut payload).await.expect("a payload");
        Some((first, payload))
    }

    /// A text, which must come next.
    pub(crate) async fn hear_text(&mut self) -> String {
        let (first, payload) = self.hear().await.expect("a frame");
        assert_eq!(first, 0x81, "{payload:?}");
        String::from_utf8(payload).expect("a text")
    }

    /// The code of a close frame, which must come next.
    pub(crate) async fn hear_close(&mut self) -> u16 {
        let (first, payload) = self.hear().await.expect("a close frame");
        assert_eq!(first, 0x88, "{payload:?}");
        payload.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code))
    }

    pub(crate) async fn hear_the_end(&mut self) {
        assert_eq!(self.hear().await, None);
    }
}

/// A frame of a client.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        length @ ..126 => bytes.push(0x80 | u8::try_from(length).expect("short")),
        length @ ..0x1_0000 => {
            bytes.push(0xfe);
            bytes.extend(u16::try_from(length).expect("short").to_be_bytes());
        }
        length => {
            bytes.push(0xff);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes.extend(MASK);
    bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}
