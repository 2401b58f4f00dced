//! Expected and found beside each other, aligned, with a mark before each row that differs and under what differs.
//!
//! ```text
//!             expected   found
//!     path    /          /
//!   ≠ domain  a.example  b.example
//!             ^          ^
//! ```

use std::fmt;

/// Wider values are cut around their first difference.
const WIDEST: usize = 48;

#[derive(Default)]
pub(super) struct Table {
    rows: Vec<Row>,
}

struct Row {
    name: String,
    expected: String,
    found: String,
    differs: bool,
}

impl Table {
    /// A row whose texts differ if they are not equal.
    pub(super) fn compare(&mut self, name: &str, expected: &str, found: &str) {
        self.row(name, expected, found, expected != found);
    }

    /// A row that differs or not for a reason of its own.
    pub(super) fn row(&mut self, name: &str, expected: &str, found: &str, differs: bool) {
        let (expected, found) = cut(&printable(expected), &printable(found));
        self.rows.push(Row { name: name.to_owned(), expected, found, differs });
    }

    /// A row that expects nothing and only tells.
    pub(super) fn tell(&mut self, name: &str, found: &str) {
        self.row(name, "", found, false);
    }

    pub(super) fn differs(&self) -> bool {
        self.rows.iter().any(|row| row.differs)
    }

    pub(super) fn differences(&self) -> usize {
        self.rows.iter().filter(|row| row.differs).count()
    }

    /// Fails with the table unless nothing differs.
    #[track_caller]
    pub(super) fn check(&self, what: &str) {
        assert!(!self.differs(), "{what}\n{self}");
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |text: fn(&Row) -> &str| self.rows.iter().map(|row| text(row).chars().count()).max();
        let names = width(|row| &row.name).unwrap_or(0);
        let wide = width(|row| &row.expected).unwrap_or(0).max("expected".len());
        write!(f, "    {:names$}  {:wide$}  found", "", "expected")?;
        for Row { name, expected, found, differs } in &self.rows {
            let mark = if *differs { '≠' } else { ' ' };
            write!(f, "\n  {mark} {name:names$}  {expected:wide$}  {found}")?;
            if *differs && let Some((left, right)) = carets(expected, found) {
                write!(f, "\n    {:names$}  {left:wide$}  {right}", "")?;
            }
        }
        Ok(())
    }
}

/// Marks under what differs; `None` when nothing is alike, for then all of it does.
fn carets(expected: &str, found: &str) -> Option<(String, String)> {
    let (before, after) = alike(expected, found);
    if before + after < 2 {
        return None;
    }
    let under = |text: &str| {
        let differs = text.chars().count() - before - after;
        // Something is missing here: the mark stands where it should be.
        format!("{}{}", " ".repeat(before), "^".repeat(differs.max(1)))
    };
    Some((under(expected), under(found)))
}

/// How many characters two texts share at their start, and at the end of what is left.
fn alike(a: &str, b: &str) -> (usize, usize) {
    let before = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
    let most = a.chars().count().min(b.chars().count()) - before;
    let after = a.chars().rev().zip(b.chars().rev()).take_while(|(a, b)| a == b).count().min(most);
    // Two words that end alike (`expired`, `malformed`) still differ to their end.
    (before, if after < 3 { 0 } else { after })
}

/// Cuts two long texts alike, a few characters before their first difference.
fn cut(expected: &str, found: &str) -> (String, String) {
    let (before, _) = alike(expected, found);
    let from = before.saturating_sub(12);
    (window(expected, from), window(found, from))
}

pub(super) fn window(text: &str, from: usize) -> String {
    let whole = text.chars().count();
    if whole <= WIDEST {
        return text.to_owned();
    }
    let start = if from.saturating_add(2) >= whole { 0 } else { from };
    let shown: String = text.chars().skip(start).take(WIDEST).collect();
    let (left, right) = (start > 0, start + WIDEST < whole);
    format!("{}{shown}{}", if left { "…" } else { "" }, if right { "…" } else { "" })
}

/// One line, whatever the text holds.
fn printable(text: &str) -> String {
    text.chars()
        .flat_map(|c| if c.is_control() { c.escape_default().collect::<Vec<_>>() } else { vec![c] })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_marked() {
        let mut table = Table::default();
        table.compare("path", "/", "/");
        table.compare("error", "invalid_token", "invalid_request");
        table.tell("line", "x");
        let lines = [
            "           expected       found",
            "    path   /              /",
            "  ≠ error  invalid_token  invalid_request",
            "                   ^^^^^          ^^^^^^^",
            "    line                  x",
        ];
        assert_eq!(table.to_string(), lines.join("\n"));
        assert_eq!(table.differences(), 1);
    }

    #[test]
    fn long_values_are_cut_around_their_first_difference() {
        let (a, b) = (format!("{}x{}", "a".repeat(100), "c".repeat(100)), "a".repeat(201));
        let (a, b) = cut(&a, &b);
        assert!(a.starts_with("…aaaaaaaaaaaaxccc") && a.ends_with("c…"), "{a}");
        assert!(b.starts_with("…aaaaaaaaaaaaaaaa"), "{b}");
        assert!(a.chars().count() <= WIDEST + 2);
    }

    #[test]
    fn controls_do_not_break_the_table() {
        let mut table = Table::default();
        table.compare("value", "a", "a\r\nb");
        assert!(table.to_string().contains("a\\r\\nb"), "{table}");
    }
}
