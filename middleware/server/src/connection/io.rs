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
