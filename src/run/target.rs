//! What the word behind `run` names: a script, or an app in Python.
//!
//! ```text
//! an executable file ──────────────────▶ Script
//! MODULE:ATTR, without a slash ────────▶ Python
//! a word that is no file, nor has a / ─▶ an error that names both
//! all else: not executable, not there ─▶ Script, whose own error says what is wrong with it
//! ```

use std::{ffi::OsStr, fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use super::RunError;
use crate::cli::RunArgs;

/// An app by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// A file: a CGI script.
    Script(PathBuf),
    /// An object in a module.
    Python(String),
}

impl Target {
    /// A file that can be executed is a script, whatever it is called; `./a:b` is a file in any case.
    ///
    /// # Errors
    ///
    /// [`RunError::NoApp`].
    pub fn of(name: &OsStr) -> Result<Self, RunError> {
        let found = fs::metadata(name).ok();
        let executable = |found: &fs::Metadata| found.is_file() && found.permissions().mode() & 0o111 != 0;
        let word = name.to_str().filter(|text| !text.contains('/'));
        match word {
            Some(word) if word.contains(':') && !found.as_ref().is_some_and(executable) => {
                Ok(Self::Python(word.to_owned()))
            }
            Some(word) if found.is_none() => Err(RunError::NoApp(word.to_owned())),
            _ => Ok(Self::Script(name.into())),
        }
    }
}

impl Target {
    /// Refuses options that mean nothing to such an app: whoever gave them counts on what they say.
    ///
    /// # Errors
    ///
    /// [`RunError::Misplaced`].
    pub fn takes(&self, args: &RunArgs) -> Result<(), RunError> {
        let (given, is_for) = match self {
            Self::Script(_) => (args.python.given(), "apps in Python, MODULE:ATTR"),
            Self::Python(_) => {
                (args.cgi.given(), "CGI scripts; an app in Python has the environment of this program")
            }
        };
        given.map_or(Ok(()), |option| Err(RunError::Misplaced(option, is_for)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_a_script_and_a_word_with_a_colon_python() {
        for name in ["/bin/sh", "src", "./shop:app", "./missing", "http://x"] {
            assert_eq!(Target::of(OsStr::new(name)).unwrap(), Target::Script(name.into()), "{name}");
        }
        for name in ["shop:app", "shop.asgi:app", "shop:create_app()", ":", "x:8080"] {
            assert_eq!(Target::of(OsStr::new(name)).unwrap(), Target::Python(name.to_owned()), "{name}");
        }
        for name in ["missing", "shop.wsgi", "missing.cgi", ""] {
            let error = Target::of(OsStr::new(name)).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains("./report.cgi"), "{error}");
            assert!(error.contains("MODULE:ATTR"), "{error}");
        }
    }
}
