//! The request's body and its length, which a script must know beforehand (RFC 3875 §4.1.2).
//!
//! ```text
//! Content-Length, or a body that knows ─▶ CONTENT_LENGTH, streamed
//! neither ─┬─ Unsized::Buffer(n) ─▶ read first, then CONTENT_LENGTH; longer than n: 411
//!          ├─ Unsized::Refuse ────▶ 411
//!          └─ Unsized::Stream ────▶ no CONTENT_LENGTH; the script reads to the end
//! ```

use std::{future::poll_fn, pin::Pin};

use bytes::{Bytes, BytesMut};
use enfilade_core::Rejection;
use http::{HeaderMap, header::CONTENT_LENGTH};
use http_body::{Body, Frame};

use crate::{
    BoxError,
    head::length,
    reason,
    run::{Feed, InputFault, RunFault},
};

/// What becomes of a request body of unknown length: chunked, or over HTTP/2 without a `content-length`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unsized {
    /// 411 `cgi.length-required`.
    Refuse,
    /// Read into memory before the script starts, so many bytes and no more; a longer one is refused.
    Buffer(usize),
    /// Handed on as it comes, without `CONTENT_LENGTH`. RFC 3875 has no such request; `git http-backend` takes it.
    Stream,
}

/// A request's body.
#[derive(Default)]
pub(crate) struct Entity {
    /// What is told to the script.
    pub(crate) length: Option<u64>,
    pub(crate) feed: Option<Pin<Box<dyn Feed>>>,
}

impl Entity {
    /// Finds the length, or waits for it.
    pub(crate) async fn of<B>(headers: &HeaderMap, body: B, rule: Unsized) -> Result<Self, Rejection>
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let known = match said(headers)? {
            Some(length) => Some(length),
            None if body.is_end_stream() => return Ok(Self::default()),
            None => body.size_hint().exact(),
        };
        match (known, rule) {
            (Some(0), _) if body.is_end_stream() => Ok(Self { length: Some(0), feed: None }),
            (Some(length), _) => Ok(Self { length: Some(length), feed: Some(Box::pin(body)) }),
            (None, Unsized::Stream) => Ok(Self { length: None, feed: Some(Box::pin(body)) }),
            (None, Unsized::Refuse) => Err(reason::length_required()),
            (None, Unsized::Buffer(most)) => {
                let whole = read(Box::pin(body), most).await?;
                Ok(Self { length: Some(whole.len() as u64), feed: Some(Box::pin(Whole(Some(whole)))) })
            }
        }
    }
}

fn said(headers: &HeaderMap) -> Result<Option<u64>, Rejection> {
    let mut values = headers.get_all(CONTENT_LENGTH).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(reason::repeated("content-length"));
    }
    length(value.as_bytes()).map(Some).map_err(|_| reason::length())
}

async fn read(mut feed: Pin<Box<dyn Feed>>, most: usize) -> Result<Bytes, Rejection> {
    let mut whole = BytesMut::new();
    while let Some(frame) = poll_fn(|cx| feed.as_mut().poll(cx)).await {
        let frame = frame.map_err(|error| RunFault::Input(InputFault::Broken(error)))?;
        let Ok(data) = frame.into_data() else { continue };
        if data.len() > most - whole.len() {
            return Err(reason::length_required());
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole.freeze())
}

/// A body that was read before.
struct Whole(Option<Bytes>);

impl Body for Whole {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        std::task::Poll::Ready(self.0.take().map(|data| Ok(Frame::data(data))))
    }
}
