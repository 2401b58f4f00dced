//! One link of a [`Plan`](super::Plan): its name and kind, what it gives and what it needs.
//!
//! ```text
//! PlanLink { name: "sign-in", kind: Gate, provides: ["the principal"], requires: ["the cookie jar"], note: None }
//! ```

use std::fmt;

use serde_derive::{Deserialize, Serialize};

/// One link, as the plan tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[must_use]
pub struct PlanLink {
    name: String,
    kind: LinkKind,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    provides: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    requires: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl PlanLink {
    /// A link that neither gives nor needs anything.
    pub fn new(name: impl Into<String>, kind: LinkKind) -> Self {
        Self { name: name.into(), kind, provides: Vec::new(), requires: Vec::new(), note: None }
    }

    /// What links behind it can rely on, in the words of [`Provided::NAME`](crate::Provided::NAME).
    pub fn with_provides<I: Into<String>>(mut self, provides: impl IntoIterator<Item = I>) -> Self {
        self.provides = provides.into_iter().map(Into::into).collect();
        self
    }

    /// What it needs from itself or a link before it.
    pub fn with_requires<I: Into<String>>(mut self, requires: impl IntoIterator<Item = I>) -> Self {
        self.requires = requires.into_iter().map(Into::into).collect();
        self
    }

    /// A remark, such as why the link stands here.
    pub fn with_note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// The link's name, unique only by custom.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What kind of link it is.
    pub fn kind(&self) -> LinkKind {
        self.kind
    }

    /// What it gives.
    pub fn provides(&self) -> &[String] {
        &self.provides
    }

    /// What it needs.
    pub fn requires(&self) -> &[String] {
        &self.requires
    }

    /// The remark.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }
}

/// What kind of link it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum LinkKind {
    /// A [`Gate`](crate::Gate): walked together with its neighbours by one service.
    Gate,
    /// A tower layer of its own.
    Layer,
    /// What answers: the last room.
    App,
}

impl fmt::Display for LinkKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gate => "gate",
            Self::Layer => "layer",
            Self::App => "app",
        })
    }
}
