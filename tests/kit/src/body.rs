//! A body written frame by frame, for requests and for answers.
//!
//! ```text
//! ProbeBody::new().data("one").data("two").trailer("x-sum", "6")
//! ProbeBody::new().data("one").error("cut off")        ProbeBody::new().data("one").hang()
//! ```
//!
//! `size_hint` and `is_end_stream` tell the truth: exact for a body of known frames, open for one that breaks.
//!
//! ```
//! use enfilade_test::ProbeBody;
//! use http_body::Body as _;
//!
//! assert!(ProbeBody::default().is_end_stream());
//! assert_eq!(ProbeBody::from("four").size_hint().exact(), Some(4));
//! assert_eq!(ProbeBody::new().data("four").error("cut off").size_hint().exact(), None);
//! ```

use std::{
    collections::VecDeque,
    error::Error,
    fmt,
    future::poll_fn,
    pin::{Pin, pin},
    task::{Context, Poll},
};

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::{Body, Frame, SizeHint};

/// A scripted body; empty by default.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct ProbeBody {
    steps: VecDeque<Step>,
}

#[derive(Clone, Debug)]
enum Step {
    Data(Bytes),
    Trailers(HeaderMap),
    Error(String),
    Hang,
}

impl ProbeBody {
    /// An empty body.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a data frame.
    pub fn data(self, data: impl Into<Bytes>) -> Self {
        self.step(Step::Data(data.into()))
    }

    /// Adds a trailer field; several make one frame.
    ///
    /// # Panics
    ///
    /// If `name` or `value` cannot be a header.
    pub fn trailer(mut self, name: &str, value: &str) -> Self {
        let (name, value) = field(name, value);
        if let Some(Step::Trailers(trailers)) = self.steps.back_mut() {
            trailers.append(name, value);
            return self;
        }
        self.step(Step::Trailers(HeaderMap::from_iter([(name, value)])))
    }

    /// Breaks the body off with an error.
    pub fn error(self, message: impl Into<String>) -> Self {
        self.step(Step::Error(message.into()))
    }

    /// Lets the body stall here for ever.
    pub fn hang(self) -> Self {
        self.step(Step::Hang)
    }

    fn step(mut self, step: Step) -> Self {
        self.steps.push_back(step);
        self
    }
}

impl<T: Into<Bytes>> From<T> for ProbeBody {
    fn from(data: T) -> Self {
        let data = data.into();
        if data.is_empty() { Self::new() } else { Self::new().data(data) }
    }
}

impl Body for ProbeBody {
    type Data = Bytes;
    type Error = ProbeError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ProbeError>>> {
        match self.steps.pop_front() {
            None => Poll::Ready(None),
            Some(Step::Data(data)) => Poll::Ready(Some(Ok(Frame::data(data)))),
            Some(Step::Trailers(trailers)) => Poll::Ready(Some(Ok(Frame::trailers(trailers)))),
            Some(Step::Error(message)) => Poll::Ready(Some(Err(ProbeError::new(message)))),
            Some(Step::Hang) => {
                self.steps.push_front(Step::Hang);
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.steps.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = SizeHint::default();
        let mut known = 0;
        let mut whole = true;
        for step in &self.steps {
            match step {
                Step::Data(data) => known += data.len() as u64,
                Step::Trailers(_) => {}
                Step::Error(_) | Step::Hang => whole = false,
            }
        }
        hint.set_lower(known);
        if whole {
            hint.set_exact(known);
        }
        hint
    }
}

/// The error that a script asked for: of a body, or of the whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeError(String);

impl ProbeError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for ProbeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for ProbeError {}

/// A header field out of a test's own words.
pub(crate) fn field(name: &str, value: &str) -> (HeaderName, HeaderValue) {
    let name = name.parse().unwrap_or_else(|_| panic!("`{name}` is no header name"));
    let value = value.parse().unwrap_or_else(|_| panic!("`{value:?}` is no header value"));
    (name, value)
}

/// Every data frame joined, the trailers, and how the body ended.
pub(crate) async fn read_whole<B: Body>(body: B) -> (Bytes, Option<HeaderMap>, Result<(), B::Error>) {
    let mut body = pin!(body);
    let mut whole = BytesMut::new();
    let mut trailers = None;
    loop {
        let frame = match poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
            None => return (whole.freeze(), trailers, Ok(())),
            Some(Err(error)) => return (whole.freeze(), trailers, Err(error)),
            Some(Ok(frame)) => frame,
        };
        match frame.into_data() {
            Ok(data) => whole.put(data),
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
}
