//! Rooms below each other, for narrow windows: the same line, now down through the doors and up again.
//!
//! ```text
//!    client
//!    ▼ ▲
//! ┌─╴│ │╶────────────────────────┐
//! │  │ │  validate  passed, 3 µs │
//! ├─╴│ │╶────────────────────────┤
//! │  │ │  auth      ✕ refused    │
//! │  ╰─╯            auth.missing │
//! ├━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┤
//! ╎        shop      not reached ╎
//! └╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌┘
//! ```

use super::{
    canvas::{Canvas, Ink},
    columns, shorten, wrap,
};
use crate::plan::{
    scene::{Room, Scene},
    words::told,
};

const DOWN: usize = 3;
const UP: usize = 5;
const TEXT: usize = 8;
/// Names shorter than this are not worth a box.
const LEAST: usize = 12;

/// `None` when the window is too narrow even for this.
pub(super) fn draw(scene: &Scene, width: usize) -> Option<Canvas> {
    let space = width.checked_sub(TEXT + 2).filter(|space| *space >= LEAST)?;
    let names = scene.rooms.iter().map(|room| columns(&room.name)).max().unwrap_or(0).min(space);
    let beside = space.saturating_sub(names + 2);
    let rooms: Vec<Words> = scene.rooms.iter().map(|room| Words::new(room, names, beside, space)).collect();
    let widest = rooms.iter().map(|room| room.width).max().unwrap_or(0);
    let right = TEXT + widest + 1;

    let mut canvas = Canvas::new(width);
    canvas.put(DOWN, 0, "client", Ink::Plain);
    canvas.put(DOWN, 1, "▼", Ink::Line);
    canvas.put(UP, 1, "▲", Ink::Line);
    let mut y = 2;
    for (at, words) in rooms.iter().enumerate() {
        draw_wall(&mut canvas, scene, at, right, y);
        // A line that turns round needs one row to come in and one to turn.
        let height = words.lines.len().max(if at == scene.turn { 2 } else { 1 });
        draw_room(&mut canvas, scene, at, right, y + 1..y + 1 + height);
        for (nth, (x, line, ink)) in words.lines.iter().enumerate() {
            let ink = if scene.is_dim(at) { Ink::Dim } else { *ink };
            canvas.put(TEXT + x, y + 1 + nth, line, ink);
        }
        if let (Some(name), false) = (&words.name, scene.is_dim(at)) {
            canvas.put(TEXT, y + 1, name, Ink::Name);
        } else if let Some(name) = &words.name {
            canvas.put(TEXT, y + 1, name, Ink::Dim);
        }
        y += 1 + height;
    }
    draw_wall(&mut canvas, scene, rooms.len(), right, y);
    Some(canvas)
}

/// The wall above room `at`, with its door open, shut, or dim.
fn draw_wall(canvas: &mut Canvas, scene: &Scene, at: usize, right: usize, y: usize) {
    let ends = match at {
        0 => ["┌", "┐"],
        _ if at == scene.rooms.len() => ["└", "┘"],
        _ => ["├", "┤"],
    };
    let shut = at == scene.turn + 1 && at < scene.rooms.len() && scene.door_is_shut();
    let (line, ink) = match (shut, at > scene.turn + 1) {
        (true, _) => ("━", Ink::Alarm),
        (_, true) => ("╌", Ink::Dim),
        _ => ("─", Ink::Plain),
    };
    canvas.put(0, y, ends[0], ink);
    canvas.across(1, right, y, line, ink);
    canvas.put(right, y, ends[1], ink);
    if at <= scene.turn {
        canvas.put(DOWN - 1, y, "╴", ink);
        canvas.put(DOWN, y, "│", Ink::Line);
        canvas.put(DOWN + 1, y, " ", ink);
        canvas.put(UP, y, "│", Ink::Line);
        canvas.put(UP + 1, y, "╶", ink);
    }
}

fn draw_room(canvas: &mut Canvas, scene: &Scene, at: usize, right: usize, ys: std::ops::Range<usize>) {
    let (wall, ink) = if scene.is_dim(at) { ("╎", Ink::Dim) } else { ("│", Ink::Plain) };
    canvas.down(0, ys.start, ys.end, wall, ink);
    canvas.down(right, ys.start, ys.end, wall, ink);
    if at > scene.turn {
        return;
    }
    let end = if at == scene.turn { ys.end - 1 } else { ys.end };
    canvas.down(DOWN, ys.start, end, "│", Ink::Line);
    canvas.down(UP, ys.start, end, "│", Ink::Line);
    if at == scene.turn {
        canvas.put(DOWN, end, "╰─╯", Ink::Line);
    }
}

/// The words in one room: its name, and details beside it or, where there is no space, below.
struct Words {
    name: Option<String>,
    /// Column from [`TEXT`], text and ink.
    lines: Vec<(usize, String, Ink)>,
    width: usize,
}

impl Words {
    fn new(room: &Room, names: usize, beside: usize, space: usize) -> Self {
        let details = told(room, true);
        let needed = details.iter().map(|(text, _)| columns(text)).max().unwrap_or(0);
        let fits = beside >= needed.min(16);
        let (x, width) = if fits { (names + 2, beside) } else { (0, space) };
        let mut lines: Vec<_> = details
            .into_iter()
            .flat_map(|(text, weight)| {
                wrap(&text, width.max(1)).into_iter().map(move |line| (x, line, Ink::from(weight)))
            })
            .collect();
        let name = shorten(&room.name, space);
        if !fits || lines.is_empty() {
            lines.insert(0, (0, String::new(), Ink::Plain));
        }
        let lines_end = lines.iter().map(|(x, line, _)| x + columns(line)).max().unwrap_or(0);
        let width = lines_end.max(columns(&name)) + 1;
        Self { name: Some(name), lines, width: width.min(space) }
    }
}
