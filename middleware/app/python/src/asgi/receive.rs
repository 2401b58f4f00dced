//! What an app receives: its request's body, frame by frame, and that its client has gone.
//!
//! ```text
//! receive() ─▶ Receiving, and when it is awaited:
//!   nothing left to read, or a frame is there ─▶ the message at once
//!   nothing there yet ────────────────────────▶ a future, and then once more
//!   after the last message ───────────────────▶ a future, until the client has gone
//! ```
//!
//! Nothing is read until an app asks, save a first part that is there before the app is called: it finds that without a
//! turn of its loop. A message is taken when the app has it in hand: a task that is cancelled while it waits, or before it
//! has begun to, loses none.

use std::{
    ffi::CStr,
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
    types::{PyBytes, PyDict, PyTuple},
};

use super::exchange::{Exchange, Outgoing, State};
use crate::{
    BoxError,
    awaitable::{Awaitable, Step, TypeOf, thrown},
    native::Slot,
};

/// A request's body, as far as it has been read.
pub(super) enum Incoming {
    /// No message was received yet, and the body is empty.
    Empty,
    Body(Pin<Box<dyn Frames>>),
    /// A part that was read and nobody has taken, and what follows it.
    Held(Bytes, Option<Pin<Box<dyn Frames>>>),
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

    /// Reads the next part, unless one is there already; ready when there is something to tell.
    fn fill(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Self::Body(body) = self else {
            return if matches!(self, Self::Over) { Poll::Pending } else { Poll::Ready(()) };
        };
        let part = ready!(poll_part(body.as_mut(), cx));
        *self = match (part, std::mem::replace(self, Self::Over)) {
            (Ok((data, true)), Self::Body(body)) => Self::Held(data, Some(body)),
            (Ok((data, _)), _) => Self::Held(data, None),
            (Err(_), _) => Self::Broken,
        };
        Poll::Ready(())
    }

    /// What there is to tell.
    fn take(&mut self) -> Option<Message> {
        match std::mem::replace(self, Self::Over) {
            Self::Empty => Some(Message::NoBody),
            Self::Held(data, body) => {
                let more = body.is_some();
                *self = body.map_or(Self::Over, Self::Body);
                Some(Message::Part(data, more))
            }
            Self::Broken => {
                *self = Self::Broken;
                Some(Message::Disconnect)
            }
            other => {
                *self = other;
                None
            }
        }
    }
}

/// What `receive` tells.
enum Message {
    NoBody,
    Part(Bytes, bool),
    Disconnect,
}

/// What `receive` returns: it has a coroutine's methods, so that `asyncio.create_task` takes it.
struct Receiving {
    exchange: Exchange,
    /// That of the exchange's `receiving` which it waits for.
    waits: Slot,
}

/// `receive()`: an awaitable of a message.
pub(super) fn receive<'py>(py: Python<'py>, exchange: &Exchange) -> PyResult<Bound<'py, PyAny>> {
    TYPE.object(py, Receiving { exchange: exchange.clone(), waits: Slot::empty() })
}

static TYPE: TypeOf<Receiving> = TypeOf::new();

impl Awaitable for Receiving {
    const NAME: &'static CStr = c"enfilade.receiving";

    fn step<'py>(&self, object: &Bound<'py, PyAny>, _: &Bound<'py, PyAny>) -> PyResult<Step<'py>> {
        let py = object.py();
        let exchange = &self.exchange;
        drop(self.waits.take(py));
        let message = exchange.lock().next_message();
        if let Some(message) = message {
            exchange.read_for_others();
            return message.tell(py, exchange).map(|told| Step::Done(told.into_bound(py)));
        }
        let future = exchange.app().create_future(py)?;
        let mut state = exchange.lock();
        // Another thread may have let go of the request meanwhile.
        if state.hears_of_the_end() {
            drop(state);
            return Ok(Step::Done(disconnect(py).into_bound(py)));
        }
        state.receiving.push(future.clone().unbind());
        if matches!(state.incoming, Incoming::Body(_)) {
            exchange.read(state);
        } else {
            drop(state);
        }
        // What a future's own `__await__` does before it yields itself.
        future.setattr(intern!(py, "_asyncio_future_blocking"), true)?;
        self.waits.put(py, future.clone().unbind());
        Ok(Step::Waits(future))
    }

    fn throw<'py>(&self, py: Python<'py>, error: &Bound<'py, PyTuple>) -> PyResult<Step<'py>> {
        self.give_up(py);
        Err(thrown(error))
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.give_up(py);
        Ok(())
    }
}

impl Receiving {
    /// It waits no more. It may have been woken for a message that another may have now.
    fn give_up(&self, py: Python<'_>) {
        let Some(future) = self.waits.take(py) else { return };
        let mut state = self.exchange.lock();
        let place = state.receiving.iter().position(|other| other.is(&future));
        let left = place.map(|place| state.receiving.remove(place));
        let told = left.is_none() && (state.hears_of_the_end() || !matches!(state.incoming, Incoming::Over));
        drop(state);
        drop(left);
        if told {
            self.exchange.wake_receiver();
        }
    }
}

impl State {
    /// The next message, if it is there.
    fn next_message(&mut self) -> Option<Message> {
        if self.hears_of_the_end() {
            return Some(Message::Disconnect);
        }
        // Whoever waits has a waker with the body, which is not to be replaced.
        if self.receiving.is_empty() {
            let _ = self.incoming.fill(&mut Context::from_waker(Waker::noop()));
        }
        self.incoming.take()
    }

    /// Whether `receive` has nothing to tell but that the client is gone, or is to go.
    fn hears_of_the_end(&self) -> bool {
        self.gone
            || self.complete
            || matches!(self.outgoing, Outgoing::Done)
            || (self.draining && matches!(self.outgoing, Outgoing::Streaming(_) | Outgoing::Sink))
    }
}

impl Exchange {
    /// Reads the first part, before the app is called.
    pub(super) fn poll_first(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.lock().incoming.fill(cx)
    }

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

    /// A message was taken, and others may wait for the next.
    fn read_for_others(&self) {
        let state = self.lock();
        if state.receiving.is_empty() {
            return;
        }
        match state.incoming {
            Incoming::Body(_) => self.read(state),
            Incoming::Over if !state.hears_of_the_end() => {}
            _ => {
                drop(state);
                self.wake_receiver();
            }
        }
    }

    /// Reads in a task of its own until nobody waits for a part; the one before, which the body no longer wakes, ends.
    pub(super) fn read_on(&self) {
        let exchange = self.clone();
        let reader = self.app().remote.spawn(poll_fn(move |cx| {
            let state = exchange.lock();
            let reads = !state.receiving.is_empty() && matches!(state.incoming, Incoming::Body(_));
            if reads { exchange.poll_body(state, cx) } else { Poll::Ready(()) }
        }));
        let before = self.lock().reader.replace(reader.abort_handle());
        if let Some(before) = before {
            before.abort();
        }
    }

    /// Reads, if somebody waits for the next part, and wakes the first.
    pub(super) fn poll_body(&self, mut state: MutexGuard<'_, State>, cx: &mut Context<'_>) -> Poll<()> {
        if !state.receiving.is_empty() && matches!(state.incoming, Incoming::Body(_)) {
            ready!(state.incoming.fill(cx));
            drop(state);
            self.wake_receiver();
        }
        Poll::Ready(())
    }

    /// Wakes the first that still waits: it looks again.
    fn wake_receiver(&self) {
        if !self.app().is_here() {
            let exchange = self.clone();
            self.app().remote.spawn(async move { exchange.wake_receiver() });
            return;
        }
        Python::attach(|py| {
            while let Some(future) = self.first() {
                if super::leave::settle(&future.into_bound(py), Ok(py.None())) {
                    return;
                }
            }
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

fn disconnect(py: Python<'_>) -> Py<PyAny> {
    let message = PyDict::new(py);
    // A new dict takes a string that is interned.
    let _ = message.set_item(intern!(py, "type"), intern!(py, "http.disconnect"));
    message.into_any().unbind()
}
