//! Why a chain cannot be built: every fault at once, each with both links and the fix.
//!
//! ```text
//! Late     `b` needs x, which `a` gives, but `a` comes after it: move `a` above `b`
//! Missing  `b` needs x and no link gives it: add … above `b`
//! ```

use std::{error, fmt};

/// A chain that cannot work; made by [`Chain::build`](super::Chain::build).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainError {
    faults: Vec<Fault>,
}

impl ChainError {
    pub(super) fn new(faults: Vec<Fault>) -> Self {
        Self { faults }
    }

    /// All that is wrong, in the order of the links.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }
}

/// One thing that is wrong with a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// What `link` needs is given by a link that comes after it.
    Late {
        /// The link that needs something.
        link: String,
        /// What it needs, in words.
        need: &'static str,
        /// The link that gives it, too late.
        giver: String,
    },
    /// What `link` needs is given by no link.
    Missing {
        /// The link that needs something.
        link: String,
        /// What it needs, in words.
        need: &'static str,
        /// Which link usually gives it.
        by: &'static str,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Late { link, need, giver } => write!(
                f,
                "`{link}` needs {need}, which `{giver}` gives, but `{giver}` comes after it: \
                 move `{giver}` above `{link}`"
            ),
            Self::Missing { link, need, by } => {
                write!(f, "`{link}` needs {need} and no link gives it: add {by} above `{link}`")
            }
        }
    }
}

impl fmt::Display for ChainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this chain cannot work:")?;
        self.faults.iter().try_for_each(|fault| write!(f, "\n  - {fault}"))
    }
}

impl error::Error for ChainError {}
