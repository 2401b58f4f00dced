//! The way out of a pool's thread: the response once, then its chunks, no faster than the client reads.
//!
//! ```text
//! thread ── Response ──▶ WsgiFuture        thread ── chunk ── chunk ──▶ WsgiBody      dropped: the next send fails
//! ```

use bytes::Bytes;
use enfilade_core::Rejection;
use http::{Method, Response};
use pyo3::{PyResult, Python, exceptions::PyOSError};
use tokio::sync::{
    mpsc::{self, error::TrySendError},
    oneshot,
};

use crate::wsgi::{
    body::{WsgiBody, WsgiError},
    head::Head,
    respond::{Begun, begin},
};

/// Chunks that may wait to be sent.
const CHUNKS: usize = 4;

/// What a thread answers.
pub(super) type Reply = Result<Response<WsgiBody>, Rejection>;

/// The way out.
pub(in crate::wsgi) struct Outlet {
    method: Method,
    reply: Option<oneshot::Sender<Reply>>,
    chunks: Option<Chunks>,
}

impl Outlet {
    pub(super) fn new(method: Method, reply: oneshot::Sender<Reply>) -> Self {
        Self { method, reply: Some(reply), chunks: None }
    }

    /// Sends a whole answer.
    pub(super) fn send(&mut self, reply: Reply) {
        if let Some(sender) = self.reply.take() {
            // Who has left needs no answer.
            let _ = sender.send(reply);
        }
    }

    pub(super) fn method(&self) -> &Method {
        &self.method
    }

    /// Sends the head, if it is not sent yet, and gives the way for the chunks.
    ///
    /// # Errors
    ///
    /// `OSError`, where the client has left.
    pub(in crate::wsgi) fn open(&mut self, head: Option<Head>) -> PyResult<Chunks> {
        if let Some(head) = head {
            self.begin(head, None);
        }
        self.chunks.clone().ok_or_else(gone)
    }

    /// Sends the head; whether the chunks that follow have a way.
    pub(super) fn begin(&mut self, head: Head, known: Option<u64>) -> bool {
        let Begun { mut response, has_body, length } = begin(&self.method, head, known);
        self.chunks = Some(Chunks(None));
        if has_body {
            let (sender, receiver) = mpsc::channel(CHUNKS);
            *response.body_mut() = WsgiBody::sent(receiver, length);
            self.chunks = Some(Chunks(Some(sender)));
        }
        self.send(Ok(response));
        has_body
    }

    /// The way for the chunks, once it is open.
    pub(super) fn chunks(&self) -> Option<&Chunks> {
        self.chunks.as_ref()
    }
}

/// The way for the chunks; of an answer without a body, it leads nowhere.
#[derive(Clone)]
pub(in crate::wsgi) struct Chunks(Option<mpsc::Sender<Result<Bytes, WsgiError>>>);

impl Chunks {
    /// Waits until there is room, without Python's lock. An empty chunk is the end.
    ///
    /// # Errors
    ///
    /// `OSError`, where the client has left.
    pub(in crate::wsgi) fn send(&self, py: Python<'_>, chunk: Bytes) -> PyResult<()> {
        let Some(sender) = &self.0 else { return Ok(()) };
        match sender.try_send(Ok(chunk)) {
            Ok(()) => Ok(()),
            Err(TrySendError::Closed(_)) => Err(gone()),
            Err(TrySendError::Full(chunk)) => py.detach(|| sender.blocking_send(chunk)).map_err(|_| gone()),
        }
    }

    /// Ends the body: one that is only let go of has broken off.
    pub(super) fn end(&self, py: Python<'_>) {
        // Who has left need not be told.
        let _ = self.send(py, Bytes::new());
    }

    /// Whether the client has left.
    pub(super) fn is_closed(&self) -> bool {
        self.0.as_ref().is_some_and(mpsc::Sender::is_closed)
    }

    /// Breaks the body off.
    pub(super) fn fail(&self, py: Python<'_>, error: WsgiError) {
        if let Some(sender) = &self.0 {
            // Who has left need not be told.
            let _ = py.detach(|| sender.blocking_send(Err(error)));
        }
    }
}

fn gone() -> pyo3::PyErr {
    PyOSError::new_err("the client has left")
}
