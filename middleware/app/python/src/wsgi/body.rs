//! An app's answer as a response body: pulled when asked for, as long as the app said, or broken off.
//!
//! ```text
//! chunks ─┬─ as long as its Content-Length ──▶ the end; what comes after is not pulled, or cut and told to the log
//!         ├─ shorter, or the app raised ─────▶ an error, never a clean end
//!         └─ dropped by the client ──────────▶ close() is called
//! ```

use std::{
    collections::VecDeque,
    error::Error,
    fmt, mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pyo3::{PyErr, Python};
use tokio::sync::mpsc::Receiver;

use super::{
    answer::{Chunks, Rest},
    pool::Pump,
    reason,
    start_response::Lease,
};

/// The response body of a [`WsgiApp`](crate::WsgiApp). `Default` is the empty one.
#[derive(Default)]
pub struct WsgiBody(Kind);

#[derive(Default)]
enum Kind {
    #[default]
    Empty,
    One(Bytes),
    Many(Box<Many>),
}

struct Many {
    ready: VecDeque<Bytes>,
    more: More,
    /// What the head promises and is not sent yet.
    left: Option<u64>,
}

enum More {
    Nothing,
    /// Pulled here, by whoever polls.
    Pulled(Pulled),
    /// Sent by a thread of the pool, up to an empty chunk.
    Sent(Receiver<Result<Bytes, WsgiError>>, Option<Pump>),
}

/// What is pulled by whoever polls.
pub(super) struct Pulled {
    pub(super) rest: Rest,
    pub(super) lease: Lease,
    /// Whether the last chunk had its turn to go out.
    rested: bool,
}

impl Pulled {
    pub(super) fn new(rest: Rest, lease: Lease) -> Self {
        Self { rest, lease, rested: false }
    }
}

impl WsgiBody {
    /// All of it; `length`: what the head says.
    pub(super) fn whole(chunks: Chunks, length: Option<u64>) -> Self {
        let found = chunks.sum();
        match chunks {
            Chunks::One(chunk) if found > 0 && length.is_none_or(|length| length == found) => {
                Self(Kind::One(chunk))
            }
            chunks => Self::many(chunks.into_vec(), More::Nothing, length.or(Some(found))),
        }
    }

    /// What is there, and what is pulled.
    pub(super) fn pulled(chunks: Chunks, pulled: Pulled, length: Option<u64>) -> Self {
        Self::many(chunks.into_vec(), More::Pulled(pulled), length)
    }

    /// What a thread sends.
    pub(super) fn sent(receiver: Receiver<Result<Bytes, WsgiError>>, length: Option<u64>) -> Self {
        Self::many(Vec::new(), More::Sent(receiver, None), length)
    }

    /// Lets it go on feeding the request's body to the app.
    pub(super) fn with_pump(mut self, pump: Option<Pump>) -> Self {
        if let Kind::Many(many) = &mut self.0
            && let More::Sent(_, place) = &mut many.more
        {
            *place = pump;
        }
        self
    }

    fn many(chunks: Vec<Bytes>, more: More, left: Option<u64>) -> Self {
        if left == Some(0) {
            if chunks.iter().any(|chunk| !chunk.is_empty()) {
                too_long();
            }
            return Self(Kind::Empty);
        }
        Self(Kind::Many(Box::new(Many { ready: chunks.into(), more, left })))
    }
}

impl Body for WsgiBody {
    type Data = Bytes;
    type Error = WsgiError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, WsgiError>>> {
        let next = match &mut self.0 {
            Kind::Empty => return Poll::Ready(None),
            Kind::One(chunk) => {
                let chunk = mem::take(chunk);
                self.0 = Kind::Empty;
                return Poll::Ready(Some(Ok(Frame::data(chunk))));
            }
            Kind::Many(many) => ready!(many.poll_next(cx)),
        };
        let Kind::Many(many) = &mut self.0 else { return Poll::Ready(None) };
        let judged = match next {
            Some(Ok(chunk)) => Some(Ok(Frame::data(many.counted(chunk)))),
            Some(Err(error)) => Some(Err(error)),
            None => match many.left {
                Some(missing @ 1..) => {
                    let error = WsgiError(Why::Short(missing));
                    reason::log(error.code(), &error);
                    Some(Err(error))
                }
                _ => None,
            },
        };
        if many.left == Some(0) || !matches!(judged, Some(Ok(_))) {
            self.0 = Kind::Empty;
        }
        Poll::Ready(judged)
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.0, Kind::Empty)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Empty => SizeHint::with_exact(0),
            Kind::One(chunk) => SizeHint::with_exact(chunk.len() as u64),
            Kind::Many(many) => many.left.map_or_else(SizeHint::default, SizeHint::with_exact),
        }
    }
}

impl Many {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, WsgiError>>> {
        loop {
            match self.ready.pop_front() {
                Some(chunk) if chunk.is_empty() => {}
                Some(chunk) => return Poll::Ready(Some(Ok(chunk))),
                None => break,
            }
        }
        match &mut self.more {
            More::Nothing => Poll::Ready(None),
            More::Pulled(pulled) => pulled.poll_next(cx, &mut self.ready),
            More::Sent(receiver, pump) => {
                if let Some(feeding) = pump
                    && feeding.poll(cx).is_ready()
                {
                    *pump = None;
                }
                Poll::Ready(match ready!(receiver.poll_recv(cx)) {
                    Some(Ok(chunk)) if chunk.is_empty() => None,
                    None => Some(Err(WsgiError::lost())),
                    sent => sent,
                })
            }
        }
    }

    /// No more than was promised: what follows would be read as the next response.
    fn counted(&mut self, mut data: Bytes) -> Bytes {
        let Some(left) = &mut self.left else { return data };
        let length = data.len() as u64;
        if length > *left {
            too_long();
            data.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
        }
        *left = left.saturating_sub(length);
        data
    }
}

impl Pulled {
    /// Between two chunks that the app makes, the first has its turn to go out: PEP 3333 lets no server hold one back
    /// while the next is made, and other connections have theirs.
    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        ready: &mut VecDeque<Bytes>,
    ) -> Poll<Option<Result<Bytes, WsgiError>>> {
        if self.rest.exact().is_none() && !mem::replace(&mut self.rested, true) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.rested = false;
        Python::attach(|py| match self.rest.next(py) {
            Ok(next) => {
                ready.extend(self.lease.get().written());
                match (next, ready.pop_front()) {
                    (None, None) => {
                        self.rest.close(py);
                        Poll::Ready(None)
                    }
                    (next, Some(written)) => {
                        ready.extend(next);
                        Poll::Ready(Some(Ok(written)))
                    }
                    (Some(chunk), None) if chunk.is_empty() => {
                        self.rested = true;
                        cx.waker().wake_by_ref();
                        Poll::Pending
                    }
                    (Some(chunk), None) => Poll::Ready(Some(Ok(chunk))),
                }
            }
            Err(error) => {
                let told = WsgiError::raised(py, &error);
                self.rest.close(py);
                Poll::Ready(Some(Err(told)))
            }
        })
    }
}

#[cold]
fn too_long() {
    reason::log("wsgi.body-too-long", &"the app sends more than its Content-Length");
}

impl fmt::Debug for WsgiBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Empty => "WsgiBody(empty)",
            Kind::One(_) => "WsgiBody(one)",
            Kind::Many(_) => "WsgiBody(many)",
        })
    }
}

/// Why a response broke off after its head was sent.
#[derive(Debug)]
pub struct WsgiError(Why);

#[derive(Debug)]
enum Why {
    Raised(String),
    Lost,
    Short(u64),
}

impl WsgiError {
    /// Also tells the log, with the traceback.
    pub(super) fn raised(py: Python<'_>, error: &PyErr) -> Self {
        reason::raised(py, error);
        Self(Why::Raised(error.to_string()))
    }

    fn lost() -> Self {
        let error = Self(Why::Lost);
        reason::log(error.code(), &error);
        error
    }

    /// The stable reason code, as a refusal has it: `wsgi.app-failed`, `wsgi.body-too-short`.
    pub fn code(&self) -> &'static str {
        match self.0 {
            Why::Raised(_) | Why::Lost => "wsgi.app-failed",
            Why::Short(_) => "wsgi.body-too-short",
        }
    }
}

impl fmt::Display for WsgiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Why::Raised(error) => write!(f, "the app raised {error}"),
            Why::Lost => f.write_str("the app's thread was lost before the end"),
            Why::Short(missing) => {
                write!(f, "the app's answer is {missing} bytes shorter than its Content-Length")
            }
        }
    }
}

impl Error for WsgiError {}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;
    use tokio::sync::mpsc;

    use super::*;

    #[test]
    fn a_thread_that_is_lost_breaks_the_body_off_and_one_that_says_so_ends_it() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        for (sent, code) in [(vec!["part"], Some("wsgi.app-failed")), (vec!["part", ""], None)] {
            let (sender, receiver) = mpsc::channel(4);
            for chunk in sent {
                sender.try_send(Ok(Bytes::from_static(chunk.as_bytes()))).expect("room");
            }
            drop(sender);
            let body = runtime.block_on(WsgiBody::sent(receiver, None).collect());
            assert_eq!(body.err().map(|error| error.code()), code);
        }
    }
}
