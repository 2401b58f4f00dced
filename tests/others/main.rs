//! The kit's laws over layers that others publish, and the table of it in the docs of `enfilade_test::laws`.
//!
//! ```text
//! tower │ tower-http │ axum │ others ──▶ Row: the laws, by purpose, faults ──▶ table ──▶ tests/kit/src/laws/others.md
//! ```
//!
//! `cargo test -p enfilade-others` compares; with `ENFILADE_UPDATE=1` it writes the table anew. Versions come from
//! `Cargo.lock`, and each fault names a line of the source that must still stand there: an upgrade that mends or
//! moves it is seen.

mod axum;
mod by_hand;
mod mended;
mod policy;
mod resilience;
mod row;
mod source;
mod stores;
mod table;
mod tower;
mod tower_http;

use std::{fs, path::Path, time::Duration};

use ::tower::{BoxError, Layer as _, timeout::TimeoutLayer};
use enfilade_test::{
    Laws, ProbeBody, ProbeService,
    laws::{Mutant, MutantBody, MutantLayer},
};
use http::{Request, Response};

use self::row::{Held, Row};

/// Every layer, in the order of the tables.
fn groups() -> [Vec<Row>; 6] {
    [tower::rows(), tower_http::rows(), axum::rows(), stores::rows(), resilience::rows(), mended::rows()]
}

#[tokio::test(start_paused = true)]
async fn others_layers_break_the_laws_that_the_table_says_and_no_other() {
    let mut held = Vec::new();
    for group in groups() {
        let mut rows = Vec::new();
        for row in group {
            rows.push(row.hold().await);
        }
        held.push(rows);
    }
    let surprises: Vec<_> = held.iter().flatten().filter_map(Held::surprise).collect();
    assert!(surprises.is_empty(), "{}", surprises.join("\n\n"));
    kept(&table::of(&held));
}

#[tokio::test(start_paused = true)]
async fn each_mutant_is_found_under_another_layer_and_in_paused_time() {
    for mutant in Mutant::ALL {
        let alone = asked(mutant, MutantLayer::layer).check_async().await.broken();
        let timeout = TimeoutLayer::new(Duration::from_secs(5));
        let under = asked(mutant, move |layer, probe| timeout.layer(layer.layer(probe))).check_async().await;
        assert_eq!(under.broken(), alone, "{mutant:?}\n{under}");
    }
}

fn asked<S>(mutant: Mutant, build: impl Fn(&MutantLayer, ProbeService) -> S + 'static) -> Laws
where
    S: ::tower::Service<Request<ProbeBody>, Response = Response<MutantBody>, Error: Into<BoxError>>
        + Clone
        + 'static,
{
    let layer = mutant.layer();
    let counted = layer.clone();
    let laws = Laws::service(move |probe| build(&layer, probe)).invariant(move || counted.count() == 0);
    if mutant.refuses() { policy::guard(laws) } else { laws }
}

/// Compares the table in the docs with what was found, or writes it.
fn kept(expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../kit/src/laws/others.md");
    if std::env::var_os("ENFILADE_UPDATE").is_some() {
        fs::write(&path, expected).expect("the docs can be written");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    let new = expected.lines().filter(|line| !found.lines().any(|old| old == *line));
    let new = new.collect::<Vec<_>>().join("\n");
    assert!(
        found == expected,
        "others.md is not what the laws find; ENFILADE_UPDATE=1 writes it anew. New:\n{new}"
    );
}
