//! The picture for a terminal: rooms in a row, or below each other where the window is narrow.
//!
//! ```text
//! Scene ─▶ row with everything │ row with names only │ column │ plain list: the first that fits the window
//!            └──▶ Canvas ──▶ box-drawing or ASCII, colours or none
//! ```

mod canvas;
mod column;
mod row;

use self::canvas::{Canvas, Ink};
use super::{
    scene::Scene,
    words::{clean, columns, wrap},
};

/// What the terminal can show.
///
/// ```
/// use enfilade_core::plan::TextStyle;
///
/// let env = |name: &str| (name == "LANG").then(|| "en_GB.UTF-8".to_owned());
/// let style = TextStyle::for_output(true, Some(100), env);
/// assert_eq!(style, TextStyle::new(100).with_color(true));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct TextStyle {
    width: usize,
    unicode: bool,
    color: bool,
}

impl TextStyle {
    /// Box-drawing without colours, at most `width` columns.
    pub fn new(width: usize) -> Self {
        Self { width, unicode: true, color: false }
    }

    /// What suits standard output: `is_terminal` and the window's `width` as the caller found them, the rest from
    /// the environment. Colours only on a terminal that is not `TERM=dumb`, and never with `NO_COLOR`; box-drawing
    /// where the locale (`LC_ALL`, `LC_CTYPE`, `LANG`) is UTF-8; 80 columns where the width is not known.
    pub fn for_output(is_terminal: bool, width: Option<usize>, env: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| env(name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).unwrap_or_default();
        let locale = locale.to_ascii_lowercase();
        let dumb = set("TERM").is_some_and(|term| term == "dumb");
        Self {
            width: width.unwrap_or(80),
            unicode: locale.contains("utf-8") || locale.contains("utf8"),
            color: is_terminal && !dumb && set("NO_COLOR").is_none(),
        }
    }

    /// How many columns the picture may have.
    pub fn with_width(mut self, width: usize) -> Self {
        self.width = width;
        self
    }

    /// Box-drawing characters, or ASCII in their place.
    pub fn with_unicode(mut self, unicode: bool) -> Self {
        self.unicode = unicode;
        self
    }

    /// ANSI colours. They only repeat what a word or a sign says.
    pub fn with_color(mut self, color: bool) -> Self {
        self.color = color;
        self
    }
}

pub(super) fn draw(scene: &Scene, warnings: &[String], style: &TextStyle) -> String {
    let width = style.width.max(1);
    let mut canvas = if scene.rooms.is_empty() {
        plain(["an empty chain"], width)
    } else {
        row::draw(scene, width, row::Detail::All)
            .or_else(|| row::draw(scene, width, row::Detail::MarksOnly))
            .or_else(|| column::draw(scene, width))
            .unwrap_or_else(|| plain(scene.rooms.iter().map(|room| room.name.as_str()), width))
    };
    for warning in warnings {
        warn(&mut canvas, &clean(warning));
    }
    canvas.render(style.unicode, style.color)
}

/// For windows in which no room fits: the names below each other, cut where the window ends.
fn plain<'a>(lines: impl IntoIterator<Item = &'a str>, width: usize) -> Canvas {
    let mut canvas = Canvas::new(width);
    for (y, line) in lines.into_iter().enumerate() {
        canvas.put(0, y, &shorten(line, width), Ink::Plain);
    }
    canvas
}

fn warn(canvas: &mut Canvas, warning: &str) {
    let (sign, top) = ("! ", canvas.height());
    let indent = if canvas.width() > sign.len() { sign.len() } else { 0 };
    for (nth, line) in wrap(warning, canvas.width() - indent).iter().enumerate() {
        let sign = if nth == 0 { &sign[..indent] } else { "" };
        canvas.put(0, top + nth, sign, Ink::Alarm);
        canvas.put(indent, top + nth, line, Ink::Plain);
    }
}

/// Cuts text to `width` columns and marks the cut.
fn shorten(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut short = String::new();
    for c in text.chars() {
        let mut piece = [0; 4];
        if columns(&short) + columns(c.encode_utf8(&mut piece)) + 1 > width {
            break;
        }
        short.push(c);
    }
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::shorten;

    #[test]
    fn a_cut_is_marked_and_wide_characters_count_twice() {
        assert_eq!(shorten("abc", 3), "abc");
        assert_eq!(shorten("abcd", 3), "ab…");
        assert_eq!(shorten("会会会", 4), "会…");
    }
}
