//! The five things that a request may wait for under a layer, and one way to wait for each.
//!
//! ```text
//! Wait::Readiness ─▶ poll_ready   Wait::RequestBody, Wait::Answer ─▶ the answer   Wait::ResponseBody, Wait::Trailers ─▶ its body
//! ```

use std::task::Poll;

use super::{
    bell::{Bell, settle},
    case::{Case, Checked, Instance, Subject},
    subject::{Flight, OuterBody},
};
use crate::{Answer, Latch, Probe, ProbeBody};

/// What the probe makes a request wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    Readiness,
    RequestBody,
    Answer,
    ResponseBody,
    Trailers,
}

/// A request that waits.
pub(super) struct Waiting<'a> {
    pub(super) case: Case<'a>,
    wait: Wait,
    latch: Latch,
    instance: Instance,
    stage: Stage,
}

enum Stage {
    Readiness,
    Answer(Flight),
    Body(OuterBody),
}

impl Wait {
    pub(super) const ALL: [Self; 5] =
        [Self::Readiness, Self::RequestBody, Self::Answer, Self::ResponseBody, Self::Trailers];

    fn probe(self, latch: &Latch) -> Probe {
        let answer = match self {
            Self::Answer => Answer::ok().wait(latch),
            Self::ResponseBody => Answer::ok().body(ProbeBody::new().wait(latch).data("late")),
            Self::Trailers => {
                Answer::ok().body(ProbeBody::new().data("early").wait(latch).trailer("x-sum", "6"))
            }
            Self::Readiness | Self::RequestBody => Answer::ok(),
        };
        Probe::ok().respond(answer).read_bodies()
    }

    fn body(self, latch: &Latch) -> ProbeBody {
        match self {
            Self::RequestBody => ProbeBody::new().wait(latch).data("late"),
            _ => "prompt".into(),
        }
    }

    fn what(self) -> &'static str {
        match self {
            Self::Readiness => "the probe's readiness",
            Self::RequestBody => "the request's body",
            Self::Answer => "the probe's answer",
            Self::ResponseBody => "the response's body",
            Self::Trailers => "the response's trailers, behind one frame of data,",
        }
    }
}

impl<'a> Waiting<'a> {
    /// Goes as far as the wait; `None` if the layer does not wait there.
    pub(super) async fn start(subject: &'a Subject, wait: Wait) -> Checked<Option<Self>> {
        let latch = Latch::shut();
        let case = Case::new(subject, wait.probe(&latch));
        let mut a = case.instance();
        if wait == Wait::Readiness {
            case.probe.hold();
        }
        case.did(format!("{} is held back", wait.what()));
        if wait == Wait::Readiness {
            let pending = case.poll_ready(&mut a, &Bell::default()).is_pending();
            return Ok(pending.then_some(Self { case, wait, latch, instance: a, stage: Stage::Readiness }));
        }
        case.ready(&mut a).await?;
        let request = case.request(wait.body(&latch));
        let mut flight = case.call(&mut a, request);
        settle().await;
        let polled = case.poll(&mut flight, &Bell::default());
        let stage = match polled {
            Poll::Ready(Ok(response)) => {
                let mut body = response.into_body();
                if wait == Wait::Trailers {
                    case.did("read the response's first frame");
                    let _ = Bell::default().poll(|cx| body.as_mut().poll_frame(cx));
                }
                Stage::Body(body)
            }
            Poll::Ready(Err(error)) => return Err(case.broken("a response", format!("the error `{error}`"))),
            // For a layer that collects the body, its end is a part of the answer.
            Poll::Pending => Stage::Answer(flight),
        };
        Ok(Some(Self { case, wait, latch, instance: a, stage }))
    }

    /// Polls once more.
    pub(super) fn poll(&mut self, bell: &Bell) -> Poll<()> {
        let case = &self.case;
        let poll = match &mut self.stage {
            Stage::Readiness => return case.poll_ready(&mut self.instance, bell).map(|_| ()),
            Stage::Answer(flight) => return case.poll(flight, bell).map(|_| ()),
            Stage::Body(body) => bell.poll(|cx| body.as_mut().poll_frame(cx)).map(|_| ()),
        };
        case.did(format!("poll the response's body → {}", if poll.is_ready() { "Ready" } else { "Pending" }));
        poll
    }

    /// Lets it go on.
    pub(super) fn release(&self) {
        self.case.open(self.wait.what(), &self.latch);
        self.case.probe.release();
    }
}
