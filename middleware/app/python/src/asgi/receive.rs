//! What an app receives: its request's body, frame by frame, and that its client has gone.
//!
//! ```text
//! nothing left to read ─▶ the message at once       a frame is there ─▶ the message at once
//! nothing there yet ────▶ a future                  after the last message ─▶ a future, until the client has gone
//! ```
//!
//! Nothing is read until an app asks. A frame that comes for an app which has stopped to wait (`asyncio.wait_for`) is
//! kept for the next call.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::MutexGuard,
    task::{Context, Poll, Waker, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame};
use pyo3::{
    intern,
    prelude::*,
    types::{PyBytes, PyDict},
};

use super::{
    exchange::{Exchange, Outgoing, State},
    leave::settle,
    ready::ready,
};
use crate::{BoxError, reactor::Local};

/// A request's body, as far as it has been read.
pub(super) enum Incoming {
    /// No message was received yet, and the body is empty.
    Empty,
    Body(Pin<Box<dyn Frames>>),
    /// A part that nobody took, and what follows it.
    Held(Bytes, Option<Pin<Box<dyn Frames>>>),
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

    /// The next part, if there is one already.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Message> {
        match std::mem::replace(self, Self::Over) {
            Self::Empty => Poll::Ready(Message::NoBody),
            Self::Held(data, body) => {
                let more = body.is_some();
                *self = body.map_or(Self::Over, Self::Body);
                Poll::Ready(Message::Part(data, more))
            }
            Self::Body(mut body) => match poll_part(body.as_mut(), cx) {
                Poll::Pending => {
                    *self = Self::Body(body);
                    Poll::Pending
                }
                Poll::Ready(Ok((data, more))) => {
                    if more {
                        *self = Self::Body(body);
                    }
                    Poll::Ready(Message::Part(data, more))
                }
                Poll::Ready(Err(_)) => {
                    *self = Self::Broken;
                    Poll::Ready(Message::Disconnect)
                }
            },
            Self::Broken => {
                *self = Self::Broken;
                Poll::Ready(Message::Disconnect)
            }
            Self::Awaited => {
                *self = Self::Awaited;
                Poll::Pending
            }
            Self::Over => Poll::Pending,
        }
    }

    /// Gives back what nobody took.
    fn put_back(&mut self, message: Message) {
        let Message::Part(data, more) = message else { return };
        let body = match std::mem::replace(self, Self::Over) {
            Self::Body(body) if more => Some(body),
            _ => None,
        };
        *self = Self::Held(data, body);
    }
}

/// What `receive` tells.
enum Message {
    NoBody,
    Part(Bytes, bool),
    Disconnect,
}

/// `receive()`: an awaitable of a message.
pub(super) fn receive<'py>(py: Python<'py>, exchange: &Exchange) -> PyResult<Bound<'py, PyAny>> {
    let message = {
        let mut state = exchange.lock();
        if state.hears_of_the_end() {
            Poll::Ready(Message::Disconnect)
        } else if state.receiving.is_empty() {
            state.incoming.poll(&mut Context::from_waker(Waker::noop()))
        } else {
            Poll::Pending
        }
    };
    if let Poll::Ready(message) = message {
        return ready(py, Some(message.tell(py, exchange)?));
    }
    let future = exchange.app().create_future(py)?;
    let mut state = exchange.lock();
    // Another thread may have let go of the request meanwhile.
    if state.hears_of_the_end() {
        drop(state);
        return ready(py, Some(disconnect(py)));
    }
    state.receiving.push(future.clone().unbind());
    if matches!(state.incoming, Incoming::Body(_)) {
        exchange.read(state);
    }
    Ok(future)
}

impl State {
    /// Whether `receive` has nothing to tell but that the client is gone, or is to go.
    fn hears_of_the_end(&self) -> bool {
        self.gone
            || self.complete
            || matches!(self.outgoing, Outgoing::Done)
            || (self.draining && matches!(self.outgoing, Outgoing::Streaming(_) | Outgoing::Sink))
    }
}

impl Exchange {
    /// Somebody waits for the next part. Until there is a head, the future of the response is polled, and reads; after
    /// that its body may rest because the client is slow, and a task reads.
    fn read(&self, mut state: MutexGuard<'_, State>) {
        if matches!(state.outgoing, Outgoing::Waiting | Outgoing::Started(_) | Outgoing::Opening(_)) {
            state.wake();
        } else {
            drop(state);
            self.read_on();
        }
    }

    /// Reads in a task of its own until nobody waits for a part.
    pub(super) fn read_on(&self) {
        let exchange = self.clone();
        self.app().remote.spawn(poll_fn(move |cx| {
            let state = exchange.lock();
            if state.receiving.is_empty() {
                return Poll::Ready(());
            }
            let waits = matches!(state.incoming, Incoming::Body(_));
            exchange.poll_body(state, cx);
            if waits { Poll::Pending } else { Poll::Ready(()) }
        }));
    }

    /// Reads, if somebody waits for the next part.
    pub(super) fn poll_body(&self, mut state: MutexGuard<'_, State>, cx: &mut Context<'_>) {
        if state.receiving.is_empty() {
            return;
        }
        let Poll::Ready(message) = state.incoming.poll(cx) else { return };
        drop(state);
        if Local::current().is_some() {
            self.deliver(message);
        } else {
            let exchange = self.clone();
            self.app().remote.spawn(async move { exchange.deliver(message) });
        }
    }

    /// Gives a message to the first that still waits.
    fn deliver(&self, message: Message) {
        if let Message::Disconnect = message {
            let receiving = std::mem::take(&mut self.lock().receiving);
            return self.settle_all(receiving, |py| Ok(disconnect(py)));
        }
        Python::attach(|py| {
            while let Some(future) = self.first() {
                let future = future.into_bound(py);
                let told = message.tell(py, self).unwrap_or_else(|_| disconnect(py));
                if settle(&future, Ok(told)) {
                    return;
                }
            }
            self.lock().incoming.put_back(message);
        });
    }

    fn first(&self) -> Option<Py<PyAny>> {
        let mut state = self.lock();
        if state.receiving.is_empty() { None } else { Some(state.receiving.remove(0)) }
    }
}

fn poll_part(
    mut body: Pin<&mut (dyn Frames + 'static)>,
    cx: &mut Context<'_>,
) -> Poll<Result<(Bytes, bool), BoxError>> {
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

impl Message {
    fn tell(&self, py: Python<'_>, exchange: &Exchange) -> PyResult<Py<PyAny>> {
        let message = match self {
            Self::Disconnect => return Ok(disconnect(py)),
            Self::NoBody => return Ok(exchange.app().no_body.bind(py).copy()?.into_any().unbind()),
            Self::Part(data, more) => {
                let message = exchange.app().no_body.bind(py).copy()?;
                message.set_item(intern!(py, "body"), PyBytes::new(py, data))?;
                message.set_item(intern!(py, "more_body"), *more)?;
                message
            }
        };
        Ok(message.into_any().unbind())
    }
}

pub(super) fn disconnect(py: Python<'_>) -> Py<PyAny> {
    let message = PyDict::new(py);
    // A new dict takes a string that is interned.
    let _ = message.set_item(intern!(py, "type"), intern!(py, "http.disconnect"));
    message.into_any().unbind()
}
