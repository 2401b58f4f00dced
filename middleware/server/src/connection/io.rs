//! The connection's bytes: those read to find the version come first, and every transfer is noted in the pulse.
//!
//! ```text
//! stream ──▶ version (up to 24 bytes) ──▶ Watched { those bytes, then the stream } ──▶ hyper
//! ```

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::OwnedSemaphorePermit,
};
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::{pulse::Pulse, version::Begun};

/// What lives as long as the socket, also after an upgrade.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) _permit: Option<OwnedSemaphorePermit>,
    pub(super) _token: TaskTrackerToken,
}

pin_project! {
    /// What hyper reads from and writes to.
    #[derive(Debug)]
    pub(super) struct Watched<IO> {
        #[pin]
        io: IO,
        begun: Begun,
        pulse: Arc<Pulse>,
        held: Held,
    }
}

impl<IO> Watched<IO> {
    pub(super) fn new(io: IO, begun: Begun, pulse: Arc<Pulse>, held: Held) -> Self {
        Self { io, begun, pulse, held }
    }
}

impl<IO: AsyncRead> AsyncRead for Watched<IO> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.project();
        if !this.begun.is_empty() {
            let taken = this.begun.take(buf.remaining());
            buf.put_slice(taken);
            this.pulse.read();
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        ready!(this.io.poll_read(cx, buf))?;
        if buf.filled().len() > before {
            this.pulse.read();
        }
        Poll::Ready(Ok(()))
    }
}

impl<IO: AsyncWrite> AsyncWrite for Watched<IO> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.project();
        let written = ready!(this.io.poll_write(cx, buf))?;
        this.pulse.wrote();
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let [piece] = bufs {
            return self.poll_write(cx, piece);
        }
        if bufs.iter().map(|piece| piece.len()).sum::<usize>() <= GATHERED {
            let mut gathered = [0; GATHERED];
            let length = gather(bufs, &mut gathered);
            return self.poll_write(cx, &gathered[..length]);
        }
        let this = self.project();
        let written = ready!(this.io.poll_write_vectored(cx, bufs))?;
        this.pulse.wrote();
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().io.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().io.poll_shutdown(cx)
    }
}

/// The most that is copied to be written as one piece. A head and a short body fit: to Linux one `send` costs less than
/// a `writev` of the two, by more than the copy does.
const GATHERED: usize = 1024;

/// Puts the pieces one behind the other, and says how long they are together.
fn gather(pieces: &[io::IoSlice<'_>], into: &mut [u8; GATHERED]) -> usize {
    pieces.iter().fold(0, |length, piece| {
        let end = length + piece.len();
        into[length..end].copy_from_slice(piece);
        end
    })
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;
    use tokio_util::task::TaskTracker;

    use super::*;

    async fn written(pieces: &[&[u8]]) -> Vec<u8> {
        let (ours, mut theirs) = tokio::io::duplex(16 * 1024);
        let held = Held { _permit: None, _token: TaskTracker::new().token() };
        let mut io = Watched::new(ours, Begun::default(), Arc::default(), held);
        let slices: Vec<_> = pieces.iter().map(|piece| io::IoSlice::new(piece)).collect();
        let length =
            std::future::poll_fn(|cx| Pin::new(&mut io).poll_write_vectored(cx, &slices)).await.unwrap();
        drop(io);
        let mut all = Vec::new();
        theirs.read_to_end(&mut all).await.unwrap();
        assert_eq!(all.len(), length);
        all
    }

    #[tokio::test]
    async fn pieces_arrive_in_their_order_whether_they_are_gathered_or_not() {
        assert_eq!(written(&[b"head", b"", b"body"]).await, b"headbody");
        let (half, rest) = ([b'a'; GATHERED - 1], [b'b'; 4096]);
        assert_eq!(written(&[&half, b"b"]).await, [&half[..], b"b"].concat());
        assert!(written(&[&half, &rest]).await.starts_with(&half));
        assert!(written(&[]).await.is_empty());
    }
}
