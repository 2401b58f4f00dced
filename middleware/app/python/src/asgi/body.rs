//! An app's response body: whole, part by part as the app sends it, or a file.
//!
//! ```text
//! whole ─▶ one frame     streaming ─▶ a frame for each part, ─┬─ the end, perhaps with trailers
//!                                                             └─ an error, when the app failed or said too little
//! dropped before its end ─▶ the app is told that its client has gone
//! ```

use std::{
    error::Error,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::{
    exchange::{Exchange, Part},
    file::FileBody,
    service::Keep,
};

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
        /// Bytes to come, where the head says so.
        left: Option<u64>,
    },
    File(Box<FileBody>),
}

impl AsgiBody {
    pub(super) fn whole(data: Bytes) -> Self {
        if data.is_empty() { Self::default() } else { Self(Kind::Whole(data)) }
    }

    pub(super) fn stream(running: Running, left: Option<u64>) -> Self {
        Self(Kind::Stream { running, left })
    }

    pub(super) fn file(file: FileBody) -> Self {
        Self(Kind::File(Box::new(file)))
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
            Kind::File(file) => {
                let data = ready!(file.poll(cx));
                if data.as_ref().is_none_or(Result::is_err) {
                    self.0 = Kind::Empty;
                }
                Poll::Ready(data.map(|data| data.map(Frame::data)))
            }
            Kind::Stream { running, left } => match ready!(running.exchange().poll_chunk(cx)) {
                Some(Ok(Part::Data(data))) => {
                    if let Some(left) = left {
                        *left = left.saturating_sub(data.len() as u64);
                    }
                    Poll::Ready(Some(Ok(Frame::data(data))))
                }
                last => {
                    self.0 = Kind::Empty;
                    Poll::Ready(last.map(|last| match last {
                        Ok(Part::Trailers(trailers)) => Ok(Frame::trailers(trailers)),
                        Ok(Part::Data(data)) => Ok(Frame::data(data)),
                        Err(error) => Err(error),
                    }))
                }
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Empty => true,
            Kind::File(file) => file.left() == 0,
            Kind::Whole(_) | Kind::Stream { .. } => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Empty => SizeHint::with_exact(0),
            Kind::Whole(data) => SizeHint::with_exact(data.len() as u64),
            Kind::File(file) => SizeHint::with_exact(file.left()),
            Kind::Stream { left: Some(left), .. } => SizeHint::with_exact(*left),
            Kind::Stream { left: None, .. } => SizeHint::default(),
        }
    }
}

impl fmt::Debug for AsgiBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AsgiBody")
    }
}

/// What keeps an app's request: dropped before the end, it tells the app so, waits, and cancels.
pub(super) struct Running {
    exchange: Exchange,
    _keep: Option<Arc<Keep>>,
}

impl Running {
    pub(super) fn new(exchange: Exchange, keep: Option<Arc<Keep>>) -> Self {
        Self { exchange, _keep: keep }
    }

    pub(super) fn exchange(&self) -> &Exchange {
        &self.exchange
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.exchange.let_go();
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
