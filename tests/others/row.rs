//! One layer in the table: the laws as its author would hold it, and the faults that are known.
//!
//! ```text
//! Row::of("tower", "timeout", laws).fault(Law::…, why, file, line) ── hold ──▶ Held ── surprise? ──▶ the test fails
//! ```

use enfilade_test::{
    Law, Laws,
    laws::{Finding, Report},
};

/// A layer and what is known of it. A package is a name, and where there are two of it, the start of its version.
pub(crate) struct Row {
    pub(crate) package: &'static str,
    pub(crate) layer: &'static str,
    laws: Laws,
    faults: Vec<Fault>,
}

/// A law that a layer breaks without meaning to.
#[derive(Clone, Copy)]
pub(crate) struct Fault {
    pub(crate) law: Law,
    /// One sentence: what the layer does.
    pub(crate) why: &'static str,
    /// Where it does so: a file of the package, and a piece of the line.
    pub(crate) file: &'static str,
    pub(crate) line: &'static str,
}

/// A row with what the laws found.
pub(crate) struct Held {
    pub(crate) package: &'static str,
    pub(crate) layer: &'static str,
    pub(crate) faults: Vec<Fault>,
    pub(crate) report: Report,
}

impl Row {
    pub(crate) fn of(package: &'static str, layer: &'static str, laws: Laws) -> Self {
        Self { package, layer, laws, faults: Vec::new() }
    }

    /// A fault, and the line of the package's source that makes it.
    pub(crate) fn fault(
        mut self,
        law: Law,
        why: &'static str,
        file: &'static str,
        line: &'static str,
    ) -> Self {
        self.faults.push(Fault { law, why, file, line });
        self
    }

    pub(crate) async fn hold(self) -> Held {
        let report = self.laws.check_async().await;
        Held { package: self.package, layer: self.layer, faults: self.faults, report }
    }
}

impl Held {
    /// What was found and is not known, or known and no longer found.
    pub(crate) fn surprise(&self) -> Option<String> {
        let known = |law| self.faults.iter().any(|fault| fault.law == law);
        let strange: Vec<_> = self
            .report
            .findings()
            .filter(|(law, finding)| match finding {
                Finding::Broken(_) => !known(*law),
                Finding::NeedlesslyExcepted => true,
                _ => known(*law),
            })
            .map(|(law, finding)| format!("{law}: {finding}"))
            .collect();
        (!strange.is_empty()).then(|| format!("{}, {}:\n{}", self.package, self.layer, strange.join("\n")))
    }
}
