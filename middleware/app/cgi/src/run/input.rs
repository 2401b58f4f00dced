//! The request's body on its way into a script's stdin, as fast as the script takes it and no faster.
//!
//! ```text
//! body ─▶ one frame ─▶ pipe ─┬─ full ──────────────▶ the next frame waits
//!                            ├─ closed by the script ▶ the rest is not wanted: no fault
//!                            └─ all is written ──────▶ closed by us
//! breaks off, or is not as long as was said ─▶ fault: the script must not take a part for the whole
//! ```

use std::{
    io::ErrorKind,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf as _, Bytes};
use http_body::{Body, Frame};
use tokio::net::unix::pipe::Sender;

use crate::BoxError;

/// A request's body, whatever its type.
pub(crate) trait Feed: Send {
    /// The next frame.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>>;
}

impl<B> Feed for B
where
    B: Body<Data = Bytes> + Send,
    B::Error: Into<BoxError>,
{
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.poll_frame(cx).map(|frame| frame.map(|frame| frame.map_err(Into::into)))
    }
}

/// What is still to be written, and where.
pub(crate) struct Input {
    feed: Pin<Box<dyn Feed>>,
    frame: Bytes,
    left: Option<u64>,
    pipe: Sender,
}

/// The body was not what was said.
#[derive(Debug)]
pub(crate) enum InputFault {
    Broken(BoxError),
    Short,
    Long,
}

impl Input {
    /// `length`: what the script was told.
    pub(crate) fn new(feed: Pin<Box<dyn Feed>>, length: Option<u64>, pipe: Sender) -> Self {
        Self { feed, frame: Bytes::new(), left: length, pipe }
    }

    /// Writes what can be written; ready when there is nothing more to do. `moved` is set if anything was.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, moved: &mut bool) -> Poll<Result<(), InputFault>> {
        loop {
            while !self.frame.is_empty() {
                match self.pipe.try_write(&self.frame) {
                    Ok(written) => {
                        self.frame.advance(written);
                        *moved = true;
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        if ready!(self.pipe.poll_write_ready(cx)).is_err() {
                            return Poll::Ready(Ok(()));
                        }
                    }
                    Err(_) => return Poll::Ready(Ok(())),
                }
            }
            match ready!(self.feed.as_mut().poll(cx)) {
                Some(Ok(frame)) => self.take(frame)?,
                Some(Err(error)) => return Poll::Ready(Err(InputFault::Broken(error))),
                None if matches!(self.left, None | Some(0)) => return Poll::Ready(Ok(())),
                None => return Poll::Ready(Err(InputFault::Short)),
            }
        }
    }

    pub(crate) fn into_pipe(self) -> Sender {
        self.pipe
    }

    fn take(&mut self, frame: Frame<Bytes>) -> Result<(), InputFault> {
        // RFC 3875 has no trailers.
        let Ok(data) = frame.into_data() else { return Ok(()) };
        if let Some(left) = &mut self.left {
            *left = left.checked_sub(data.len() as u64).ok_or(InputFault::Long)?;
        }
        self.frame = data;
        Ok(())
    }
}
