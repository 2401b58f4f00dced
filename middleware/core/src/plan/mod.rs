//! A [`Plan`] is a chain as data: it prints itself, draws itself, is stored as JSON and compared.
//!
//! ```text
//!             ┌──────────┬──────┬─────────┬──────┐
//! Chain ─▶    │ validate │ auth │ cookies │ shop │      ─▶ text · SVG · HTML · JSON · diff
//!             ╵          ╵      ╵         ╵      │
//!    client ──▶────────────────────────────────╮ │
//!           ◀──────────────────────────────────╯ │
//!             ╷          ╷      ╷         ╷      │
//!             └──────────┴──────┴─────────┴──────┘
//! ```
//!
//! - [`Plan`], [`PlanLink`]: what stands where, what it gives and what it needs
//! - [`Marks`]: what each link said about one request; every drawing can show them
//! - [`css`]: the style of the picture on a page
//! - [`TextStyle`]: how wide the window is, and whether it knows box-drawing and colours
//! - [`PlanDiff`]: what changed between two plans
//!
//! ```
//! use enfilade_core::plan::{LinkKind, Plan, PlanLink, TextStyle};
//!
//! let plan = Plan::new(
//!     [
//!         PlanLink::new("auth", LinkKind::Gate).with_provides(["the principal"]),
//!         PlanLink::new("shop", LinkKind::App),
//!     ],
//!     [],
//! );
//! let text = plan.to_text(&TextStyle::new(40).with_unicode(false));
//! assert!(text.contains("| auth"));
//! assert!(text.lines().all(|line| line.len() <= 40));
//!
//! let json = serde_json::to_string(&plan).unwrap();
//! assert_eq!(serde_json::from_str::<Plan>(&json).unwrap(), plan);
//! ```

mod diff;
mod link;
mod marks;
mod scene;
mod svg;
mod text;
mod words;

use std::fmt;

use serde_derive::{Deserialize, Serialize};

use self::scene::Scene;
pub use self::{
    diff::{Change, PlanDiff},
    link::{LinkKind, PlanLink},
    marks::{Mark, Marks, RoomMark, RoomState},
    text::TextStyle,
};

/// A chain as data, outermost link first. See the [module docs](self).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[must_use]
pub struct Plan {
    links: Vec<PlanLink>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

impl Plan {
    /// The links in the order in which a request meets them, and what is suspicious about that order.
    pub fn new(
        links: impl IntoIterator<Item = PlanLink>,
        warnings: impl IntoIterator<Item = String>,
    ) -> Self {
        Self { links: links.into_iter().collect(), warnings: warnings.into_iter().collect() }
    }

    /// The links, outermost first; the app, where there is one, is the last.
    pub fn links(&self) -> &[PlanLink] {
        &self.links
    }

    /// What is suspicious about the order: it works, but hardly as meant.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// What must change in this plan to get the other.
    pub fn diff(&self, other: &Self) -> PlanDiff {
        diff::diff(self, other)
    }

    /// The picture for a terminal, never wider than its window; ends with a line feed.
    ///
    /// Rooms in a row, and below each other where the window is too narrow for the row.
    pub fn to_text(&self, style: &TextStyle) -> String {
        self.to_text_with(&Marks::default(), style)
    }

    /// The same with what each link said about one request.
    pub fn to_text_with(&self, marks: &Marks, style: &TextStyle) -> String {
        text::draw(&Scene::new(self, marks), &self.warnings, style)
    }

    /// The picture as an SVG file of its own, rooms in a row: for a README. Pass [`Marks::default`] for none.
    ///
    /// Light and dark by the reader's setting; no script, no font or image from elsewhere.
    pub fn to_svg(&self, marks: &Marks) -> String {
        svg::file(&Scene::new(self, marks), false)
    }

    /// The same with the rooms below each other, for narrow places.
    pub fn to_svg_column(&self, marks: &Marks) -> String {
        svg::file(&Scene::new(self, marks), true)
    }

    /// The picture as an HTML fragment for a page whose `<style>` holds [`css`]: a row, or a column where the
    /// figure is too narrow. No script, no `style` attributes; everything escaped.
    pub fn to_html(&self, marks: &Marks) -> String {
        svg::figure(&Scene::new(self, marks))
    }

    /// The chain as a sentence: the picture for those who do not see it.
    pub fn to_sentence(&self, marks: &Marks) -> String {
        words::sentence(&Scene::new(self, marks))
    }
}

/// The style of [`Plan::to_html`], for the page's one `<style>`. It never changes, so its hash does not either.
///
/// The drawing takes the page's text colour; its one accent colour is `--enfilade-accent`.
pub fn css() -> &'static str {
    svg::css()
}

/// The picture for a window of 80 columns; `{:100}` makes it 100.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text(&TextStyle::new(f.width().unwrap_or(80))))
    }
}
