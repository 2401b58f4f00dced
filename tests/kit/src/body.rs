//! A body written frame by frame, for requests and for answers.
//!
//! ```text
//! ProbeBody::new().data("one").data("two").trailer("x-sum", "6")
//! ProbeBody::new().data("one").error("cut off")        ProbeBody::new().data("one").hang()
//! ProbeBody::new().wait(&latch).data("late")           ProbeBody::from("x").watched() ──▶ (body, BodyWatch)
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
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::{Body, Frame, SizeHint};

use crate::{Latch, latch::Waiter};

/// A scripted body; empty by default.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct ProbeBody {
    steps: VecDeque<Step>,
    waiter: Waiter,
    watch: Option<Witness>,
}

#[derive(Clone, Debug)]
enum Step {
    Data(Bytes),
    Trailers(HeaderMap),
    Error(String),
    Wait(Latch),
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

    /// Lets the body stall here until the test opens the latch.
    pub fn wait(self, latch: &Latch) -> Self {
        self.step(Step::Wait(latch.clone()))
    }

    /// Lets the body stall here for ever.
    pub fn hang(self) -> Self {
        self.step(Step::Hang)
    }

    /// Lets the test see what becomes of the body.
    pub fn watched(self) -> (Self, BodyWatch) {
        let watch = BodyWatch::default();
        (self.watched_by(&watch), watch)
    }

    /// The same, for several bodies that one watch counts.
    pub fn watched_by(mut self, watch: &BodyWatch) -> Self {
        self.watch = Some(Witness::new(watch.clone()));
        self
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
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ProbeError>>> {
        let Self { steps, waiter, watch } = &mut *self;
        if let Some(Witness(watch)) = watch {
            watch.0.polls.fetch_add(1, Ordering::SeqCst);
        }
        while let Some(Step::Wait(latch)) = steps.front() {
            if latch.poll(waiter, cx).is_pending() {
                return Poll::Pending;
            }
            *waiter = Waiter::default();
            steps.pop_front();
        }
        match steps.pop_front() {
            Some(Step::Wait(_)) | None => Poll::Ready(None),
            Some(Step::Data(data)) => Poll::Ready(Some(Ok(Frame::data(data)))),
            Some(Step::Trailers(trailers)) => Poll::Ready(Some(Ok(Frame::trailers(trailers)))),
            Some(Step::Error(message)) => Poll::Ready(Some(Err(ProbeError::new(message)))),
            Some(Step::Hang) => {
                steps.push_front(Step::Hang);
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
                Step::Trailers(_) | Step::Wait(_) => {}
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

/// What became of a [watched](ProbeBody::watched) body and its clones.
///
/// ```
/// use enfilade_test::{Probe, ProbeBody, drive};
///
/// let (body, watch) = ProbeBody::from("tea").watched();
/// drive(tower_layer::Identity::new(), &Probe::ok()).post("/").body(body).send();
/// assert_eq!((watch.polls(), watch.alive()), (0, 0), "the probe drops the body unread");
/// ```
#[derive(Clone, Debug, Default)]
pub struct BodyWatch(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    polls: AtomicUsize,
    alive: AtomicUsize,
}

impl BodyWatch {
    /// How often somebody asked for a frame.
    pub fn polls(&self) -> usize {
        self.0.polls.load(Ordering::SeqCst)
    }

    /// How many copies of the body were not dropped yet.
    pub fn alive(&self) -> usize {
        self.0.alive.load(Ordering::SeqCst)
    }
}

/// The body's side of a [`BodyWatch`].
#[derive(Debug)]
struct Witness(BodyWatch);

impl Witness {
    fn new(watch: BodyWatch) -> Self {
        watch.0.alive.fetch_add(1, Ordering::SeqCst);
        Self(watch)
    }
}

impl Clone for Witness {
    fn clone(&self) -> Self {
        Self::new(self.0.clone())
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.0.0.alive.fetch_sub(1, Ordering::SeqCst);
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
