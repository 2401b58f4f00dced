//! What an app receives: its request's body, frame by frame, and that its client has gone.
//!
//! ```text
//! nothing left to read ─▶ the message at once       a frame is there ─▶ the message at once
//! nothing there yet ────▶ a future                  after the last message ─▶ a future, until the client has gone
//! ```

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, Waker, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame};
use pyo3::{
    intern,
    prelude::*,
    types::{PyBytes, PyDict},
};

use super::exchange::Exchange;
use crate::BoxError;

/// A request's body, as far as it has been read.
pub(super) enum Incoming {
    /// No message was received yet, and the body is empty.
    Empty,
    Body(Pin<Box<dyn Frames>>),
    /// A task waits for the next frame.
    Awaited,
    /// The last message was received.
    Over,
    /// The body broke off: its client is as good as gone.
    Broken,
}

/// A body whatever its type.
pub(super) trait Frames: Send {
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>>;
    fn is_over(&self) -> bool;
}

impl<B> Frames for B
where
    B: Body<Data = Bytes> + Send,
    B::Error: Into<BoxError>,
{
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.poll_frame(cx).map_err(Into::into)
    }

    fn is_over(&self) -> bool {
        self.is_end_stream()
    }
}

impl Incoming {
    pub(super) fn of<B>(body: B) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        if body.is_end_stream() { Self::Empty } else { Self::Body(Box::pin(body)) }
    }
}

/// The next part: its bytes, and whether more may come.
type Part = Result<(Bytes, bool), BoxError>;

/// `receive()`: a message, or a future of one.
pub(super) enum Received {
    Now(Py<PyAny>),
    Later(Py<PyAny>),
}

pub(super) fn receive(py: Python<'_>, exchange: &Exchange) -> PyResult<Received> {
    let mut state = exchange.lock();
    if state.gone {
        return Ok(Received::Now(disconnect(py)));
    }
    let later = |py: Python<'_>| exchange.app().event_loop.call_method0(py, intern!(py, "create_future"));
    match &mut state.incoming {
        Incoming::Empty => {
            state.incoming = Incoming::Over;
            Ok(Received::Now(request(py, &Bytes::new(), false)?))
        }
        Incoming::Body(body) => match poll_part(body.as_mut(), &mut Context::from_waker(Waker::noop())) {
            Poll::Ready(part) => {
                let message = message(py, &part)?;
                state.incoming = after(&part, std::mem::replace(&mut state.incoming, Incoming::Over));
                Ok(Received::Now(message))
            }
            Poll::Pending => {
                let Incoming::Body(body) = std::mem::replace(&mut state.incoming, Incoming::Awaited) else {
                    unreachable!("it is a body in this arm")
                };
                let future = later(py)?;
                state.receiving = Some(future.clone_ref(py));
                drop(state);
                tokio::spawn(wait(exchange.clone(), body));
                Ok(Received::Later(future))
            }
        },
        Incoming::Broken => Ok(Received::Now(disconnect(py))),
        Incoming::Awaited | Incoming::Over => {
            if let Some(future) = &state.receiving
                && !future.call_method0(py, intern!(py, "done"))?.is_truthy(py)?
            {
                return Ok(Received::Later(future.clone_ref(py)));
            }
            let future = later(py)?;
            state.receiving = Some(future.clone_ref(py));
            Ok(Received::Later(future))
        }
    }
}

/// Waits for the next part, and gives it to the future that the app holds.
async fn wait(exchange: Exchange, mut body: Pin<Box<dyn Frames>>) {
    let part = poll_fn(|cx| poll_part(body.as_mut(), cx)).await;
    let mut state = exchange.lock();
    let receiving = state.receiving.take();
    state.incoming = after(&part, Incoming::Body(body));
    drop(state);
    exchange.resolve(receiving, move |py| message(py, &part).unwrap_or_else(|_| disconnect(py)));
}

fn after(part: &Part, body: Incoming) -> Incoming {
    match part {
        Ok((_, true)) => body,
        Ok((_, false)) => Incoming::Over,
        Err(_) => Incoming::Broken,
    }
}

fn poll_part(mut body: Pin<&mut (dyn Frames + 'static)>, cx: &mut Context<'_>) -> Poll<Part> {
    loop {
        return Poll::Ready(match ready!(body.as_mut().poll(cx)) {
            None => Ok((Bytes::new(), false)),
            Some(Err(error)) => Err(error),
            Some(Ok(frame)) => match frame.into_data() {
                // Told with the last bytes, so that the app need not ask once more.
                Ok(data) => Ok((data, !body.is_over())),
                // Trailers have no message in ASGI.
                Err(_) => continue,
            },
        });
    }
}

fn message(py: Python<'_>, part: &Part) -> PyResult<Py<PyAny>> {
    match part {
        Ok((data, more)) => request(py, data, *more),
        Err(_) => Ok(disconnect(py)),
    }
}

fn request(py: Python<'_>, data: &[u8], more: bool) -> PyResult<Py<PyAny>> {
    let message = PyDict::new(py);
    message.set_item(intern!(py, "type"), intern!(py, "http.request"))?;
    message.set_item(intern!(py, "body"), PyBytes::new(py, data))?;
    message.set_item(intern!(py, "more_body"), more)?;
    Ok(message.into_any().unbind())
}

pub(super) fn disconnect(py: Python<'_>) -> Py<PyAny> {
    let message = PyDict::new(py);
    // A new dict takes a string that is interned.
    let _ = message.set_item(intern!(py, "type"), intern!(py, "http.disconnect"));
    message.into_any().unbind()
}
