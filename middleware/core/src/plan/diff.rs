//! What changed between two plans: links added, removed, moved or changed, and warnings that came or went.
//!
//! ```text
//! [auth, csrf, trace, app] ─▶ [csrf, auth, limit, app]     + limit (gate), behind auth
//!                                                          - trace (layer)
//!                                                          > csrf moved: now first
//! ```
//!
//! Links are told apart by name; the second link of one name is compared with the second of the other plan.

use std::{
    collections::{HashMap, HashSet},
    fmt,
};

use serde_derive::Serialize;

use super::{
    Plan, PlanLink,
    words::{clean, list},
};

/// What must change in one plan to get the other: see [`Plan::diff`]. Prints one line per change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[must_use]
pub struct PlanDiff(Vec<Change>);

/// One difference between two plans.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Change {
    /// Only the other plan has this link.
    Added {
        /// The link.
        link: PlanLink,
        /// The link before it; `None` when it is the first.
        behind: Option<String>,
    },
    /// Only this plan has this link.
    Removed {
        /// The link.
        link: PlanLink,
    },
    /// Both have it, at another place among the links they share.
    Moved {
        /// Its name.
        name: String,
        /// The link before it in the other plan; `None` when it is the first.
        behind: Option<String>,
    },
    /// Both have it, but it says something else of itself.
    Changed {
        /// As it is in this plan.
        from: PlanLink,
        /// As it is in the other.
        to: PlanLink,
    },
    /// A warning of the other plan only.
    Warns {
        /// Its text.
        warning: String,
    },
    /// A warning of this plan only.
    NoLongerWarns {
        /// Its text.
        warning: String,
    },
}

impl PlanDiff {
    /// The changes: removals, then the other plan in its order, then warnings.
    pub fn changes(&self) -> &[Change] {
        &self.0
    }

    /// Whether the plans are the same.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

pub(super) fn diff(from: &Plan, to: &Plan) -> PlanDiff {
    let (from_links, to_links) = (keyed(from.links()), keyed(to.links()));
    let place: HashMap<Key<'_>, usize> =
        from_links.iter().enumerate().map(|(at, (key, _))| (*key, at)).collect();
    let kept: HashSet<Key<'_>> = to_links.iter().map(|(key, _)| *key).collect();
    let gone = from_links.iter().filter(|(key, _)| !kept.contains(key));
    let mut changes: Vec<Change> = gone.map(|(_, link)| Change::Removed { link: (*link).clone() }).collect();

    let places: Vec<usize> = to_links.iter().filter_map(|(key, _)| place.get(key).copied()).collect();
    let still = longest_rising(&places);
    let mut behind = None;
    for (key, link) in &to_links {
        match place.get(key) {
            None => changes.push(Change::Added { link: (*link).clone(), behind: behind.clone() }),
            Some(at) => {
                if still.binary_search(at).is_err() {
                    changes.push(Change::Moved { name: link.name().to_owned(), behind: behind.clone() });
                }
                let before = from_links[*at].1;
                if before != *link {
                    changes.push(Change::Changed { from: before.clone(), to: (*link).clone() });
                }
            }
        }
        behind = Some(link.name().to_owned());
    }
    let new = to.warnings().iter().filter(|warning| !from.warnings().contains(warning));
    changes.extend(new.map(|warning| Change::Warns { warning: warning.clone() }));
    let old = from.warnings().iter().filter(|warning| !to.warnings().contains(warning));
    changes.extend(old.map(|warning| Change::NoLongerWarns { warning: warning.clone() }));
    PlanDiff(changes)
}

/// A link's name, and which of that name it is.
type Key<'a> = (&'a str, usize);

fn keyed(links: &[PlanLink]) -> Vec<(Key<'_>, &PlanLink)> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    links
        .iter()
        .map(|link| {
            let nth = seen.entry(link.name()).and_modify(|nth| *nth += 1).or_default();
            ((link.name(), *nth), link)
        })
        .collect()
}

/// The longest rising run within `places`, gaps allowed: the links that need not move. Sorted.
fn longest_rising(places: &[usize]) -> Vec<usize> {
    let mut best: Vec<(usize, Option<usize>)> = Vec::with_capacity(places.len());
    for (at, place) in places.iter().enumerate() {
        let before = (0..at).filter(|&i| places[i] < *place).max_by_key(|&i| best[i].0);
        best.push((before.map_or(1, |i| best[i].0 + 1), before));
    }
    let mut at = (0..places.len()).max_by_key(|&i| best[i].0);
    let mut run = Vec::new();
    while let Some(i) = at {
        run.push(places[i]);
        at = best[i].1;
    }
    run.reverse();
    run
}

impl fmt::Display for PlanDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("the chains are the same\n");
        }
        self.0.iter().try_for_each(|change| writeln!(f, "{change}"))
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added { link, behind } => {
                write!(f, "+ {} ({}), {}", clean(link.name()), link.kind(), place(behind.as_deref()))
            }
            Self::Removed { link } => write!(f, "- {} ({})", clean(link.name()), link.kind()),
            Self::Moved { name, behind } => {
                write!(f, "> {} moved: now {}", clean(name), place(behind.as_deref()))
            }
            Self::Changed { from, to } => {
                write!(f, "~ {} {}", clean(to.name()), list(&differences(from, to)))
            }
            Self::Warns { warning } => write!(f, "! new warning: {}", clean(warning)),
            Self::NoLongerWarns { warning } => write!(f, "! no longer warns: {}", clean(warning)),
        }
    }
}

fn place(behind: Option<&str>) -> String {
    behind.map_or_else(|| "first".to_owned(), |name| format!("behind {}", clean(name)))
}

fn differences(from: &PlanLink, to: &PlanLink) -> Vec<String> {
    let mut words = Vec::new();
    if from.kind() != to.kind() {
        words.push(format!("changed from {} to {}", from.kind(), to.kind()));
    }
    let mut compare = |verb: &str, stem: &str, from: &[String], to: &[String]| {
        let new = to.iter().filter(|word| !from.contains(word));
        words.extend(new.map(|word| format!("now {verb} {}", clean(word))));
        let old = from.iter().filter(|word| !to.contains(word));
        words.extend(old.map(|word| format!("does not {stem} {} any more", clean(word))));
    };
    compare("gives", "give", from.provides(), to.provides());
    compare("needs", "need", from.requires(), to.requires());
    if from.note() != to.note() {
        words.push(match to.note() {
            Some(note) => format!("has a new note: {}", clean(note)),
            None => "lost its note".to_owned(),
        });
    }
    if words.is_empty() {
        words.push("lists the same things in another order".to_owned());
    }
    words
}
