//! The laws held against layers that keep them and against mutants that do not; and the tables of their docs.
//!
//! ```text
//! Identity ── keeps all      Mutant ── breaks its own law, and what else its explanation says ──▶ src/laws/mutants.md
//! ```
//!
//! `ENFILADE_UPDATE=1 cargo test -p enfilade-test --test laws` writes the tables anew.

use std::{
    error::Error,
    fmt::{self, Write as _},
    fs,
    path::Path,
    pin::Pin,
    task::{Context, Poll},
};

use enfilade_test::{
    Law, Laws, ProbeBody, ProbeError, ProbeService, assert_laws,
    laws::{Finding, Mutant, Report},
};
use http::{Request, Response};
use tower_layer::Identity;
use tower_service::Service;

#[test]
fn a_layer_that_does_nothing_keeps_every_law() {
    assert_laws!(Identity::new());
}

#[test]
fn each_mutant_breaks_the_law_that_it_was_made_for() {
    let mut missing = Law::ALL.to_vec();
    for mutant in Mutant::ALL {
        let broken = held(mutant).broken();
        assert!(!broken.is_empty(), "{mutant:?} breaks no law");
        assert_eq!(broken.len() > 1, mutant.explained().is_some(), "{mutant:?} breaks {broken:?}");
        missing.retain(|law| broken != [*law] && !(mutant.explained().is_some() && broken.contains(law)));
    }
    assert!(missing.is_empty(), "no mutant for {missing:?}");
}

#[test]
fn the_tables_in_the_docs_are_what_the_laws_find() {
    kept("src/laws/laws.md", &table_of_laws());
    kept("src/laws/mutants.md", &table_of_mutants());
}

#[test]
fn a_broken_law_is_told_with_the_steps_that_show_it() {
    let report = held(Mutant::CallsAFreshClone).to_string();
    let expected = "\
ready-before-call          BROKEN
     1. a = the layer over the probe
     2. a.poll_ready → Ready
     3. a.call(POST /)
     4. the answer → 200
    expected: `poll_ready` → Ready on the inner instance before its call
    found:    a call on an instance that was not ready
    law:      The inner service is polled ready before every call, on the instance that is called.
    its page: enfilade_test::laws::ready_before_call
";
    assert!(report.starts_with(expected), "{report}");
}

#[test]
fn an_exception_counts_while_it_is_true_and_no_longer() {
    let excepted = Laws::of(Mutant::CallsTwice).except(Law::CalledOnce, "it warms a cache");
    assert!(excepted.check().is_good());
    let needless = Laws::of(Identity::new()).except(Law::CalledOnce, "it warms a cache");
    assert_eq!(needless.check().find(Law::CalledOnce), Some(&Finding::NeedlesslyExcepted));
}

#[test]
#[should_panic(expected = "called-once                BROKEN")]
fn an_assertion_fails_with_the_report() {
    assert_laws!(Mutant::CallsTwice);
}

#[test]
fn whoever_forgets_to_describe_a_request_that_passes_is_told_so_first() {
    let report = Laws::of(Mutant::KeepsThePermit).check().to_string();
    assert!(report.starts_with("First: the layer answers `POST /` itself, with 403 Forbidden"), "{report}");
    assert!(!Laws::of(Mutant::CallsTwice).check().to_string().contains("First:"));
}

#[test]
fn an_invariant_is_told_with_the_hang_up_that_broke_it() {
    let Some(Finding::Broken(fault)) = held(Mutant::LeaksItsCount).find(Law::HangUpClean).cloned() else {
        panic!("the count does not leak");
    };
    assert!(fault.script.iter().any(|step| step == "a.call(POST /)"), "{fault}");
    assert!(fault.script.last().is_some_and(|step| step.contains("hangs up")), "{fault}");
}

#[test]
fn an_invariant_that_never_held_is_told_before_any_request() {
    let report = Laws::of(Identity::new()).invariant(|| false).check();
    let Some(Finding::Broken(fault)) = report.find(Law::HangUpClean) else { panic!("{report}") };
    assert_eq!(fault.script, ["nothing yet: no request was sent"]);
}

#[test]
fn a_service_that_cannot_be_cloned_is_asked_every_other_law() {
    let report = Laws::service_without_clone(Lone).inner_error(|error: &Wrapped| Some(&error.0)).check();
    assert!(report.is_good(), "{report}");
    assert_eq!(report.find(Law::ClonesIndependent), Some(&Finding::NotAsked("the service cannot be cloned")));
}

#[test]
fn a_service_that_cannot_fail_is_not_asked_about_errors() {
    let report = Laws::service(ProbeService::infallible).check();
    assert!(report.is_good(), "{report}");
    assert_eq!(report.find(Law::ErrorsUnchanged), Some(&Finding::NotAsked("the service cannot fail")));
}

#[test]
fn an_error_that_only_its_type_leads_to_is_found_where_the_author_says() {
    assert_eq!(Laws::service_without_clone(Lone).check().broken(), [Law::ErrorsUnchanged]);
}

/// It cannot be cloned, and wraps the error of its inner service without telling so as its source.
struct Lone(ProbeService);

#[derive(Debug)]
struct Wrapped(ProbeError);

impl Service<Request<ProbeBody>> for Lone {
    type Response = Response<ProbeBody>;
    type Error = Wrapped;
    type Future = Pin<Box<dyn Future<Output = Result<Response<ProbeBody>, Wrapped>>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Wrapped>> {
        Service::<Request<ProbeBody>>::poll_ready(&mut self.0, cx).map_err(Wrapped)
    }

    fn call(&mut self, request: Request<ProbeBody>) -> Self::Future {
        let answer = self.0.call(request);
        Box::pin(async { answer.await.map_err(Wrapped) })
    }
}

impl fmt::Display for Wrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Wrapped {}

fn held(mutant: Mutant) -> Report {
    let layer = mutant.layer();
    let counted = layer.clone();
    let laws = Laws::of(layer).invariant(move || counted.count() == 0);
    if !mutant.refuses() {
        return laws.check();
    }
    let laws = laws.request(|| Request::post("/").header("x-key", "1"));
    laws.refused("without a key", || Request::post("/")).check()
}

fn table_of_laws() -> String {
    let mut table = String::from("| | law | what it asks |\n|---|---|---|\n");
    for (number, law) in (1..).zip(Law::ALL) {
        let page = law.name().replace('-', "_");
        writeln!(table, "| {number} | [`{law}`]({page}) | {} |", law.says()).expect("a string takes all");
    }
    table
}

/// Rows of mutants, columns of laws, and below the rows that need a word.
fn table_of_mutants() -> String {
    let mut table = String::from("| |");
    let mut words = String::new();
    for number in 1..=Law::ALL.len() {
        write!(table, " {number} |").expect("a string takes all");
    }
    write!(table, "\n|---|{}\n", "---|".repeat(Law::ALL.len())).expect("a string takes all");
    for mutant in Mutant::ALL {
        let broken = held(mutant).broken();
        let marks: Vec<_> = Law::ALL.iter().map(|law| if broken.contains(law) { "●" } else { "" }).collect();
        writeln!(table, "| [`{mutant:?}`](Mutant::{mutant:?}) | {} |", marks.join(" | "))
            .expect("a string takes all");
        if let Some(why) = mutant.explained() {
            writeln!(words, "`{mutant:?}` has more than one mark: {why}.").expect("a string takes all");
        }
    }
    format!("{table}\n{words}")
}

/// Compares a file with what it should hold, or writes it.
fn kept(file: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("ENFILADE_UPDATE").is_some() {
        fs::write(&path, expected).expect("the docs can be written");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    let new = expected.lines().filter(|line| !found.lines().any(|old| old == *line));
    let new = new.collect::<Vec<_>>().join("\n");
    assert!(
        found == expected,
        "{file} is not what the laws find; ENFILADE_UPDATE=1 writes it anew. New:\n{new}"
    );
}
