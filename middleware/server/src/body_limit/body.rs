//! The limited body: counts bytes, and waits only so long for the next ones and for all of them.
//!
//! ```text
//! one wait ≤ timeout      all waits together ≤ timeout + bytes that came / min_rate
//! ```

use std::{
    error::Error,
    fmt,
    num::NonZeroU64,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Buf;
use enfilade_core::Rejection;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep};

use super::{BodyLimit, broken, timed_out, too_large};
use crate::BoxError;

/// What went wrong with a body, for the future that sees the app's answer.
#[derive(Debug, Default)]
pub(crate) struct Fault(AtomicU8);

const TOO_LARGE: u8 = 1;
const TIMED_OUT: u8 = 2;
const BROKEN: u8 = 3;

impl Fault {
    pub(crate) fn rejection(&self) -> Option<Rejection> {
        match self.0.load(Relaxed) {
            TOO_LARGE => Some(too_large()),
            TIMED_OUT => Some(timed_out()),
            BROKEN => Some(broken()),
            _ => None,
        }
    }
}

pin_project! {
    /// The body that [`BodyLimited`](super::BodyLimited) hands on.
    #[derive(Debug)]
    pub struct LimitedBody<B> {
        #[pin]
        inner: B,
        left: u64,
        came: u64,
        min_rate: Option<NonZeroU64>,
        timeout: Option<Duration>,
        // Made at the first wait; most bodies come with their head.
        sleep: Option<Pin<Box<Sleep>>>,
        // Since when the app waits, and how long it has waited before.
        waiting: Option<Instant>,
        waited: Duration,
        // `None` when there is nothing to read.
        fault: Option<Arc<Fault>>,
    }
}

impl<B: Body> LimitedBody<B> {
    pub(super) fn new(inner: B, limit: BodyLimit) -> Self {
        let fault = (!inner.is_end_stream()).then(Arc::default);
        let BodyLimit { max_size: left, timeout, min_rate } = limit;
        Self {
            inner,
            left,
            came: 0,
            min_rate,
            timeout,
            sleep: None,
            waiting: None,
            waited: Duration::ZERO,
            fault,
        }
    }

    pub(super) fn fault(&self) -> Option<Arc<Fault>> {
        self.fault.clone()
    }
}

impl<B> Body for LimitedBody<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Data = B::Data;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, BodyError>>> {
        let this = self.as_mut().project();
        let Poll::Ready(frame) = this.inner.poll_frame(cx) else {
            ready!(self.as_mut().poll_deadline(cx));
            return Poll::Ready(Some(Err(self.fail(TIMED_OUT, Kind::TimedOut))));
        };
        if let (Some(since), Some(timeout)) = (this.waiting.take(), *this.timeout) {
            // Not more than the wait was allowed: an app that polled and went away is not the client's fault.
            *this.waited += since.elapsed().min(timeout);
        }
        let frame = match frame {
            None => return Poll::Ready(None),
            Some(Err(error)) => {
                return Poll::Ready(Some(Err(self.fail(BROKEN, Kind::Broken(error.into())))));
            }
            Some(Ok(frame)) => frame,
        };
        let length = frame.data_ref().map_or(0, Buf::remaining) as u64;
        match this.left.checked_sub(length) {
            Some(left) => {
                *this.left = left;
                *this.came += length;
                Poll::Ready(Some(Ok(frame)))
            }
            None => Poll::Ready(Some(Err(self.fail(TOO_LARGE, Kind::TooLarge)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl<B> LimitedBody<B> {
    /// Ready when nothing has come for too long, or too little in all.
    fn poll_deadline(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let Some(timeout) = *this.timeout else { return Poll::Pending };
        let sleep = this.sleep.get_or_insert_with(|| Box::pin(sleep(timeout)));
        if this.waiting.is_none() {
            let now = Instant::now();
            *this.waiting = Some(now);
            let earned = this.min_rate.map(|rate| timeout + Duration::from_secs(*this.came / rate));
            let left = earned.map_or(timeout, |earned| earned.saturating_sub(*this.waited));
            sleep.as_mut().reset(now + left.min(timeout));
        }
        sleep.as_mut().poll(cx)
    }

    fn fail(self: Pin<&mut Self>, what: u8, kind: Kind) -> BodyError {
        let this = self.project();
        // Whoever reads on after the error gets no more of it.
        *this.left = 0;
        if let Some(fault) = this.fault {
            // The first fault is the one to answer with.
            let _ = fault.0.compare_exchange(0, what, Relaxed, Relaxed);
        }
        BodyError(kind)
    }
}

/// Why a request's body could not be read.
#[derive(Debug)]
pub struct BodyError(Kind);

#[derive(Debug)]
enum Kind {
    TooLarge,
    TimedOut,
    Broken(BoxError),
}

impl BodyError {
    /// The refusal to answer with; [`BodyLimited`](super::BodyLimited) does it by itself.
    pub fn rejection(&self) -> Rejection {
        match self.0 {
            Kind::TooLarge => too_large(),
            Kind::TimedOut => timed_out(),
            Kind::Broken(_) => broken(),
        }
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::TooLarge => "the request's body is larger than the limit",
            Kind::TimedOut => "the request's body came too slowly",
            Kind::Broken(_) => "the request's body could not be read",
        })
    }
}

impl Error for BodyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Kind::Broken(error) => Some(&**error),
            _ => None,
        }
    }
}
