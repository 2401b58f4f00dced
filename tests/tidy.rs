//! The house rules that no compiler checks, as tests over the files themselves.
//!
//! ```text
//! every .rs file ──┬─ opens with `//!`           every Cargo.toml ──┬─ takes versions and lints from the workspace
//!                  ├─ at most 400 code lines                        └─ keeps its fence: what it must never pull in
//!                  └─ leaves nothing for later   every file ────────── names no package registry's host
//! ```
//!
//! Clippy holds the others (`.clippy.toml`, `[workspace.lints]`): function length, `unwrap`, `unsafe`, clocks.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// What may stand at the top, beside dotfiles that are tools' settings.
const TOP: [&str; 9] = [
    "Cargo.toml",
    "Cargo.lock",
    "README.md",
    "CHANGELOG.md",
    "LICENSE",
    "src",
    "middleware",
    "tests",
    "examples",
];

/// A file longer than this is a room to divide. Its tests do not count.
const MOST_CODE_LINES: usize = 400;

/// An example shows one idea.
const MOST_EXAMPLE_LINES: usize = 100;

/// Crate, what it must never pull in, and something that it does: a fence that sees nothing would always hold.
const FENCES: [(&str, &[&str], &str); 7] = [
    ("enfilade-core", &["pyo3", "tokio", "hyper", "axum", "jsonwebtoken", "aws-lc-rs"], "http"),
    ("enfilade-server", &["pyo3", "axum", "jsonwebtoken"], "hyper"),
    ("enfilade-auth", &["pyo3", "axum", "hyper", "rsa", "openssl"], "aws-lc-rs"),
    ("enfilade-cookie", &["pyo3", "axum", "hyper", "tokio", "jsonwebtoken"], "enfilade-core"),
    ("enfilade-cgi", &["pyo3", "axum", "hyper", "jsonwebtoken"], "rustix"),
    ("enfilade-test", &["pyo3", "axum", "hyper", "tokio"], "enfilade-core"),
    ("enfilade", &["pyo3", "axum", "rsa", "openssl", "lru"], "enfilade-server"),
];

/// Links that a laws test makes by another name.
const MADE_BY: [(&str, &str); 11] = [
    ("Arc", "Arc<dyn Authenticator>"),
    ("AsBody", "AsBody"),
    ("Around", ".with_server_timing("),
    ("FromFnLayer", "from_fn("),
    ("GateFn", "gate_fn("),
    ("Guarded", ".around("),
    ("Inside", ".with_trail("),
    ("Outside", ".with_trail("),
    ("Require", "require("),
    ("Sealed", ".seal()"),
    ("Start", ".with_trail("),
];

#[test]
fn every_source_file_opens_with_its_sentence() {
    judge(sources().filter(|file| !file.text.starts_with("//! ")).map(|file| {
        format!("{}: the first line must be `//!` and one sentence on what the file is for", file.name)
    }));
}

#[test]
fn no_file_has_more_code_than_a_reader_can_hold() {
    judge(sources().filter(|file| !file.is_test()).filter_map(|file| {
        let lines = code_lines(&file.text);
        (lines > MOST_CODE_LINES).then(|| {
            format!("{}: {lines} code lines, at most {MOST_CODE_LINES}: divide it by what it does", file.name)
        })
    }));
}

#[test]
fn every_link_and_kind_of_credentials_is_held_against_the_laws() {
    let (laws, code): (Vec<_>, Vec<_>) = sources()
        .filter(|file| file.name.starts_with("middleware/") || file.name.starts_with("tests/chain/"))
        .partition(|file| file.name.ends_with("laws.rs"));
    let ours = code.iter().filter(|file| file.name.contains("/src/"));
    let links: Vec<_> = ours.flat_map(|file| file.text.lines().filter_map(link)).collect();
    assert!(links.len() > 15, "a fence that sees nothing would always hold: {links:?}");
    let missing = links.into_iter().filter(|name| {
        let made = MADE_BY.iter().find(|(link, _)| link == name);
        let makes = made.map_or_else(|| format!("{name}::"), |(_, makes)| (*makes).to_owned());
        !laws.iter().any(|file| file.text.contains(&makes))
    });
    judge(missing.map(|name| format!("{name}: hold it against the laws in a `laws.rs`, refusals and all")));
}

/// The type on a line that makes it a link of a chain, or a kind of credentials.
fn link(line: &str) -> Option<&str> {
    let (head, name) = line.strip_prefix("impl")?.split_once(" for ")?;
    let is_link = [" Gate", " Authenticator", " Layer<S>"].iter().any(|word| head.ends_with(word));
    is_link.then(|| name.split(['<', ' ']).next().unwrap_or_default())
}

#[test]
fn nothing_is_left_for_later() {
    let words = ["TODO", "FIXME", "XXX", "HACK"];
    judge(sources().filter(|file| file.name != "tests/tidy.rs").flat_map(|file| {
        let found = numbered(&file.text).filter(|(_, line)| {
            let comment = line.split_once("//").map_or("", |(_, comment)| comment);
            words.iter().any(|word| comment.split(|c: char| !c.is_alphanumeric()).any(|w| w == *word))
        });
        found
            .map(|(at, line)| format!("{}:{at}: finish it or file it: {}", file.name, line.trim()))
            .collect::<Vec<_>>()
    }));
}

#[test]
fn names_of_tests_are_sentences() {
    judge(sources().flat_map(|file| {
        let found =
            numbered(&file.text).filter(|(_, line)| line.trim_start().starts_with(concat!("fn ", "test_")));
        found
            .map(|(at, _)| format!("{}:{at}: say what holds, without `test_`", file.name))
            .collect::<Vec<_>>()
    }));
}

#[test]
fn versions_and_lints_come_from_the_workspace() {
    let manifests = files().into_iter().filter(|file| file.name.ends_with("/Cargo.toml"));
    let members = manifests.filter(|file| !file.text.contains("\n[workspace]"));
    judge(members.flat_map(|file| {
        let mut faults = Vec::new();
        // Python's C interface needs `unsafe`, so that one crate writes its own lints.
        if file.name != "middleware/app/python/Cargo.toml" && !file.text.contains("[lints]\nworkspace = true")
        {
            faults.push(format!("{}: `[lints]` must say `workspace = true`", file.name));
        }
        let mut section = "";
        for (at, line) in numbered(&file.text) {
            if line.starts_with('[') {
                section = line;
            }
            let dependency =
                section.ends_with("dependencies]") && line.contains('=') && !line.starts_with('#');
            if dependency && !line.contains("workspace = true") {
                faults.push(format!("{}:{at}: versions stand in the root Cargo.toml: {line}", file.name));
            }
        }
        faults
    }));
}

#[test]
fn the_root_names_each_version_once() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the root has a manifest");
    let section = |name: &str| {
        let from = manifest.split_once(&format!("\n[{name}]\n")).map_or("", |(_, rest)| rest);
        from.split("\n[").next().unwrap_or_default()
    };
    let own = ["dependencies", "dev-dependencies"].into_iter().flat_map(|name| section(name).lines());
    let own = own.filter(|line| line.contains('=') && !line.starts_with('#'));
    judge(
        own.filter(|line| !line.contains("workspace = true"))
            .map(|line| format!("Cargo.toml: the version belongs under [workspace.dependencies]: {line}")),
    );
}

#[test]
fn crates_stay_inside_their_fences() {
    judge(FENCES.iter().flat_map(|(package, never, control)| {
        // What stands in the tests' and the build's part of the tree reaches nobody's program.
        let tree = tree(package, "normal");
        let has = |name: &str| tree.iter().any(|one| one.split(' ').next() == Some(name));
        assert!(has(control), "{package} should depend on {control}: the fence sees only {tree:?}");
        let broken: Vec<_> = never.iter().filter(|name| has(name)).collect();
        broken.into_iter().map(move |name| format!("{package} must not pull in {name}")).collect::<Vec<_>>()
    }));
}

#[test]
fn the_demo_is_built_from_few_crates() {
    let mut crates = tree("enfilade", "normal,build");
    crates.sort_unstable();
    crates.dedup();
    let most = 150; // from a clone to a signed-in browser in under five minutes on two cores
    assert!(crates.len() <= most, "{} crates, at most {most}: {crates:?}", crates.len());
}

#[test]
fn only_the_house_stands_at_the_top() {
    let entries = fs::read_dir(root()).expect("the root is a folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    let strange = names.filter(|name| !name.starts_with('.') && name != "target" && !TOP.contains(&&**name));
    judge(
        strange.map(|name| {
            format!("{name}: has no place at the top: put it into the folder that it belongs to")
        }),
    );
}

#[test]
fn examples_are_short_and_open_with_their_command() {
    judge(sources().filter(|file| file.name.starts_with("examples/")).flat_map(|file| {
        let mut faults = Vec::new();
        let lines = file.text.lines().count();
        if lines > MOST_EXAMPLE_LINES {
            faults
                .push(format!("{}: {lines} lines, at most {MOST_EXAMPLE_LINES}: one idea a file", file.name));
        }
        let opening = file.text.lines().take_while(|line| line.starts_with("//!")).take(5);
        if !opening.into_iter().any(|line| line.contains("cargo run") || line.contains("cargo test")) {
            faults.push(format!("{}: must open with the command that runs it", file.name));
        }
        faults
    }));
}

#[test]
fn no_registry_is_named() {
    // Put together here, or this file would break its own rule.
    let hosts = [
        ["crates", ".io"],
        ["pypi", ".org"],
        ["python", "hosted.org"],
        ["npmjs", ".org"],
        ["deb.debian", ".org"],
    ];
    let hosts = hosts.map(|parts| parts.concat());
    judge(files().into_iter().filter(|file| !file.name.ends_with("Cargo.lock")).flat_map(|file| {
        let found =
            numbered(&file.text).filter(|(_, line)| hosts.iter().any(|host| line.contains(host.as_str())));
        found
            .map(|(at, _)| format!("{}:{at}: names a package registry's host", file.name))
            .collect::<Vec<_>>()
    }));
}

#[test]
fn code_lines_leave_out_comments_blanks_and_tests() {
    assert_eq!(code_lines("//! x\n\nfn a() {\n    // why\n    b();\n}\n\n#[cfg(test)]\nmod tests {\n}\n"), 3);
}

/// A file of the project: its path from the root with `/`, and its text.
struct File {
    name: String,
    text: String,
}

impl File {
    /// Whether it is a test target rather than code that others use (the kit is such code).
    fn is_test(&self) -> bool {
        let components: Vec<_> = self.name.split('/').collect();
        let last = |name: &str| components.iter().rposition(|component| *component == name);
        last("tests") > last("src")
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> impl Iterator<Item = File> {
    files().into_iter().filter(|file| Path::new(&file.name).extension().is_some_and(|ext| ext == "rs"))
}

/// Every text file but for what tools make. It walks folders, so it works where there is no git.
fn files() -> Vec<File> {
    let mut found = Vec::new();
    let mut folders = vec![root().to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the project") {
            let entry = entry.expect("an entry");
            let made = [".git", "target", "node_modules", "__pycache__", "corpus", "artifacts"];
            if made.iter().any(|name| entry.file_name() == *name) {
                continue;
            }
            match entry.file_type().expect("a kind of file") {
                kind if kind.is_dir() => folders.push(entry.path()),
                kind if kind.is_file() => found.extend(read(entry.path())),
                _ => {}
            }
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(found.iter().any(|file| file.name == "tests/tidy.rs"), "the walk must see at least this file");
    found
}

/// `None` for what is not text.
fn read(path: PathBuf) -> Option<File> {
    let text = fs::read_to_string(&path).ok()?;
    let name = path.strip_prefix(root()).expect("below the root").to_string_lossy().replace('\\', "/");
    Some(File { name, text })
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines())
}

fn code_lines(text: &str) -> usize {
    let code = text.split("\n#[cfg(test)]\nmod ").next().unwrap_or_default();
    code.lines().map(str::trim_start).filter(|line| !line.is_empty() && !line.starts_with("//")).count()
}

/// Every crate that a package pulls in with its default features, as `name version`; most come several times.
fn tree(package: &str, edges: &str) -> Vec<String> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["tree", "--offline", "--locked", "--prefix", "none", "--format", "{p}"])
        .args(["--edges", edges, "--package", package])
        .current_dir(root())
        .output()
        .expect("cargo runs, as it runs this test");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo tree --package {package}: {errors}");
    let lines = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    lines.lines().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect()
}

/// Fails with every fault at once.
#[track_caller]
fn judge(faults: impl IntoIterator<Item = String>) {
    let faults: Vec<_> = faults.into_iter().collect();
    assert!(faults.is_empty(), "{} faults:\n  {}", faults.len(), faults.join("\n  "));
}
