//! Rooms in a row, their doors in one line, the request a line through the doors and back.
//!
//! ```text
//!        ┌──────────┬────────────────────┬╌╌╌╌╌╌┐   0 walls
//!        │ validate │ auth               ┃ shop ╎   1 names
//!        ╵          ╵                    ┃      ╎   2 door posts
//! client ──▶───────────────────────────╮ ┃      ╎   3 the way in
//!      ◀───────────────────────────────╯ ┃      ╎   4 the way back
//!        ╷          ╷                    ┃      ╎   5 door posts
//!        │ passed   │ ✕ refused          ┃ not  ╎   6 what was said, or what is given and needed
//!        └──────────┴────────────────────┴╌╌╌╌╌╌┘
//! ```

use super::{
    canvas::{Canvas, Ink},
    columns,
};
use crate::plan::{
    scene::{Room, Scene},
    words::{Weight, told},
};

/// How much each room tells.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    All,
    /// What links give and need is left out; what they said about a request never is.
    MarksOnly,
}

const CLIENT: &str = "client ";
const POSTS: usize = 2;
const THERE: usize = 3;
const BACK: usize = 4;

/// `None` when the window is too narrow.
pub(super) fn draw(scene: &Scene, width: usize, detail: Detail) -> Option<Canvas> {
    let lines: Vec<Vec<(String, Weight)>> = scene.rooms.iter().map(|room| room_lines(room, detail)).collect();
    let mut walls = vec![columns(CLIENT) + 2];
    for (at, room) in scene.rooms.iter().enumerate() {
        let widest = lines[at].iter().map(|(line, _)| columns(line)).chain([columns(&room.name)]).max();
        // The line turns round before a shut door, and that needs a little room.
        let inside = widest.unwrap_or(0).max(4) + 2;
        walls.push(walls[at] + inside + 1);
    }
    if walls[scene.rooms.len()] + 1 > width {
        return None;
    }
    let floor = BACK + 2 + lines.iter().map(Vec::len).max().unwrap_or(0);
    let mut canvas = Canvas::new(width);
    for at in 0..scene.rooms.len() {
        draw_room(&mut canvas, scene, at, (walls[at], walls[at + 1]), floor);
        draw_words(&mut canvas, scene, at, walls[at] + 2, &lines[at]);
    }
    draw_line(&mut canvas, walls[scene.turn + 1] - 2);
    Some(canvas)
}

/// The walls left, above, below and right of a room; the next room draws over the right one.
fn draw_room(canvas: &mut Canvas, scene: &Scene, at: usize, (left, right): (usize, usize), floor: usize) {
    let dim = scene.is_dim(at);
    let (ink, across, down) = if dim { (Ink::Dim, "╌", "╎") } else { (Ink::Plain, "─", "│") };
    canvas.across(left + 1, right, 0, across, ink);
    canvas.across(left + 1, right, floor, across, ink);
    let corner = if at == 0 { ["┌", "└"] } else { ["┬", "┴"] };
    let corner_ink = if dim && at != scene.turn + 1 { Ink::Dim } else { Ink::Plain };
    canvas.put(left, 0, corner[0], corner_ink);
    canvas.put(left, floor, corner[1], corner_ink);
    if at == scene.turn + 1 && scene.door_is_shut() {
        canvas.down(left, 1, floor, "┃", Ink::Alarm);
    } else if dim {
        canvas.down(left, 1, floor, down, if at == scene.turn + 1 { Ink::Plain } else { Ink::Dim });
    } else {
        canvas.down(left, 1, POSTS, "│", ink);
        canvas.put(left, POSTS, "╵", ink);
        canvas.put(left, BACK + 1, "╷", ink);
        canvas.down(left, BACK + 2, floor, "│", ink);
    }
    if at + 1 == scene.rooms.len() {
        canvas.put(right, 0, "┐", ink);
        canvas.down(right, 1, floor, down, ink);
        canvas.put(right, floor, "┘", ink);
    }
}

fn draw_words(canvas: &mut Canvas, scene: &Scene, at: usize, x: usize, lines: &[(String, Weight)]) {
    let room = &scene.rooms[at];
    let dim = scene.is_dim(at);
    canvas.put(x, 1, &room.name, if dim { Ink::Dim } else { Ink::Name });
    for (nth, (line, weight)) in lines.iter().enumerate() {
        canvas.put(x, BACK + 2 + nth, line, if dim { Ink::Dim } else { Ink::from(*weight) });
    }
}

/// Drawn last: the line goes through every open door up to column `turn`, and back.
fn draw_line(canvas: &mut Canvas, turn: usize) {
    let start = columns(CLIENT);
    canvas.put(0, THERE, CLIENT.trim_end(), Ink::Plain);
    canvas.across(start, turn, THERE, "─", Ink::Line);
    canvas.put(start + 4, THERE, "▶", Ink::Line);
    canvas.put(turn, THERE, "╮", Ink::Line);
    canvas.put(start, BACK, "◀", Ink::Line);
    canvas.across(start + 1, turn, BACK, "─", Ink::Line);
    canvas.put(turn, BACK, "╯", Ink::Line);
}

/// What stands in a room below the line.
fn room_lines(room: &Room, detail: Detail) -> Vec<(String, Weight)> {
    if room.there.is_none() && detail == Detail::MarksOnly { Vec::new() } else { told(room, false) }
}
