//! The task of an open WebSocket: writes what the app sends, reads what the client says, keeps its deadlines.
//!
//! ```text
//! Talking ─┬─ both have said close ──▶ Leaving: write what is left, shut down, done
//!          ├─ the client broke a rule ▶ Failing: write, shut down, read what still comes until its end or the deadline
//!          └─ the socket broke ───────▶ done
//! ```
//!
//! 1. Writing goes before reading: what is not written is memory, what is not read is the client's.
//! 2. All connections of a thread read into one buffer; an idle one holds none.

use std::{
    cell::Cell,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{
    WebSocketSettings,
    channel::{Channel, Next},
    decode::Decoder,
    deflate::Inflater,
    lifetime::{Due, Ending, Lifetime},
};

/// What one read takes at most.
const CHUNK: usize = 64 << 10;

/// Memory that an idle connection may keep.
const KEPT: usize = 4 << 10;

thread_local! {
    static READ: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// From the app's yes to the end.
pub(super) async fn run(
    channel: Channel,
    settings: WebSocketSettings,
    upgrade: OnUpgrade,
    inflater: Option<Inflater>,
    ending: Option<Ending>,
) {
    match upgrade.await {
        Ok(upgraded) => {
            let decoder = Decoder::new(settings.max_message, inflater);
            let lifetime = Lifetime::new(settings, ending);
            Connection::new(TokioIo::new(upgraded), channel, decoder, lifetime).await;
        }
        Err(_) => channel.lost(),
    }
}

struct Connection<I> {
    io: I,
    channel: Channel,
    decoder: Decoder,
    lifetime: Lifetime,
    stage: Stage,
    /// Bytes of a frame whose end has not come, or of frames that nobody has room for.
    unread: Vec<u8>,
    /// Whether `unread` holds a frame that can be read.
    held: bool,
    writing: Vec<u8>,
    written: usize,
    /// Whether the client has been too slow for what is written.
    blocked: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Talking,
    Leaving,
    Failing,
    /// Failing, and shut down for writing.
    Lingering,
}

impl<I: AsyncRead + AsyncWrite + Unpin> Connection<I> {
    fn new(io: I, channel: Channel, decoder: Decoder, lifetime: Lifetime) -> Self {
        Self {
            io,
            channel,
            decoder,
            lifetime,
            stage: Stage::Talking,
            unread: Vec::new(),
            held: false,
            writing: Vec::new(),
            written: 0,
            blocked: false,
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            while self.written < self.writing.len() {
                let polled = Pin::new(&mut self.io).poll_write(cx, &self.writing[self.written..]);
                self.blocked |= polled.is_pending();
                let written = ready!(polled)?;
                if written == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                self.written += written;
                self.channel.written(written);
                // A client that takes what was too much for it lives, however slow it is; what the system takes at once,
                // such as a ping, says nothing about it.
                if self.blocked {
                    self.lifetime.heard();
                }
            }
            self.blocked = false;
            self.written = 0;
            let wrote = !self.writing.is_empty();
            self.writing.clear();
            self.writing.shrink_to(KEPT);
            self.channel.take_out(&mut self.writing);
            if self.writing.is_empty() {
                return if wrote { Pin::new(&mut self.io).poll_flush(cx) } else { Poll::Ready(Ok(())) };
            }
        }
    }

    /// One read and what it says.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut chunk = READ.take();
        chunk.resize(CHUNK, 0);
        let mut buffer = ReadBuf::new(&mut chunk);
        let polled = Pin::new(&mut self.io).poll_read(cx, &mut buffer);
        let length = buffer.filled().len();
        if let Poll::Ready(Ok(())) = polled {
            if length == 0 {
                READ.set(chunk);
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
            self.heard(&mut chunk[..length]);
        }
        READ.set(chunk);
        polled
    }

    fn heard(&mut self, chunk: &mut [u8]) {
        self.lifetime.heard();
        if self.stage != Stage::Talking {
            return;
        }
        if self.unread.is_empty() {
            let used = self.decode(chunk);
            self.unread.extend_from_slice(&chunk[used..]);
        } else {
            self.unread.extend_from_slice(chunk);
            self.decode_unread();
        }
    }

    fn decode_unread(&mut self) {
        let mut unread = std::mem::take(&mut self.unread);
        let used = self.decode(&mut unread);
        unread.drain(..used);
        if unread.is_empty() {
            unread.shrink_to(KEPT);
        }
        self.unread = unread;
    }

    /// How many bytes are read and done with.
    fn decode(&mut self, bytes: &mut [u8]) -> usize {
        let mut used = 0;
        self.held = false;
        while used < bytes.len() {
            let (length, event) = match self.decoder.next(&mut bytes[used..]) {
                Ok(Some(frame)) => frame,
                Ok(None) => break,
                Err(fault) => {
                    self.channel.fault(fault);
                    self.stage = Stage::Failing;
                    return bytes.len();
                }
            };
            used += length;
            match event.map_or(Next::Go, |event| self.channel.event(event)) {
                Next::Go => {}
                Next::Pause => {
                    self.held = used < bytes.len();
                    break;
                }
                Next::Over => {
                    self.stage = Stage::Leaving;
                    return bytes.len();
                }
            }
        }
        used
    }

    /// Reads as long as there is room for what is read.
    fn poll_talk(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.channel.is_full() {
            // One that is not listened to cannot be heard.
            self.lifetime.heard();
            return Poll::Pending;
        }
        if self.held {
            self.decode_unread();
            return Poll::Ready(Ok(()));
        }
        self.poll_read(cx)
    }

    fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let written = self.poll_write(cx)?;
        if self.stage != Stage::Talking || self.channel.is_closing() {
            self.lifetime.closing();
        }
        if let Poll::Ready(due) = self.lifetime.poll_due(cx) {
            match due {
                Due::Ping => {
                    self.channel.ping();
                    return Poll::Ready(Ok(()));
                }
                Due::Dead => return Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            }
        }
        match self.stage {
            Stage::Talking => self.poll_talk(cx),
            Stage::Leaving => {
                ready!(written);
                ready!(Pin::new(&mut self.io).poll_shutdown(cx))?;
                Poll::Ready(Err(io::ErrorKind::NotConnected.into()))
            }
            Stage::Failing => {
                ready!(written);
                ready!(Pin::new(&mut self.io).poll_shutdown(cx))?;
                self.stage = Stage::Lingering;
                Poll::Ready(Ok(()))
            }
            Stage::Lingering => self.poll_read(cx),
        }
    }
}

impl<I: AsyncRead + AsyncWrite + Unpin> Future for Connection<I> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.channel.listen(cx);
        if self.lifetime.poll_ending(cx) {
            self.channel.going_away();
        }
        while let Ok(()) = ready!(self.poll_step(cx)) {}
        self.channel.lost();
        Poll::Ready(())
    }
}
