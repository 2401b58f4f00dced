//! A request's body on its way to a thread: driven by whoever waits for the answer.
//!
//! ```text
//! WsgiFuture, WsgiBody ── poll ──▶ body's frames ──▶ channel, bounded ──▶ wsgi.input
//! ```

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame};
use http_body_util::BodyExt as _;
use tokio::sync::mpsc::{self, Receiver, Sender};

use crate::BoxError;

/// Chunks that may wait to be read.
const CHUNKS: usize = 4;

/// What feeds a body to an app; ready at the body's end, or when nobody reads any more.
pub(in crate::wsgi) struct Pump(Pin<Box<dyn Future<Output = ()> + Send>>);

impl Pump {
    /// A pump, and where it leads.
    pub(super) fn new<B>(body: B) -> (Self, Receiver<Bytes>)
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let (sender, receiver) = mpsc::channel(CHUNKS);
        (Self(Box::pin(feed(body, sender))), receiver)
    }

    pub(in crate::wsgi) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(cx)
    }
}

/// Where it breaks off, the sender is dropped: the reader knows how much was to come.
async fn feed<B>(body: B, sender: Sender<Bytes>)
where
    B: Body<Data = Bytes>,
{
    let mut body = std::pin::pin!(body);
    while let Some(data) = data(body.frame().await) {
        if !data.is_empty() && sender.send(data).await.is_err() {
            return;
        }
    }
}

/// What a frame holds, nothing for trailers; `None` at the end and where it breaks off.
fn data<E>(frame: Option<Result<Frame<Bytes>, E>>) -> Option<Bytes> {
    Some(frame?.ok()?.into_data().unwrap_or_default())
}
