//! The server's own links around an app, in the order in which a request meets them.
//!
//! ```text
//! RequestIds ▶ AccessLog ▶ SecurityHeaders ▶ RenderRejections ▶ InFlight
//!     ▶ StrictRequest ▶ BodyLimit ▶ TrueLength ▶ Rescue ▶ Patient ▶ AsBody ▶ app
//! ```

use std::sync::Arc;

use enfilade_core::{AsBody, Clock, RenderRejections, body::WithBody, render::Rendered};
use tower_layer::Layer;

use crate::{
    AccessLog, BodyLimit, InFlight, PathRules, Patient, RequestIds, Rescue, SecurityHeaders, StrictRequest,
    TrueLength,
    access_log::Logging,
    body_limit::BodyLimited,
    connection::{Facts, Pulse},
    in_flight::Counted,
    length::Measuring,
    limits::Limits,
    request_id::WithRequestId,
    security_headers::Secured,
    strict::Strict,
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

/// An app with all links around it.
pub(crate) type Stack<S> = WithRequestId<Logging<Secured<Rendered<Guarded<S>>>>>;

/// What refuses, and what it guards.
type Guarded<S> = Counted<Strict<BodyLimited<Measuring<Rescue<Patient<WithBody<S>>>>>>>;

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
    pub(crate) fn around<S>(&self, app: S, facts: Facts, pulse: Arc<Pulse>) -> Stack<S> {
        // What waits for the app waits inside `Patient`, so that `InFlight` counts it.
        let app = Rescue::new(Patient::new(AsBody.layer(app)));
        // Around `Rescue`: its 500 has a length too.
        let app = self.body.layer(TrueLength::new().layer(app));
        let client = facts.client;
        let ids = self.ids.on(client, facts.trust.as_ref());
        let headers = self.headers.as_ref().map(|headers| headers.on(&facts));
        let app = self.in_flight.on(pulse).layer(StrictRequest::on(facts).with_paths(self.paths).layer(app));
        let app = self.render.layer(app);
        let app = match headers {
            Some(headers) => headers.layer(app),
            None => Secured::off(app),
        };
        ids.layer(self.log.clone().with_client(client).layer(app))
    }
}
