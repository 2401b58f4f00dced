//! Where a package's source lies, in which version: `cargo metadata`, which reads `Cargo.lock`.
//!
//! ```text
//! Sources::read() ── version("tower") ──▶ "0.5.3"     line("tower", "src/…", "a piece of it") ──▶ its number
//! ```

use std::{env, fs, path::PathBuf, process::Command};

use serde_json::Value;

/// The packages of this workspace's lock file.
pub(crate) struct Sources(Vec<Value>);

impl Sources {
    pub(crate) fn read() -> Self {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["metadata", "--format-version", "1", "--locked", "--offline"])
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

    /// The number of the one line of a package's file that holds this text.
    pub(crate) fn line(&self, package: &str, file: &str, text: &str) -> usize {
        let manifest = self.package(package)["manifest_path"].as_str().expect("a package has a manifest");
        let path = PathBuf::from(manifest).with_file_name("").join(file);
        let source = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let lines: Vec<_> = (1..).zip(source.lines()).filter(|(_, line)| line.contains(text)).collect();
        match lines[..] {
            [(number, _)] => number,
            _ => panic!(
                "{package} {}, {file}: `{text}` stands there {} times: look again",
                self.version(package),
                lines.len()
            ),
        }
    }

    fn package(&self, name: &str) -> &Value {
        let found = self.0.iter().find(|package| package["name"] == name);
        found.unwrap_or_else(|| panic!("{name} is not in Cargo.lock"))
    }
}
