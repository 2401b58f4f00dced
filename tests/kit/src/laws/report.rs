//! What the laws found: kept, broken with the script that shows it, excepted with a reason, or not asked.
//!
//! ```text
//! Report ── find(Law) ──▶ Finding::Kept | Broken(Break) | Excepted(why) | NotAsked(why)
//! Break  ── expected, found, script: the steps up to the fault
//! ```

use std::fmt;

use super::Law;

/// One finding for each law, in the order of [`Law::ALL`].
#[derive(Clone, Debug)]
#[must_use]
pub struct Report {
    findings: Vec<(Law, Finding)>,
    hint: Option<String>,
}

/// What became of one law.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// Every check passed.
    Kept,
    /// A check failed.
    Broken(Break),
    /// It is broken, and the author said why that is right.
    Excepted(String),
    /// The author excepted a law that the layer keeps: the exception can go.
    NeedlesslyExcepted,
    /// What the law needs was not given.
    NotAsked(&'static str),
}

/// How a law was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Break {
    /// What should have been.
    pub expected: String,
    /// What was.
    pub found: String,
    /// The steps that lead there, from a new service on.
    pub script: Vec<String>,
}

impl Report {
    pub(super) fn new(findings: Vec<(Law, Finding)>) -> Self {
        Self { findings, hint: None }
    }

    /// What is likely wrong with the test rather than with the layer.
    pub(super) fn with_hint(self, hint: Option<String>) -> Self {
        Self { hint, ..self }
    }

    /// Every law with what was found.
    pub fn findings(&self) -> impl Iterator<Item = (Law, &Finding)> {
        self.findings.iter().map(|(law, finding)| (*law, finding))
    }

    /// What was found of one law; `None` if it was not among those checked.
    pub fn find(&self, law: Law) -> Option<&Finding> {
        self.findings().find(|(checked, _)| *checked == law).map(|(_, finding)| finding)
    }

    /// The laws that are broken, in order.
    pub fn broken(&self) -> Vec<Law> {
        let broken = self.findings().filter(|(_, finding)| matches!(finding, Finding::Broken(_)));
        broken.map(|(law, _)| law).collect()
    }

    /// Whether nothing is broken and no exception is needless.
    pub fn is_good(&self) -> bool {
        self.findings()
            .all(|(_, finding)| !matches!(finding, Finding::Broken(_) | Finding::NeedlesslyExcepted))
    }
}

/// A line for each law; below a broken one its script, what the law asks, and its page.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(hint) = &self.hint {
            writeln!(f, "{hint}\n")?;
        }
        for (law, finding) in &self.findings {
            writeln!(f, "{law:<27}{finding}")?;
            if matches!(finding, Finding::Broken(_)) {
                let page = law.name().replace('-', "_");
                writeln!(f, "    law:      {}\n    its page: enfilade_test::laws::{page}", law.says())?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept => f.write_str("kept"),
            Self::Broken(fault) => write!(f, "BROKEN\n{fault}"),
            Self::Excepted(why) => write!(f, "excepted: {why}"),
            Self::NeedlesslyExcepted => f.write_str("KEPT, but excepted: take the exception away"),
            Self::NotAsked(why) => write!(f, "not asked: {why}"),
        }
    }
}

impl fmt::Display for Break {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.script.iter().enumerate() {
            writeln!(f, "    {:>2}. {step}", index + 1)?;
        }
        writeln!(f, "    expected: {}", self.expected)?;
        write!(f, "    found:    {}", self.found)
    }
}
