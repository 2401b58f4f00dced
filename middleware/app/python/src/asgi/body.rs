//! An app's response body: whole, or part by part as the app sends it.
//!
//! ```text
//! whole ─▶ one frame        streaming ─▶ a frame for each part, ─┬─ the end
//!                                                                └─ an error, when the app failed or said too little
//! dropped before its end ─▶ the app is told that its client has gone
//! ```

use std::{
    error::Error,
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::task::Running;

/// The response body of an [`AsgiApp`](crate::AsgiApp). `Default` is the empty one.
#[derive(Default)]
pub struct AsgiBody(Kind);

#[derive(Default)]
enum Kind {
    #[default]
    Empty,
    Whole(Bytes),
    Stream {
        running: Running,
        length: Option<u64>,
    },
}

impl AsgiBody {
    pub(super) fn whole(data: Bytes) -> Self {
        if data.is_empty() { Self::default() } else { Self(Kind::Whole(data)) }
    }

    pub(super) fn stream(running: Running, length: Option<u64>) -> Self {
        Self(Kind::Stream { running, length })
    }
}

impl Body for AsgiBody {
    type Data = Bytes;
    type Error = AsgiError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, AsgiError>>> {
        match &mut self.0 {
            Kind::Empty => Poll::Ready(None),
            Kind::Whole(data) => {
                let data = std::mem::take(data);
                self.0 = Kind::Empty;
                Poll::Ready(Some(Ok(Frame::data(data))))
            }
            Kind::Stream { running, length } => {
                let chunk = ready!(running.exchange().poll_chunk(cx));
                match &chunk {
                    Some(Ok(data)) => {
                        if let Some(length) = length {
                            *length = length.saturating_sub(data.len() as u64);
                        }
                    }
                    Some(Err(_)) | None => self.0 = Kind::Empty,
                }
                Poll::Ready(chunk.map(|chunk| chunk.map(Frame::data)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.0, Kind::Empty)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Empty => SizeHint::with_exact(0),
            Kind::Whole(data) => SizeHint::with_exact(data.len() as u64),
            Kind::Stream { length: Some(length), .. } => SizeHint::with_exact(*length),
            Kind::Stream { length: None, .. } => SizeHint::default(),
        }
    }
}

impl fmt::Debug for AsgiBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AsgiBody")
    }
}

/// Why a body broke off.
#[derive(Debug)]
pub struct AsgiError(pub(super) &'static str);

impl fmt::Display for AsgiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the app {}", self.0)
    }
}

impl Error for AsgiError {}
