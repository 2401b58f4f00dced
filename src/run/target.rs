//! What the word behind `run` names: a script, or an app in Python.
//!
//! ```text
//! an executable file ─────────────────────▶ Script
//! MODULE:ATTR, without a slash ───────────▶ Python
//! all else: no such file, not executable ─▶ Script, whose own error says what is wrong with it
//! ```

use std::{ffi::OsStr, fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

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
    pub fn of(name: &OsStr) -> Self {
        let executable =
            fs::metadata(name).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0);
        match name.to_str() {
            Some(text) if !executable && text.contains(':') && !text.contains('/') => {
                Self::Python(text.to_owned())
            }
            _ => Self::Script(name.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_a_script_and_a_word_with_a_colon_python() {
        for name in ["/bin/sh", "./shop:app", "./missing", "missing", "shop.wsgi", "http://x", ""] {
            assert_eq!(Target::of(OsStr::new(name)), Target::Script(name.into()), "{name}");
        }
        for name in ["shop:app", "shop.asgi:app", "shop:create_app()", ":", "x:8080"] {
            assert_eq!(Target::of(OsStr::new(name)), Target::Python(name.to_owned()), "{name}");
        }
    }
}
