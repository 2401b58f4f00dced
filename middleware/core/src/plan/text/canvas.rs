//! A grid of characters that is drawn upon in any order, and cannot be drawn upon beyond its width.
//!
//! ```text
//! put / across / down ─▶ cells: (character, ink) ─▶ lines without trailing blanks, ASCII and colours as asked
//! ```

use unicode_width::UnicodeWidthChar as _;

use crate::plan::words::Weight;

/// What a character belongs to; a colour repeats it where colours are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Ink {
    #[default]
    Plain,
    /// The request's line: the one accent colour.
    Line,
    /// A link's name.
    Name,
    /// A shut door, its code, a warning: heavy, as there is only one accent colour.
    Alarm,
    /// A room that the request did not reach.
    Dim,
}

impl From<Weight> for Ink {
    fn from(weight: Weight) -> Self {
        match weight {
            Weight::Plain => Self::Plain,
            Weight::Strong => Self::Alarm,
            Weight::Soft => Self::Dim,
        }
    }
}

impl Ink {
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Line => "\x1b[36m",
            Self::Name | Self::Alarm => "\x1b[1m",
            Self::Dim => "\x1b[2m",
        }
    }
}

#[derive(Clone, Copy, Default)]
struct Cell {
    /// `None` is an empty cell or the second half of a wide character.
    c: Option<char>,
    second_half: bool,
    ink: Ink,
}

/// The grid. Rows come into being when they are drawn upon.
pub(super) struct Canvas {
    width: usize,
    rows: Vec<Vec<Cell>>,
}

impl Canvas {
    pub(super) fn new(width: usize) -> Self {
        Self { width, rows: Vec::new() }
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn height(&self) -> usize {
        self.rows.len()
    }

    /// Writes text from (x, y) to the right; what does not fit is left out.
    pub(super) fn put(&mut self, x: usize, y: usize, text: &str, ink: Ink) {
        if self.rows.len() <= y {
            self.rows.resize_with(y + 1, Vec::new);
        }
        let row = &mut self.rows[y];
        let mut x = x;
        for c in text.chars() {
            let wide = c.width().unwrap_or(0);
            if wide == 0 || x + wide > self.width {
                break;
            }
            if row.len() < x + wide {
                row.resize(x + wide, Cell::default());
            }
            row[x] = Cell { c: Some(c), second_half: false, ink };
            for half in &mut row[x + 1..x + wide] {
                *half = Cell { c: None, second_half: true, ink };
            }
            x += wide;
        }
    }

    /// Repeats a character from `from` up to, not including, `to`.
    pub(super) fn across(&mut self, from: usize, to: usize, y: usize, c: &str, ink: Ink) {
        (from..to).for_each(|x| self.put(x, y, c, ink));
    }

    /// Repeats a character downwards from `from` up to, not including, `to`.
    pub(super) fn down(&mut self, x: usize, from: usize, to: usize, c: &str, ink: Ink) {
        (from..to).for_each(|y| self.put(x, y, c, ink));
    }

    pub(super) fn render(&self, unicode: bool, color: bool) -> String {
        let mut text = String::new();
        for row in &self.rows {
            let end = row.iter().rposition(|cell| cell.c.is_some_and(|c| c != ' ')).map_or(0, |at| at + 1);
            let mut ink = Ink::Plain;
            for cell in &row[..end] {
                if cell.second_half {
                    continue;
                }
                if color && cell.ink != ink {
                    text.push_str(if ink == Ink::Plain { "" } else { RESET });
                    text.push_str(cell.ink.code());
                    ink = cell.ink;
                }
                let c = cell.c.unwrap_or(' ');
                if unicode {
                    text.push(c);
                } else {
                    (0..c.width().unwrap_or(1)).for_each(|_| text.push(ascii(c)));
                }
            }
            text.push_str(if color && ink != Ink::Plain { RESET } else { "" });
            text.push('\n');
        }
        text
    }
}

const RESET: &str = "\x1b[0m";

fn ascii(c: char) -> char {
    match c {
        ' '..='~' => c,
        '\u{a0}' => ' ',
        '─' | '╌' | '━' | '╴' | '╶' => '-',
        '│' | '┃' => '|',
        '╎' => ':',
        '╵' => '\'',
        '╷' => '.',
        '▶' => '>',
        '◀' => '<',
        '▲' => '^',
        '▼' => 'v',
        '✕' => 'x',
        '…' => '~',
        'µ' => 'u',
        '┌' | '┐' | '└' | '┘' | '├' | '┤' | '┬' | '┴' | '╮' | '╯' | '╰' => '+',
        _ => '?',
    }
}
