//! The checked chain: its runs of gates, one outside each layer and one around the app, and its plan.
//!
//! ```text
//! entries  gate a, gate b, layer t, gate c      ─▶ check order ─▶ runs [[a b] [c]] + Plan
//! ```

use std::{any, sync::Arc};

use super::{ChainError, Fault, Links};
use crate::{
    About, Capability, Gate, Gates, Plan, Principal, RenderRejections,
    plan::{LinkKind, PlanLink},
    trail::TrailSettings,
};

/// One link, before the chain is built.
pub(super) struct Entry {
    pub(super) about: About,
    kind: Kind,
}

enum Kind {
    Gate(Arc<dyn Gate>),
    Layer { type_name: &'static str },
}

impl Entry {
    pub(super) fn gate(gate: Arc<dyn Gate>) -> Self {
        Self { about: gate.about(), kind: Kind::Gate(gate) }
    }

    pub(super) fn layer(about: About, type_name: &'static str) -> Self {
        Self { about, kind: Kind::Layer { type_name } }
    }

    pub(super) fn edit(&mut self, edit: impl FnOnce(About) -> About) {
        self.about = edit(self.about.clone());
    }

    fn plan_link(&self) -> PlanLink {
        let kind = match self.kind {
            Kind::Gate(_) => LinkKind::Gate,
            Kind::Layer { .. } => LinkKind::Layer,
        };
        PlanLink::new(self.about.name(), kind)
            .with_provides(self.about.provided().iter().map(Capability::name))
            .with_requires(self.about.required().iter().map(Capability::name))
    }

    fn is_renderer(&self) -> bool {
        matches!(self.kind, Kind::Layer { type_name } if type_name == any::type_name::<RenderRejections>())
    }

    fn is_cors(&self) -> bool {
        matches!(self.kind, Kind::Layer { type_name } if type_name.contains("::cors::Cors"))
    }
}

/// The runs of gates of a checked chain: run `i` stands right outside layer `i`, the last around the app.
#[derive(Debug)]
pub struct Wiring {
    runs: Vec<Gates>,
}

impl Wiring {
    /// Checks the order and wires the gates into runs.
    pub(super) fn check(links: Links) -> Result<(Self, Plan), ChainError> {
        let faults = faults(&links.entries);
        if !faults.is_empty() {
            return Err(ChainError::new(faults));
        }
        let warnings = warnings(&links.entries);
        for warning in &warnings {
            tracing::warn!(target: "enfilade::chain", "{warning}");
        }
        let rooms = links.entries.iter().map(Entry::plan_link).chain([PlanLink::new("app", LinkKind::App)]);
        let plan = Plan::new(rooms, warnings);
        Ok((Self { runs: runs(&links.entries, links.trail.as_ref()) }, plan))
    }

    pub(super) fn run(&self, outside_layer: usize) -> &Gates {
        &self.runs[outside_layer]
    }

    pub(super) fn innermost(&self) -> &Gates {
        self.runs.last().expect("there is one run more than there are layers")
    }
}

/// Splits the gates at the layers; with a trail, each link is marked and each layer gets a mark on both sides.
fn runs(entries: &[Entry], trail: Option<&TrailSettings>) -> Vec<Gates> {
    let mut closed = Vec::new();
    let mut run: Vec<Arc<dyn Gate>> = trail.map(TrailSettings::start).into_iter().collect();
    for (at, entry) in entries.iter().enumerate() {
        let name = entry.about.name();
        match (&entry.kind, trail) {
            (Kind::Gate(gate), None) => run.push(gate.clone()),
            (Kind::Gate(gate), Some(_)) => run.push(TrailSettings::around(at, name, gate.clone())),
            (Kind::Layer { .. }, None) => closed.push(Gates::new(run.drain(..))),
            (Kind::Layer { .. }, Some(_)) => {
                run.push(TrailSettings::outside(at, name));
                closed.push(Gates::new(run.drain(..)));
                run.push(TrailSettings::inside(at));
            }
        }
    }
    run.extend(trail.map(|_| TrailSettings::outside(entries.len(), "app")));
    closed.push(Gates::new(run));
    closed
}

/// A requirement is met by a link before it, or by the link itself.
fn faults(entries: &[Entry]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (at, entry) in entries.iter().enumerate() {
        for need in entry.about.required() {
            let giver = entries.iter().position(|other| other.about.provided().contains(need));
            let link = entry.about.name().to_owned();
            match giver {
                Some(giver) if giver <= at => {}
                Some(giver) => {
                    let giver = entries[giver].about.name().to_owned();
                    faults.push(Fault::Late { link, need: need.name(), giver });
                }
                None => faults.push(Fault::Missing { link, need: need.name(), by: need.by() }),
            }
        }
    }
    faults
}

/// Orders that can work but rarely do what was meant.
fn warnings(entries: &[Entry]) -> Vec<String> {
    cors_inside_auth(entries).chain(outside_of_the_renderer(entries)).collect()
}

fn cors_inside_auth(entries: &[Entry]) -> impl Iterator<Item = String> {
    let who = Capability::of::<Principal>();
    let auth = entries.iter().position(|entry| entry.about.provided().contains(&who));
    auth.into_iter().flat_map(move |auth| {
        let name = entries[auth].about.name();
        entries[auth + 1..].iter().filter(|entry| entry.is_cors()).map(move |entry| {
            let cors = entry.about.name();
            format!(
                "`{cors}` stands inside `{name}`: a preflight carries no credentials, so it is refused there; \
                 move `{cors}` above `{name}`"
            )
        })
    })
}

/// Only gates: what another layer answers is not known here.
fn outside_of_the_renderer(entries: &[Entry]) -> impl Iterator<Item = String> {
    let renderer = entries.iter().position(Entry::is_renderer).unwrap_or(0);
    entries[..renderer].iter().filter(|entry| matches!(entry.kind, Kind::Gate(_))).map(move |entry| {
        let (gate, renderer) = (entry.about.name(), entries[renderer].about.name());
        format!(
            "`{gate}` stands outside `{renderer}`: what it refuses gets no body; move `{renderer}` above `{gate}`"
        )
    })
}
