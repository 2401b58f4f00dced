//! The kit must not change what it tests: it switches on no feature of the crates that its users build with.
//!
//! ```text
//! cargo tree -e features,normal ── no features · each feature alone · all ──▶ of tower, tokio, axum …: `default` at most
//! ```
//!
//! Cargo unites features: a test kit that asked for `tower/util` would let code compile under test that fails without.

use std::{collections::BTreeSet, env, fs, path::Path, process::Command};

/// Crates whose features decide what a layer, or its user, can call.
const WATCHED: [&str; 10] = [
    "axum",
    "axum-core",
    "futures-util",
    "http-body-util",
    "hyper",
    "hyper-util",
    "tokio",
    "tokio-util",
    "tower",
    "tower-http",
];

#[test]
fn no_feature_of_a_users_crate_is_switched_on() {
    let own = features();
    let mut choices = vec![String::new()];
    choices.extend(own.iter().cloned());
    choices.push(own.join(","));
    let mut faults = Vec::new();
    for choice in choices {
        let tree = tree(&choice);
        assert!(
            tree.contains("http feature \"std\""),
            "a test that sees no features would always hold: {tree}"
        );
        let found: BTreeSet<_> =
            tree.lines().filter_map(feature).filter(|(name, _)| is_watched(name)).collect();
        // A `default` that switches something on shows what, beside itself.
        let found = found.into_iter().filter(|(_, feature)| *feature != "default");
        faults.extend(found.map(|(name, feature)| format!("`{choice}` switches on {name}/{feature}")));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_feature_that_is_switched_on_is_seen() {
    assert_eq!(feature("tower feature \"util\" (*)"), Some(("tower", "util")));
    assert_eq!(feature("enfilade-core feature \"axum\""), Some(("enfilade-core", "axum")));
    assert_eq!(feature("tower v0.5.3"), None);
    assert!(is_watched("enfilade-core") && is_watched("tokio") && !is_watched("http"));
}

fn is_watched(name: &str) -> bool {
    WATCHED.contains(&name) || (name.starts_with("enfilade-") && name != "enfilade-test")
}

/// `tower feature "util"` → `("tower", "util")`.
fn feature(line: &str) -> Option<(&str, &str)> {
    let (name, rest) = line.split_once(" feature \"")?;
    Some((name, rest.split('"').next()?))
}

/// The kit's own features.
fn features() -> Vec<String> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let manifest = fs::read_to_string(manifest).expect("the kit has a manifest");
    let section = manifest.split("\n[features]\n").nth(1).expect("it has features");
    let section = section.split("\n[").next().unwrap_or_default();
    let names =
        section.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" = "));
    names.map(|(name, _)| name.to_owned()).filter(|name| name != "default").collect()
}

fn tree(features: &str) -> String {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["tree", "--offline", "--package", "enfilade-test", "--edges", "features,normal"])
        .args(["--prefix", "none", "--no-dedupe", "--no-default-features", "--features", features])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs, as it runs this test");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo tree --features {features}: {errors}");
    String::from_utf8(output.stdout).expect("cargo writes UTF-8")
}
