//! `hang-up-clean`: dropping the answer at any await point drops the inner one, and leaves nothing behind.
//!
//! ```text
//! poll_ready ─┬─ call ─┬─ request body ─┬─ answer ─┬─ response body ─┬─ end        ┬: the client hangs up here, in turn
//!             └────────┴────────────────┴──────────┴─────────────────┴──▶ inner answer and bodies are dropped,
//!                                                                        your invariants hold, the next request passes
//! ```
//!
//! **Why.** When a client hangs up, the server drops the future. Nothing runs after that but `Drop`. What a layer took
//! before an await and gives back after it (a permit, a counter, a lock, a session) is lost, and clients hang up all
//! the time. An inner answer that runs on in a task works for nobody.
//!
//! **How it is broken.** `count += 1; let res = inner.call(req).await; count -= 1;`
//!
//! **How to keep it.** Put what must happen anyway into a guard's `Drop`, and move the guard into the future (or into
//! the response's body, if it counts until the body's end). Tell the laws what must be as it was with
//! [`Laws::invariant`](super::Laws::invariant).
//!
//! ```
//! use enfilade_test::{Law, Laws, laws::Mutant};
//!
//! let mutant = Mutant::LeaksItsCount.layer();
//! let counted = mutant.clone();
//! let report = Laws::of(mutant).invariant(move || counted.count() == 0).check();
//! assert_eq!(report.broken(), [Law::HangUpClean, Law::PanicSurvived], "a panic ends an answer as early as a hang-up");
//! ```

use std::task::Poll;

use super::{
    bell::{Bell, eventually, settle},
    case::{Case, Checked, Instance, Subject},
    subject::OuterBody,
};
use crate::{Answer, BodyWatch, Latch, Probe, ProbeBody};

/// What the probe makes a request wait for, in the order in which it is let go on.
const STAGES: [&str; 5] = [
    "the probe's readiness",
    "the request's body",
    "the probe's answer",
    "the response's body",
    "its second half",
];

/// How many polls of its own a layer may need at one stage, before the hang-up.
const POLLS: usize = 4;

pub(super) async fn check(subject: &Subject) -> Checked {
    let case = Case::new(subject, Probe::ok());
    case.did("nothing yet: no request was sent");
    case.at_rest().await?;
    for open in 0..=STAGES.len() {
        for polls in 0..=POLLS {
            Run::new(subject, open).hang_up(polls).await?;
        }
    }
    Ok(())
}

/// One request whose client hangs up.
struct Run<'a> {
    case: Case<'a>,
    latches: Vec<Latch>,
    request: BodyWatch,
    request_body: ProbeBody,
    response: BodyWatch,
}

impl<'a> Run<'a> {
    /// The first `open` stages let the request go on; the others hold it back.
    fn new(subject: &'a Subject, open: usize) -> Self {
        let latches: Vec<_> = STAGES.iter().map(|_| Latch::shut()).collect();
        let (request_body, request) = ProbeBody::new().wait(&latches[1]).data("request").watched();
        let response = BodyWatch::default();
        let probe = Probe::ok().read_bodies().respond_with({
            let (latches, response) = (latches.clone(), response.clone());
            move |_| {
                let body = ProbeBody::new().wait(&latches[3]).data("one").wait(&latches[4]).data("two");
                Answer::ok().wait(&latches[2]).body(body.watched_by(&response))
            }
        });
        let run = Self { case: Case::new(subject, probe), latches, request, request_body, response };
        run.case.probe.hold();
        for stage in 0..open {
            run.open(stage);
        }
        if let Some(held) = STAGES.get(open) {
            run.case.did(format!("{held} is held back"));
        }
        run
    }

    fn open(&self, stage: usize) {
        if stage == 0 {
            self.case.probe.release();
        }
        self.latches[stage].open();
    }

    async fn hang_up(mut self, polls: usize) -> Checked {
        let mut a = self.case.instance();
        let b = self.case.clone_of(&a);
        let called = self.go(&mut a, polls).await?;
        // An instance that waits for readiness, or has it, may hold what it reserved; a dropped one may not.
        let a = if called {
            Some(a)
        } else {
            self.case.drop_instance(a);
            None
        };
        self.nothing_is_left().await?;
        (0..STAGES.len()).for_each(|stage| self.open(stage));
        self.case.did("everything may go on");
        if let Some(mut a) = a {
            self.case.passes(&mut a).await?;
            self.case.drop_instance(a);
        }
        if let Some(mut b) = b {
            self.case.passes(&mut b).await?;
            self.case.drop_instance(b);
        }
        let returned = eventually(|| self.case.probe.ready() == 0).await;
        self.case
            .expect(returned, "no inner instance is ready", || format!("{} ready", self.case.probe.ready()))
    }

    /// Goes as far as the stage and the number of polls let it, and hangs up there; tells whether it got to the call.
    async fn go(&mut self, a: &mut Instance, polls: usize) -> Checked<bool> {
        let bell = Bell::default();
        let body = std::mem::take(&mut self.request_body);
        let ready = self.case.poll_ready(a, &bell);
        settle().await;
        match ready {
            Poll::Pending => return Ok(false),
            Poll::Ready(Err(error)) => {
                return Err(self.case.broken("readiness", format!("the error `{error}`")));
            }
            Poll::Ready(Ok(())) => {}
        }
        let request = self.case.request(body);
        let mut flight = self.case.call(a, request);
        for _ in 0..polls {
            settle().await;
            let Poll::Ready(answered) = self.case.poll(&mut flight, &bell) else { continue };
            drop(flight);
            if let Ok(response) = answered {
                self.read_some(response.into_body(), polls).await;
            }
            return Ok(true);
        }
        self.case.did("drop the answer: the client hangs up");
        Ok(true)
    }

    async fn read_some(&self, mut body: OuterBody, polls: usize) {
        let bell = Bell::default();
        for _ in 1..polls {
            settle().await;
            let poll = bell.poll(|cx| body.as_mut().poll_frame(cx));
            self.case.did(format!(
                "poll the response's body → {}",
                if poll.is_ready() { "Ready" } else { "Pending" }
            ));
        }
        self.case.did("drop the response's body: the client hangs up");
    }

    async fn nothing_is_left(&self) -> Checked {
        self.case.at_rest().await?;
        for (what, watch) in [("request", &self.request), ("response", &self.response)] {
            let dropped = eventually(|| watch.alive() == 0).await;
            self.case.expect(dropped, &format!("the {what}'s body is dropped"), || {
                "it is still alive".to_owned()
            })?;
        }
        Ok(())
    }
}
