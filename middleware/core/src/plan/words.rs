//! The words in a drawing: names made harmless, times made short, and the whole chain as one sentence.
//!
//! ```text
//! "a\x1b[2Jb" ─▶ a\u{1b}[2Jb      1_250 µs ─▶ 1.2 ms      Scene ─▶ "A request passes validate and auth, and …"
//! ```

use std::{fmt::Write as _, mem, time::Duration};

use unicode_width::UnicodeWidthChar as _;

use super::scene::{Outcome, Room, Said, Scene};

/// Escapes what a terminal or a reader would not see as itself: control and format characters, lone accents.
///
/// What remains has one or two columns a character, so that a drawing can count on its widths.
pub(super) fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        let shown = c == '\\' || c == '\'' || c == '"' || c.escape_debug().len() == 1;
        if shown && c.width().is_some_and(|width| width > 0) {
            clean.push(c);
        } else {
            clean.extend(c.escape_unicode());
        }
    }
    clean
}

/// Columns on a terminal, for text that is [`clean`].
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// A time in the unit in which it is read: `850 ns`, `12 µs`, `1.2 ms`, `3.0 s`; its blank does not break.
pub(super) fn time(took: Duration) -> String {
    let tenths = |of: u128| format!("{}.{}", of / 10, of % 10);
    match took.as_nanos() {
        ns @ 0..1_000 => format!("{ns}\u{a0}ns"),
        ns @ 1_000..1_000_000 => format!("{}\u{a0}µs", ns / 1_000),
        ns @ 1_000_000..100_000_000 => format!("{}\u{a0}ms", tenths(ns / 100_000)),
        ns @ 100_000_000..1_000_000_000 => format!("{}\u{a0}ms", ns / 1_000_000),
        ns => format!("{}\u{a0}s", tenths(ns / 100_000_000)),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn list<S: AsRef<str>>(words: &[S]) -> String {
    let mut text = String::new();
    for (at, word) in words.iter().enumerate() {
        text.push_str(match at {
            0 => "",
            _ if at + 1 == words.len() => " and ",
            _ => ", ",
        });
        text.push_str(word.as_ref());
    }
    text
}

/// The chain as a sentence.
pub(super) fn sentence(scene: &Scene) -> String {
    let Some((last, before)) = scene.rooms.split_last() else {
        return "An empty chain.".to_owned();
    };
    if scene.is_marked() {
        return marked(scene);
    }
    let names: Vec<&str> = before.iter().map(|room| room.name.as_str()).collect();
    match names.as_slice() {
        [] => format!("A request reaches {}; the response goes back.", last.name),
        names => format!(
            "A request passes {} and reaches {}; the response goes back through the same rooms.",
            list(names),
            last.name
        ),
    }
}

/// One clause per room that was entered, and one for those that were not.
fn marked(scene: &Scene) -> String {
    let mut text = String::from("One request: ");
    let mut dim = Vec::new();
    for (at, room) in scene.rooms.iter().enumerate() {
        if scene.is_dim(at) {
            dim.push(room.name.as_str());
            continue;
        }
        if at > 0 {
            text.push_str("; ");
        }
        clause(&mut text, room);
    }
    match dim.as_slice() {
        [] => {}
        [one] => _ = write!(text, "; {one} was not reached"),
        many => _ = write!(text, "; {} were not reached", list(many)),
    }
    text.push('.');
    text
}

fn clause(text: &mut String, room: &Room) {
    text.push_str(&room.name);
    for (said, way) in [(&room.there, ""), (&room.back, ", on the way back")] {
        let Some(said) = said else { continue };
        let _ = write!(text, "{way}: {}", spoken(said));
    }
}

/// `refused, auth.token-expired, 12 µs`.
pub(super) fn spoken(said: &Said) -> String {
    let refused = said.outcome == Outcome::Refused && said.word != "refused";
    let parts =
        [refused.then_some("refused"), Some(said.word.as_str()), said.code.as_deref(), said.took.as_deref()];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// How loudly a line is told. No drawing tells it by colour alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    Plain,
    /// A refusal: its sign, its word, its code.
    Strong,
    /// Times and notes.
    Soft,
}

/// What stands in a room beside its name, a line each; `joined` puts a time behind its word.
pub(super) fn told(room: &Room, joined: bool) -> Vec<(String, Weight)> {
    let mut lines = Vec::new();
    for (said, way) in [(&room.there, ""), (&room.back, "back: ")] {
        let Some(said) = said else { continue };
        let refused = said.outcome == Outcome::Refused;
        let weight = if refused { Weight::Strong } else { Weight::Plain };
        let sign = if refused { "✕ " } else { "" };
        let took =
            said.took.as_deref().filter(|_| joined).map_or_else(String::new, |took| format!(", {took}"));
        lines.push((format!("{sign}{way}{}{took}", said.word), weight));
        lines.extend(said.code.iter().map(|code| (code.clone(), Weight::Strong)));
        if !joined {
            lines.extend(said.took.iter().map(|took| (format!("{way}{took}"), Weight::Soft)));
        }
    }
    if room.there.is_none() {
        for (verb, words) in [("gives", &room.gives), ("needs", &room.needs)] {
            let text = |words: &[String]| (format!("{verb} {}", list(words)), Weight::Plain);
            if joined && !words.is_empty() {
                lines.push(text(words));
            } else {
                lines.extend(words.chunks(1).map(text));
            }
        }
        lines.extend(room.note.iter().filter(|_| joined).map(|note| (note.clone(), Weight::Soft)));
    }
    lines
}

/// Breaks text at blanks into lines of at most `width` columns; a longer word is cut into pieces.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        if !line.is_empty() && columns(&line) + 1 + columns(word) > width {
            lines.push(mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        for c in word.chars() {
            let mut piece = [0; 4];
            if !line.is_empty() && columns(&line) + columns(c.encode_utf8(&mut piece)) > width {
                lines.push(mem::take(&mut line));
            }
            line.push(c);
        }
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{time, wrap};

    #[test]
    fn text_breaks_at_blanks_and_long_words_anywhere() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert_eq!(wrap("", 3), [""]);
    }

    #[test]
    fn times_are_told_in_the_unit_in_which_they_are_read() {
        for (nanos, text) in [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_000, "1 µs"),
            (999_999, "999 µs"),
            (1_250_000, "1.2 ms"),
            (99_999_999, "99.9 ms"),
            (100_000_000, "100 ms"),
            (3_000_000_000, "3.0 s"),
        ] {
            assert_eq!(time(Duration::from_nanos(nanos)), text.replace(' ', "\u{a0}"));
        }
    }
}
