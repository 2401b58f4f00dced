//! One link, written and tested with the kit, with axum, and with tower-test; the lines of each are counted.
//!
//! ```text
//! gate.rs · axum.rs · tower.rs ── above and below `// -- test --` ──▶ src/guide/lines.md, which the guide shows
//! ```
//!
//! `ENFILADE_UPDATE=1 cargo test -p enfilade-core --test side_by_side` writes the table anew.

mod axum;
mod gate;
mod tower;

use std::{fmt::Write as _, fs, path::Path};

const WAYS: [(&str, &str, &str); 3] = [
    ("a `Gate`, and the kit", "gate.rs", include_str!("gate.rs")),
    ("axum's `from_fn`, and a `Router`", "axum.rs", include_str!("axum.rs")),
    ("a tower `Layer`, and tower-test", "tower.rs", include_str!("tower.rs")),
];

#[test]
fn the_lines_that_the_guide_counts_are_those_of_the_files() {
    let mut table = String::from("| written as | lines of the link | lines of its test |\n|---|---|---|\n");
    for (way, file, text) in WAYS {
        let (link, test) = text.split_once("// -- test --").expect("each file marks where its test begins");
        writeln!(table, "| {way} (`{file}`) | {} | {} |", code(link), code(test))
            .expect("a string takes all");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/guide/lines.md");
    if std::env::var_os("ENFILADE_UPDATE").is_some() {
        fs::write(&path, &table).expect("the guide can be written");
    }
    assert_eq!(fs::read_to_string(path).unwrap_or_default(), table, "ENFILADE_UPDATE=1 writes it anew");
}

/// Lines that are neither blank nor comment.
fn code(text: &str) -> usize {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")).count()
}
