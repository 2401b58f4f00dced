//! A virtual environment, and whether this Python can serve it.
//!
//! ```text
//! DIR/pyvenv.cfg ──▶ version = 3.11.7, version_info = 3.11.7.final.0 ──▶ 3.11 = ours ──▶ DIR/bin/python
//! ```

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use super::StartError;

/// A folder that holds a virtual environment of this Python's version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Venv(PathBuf);

impl Venv {
    pub(super) fn open(folder: PathBuf) -> Result<Self, StartError> {
        let folder = std::path::absolute(&folder).map_err(|_| StartError::NoVenv(folder))?;
        let settings = fs::read_to_string(folder.join("pyvenv.cfg"));
        let Ok(settings) = settings else { return Err(StartError::NoVenv(folder)) };
        let (ours, theirs) = (ours(), made_by(&settings));
        match theirs {
            Some(theirs) if theirs != ours => Err(StartError::WrongVenv { folder, ours, theirs }),
            _ => Ok(Self(folder)),
        }
    }

    pub(super) fn of_environment() -> Result<Option<Self>, StartError> {
        let named = env::var_os("VIRTUAL_ENV").filter(|folder| !folder.is_empty());
        named.map(|folder| Self::open(folder.into())).transpose()
    }

    pub(super) fn executable(&self) -> PathBuf {
        self.0.join("bin/python")
    }
}

impl From<Venv> for PathBuf {
    fn from(venv: Venv) -> Self {
        venv.0
    }
}

impl AsRef<Path> for Venv {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

/// Major and minor version of the library that is linked; known before it starts.
fn ours() -> (u8, u8) {
    // SAFETY: it may be called before Python starts, and gives a static string.
    let whole = unsafe { std::ffi::CStr::from_ptr(pyo3::ffi::Py_GetVersion()) };
    whole.to_str().ok().and_then(two_numbers).unwrap_or_default()
}

/// `venv` writes `version`, virtualenv and uv `version_info`.
fn made_by(settings: &str) -> Option<(u8, u8)> {
    settings.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        matches!(key.trim(), "version" | "version_info").then(|| two_numbers(value.trim()))?
    })
}

fn two_numbers(version: &str) -> Option<(u8, u8)> {
    let mut parts = version.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_found_in_what_each_tool_writes() {
        assert_eq!(made_by("home = /usr/bin\nversion = 3.11.7\n"), Some((3, 11)));
        assert_eq!(made_by("version_info = 3.13.0.final.0\n"), Some((3, 13)));
        assert_eq!(made_by("home = /usr/bin\n"), None);
    }
}
