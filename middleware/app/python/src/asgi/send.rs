//! What an app sends, put into the exchange.
//!
//! ```text
//! Waiting   ── start ──▶ Started           anything else raises
//! Started   ── body ───▶ Whole, or Streaming if more comes
//! Streaming ── body ───▶ Streaming … its end
//! ```
//!
//! When the client has gone, `send` raises `OSError`, as the specification says since 2.4.

use std::collections::VecDeque;

use bytes::Bytes;
use http::{header::CONTENT_LENGTH, response};
use pyo3::{
    exceptions::{PyOSError, PyRuntimeError},
    prelude::*,
};

use super::{
    exchange::{Outgoing, State, Stream},
    message::Message,
};

impl State {
    /// One message; whoever waits for the response is woken if there is something to see.
    pub(super) fn send(&mut self, message: Message) -> PyResult<()> {
        if self.gone {
            return Err(PyOSError::new_err("the client has gone"));
        }
        match (std::mem::replace(&mut self.outgoing, Outgoing::Done), message) {
            (Outgoing::Waiting, Message::Start(head)) => {
                self.outgoing = Outgoing::Started(head);
                Ok(())
            }
            (Outgoing::Started(head), Message::Body { data, more: false }) => self.whole(head, data),
            (Outgoing::Started(head), Message::Body { data, more: true }) => {
                let mut stream = Stream::new(head, self.bodiless)?;
                stream.push(data)?;
                self.outgoing = Outgoing::Streaming(stream);
                self.wake();
                Ok(())
            }
            (Outgoing::Streaming(mut stream), Message::Body { data, more }) if stream.end.is_none() => {
                let pushed = stream.push(data).and_then(|()| if more { Ok(()) } else { stream.finish() });
                self.outgoing = Outgoing::Streaming(stream);
                self.wake();
                pushed
            }
            (before, message) => {
                let what = match message {
                    Message::Start(_) => "`http.response.start`",
                    Message::Body { .. } => "`http.response.body`",
                };
                let why = match before {
                    Outgoing::Waiting => "before `http.response.start`",
                    Outgoing::Started(_) => "after `http.response.start`",
                    _ => "after the response has begun to end",
                };
                self.outgoing = before;
                Err(PyRuntimeError::new_err(format!("{what} {why}")))
            }
        }
    }

    fn whole(&mut self, head: Box<response::Parts>, data: Bytes) -> PyResult<()> {
        let announced = announced(&head)?;
        if !self.bodiless && announced.is_some_and(|announced| announced != data.len() as u64) {
            // The head is not out yet: the end of the task makes it a refusal.
            self.outgoing = Outgoing::Waiting;
            return Err(wrong_length(announced.unwrap_or_default(), data.len() as u64));
        }
        self.outgoing = Outgoing::Whole(head, if self.bodiless { Bytes::new() } else { data });
        self.wake();
        Ok(())
    }
}

impl Stream {
    fn new(head: Box<response::Parts>, bodiless: bool) -> PyResult<Self> {
        let left = if bodiless { None } else { announced(&head)? };
        Ok(Self { head: Some(head), chunks: VecDeque::new(), waiting: 0, left, bodiless, end: None })
    }

    fn push(&mut self, data: Bytes) -> PyResult<()> {
        if let Some(left) = &mut self.left {
            let Some(still) = left.checked_sub(data.len() as u64) else {
                return Err(PyRuntimeError::new_err("the body is longer than `content-length` says"));
            };
            *left = still;
        }
        if !data.is_empty() && !self.bodiless {
            self.waiting += data.len();
            self.chunks.push_back(data);
        }
        Ok(())
    }

    fn finish(&mut self) -> PyResult<()> {
        if let Some(left @ 1..) = self.left {
            let why = format!("the body ends {left} bytes before its `content-length`");
            return Err(PyRuntimeError::new_err(why));
        }
        self.end = Some(Ok(()));
        Ok(())
    }
}

fn announced(head: &response::Parts) -> PyResult<Option<u64>> {
    let Some(value) = head.headers.get(CONTENT_LENGTH) else { return Ok(None) };
    let length = value.to_str().ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    let length = length.and_then(|text| text.parse().ok());
    length.map(Some).ok_or_else(|| PyRuntimeError::new_err("`content-length` is no number"))
}

fn wrong_length(announced: u64, real: u64) -> PyErr {
    PyRuntimeError::new_err(format!("`content-length` is {announced}, the body has {real} bytes"))
}
