//! Where a package's source lies, in which version: `cargo metadata`, which reads `Cargo.lock`.
//!
//! ```text
//! Sources::read() ── version("tower") ──▶ "0.5.3"     lines("tower", "src/…", "a piece of it") ──▶ "170"
//! ```

use std::{env, fs, path::PathBuf, process::Command};

use serde_json::Value;

/// The packages of this workspace's lock file.
pub(crate) struct Sources(Vec<Value>);

impl Sources {
    pub(crate) fn read() -> Self {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["metadata", "--format-version", "1", "--locked"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .expect("cargo runs, as it runs this test");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "cargo metadata: {errors}");
        let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
        Self(metadata["packages"].as_array().cloned().unwrap_or_default())
    }

    pub(crate) fn version(&self, package: &str) -> &str {
        self.package(package)["version"].as_str().expect("a package has a version")
    }

    /// The numbers of the lines of a package's file that hold this text, as `7, 9`.
    pub(crate) fn lines(&self, package: &str, file: &str, text: &str) -> String {
        let manifest = self.package(package)["manifest_path"].as_str().expect("a package has a manifest");
        let path = PathBuf::from(manifest).with_file_name(file);
        let source = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let lines = (1..).zip(source.lines()).filter(|(_, line)| line.contains(text));
        let numbers: Vec<_> = lines.map(|(number, _): (usize, _)| number.to_string()).collect();
        let few = (1..=2).contains(&numbers.len());
        assert!(few, "{package}, {file}: `{text}` stands at {numbers:?}: read it again");
        numbers.join(", ")
    }

    /// `tower`, or `tower 0.5` where the lock file has two.
    fn package(&self, wanted: &str) -> &Value {
        let (name, version) = wanted.split_once(' ').unwrap_or((wanted, ""));
        let is_it = |package: &&Value| {
            package["name"] == name
                && package["version"].as_str().is_some_and(|found| found.starts_with(version))
        };
        let found: Vec<_> = self.0.iter().filter(is_it).collect();
        assert_eq!(found.len(), 1, "`{wanted}` must be one package of Cargo.lock");
        found[0]
    }
}
