//! A flood, how it is sent for as long as the server lets it, and what that costs the server in memory.
//!
//! ```text
//! attacker ── first, round, round, … ──▶ ┌────────┐   few rounds and eight times as many: the same peak of live bytes
//! another client ── GET / ── 200 ──────▶ │ server │   every so often, while the flood goes on
//!                                        └────────┘
//! ```
//!
//! 1. Everything runs on this thread in virtual time, and every byte that it allocates is counted: the server's, and
//!    the few that the clients need.
//! 2. An attacker that is shown out comes again at once, on a new connection.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use enfilade_core::ClientAddr;
use enfilade_server::{Connections, Limits, RequestBody};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    time::timeout,
};
use tower::service_fn;

use crate::frames::{self, Frame, PREFACE};

/// What one attacker sends.
#[derive(Clone, Copy)]
pub(crate) struct Flood {
    /// The opening of each connection.
    pub(crate) first: fn() -> Vec<u8>,
    /// The n-th round on a connection, from 0.
    pub(crate) round: fn(u32) -> Vec<u8>,
    /// Whether the attacker reads what the server says.
    pub(crate) reads: bool,
    /// Whether the server gets to work between two rounds.
    pub(crate) waits: bool,
    /// Whether the server cannot see that the attacker has left: hyper does not read on behind a pipelined request.
    pub(crate) unseen: bool,
    /// How many rounds are few.
    pub(crate) few: u32,
}

impl Default for Flood {
    fn default() -> Self {
        Self { first: opening, round: |_| Vec::new(), reads: true, waits: true, unseen: false, few: 200 }
    }
}

pub(crate) fn opening() -> Vec<u8> {
    [PREFACE, &frames::settings(&[])].concat()
}

/// The n-th stream of a client.
pub(crate) fn stream(n: u32) -> u32 {
    2 * n + 1
}

/// What became of a flood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Nothing stopped it.
    Endless,
    /// The server read no further, and cut the connection when a deadline passed.
    HeldBack,
    /// The server read no further, and waits for its app.
    Waits,
    /// GOAWAY with this reason.
    Goaway(&'static str),
    /// The connection was closed without a word of HTTP/2.
    Closed,
}

/// Between two peaks: a buffer may have grown to its next size, a client may have come again.
const SLACK: u64 = 256 << 10;

/// What a flood may cost at its worst, two clients and their pipes included.
const MOST: u64 = 6 << 20;

/// Floods the server twice, the second time eight times as long; panics unless memory stays flat.
#[track_caller]
pub(crate) fn withstand(flood: Flood) -> End {
    // Whatever is made once in a process is made now.
    run(flood, 20);
    let (few, _) = run(flood, flood.few);
    let (many, end) = run(flood, 8 * flood.few);
    assert!(many.bytes_max <= few.bytes_max + SLACK, "memory grows with the flood: {few:#?} {many:#?}");
    assert!(many.bytes_max <= MOST, "{many:#?}");
    assert!(many.bytes_current < 16 << 10, "something stays when all have gone: {many:#?}");
    end
}

fn run(flood: Flood, rounds: u32) -> (allocation_counter::AllocationInfo, End) {
    let mut end = End::Endless;
    let counted = allocation_counter::measure(|| {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build().expect("a runtime");
        end = runtime.block_on(attack(flood, rounds));
    });
    (counted, end)
}

async fn attack(flood: Flood, rounds: u32) -> End {
    let connections = Connections::new(Limits::default()).expect("limits that work");
    let mut other = Other::new(&connections).await;
    let mut attacker = Attacker::new(&connections, flood).await;
    let mut end = End::Endless;
    let mut at = 0;
    for round in 0..rounds {
        match attacker.send(&(flood.round)(at)).await {
            None => at += 1,
            Some(how) => {
                end = how;
                attacker = Attacker::new(&connections, flood).await;
                at = 0;
                if matches!(how, End::HeldBack | End::Waits) {
                    // So long that a client which rested was let go.
                    other = Other::new(&connections).await;
                }
            }
        }
        if round % 64 == 0 {
            other.is_served().await;
        }
    }
    other.is_served().await;
    drop((attacker, other));
    connections.drain();
    if flood.unseen {
        connections.stop();
    }
    // Long enough for every deadline.
    timeout(Duration::from_secs(300), connections.done()).await.expect("nothing is left when all have gone");
    end
}

/// The app: reads the body on `/read` and has nothing to say, never answers on `/hang`, else answers 4 KiB at once.
async fn app(req: Request<RequestBody>) -> Result<Response<Full<Bytes>>, Infallible> {
    const ANSWER: &[u8] = &[b'x'; 4 << 10];
    match req.uri().path() {
        "/read" => {
            let mut body = req.into_body();
            while let Some(Ok(_)) = body.frame().await {}
            return Ok(Response::default());
        }
        "/hang" => std::future::pending().await,
        "/large" => return Ok(Response::new(Full::from(vec![b'x'; 32 << 10]))),
        _ => {}
    }
    Ok(Response::new(Full::new(Bytes::from_static(ANSWER))))
}

fn connect(connections: &Connections) -> DuplexStream {
    let (client, server) = duplex(64 << 10);
    let peer = ClientAddr::Tcp("192.0.2.1:5000".parse().expect("an address"));
    tokio::spawn(connections.serve(server, Some(peer), service_fn(app)));
    client
}

struct Attacker {
    io: DuplexStream,
    flood: Flood,
    came: Vec<u8>,
    told: Option<u32>,
}

impl Attacker {
    async fn new(connections: &Connections, flood: Flood) -> Self {
        let mut attacker = Self { io: connect(connections), flood, came: Vec::new(), told: None };
        attacker.io.write_all(&(flood.first)()).await.expect("an opening fits into the pipe");
        attacker
    }

    /// Sends a round; how the connection ended, when it did.
    async fn send(&mut self, round: &[u8]) -> Option<End> {
        // Nothing else happens in this program, so time passes only when the server waits for us.
        match timeout(Duration::from_millis(100), self.io.write_all(round)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Some(self.ended().await),
            Err(_) => return Some(self.held_back(round).await),
        }
        if self.flood.waits {
            for _ in 0..4 {
                tokio::task::yield_now().await;
            }
        }
        if self.flood.reads { self.read().await } else { None }
    }

    /// Reads what is there.
    async fn read(&mut self) -> Option<End> {
        loop {
            let read = self.io.read_buf(&mut self.came);
            tokio::select! {
                biased;
                read = read => if read.map_or(true, |read| read == 0) { return Some(self.ended().await) },
                () = std::future::ready(()) => return None,
            }
            self.listen();
        }
    }

    fn listen(&mut self) {
        if !(self.flood.first)().starts_with(PREFACE) {
            self.came.clear();
        }
        while let Some(frame) = Frame::take(&mut self.came) {
            if frame.kind == frames::GOAWAY {
                self.told = frame.reason();
            }
        }
    }

    async fn held_back(&mut self, round: &[u8]) -> End {
        match timeout(Duration::from_secs(300), self.io.write_all(round)).await {
            Ok(Err(_)) => End::HeldBack,
            Ok(Ok(())) => unreachable!("nobody read, so nothing moves"),
            Err(_) => End::Waits,
        }
    }

    async fn ended(&mut self) -> End {
        let _ = self.io.read_to_end(&mut self.came).await;
        self.listen();
        self.told.map_or(End::Closed, |reason| End::Goaway(frames::name(reason)))
    }
}

/// A client that means well.
struct Other(h2::client::SendRequest<Bytes>);

impl Other {
    async fn new(connections: &Connections) -> Self {
        let (send, connection) = h2::client::handshake(connect(connections)).await.expect("a handshake");
        tokio::spawn(connection);
        Self(send)
    }

    async fn is_served(&mut self) {
        let served = async {
            let request = Request::get("http://a/").body(()).expect("a request");
            let (response, _) = self.0.send_request(request, true).expect("the connection is open");
            let mut body = response.await.expect("an answer").into_body();
            let mut length = 0;
            while let Some(data) = body.data().await {
                let data = data.expect("the whole answer");
                body.flow_control().release_capacity(data.len()).expect("it was taken");
                length += data.len();
            }
            assert_eq!(length, 4 << 10);
        };
        timeout(Duration::from_secs(1), served).await.expect("others are served meanwhile");
    }
}
