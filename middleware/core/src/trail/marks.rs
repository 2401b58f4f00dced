//! The gates that write a [`Trail`]: one around each gate, one on either side of each other layer.
//!
//! ```text
//! start ▸ Around(gate 0) ▸ Around(gate 1) ▸ Outside(2) ▸ layer 2 ▸ Inside(2) ▸ Outside(3) ▸ app
//! ```

use std::{sync::Arc, time::Duration};

use http::{HeaderMap, HeaderName, Method, StatusCode, Uri, request, response};

use super::{Record, Step, Trail, Word};
use crate::{Clock, Exit, Gate, Pass, Rejection, RequestContext, Verdict};

/// How a chain keeps its trail.
#[derive(Clone, Debug)]
pub(crate) struct TrailSettings {
    clock: Clock,
    server_timing: bool,
}

impl TrailSettings {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, server_timing: false }
    }

    pub(crate) fn with_server_timing(self) -> Self {
        Self { server_timing: true, ..self }
    }

    pub(crate) fn or_sent_as(self, earlier: Option<&Self>) -> Self {
        let earlier = earlier.is_some_and(|earlier| earlier.server_timing);
        Self { server_timing: self.server_timing || earlier, ..self }
    }

    /// The outermost gate of a chain: begins the trail, and sends it.
    pub(crate) fn start(&self) -> Arc<dyn Gate> {
        Arc::new(Start(self.clone()))
    }

    /// Marks what `gate`, link `at` of its plan, says.
    pub(crate) fn around(at: usize, name: &str, gate: Arc<dyn Gate>) -> Arc<dyn Gate> {
        Arc::new(Around { at, name: name.into(), gate })
    }

    /// Marks a layer, or the app, from outside.
    pub(crate) fn outside(at: usize, name: &str) -> Arc<dyn Gate> {
        Arc::new(Outside { at, name: name.into() })
    }

    /// Marks a layer from inside: only what it lets through comes here.
    pub(crate) fn inside(at: usize) -> Arc<dyn Gate> {
        Arc::new(Inside { at })
    }
}

struct Start(TrailSettings);

impl Gate for Start {
    fn enter(&self, req: &mut request::Parts) -> Verdict {
        let clock = self.0.clock.clone();
        let trail = RequestContext::carried_or_init(&mut req.extensions, || Trail::new(clock));
        if !self.0.server_timing {
            return Ok(Pass::Now);
        }
        Ok(Pass::then(move |res| {
            res.headers.insert(HeaderName::from_static("server-timing"), trail.server_timing());
        }))
    }
}

struct Around {
    at: usize,
    name: Arc<str>,
    gate: Arc<dyn Gate>,
}

impl Gate for Around {
    fn enter(&self, req: &mut request::Parts) -> Verdict {
        let Some(trail) = Trail::of(&req.extensions) else { return self.gate.enter(req) };
        let mark = Mark::begin(trail, self.at, &self.name);
        let before = RequestHead::of(req);
        let verdict = self.gate.enter(req);
        mark.judged(verdict, before, req)
    }
}

struct Outside {
    at: usize,
    name: Arc<str>,
}

/// Between the two sides of a layer, in the request's own extensions.
#[derive(Clone)]
struct Crossing(Arc<CrossingState>);

struct CrossingState {
    at: usize,
    before: RequestHead,
    mark: Mark,
    back: std::sync::Mutex<Option<(ResponseHead, Duration)>>,
}

impl Gate for Outside {
    fn enter(&self, req: &mut request::Parts) -> Verdict {
        let Some(trail) = Trail::of(&req.extensions) else { return Ok(Pass::Now) };
        let crossing = Arc::new(CrossingState {
            at: self.at,
            before: RequestHead::of(req),
            mark: Mark::begin(trail, self.at, &self.name),
            back: std::sync::Mutex::default(),
        });
        req.extensions.insert(Crossing(crossing.clone()));
        Ok(Pass::then(move |res| crossing.left(res)))
    }
}

impl CrossingState {
    fn left(&self, res: &response::Parts) {
        let back = self.back.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        match back {
            Some((before, since)) => {
                let mark = Mark { since, ..self.mark.clone() };
                mark.say_out(if before == ResponseHead::of(res) { Word::Passed } else { Word::Changed });
            }
            None => self.mark.say_in(match res.extensions.get::<Rejection>() {
                Some(rejection) => Word::Refused(rejection.code()),
                None => Word::Answered(res.status.as_u16()),
            }),
        }
    }
}

struct Inside {
    at: usize,
}

impl Gate for Inside {
    fn enter(&self, req: &mut request::Parts) -> Verdict {
        let Some(Crossing(crossing)) = req.extensions.remove::<Crossing>().filter(|c| c.0.at == self.at)
        else {
            return Ok(Pass::Now);
        };
        crossing.mark.say_in(crossing.before.compare(req));
        Ok(Pass::then(move |res| {
            let now = crossing.mark.trail.clock.monotonic();
            let mut back = crossing.back.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            *back = Some((ResponseHead::of(res), now));
        }))
    }
}

/// One link at work since some moment.
#[derive(Clone)]
struct Mark {
    trail: Arc<Trail>,
    at: usize,
    since: Duration,
}

impl Mark {
    fn begin(trail: Arc<Trail>, at: usize, name: &str) -> Self {
        let since = trail.clock.monotonic();
        let mut state = trail.state();
        state.note = None;
        state.records.push(Record { link: at, name: name.to_owned(), way_in: None, way_out: None });
        drop(state);
        Self { trail, at, since }
    }

    /// Marks the way in, and wraps whatever is still to come.
    fn judged(self, verdict: Verdict, before: RequestHead, req: &mut request::Parts) -> Verdict {
        match verdict {
            Ok(Pass::Now) => {
                self.say_in(before.compare(req));
                Ok(Pass::Now)
            }
            Ok(Pass::Then(leave)) => {
                self.say_in(before.compare(req));
                Ok(Pass::then(move |res| {
                    let mark = Self { since: self.trail.clock.monotonic(), ..self };
                    let before = ResponseHead::of(res);
                    let exit = leave.run(res);
                    mark.left(exit, before, res)
                }))
            }
            Ok(Pass::Later(later)) => Ok(Pass::later(async move {
                let apply = later.wait().await;
                move |req: &mut request::Parts| {
                    let verdict = apply(req);
                    self.judged(verdict, before, req)
                }
            })),
            Err(rejection) => {
                self.say_in(Word::Refused(rejection.code()));
                Err(rejection)
            }
        }
    }

    /// Marks the way out, and wraps what is still to come.
    fn left(self, exit: Exit, before: ResponseHead, res: &mut response::Parts) -> Exit {
        match exit {
            Exit::Done => {
                self.say_out(if before == ResponseHead::of(res) { Word::Passed } else { Word::Changed });
                Exit::Done
            }
            Exit::Refuse(rejection) => {
                self.say_out(Word::Refused(rejection.code()));
                Exit::Refuse(rejection)
            }
            Exit::Later(later) => Exit::later(async move {
                let apply = later.wait().await;
                move |res: &mut response::Parts| {
                    let exit = apply(res);
                    self.left(exit, before, res)
                }
            }),
        }
    }

    fn say_in(&self, word: Word) {
        self.say(word, |record, step| record.way_in = Some(step));
    }

    fn say_out(&self, word: Word) {
        self.say(word, |record, step| record.way_out = Some(step));
    }

    fn say(&self, word: Word, put: impl FnOnce(&mut Record, Step)) {
        let took = self.trail.clock.monotonic().saturating_sub(self.since);
        let mut state = self.trail.state();
        let note = state.note.take();
        // The last: a retrying layer calls the links behind it again, and each time counts.
        if let Some(record) = state.records.iter_mut().rev().find(|record| record.link == self.at) {
            put(record, Step { word, note, took });
        }
    }
}

/// What of a request's head a link may change for all to see.
#[derive(PartialEq)]
struct RequestHead {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
}

impl RequestHead {
    fn of(req: &request::Parts) -> Self {
        Self { method: req.method.clone(), uri: req.uri.clone(), headers: req.headers.clone() }
    }

    fn compare(&self, req: &request::Parts) -> Word {
        let same = self.method == req.method && self.uri == req.uri && self.headers == req.headers;
        if same { Word::Passed } else { Word::Changed }
    }
}

#[derive(PartialEq)]
struct ResponseHead {
    status: StatusCode,
    headers: HeaderMap,
}

impl ResponseHead {
    fn of(res: &response::Parts) -> Self {
        Self { status: res.status, headers: res.headers.clone() }
    }
}
