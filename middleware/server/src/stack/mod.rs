//! The server's own links around an app, in the order in which a request meets them, as one service and one future.
//!
//! ```text
//! RequestIds ▶ AccessLog ▶ SecurityHeaders ▶ RenderRejections ▶ InFlight
//!     ▶ StrictRequest ▶ BodyLimit ▶ TrueLength ▶ Rescue ▶ Patient ▶ AsBody ▶ app
//! ```
//!
//! Eleven services around each other do the same, and each moves request, future and response once more. What a link
//! decides stands with that link and is asked here: [`door`] has the way in, [`answer`] the way back, and [`eager`] says
//! when the app is polled.

mod answer;
mod door;
mod eager;

use std::sync::Arc;

use enfilade_core::{Clock, RenderRejections};

pub(crate) use self::{door::Door, eager::Eager};
use crate::{
    AccessLog, BodyLimit, InFlight, PathRules, RequestIds, SecurityHeaders, StrictRequest,
    connection::{Facts, Pulse},
    drain::Drain,
    limits::Limits,
};

/// The links' settings and counters, made once for a server.
#[derive(Clone, Debug)]
pub(crate) struct Links {
    ids: RequestIds,
    log: AccessLog,
    headers: Option<SecurityHeaders>,
    render: RenderRejections,
    in_flight: InFlight,
    paths: PathRules,
    body: BodyLimit,
}

/// The links of one connection: what its requests share, so that each costs one count and not one for each link.
#[derive(Debug)]
struct Site {
    log: AccessLog,
    headers: Option<SecurityHeaders>,
    render: RenderRejections,
    in_flight: InFlight,
    pulse: Arc<Pulse>,
    strict: StrictRequest,
    body: BodyLimit,
    drain: Arc<Drain>,
}

impl Links {
    pub(crate) fn new(limits: &Limits, clock: Clock) -> Self {
        Self {
            // Outermost: every line of the log, and every refusal, names the request.
            ids: RequestIds::new(),
            // Sees all that is answered, also by the links that follow.
            log: AccessLog::new().with_clock(clock.clone()),
            // Outside the renderer, which gives refusals their bodies: they have these headers too.
            headers: None,
            // Whatever refuses is told here; a renderer of the app's own has told its refusals already.
            render: RenderRejections::new().with_clock(clock),
            // Before anything is judged: judging costs.
            in_flight: InFlight::new(limits.max_in_flight),
            paths: PathRules::new(),
            body: BodyLimit::new()
                .with_max_size(limits.max_body_size)
                .with_timeout(limits.body_timeout)
                .with_min_rate(limits.min_body_rate),
        }
    }

    pub(crate) fn render(&mut self, render: RenderRejections) {
        self.render = render;
    }

    pub(crate) fn headers(&mut self, headers: SecurityHeaders) {
        self.headers = Some(headers);
    }

    pub(crate) fn ids(&mut self, ids: RequestIds) {
        self.ids = ids;
    }

    pub(crate) fn paths(&mut self, rules: PathRules) {
        self.paths = rules;
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.now()
    }

    /// Puts the links around `app` for one connection.
    pub(crate) fn around<S>(&self, app: S, facts: Facts, pulse: Arc<Pulse>) -> Door<S> {
        let client = facts.client;
        let naming = self.ids.on(client, facts.trust.as_ref()).naming();
        let site = Site {
            log: self.log.clone().with_client(client),
            headers: self.headers.as_ref().map(|headers| headers.on(&facts)),
            render: self.render.clone(),
            in_flight: self.in_flight.clone(),
            pulse,
            drain: facts.drain.clone(),
            strict: StrictRequest::on(facts).with_paths(self.paths),
            body: self.body,
        };
        Door::new(naming, site, app)
    }
}

/// Stands for one request; counts it off when dropped.
struct Seat {
    site: Arc<Site>,
    // Not when refused: a client that does not take the refusal must not keep others out by it.
    admitted: bool,
}

impl Seat {
    /// Counts one request; one too many counts for its connection only.
    fn take(site: &Arc<Site>) -> Self {
        site.pulse.begin();
        Self { site: site.clone(), admitted: site.in_flight.enter() }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if self.admitted {
            self.site.in_flight.leave();
        }
        self.site.pulse.end();
    }
}
