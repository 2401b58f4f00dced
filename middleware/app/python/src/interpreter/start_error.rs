//! Why Python does not start.
//!
//! ```text
//! NoVenv  WrongVenv  Another      the virtual environment, and what to do
//! Python                          what Python itself says
//! ```

use std::{error, fmt, path::PathBuf};

/// Why Python does not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The folder holds no virtual environment.
    NoVenv(PathBuf),
    /// The virtual environment was made by another version of Python than the one that this program is linked to.
    WrongVenv {
        /// The folder.
        folder: PathBuf,
        /// The version of the linked library.
        ours: (u8, u8),
        /// The version that made it.
        theirs: (u8, u8),
    },
    /// Python runs already, for this virtual environment or for none.
    Another(Option<PathBuf>),
    /// What Python says.
    Python(String),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoVenv(folder) => {
                write!(f, "no virtual environment in {}: make one with `python3 -m venv`", folder.display())
            }
            Self::WrongVenv { folder, ours: (major, minor), theirs: (their_major, their_minor) } => write!(
                f,
                "{} was made by Python {their_major}.{their_minor}, and this program is linked to {major}.{minor}: \
                 make it anew with `python{major}.{minor} -m venv`, or build with `PYO3_PYTHON={}`",
                folder.display(),
                folder.join("bin/python").display(),
            ),
            Self::Another(Some(folder)) => {
                write!(f, "Python runs already, with the virtual environment {}", folder.display())
            }
            Self::Another(None) => f.write_str("Python runs already, without a virtual environment"),
            Self::Python(said) => write!(f, "Python does not start: {said}"),
        }
    }
}

impl error::Error for StartError {}
