//! What an app sends, put into the exchange.
//!
//! ```text
//! Waiting   ── start ────▶ Started           anything else raises
//! Started   ── body ─────▶ Whole, or Streaming if more comes      ── pathsend ─▶ Opening ─▶ File
//! Streaming ── body ─────▶ Streaming … its end, or its trailers
//! ```
//!
//! When the client has gone, `send` raises `OSError`, as the specification says since 2.4.

use std::collections::VecDeque;

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
    response,
};
use pyo3::{exceptions::PyRuntimeError, prelude::*};

use super::{
    debug::AsgiDebug,
    exchange::{Exchange, HIGH, Head, Outgoing, State, Stream},
    file,
    leave::client_gone,
    message::Message,
};

/// `send(message)`: an awaitable.
pub(super) fn send<'py>(
    py: Python<'py>,
    exchange: &Exchange,
    message: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let message = Message::of(message)?;
    let app = exchange.app();
    let path = match message {
        Message::Debug(info) if app.settings.debug => {
            exchange.lock().debug(info)?;
            None
        }
        Message::Debug(_) => {
            return Err(PyRuntimeError::new_err("`http.response.debug`: this server does not announce it"));
        }
        Message::PathSend(path) => Some(path),
        message => {
            let full = exchange.lock().send(message)?;
            if !full {
                return Ok(app.done.bind(py).clone());
            }
            None
        }
    };
    let future = match &path {
        None if !exchange.lock().is_full() => return Ok(app.done.bind(py).clone()),
        None | Some(_) => app.create_future(py)?,
    };
    let mut state = exchange.lock();
    if let Some(path) = path {
        state.open()?;
        drop(state);
        file::open(exchange, path, future.clone().unbind());
    } else if state.is_full() {
        state.sending.push(future.clone().unbind());
    } else {
        return Ok(app.done.bind(py).clone());
    }
    Ok(future)
}

impl State {
    /// One message; whoever waits for the response is woken if there is something to see. Whether the client is slower
    /// than the app.
    pub(super) fn send(&mut self, message: Message) -> PyResult<bool> {
        self.may_send(&message)?;
        match (std::mem::replace(&mut self.outgoing, Outgoing::Done), message) {
            (Outgoing::Waiting, Message::Start(head)) => {
                self.bodiless |= bodiless(head.parts.status);
                self.outgoing = Outgoing::Started(head);
            }
            (Outgoing::Started(head), Message::Body { data, more: false }) if !head.trailers => {
                self.whole(head, data)?;
                self.wake();
            }
            (Outgoing::Started(head), Message::Body { data, more }) => {
                self.stream(head, data, more)?;
                self.wake();
            }
            (Outgoing::Streaming(mut stream), message) if stream.takes(&message) => {
                let pushed = stream.push(message);
                self.complete = stream.end.is_some();
                self.outgoing = Outgoing::Streaming(stream);
                self.wake();
                pushed?;
            }
            (Outgoing::Sink, Message::Body { more, .. }) => {
                self.complete = !more;
                self.outgoing = Outgoing::Sink;
            }
            (Outgoing::Sink, Message::Trailers { .. }) => self.outgoing = Outgoing::Sink,
            (before, message) => {
                let raised = out_of_order(&before, &message);
                self.outgoing = before;
                return Err(raised);
            }
        }
        Ok(self.is_full())
    }

    fn may_send(&self, message: &Message) -> PyResult<()> {
        if self.complete {
            return Err(PyRuntimeError::new_err(format!("{message} after the end of the response")));
        }
        if self.gone || matches!(self.outgoing, Outgoing::Done | Outgoing::Refused(_)) {
            return Err(client_gone());
        }
        Ok(())
    }

    pub(super) fn is_full(&self) -> bool {
        matches!(&self.outgoing, Outgoing::Streaming(stream) if stream.waiting >= HIGH && !self.gone)
    }

    fn whole(&mut self, mut head: Head, data: Bytes) -> PyResult<()> {
        let announced = announced(&head.parts).inspect_err(|_| self.outgoing = Outgoing::Waiting)?;
        let real = data.len() as u64;
        if self.bodiless {
            // A GET is told the length by its body (RFC 9110 §9.3.2).
            if announced.is_none() && real > 0 && !bodiless(head.parts.status) {
                head.parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(real));
            }
        } else if let Some(announced) = announced.filter(|announced| *announced != real) {
            // The head is not out yet: the end of the task makes it a refusal.
            self.outgoing = Outgoing::Waiting;
            return Err(wrong_length(announced, real));
        }
        self.complete = true;
        self.outgoing = Outgoing::Whole(head.parts, if self.bodiless { Bytes::new() } else { data });
        Ok(())
    }

    fn stream(&mut self, head: Head, data: Bytes, more: bool) -> PyResult<()> {
        let left = if self.bodiless { Ok(None) } else { announced(&head.parts) };
        let left = left.inspect_err(|_| self.outgoing = Outgoing::Waiting)?;
        let mut stream = Stream::new(head, left);
        if let Err(error) = stream.push(Message::Body { data, more }) {
            self.outgoing = Outgoing::Waiting;
            return Err(error);
        }
        self.complete = stream.end.is_some();
        self.outgoing = Outgoing::Streaming(stream);
        Ok(())
    }

    /// A file is to be opened for the body.
    fn open(&mut self) -> PyResult<()> {
        let message = Message::PathSend(std::path::PathBuf::new());
        self.may_send(&message)?;
        match std::mem::replace(&mut self.outgoing, Outgoing::Done) {
            Outgoing::Started(head) if !head.trailers => {
                self.outgoing = Outgoing::Opening(head);
                Ok(())
            }
            before => {
                let raised = out_of_order(&before, &message);
                self.outgoing = before;
                Err(raised)
            }
        }
    }

    /// What an app tells a test.
    fn debug(&mut self, info: AsgiDebug) -> PyResult<()> {
        self.may_send(&Message::Debug(info.clone()))?;
        self.debug = Some(info);
        Ok(())
    }
}

fn out_of_order(before: &Outgoing, message: &Message) -> PyErr {
    let why = match before {
        Outgoing::Waiting => "before `http.response.start`",
        Outgoing::Started(_) => "after `http.response.start`",
        Outgoing::Opening(_) => "while a file is opened for the body",
        Outgoing::Streaming(stream) if stream.body_ended => "after the end of the body",
        _ => "after the response has begun",
    };
    PyRuntimeError::new_err(format!("{message} {why}"))
}

impl Stream {
    fn new(head: Head, left: Option<u64>) -> Self {
        let kind = head.parts.headers.get(CONTENT_TYPE);
        let events = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
        Self {
            trailers: head.trailers.then(Box::<HeaderMap>::default),
            head: Some(head.parts),
            chunks: VecDeque::new(),
            waiting: 0,
            left,
            body_ended: false,
            end: None,
            events,
        }
    }

    fn takes(&self, message: &Message) -> bool {
        match message {
            Message::Body { .. } => !self.body_ended,
            Message::Trailers { .. } => self.body_ended && self.trailers.is_some() && self.end.is_none(),
            _ => false,
        }
    }

    fn push(&mut self, message: Message) -> PyResult<()> {
        match message {
            Message::Body { data, more } => self.body(data, more),
            Message::Trailers { fields, more } => {
                if let Some(trailers) = &mut self.trailers {
                    trailers.extend(*fields);
                }
                if !more {
                    self.end = Some(Ok(()));
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn body(&mut self, data: Bytes, more: bool) -> PyResult<()> {
        if let Some(left) = &mut self.left {
            let Some(still) = left.checked_sub(data.len() as u64) else {
                return Err(PyRuntimeError::new_err("the body is longer than `content-length` says"));
            };
            *left = still;
        }
        if !data.is_empty() {
            self.waiting += data.len();
            self.chunks.push_back(data);
        }
        if more {
            return Ok(());
        }
        if let Some(left @ 1..) = self.left {
            let why = format!("the body ends {left} bytes before its `content-length`");
            return Err(PyRuntimeError::new_err(why));
        }
        self.body_ended = true;
        if self.trailers.is_none() {
            self.end = Some(Ok(()));
        }
        Ok(())
    }
}

/// Those have no body, whatever the app sends (RFC 9110 §15.3.5, §15.3.6, §15.4.5).
pub(super) fn bodiless(status: StatusCode) -> bool {
    matches!(status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED)
}

pub(super) fn announced(head: &response::Parts) -> PyResult<Option<u64>> {
    let Some(value) = head.headers.get(CONTENT_LENGTH) else { return Ok(None) };
    let digits = value.as_bytes().iter().all(u8::is_ascii_digit);
    let length = value.to_str().ok().filter(|_| digits).and_then(|text| text.parse().ok());
    length.map(Some).ok_or_else(|| PyRuntimeError::new_err("`content-length` is no number"))
}

pub(super) fn wrong_length(announced: u64, real: u64) -> PyErr {
    PyRuntimeError::new_err(format!("`content-length` is {announced}, the body has {real} bytes"))
}
