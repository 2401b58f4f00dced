//! What every link said about one request, both ways, and how long it took.
//!
//! ```text
//! csrf            passed            0.01 ms   ▶        ▶ 0.00 ms  passed
//! auth            changed  "ada"    0.02 ms   ▶        ▶ 0.00 ms  passed
//! require-login   refused  auth.missing       ✕
//! ```
//!
//! Opt-in for each chain ([`Chain::with_trail`](crate::Chain::with_trail)). The marks are gates of their own,
//! built in around each link; a chain without a trail has none of them, so it pays nothing, not even a test.
//!
//! The trail lives in the request's extensions: a layer that drops them, or a link inside the chain that begins
//! the request's context afresh, ends it, and the links behind are not marked.
//!
//! A link adds a word of its own with [`Trail::note`]. Notes may be shown to the client: no secrets.
//!
//! ```
//! use enfilade_core::{Chain, Clock, Pass, Trail, gate_fn};
//! use enfilade_test::{Probe, drive};
//!
//! let greet = gate_fn("greet", |req| {
//!     Trail::note(&req.extensions, || "hello".to_owned());
//!     Ok(Pass::Now)
//! });
//! let (chain, _plan) = Chain::new().gate(greet).with_server_timing(Clock::system()).seal().unwrap();
//!
//! let reply = drive(chain, &Probe::ok()).get("/").send();
//! let timing = reply.header("server-timing").unwrap();
//! assert!(timing.starts_with(r#"greet;desc="passed: hello";dur="#), "{timing}");
//! ```

mod marks;

pub(crate) use self::marks::TrailSettings;

use std::{
    fmt::Write as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::{Extensions, HeaderValue};

use crate::{
    Carried, Clock, Plan, RequestContext, Slot,
    plan::{Mark, Marks, RoomMark},
};

/// What every link said about one request. See the [module docs](self).
#[derive(Debug)]
pub struct Trail {
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    records: Vec<Record>,
    note: Option<String>,
}

/// What one link said, both ways.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// The link's place in its plan, from 0.
    pub link: usize,
    /// The link's name.
    pub name: String,
    /// The request's way in; `None` while the link is at work.
    pub way_in: Option<Step>,
    /// The response's way out; `None` if the link did not look at it, or has not yet.
    pub way_out: Option<Step>,
}

/// One step through one link.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// What the link did.
    pub word: Word,
    /// What it added to that, in its own words.
    pub note: Option<String>,
    /// How long it took; for the app, until its response head was there.
    pub took: Duration,
}

/// What a link did with a request or a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Word {
    /// Let it through as it was.
    Passed,
    /// Let it through with another method, target, status or headers.
    Changed,
    /// Refused it, for this reason code.
    Refused(&'static str),
    /// Answered it: the app, or a layer that went no further.
    Answered(u16),
}

impl Word {
    /// The word without its reason: `"passed"`, `"changed"`, `"refused"`, `"answered"`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Changed => "changed",
            Self::Refused(_) => "refused",
            Self::Answered(_) => "answered",
        }
    }
}

impl Carried for Trail {
    const SLOT: Slot = Slot::Trail;
}

impl Trail {
    /// The trail of this request, where its chain keeps one.
    pub fn of(extensions: &Extensions) -> Option<Arc<Self>> {
        RequestContext::of(extensions)?.carried()
    }

    /// Adds a note to what the link at work says; not even asked for when there is no trail.
    pub fn note(extensions: &Extensions, note: impl FnOnce() -> String) {
        if let Some(trail) = Self::of(extensions) {
            trail.state().note = Some(note());
        }
    }

    /// What was said so far, in the order of the links.
    pub fn records(&self) -> Vec<Record> {
        let mut records = self.state().records.clone();
        records.sort_by_key(|record| record.link);
        records
    }

    /// What each link of `plan` said so far, for its drawings; the link at work has passed nothing on yet.
    pub fn marks(&self, plan: &Plan) -> Marks {
        let records = self.records();
        Marks::new((0..plan.links().len()).map(|at| {
            let Some(record) = records.iter().rfind(|record| record.link == at) else {
                return RoomMark::not_reached();
            };
            let there = record.way_in.as_ref().map_or(Mark::passed().with_word("at work"), Step::mark);
            let room = RoomMark::new(there);
            record.way_out.as_ref().map_or(room.clone(), |step| room.with_back(step.mark()))
        }))
    }

    /// The trail as a `Server-Timing` value (W3C Server Timing §4): a metric for each link and way.
    pub fn server_timing(&self) -> HeaderValue {
        let mut text = String::new();
        for record in self.records() {
            for (step, suffix) in [(record.way_in, ""), (record.way_out, "-back")] {
                let Some(step) = step else { continue };
                if !text.is_empty() {
                    text.push_str(", ");
                }
                text.extend(record.name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }));
                let _ = write!(text, "{suffix};desc=\"{}\"", quotable(&step.describe()));
                let _ = write!(text, ";dur={:.3}", step.took.as_secs_f64() * 1000.0);
            }
        }
        HeaderValue::from_str(&text).expect("only visible ASCII and blanks were written")
    }

    fn new(clock: Clock) -> Self {
        Self { clock, state: Mutex::default() }
    }

    /// A lock is right here: a trail is opt-in, and one request's steps follow each other.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Step {
    fn mark(&self) -> Mark {
        let mark = match self.word {
            Word::Changed => Mark::changed(),
            Word::Refused(code) => Mark::refused(code),
            Word::Passed | Word::Answered(_) => Mark::passed(),
        };
        let mark = mark.with_took(self.took);
        match (&self.note, self.word) {
            (Some(note), _) => mark.with_word(note.clone()),
            (None, Word::Answered(status)) => mark.with_word(format!("answered {status}")),
            (None, _) => mark,
        }
    }

    /// The word with its reason and note: `"refused auth.missing"`, `"passed: ada"`.
    pub fn describe(&self) -> String {
        let mut text = self.word.as_str().to_owned();
        let _ = match self.word {
            Word::Refused(code) => write!(text, " {code}"),
            Word::Answered(status) => write!(text, " {status}"),
            Word::Passed | Word::Changed => Ok(()),
        };
        if let Some(note) = &self.note {
            let _ = write!(text, ": {note}");
        }
        text
    }
}

/// What a quoted string in a header can hold unescaped; everything else becomes `?`.
fn quotable(text: &str) -> String {
    let plain = |c| match c {
        '"' => '\'',
        ' '..='~' if c != '\\' => c,
        _ => '?',
    };
    text.chars().map(plain).collect()
}
