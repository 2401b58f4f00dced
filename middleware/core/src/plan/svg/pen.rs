//! Writes markup: what we wrote ourselves as it is, everything else escaped.
//!
//! ```text
//! raw(format_args!("<path …/>")) ─▶ as it is        text("a<b") ─▶ a&lt;b
//! ```

use std::fmt::{self, Write as _};

use crate::{plan::words::Weight, render::escape};

/// A half-written picture.
pub(super) struct Pen(String);

impl Pen {
    pub(super) fn new() -> Self {
        Self(String::new())
    }

    /// Our own markup.
    pub(super) fn raw(&mut self, markup: fmt::Arguments<'_>) {
        let _ = self.0.write_fmt(markup);
    }

    /// Anybody's text.
    pub(super) fn text(&mut self, text: &str) {
        escape::html(&mut self.0, text);
    }

    /// A shape of one class.
    pub(super) fn path(&mut self, class: &str, d: fmt::Arguments<'_>) {
        self.raw(format_args!(r#"<path class="{class}" d="{d}"/>"#));
    }

    /// A line of text at its baseline.
    pub(super) fn label(&mut self, class: &str, (x, y): (usize, usize), text: &str) {
        self.raw(format_args!(r#"<text class="{class}" x="{x}" y="{y}">"#));
        self.text(text);
        self.raw(format_args!("</text>"));
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}

pub(super) fn class(weight: Weight) -> &'static str {
    match weight {
        Weight::Plain => "enf-said",
        Weight::Strong => "enf-said enf-strong",
        Weight::Soft => "enf-said enf-soft",
    }
}
