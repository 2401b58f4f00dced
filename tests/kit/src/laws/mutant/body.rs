//! Bodies that lose something on the way.
//!
//! ```text
//! MutantBody { keeps: all │ data alone │ frames without a hint │ all but the error │ all but the later wakers }
//! ```

use std::{
    pin::Pin,
    task::{Context, Poll, Waker, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::{ProbeBody, ProbeError};

/// The body of a [`MutantService`](super::MutantService)'s response.
#[derive(Debug)]
pub struct MutantBody {
    body: ProbeBody,
    keeps: Keeps,
    begun: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Keeps {
    All,
    Data,
    Frames,
    Good,
    FirstWakers,
}

impl MutantBody {
    pub(super) fn new(body: ProbeBody, keeps: Keeps) -> Self {
        Self { body, keeps, begun: false }
    }
}

impl Body for MutantBody {
    type Data = Bytes;
    type Error = ProbeError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ProbeError>>> {
        let mut deaf = Context::from_waker(Waker::noop());
        let cx = if self.begun && self.keeps == Keeps::FirstWakers { &mut deaf } else { cx };
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        self.begun = true;
        if self.keeps == Keeps::Data
            && frame.as_ref().is_some_and(|frame| frame.as_ref().is_ok_and(Frame::is_trailers))
        {
            return Poll::Ready(None);
        }
        if self.keeps == Keeps::Good && frame.as_ref().is_some_and(Result::is_err) {
            return Poll::Ready(None);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.keeps != Keeps::Frames && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.keeps == Keeps::Frames { SizeHint::default() } else { self.body.size_hint() }
    }
}
