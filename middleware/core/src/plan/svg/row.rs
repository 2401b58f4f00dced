//! Rooms in a row, seen from above, with double doors that open inwards.
//!
//! ```text
//!            top ┌────────────┬────────────┐
//!                │    auth    │    shop    │   names
//!           door ├──         ─┼──          │   leaves, swung open
//!   client ──▶────────────────────────╮    │   AXIS − LANE
//!        ◀────────────────────────────╯    │   AXIS + LANE
//!                ├──         ─┼──          │
//!                │   12 µs    │   200 OK   │   what was said
//!         bottom └────────────┴────────────┘
//! ```

use super::{
    Drawing, line_width, name_width,
    pen::{Pen, class},
};
use crate::plan::{
    scene::Scene,
    words::{Weight, columns, told, wrap},
};

/// Where the first wall stands.
const START: usize = 74;
const TOP: usize = 2;
const AXIS: usize = 76;
/// Half a door.
const LEAF: usize = 22;
/// How far the two ways are from the axis.
const LANE: usize = 7;
const PAD: usize = 16;
const LINE: usize = 18;
/// Room for the line to turn round before a shut door, with its sign.
const TURN: usize = 30;

struct Cell {
    left: usize,
    right: usize,
    lines: Vec<(String, Weight)>,
}

pub(super) fn draw(scene: &Scene) -> Drawing {
    let mut cells: Vec<Cell> = Vec::with_capacity(scene.rooms.len());
    for room in &scene.rooms {
        let lines: Vec<(String, Weight)> = told(room, false)
            .into_iter()
            .flat_map(|(text, weight)| {
                let width = if weight == Weight::Strong { usize::MAX } else { columns(&room.name).max(14) };
                wrap(&text, width).into_iter().map(move |line| (line, weight))
            })
            .collect();
        let widest = lines.iter().map(|(line, _)| line_width(line)).chain([name_width(&room.name), 60]).max();
        let left = cells.last().map_or(START, |cell| cell.right);
        cells.push(Cell { left, right: left + widest.unwrap_or(0) + 2 * PAD, lines });
    }
    let lines = cells.iter().map(|cell| cell.lines.len()).max().unwrap_or(0).max(1);
    let bottom = AXIS + LEAF + 12 + lines * LINE + 14;
    let end = cells.last().map_or(START, |cell| cell.right);

    let mut pen = Pen::new();
    for (at, cell) in cells.iter().enumerate() {
        draw_walls(&mut pen, scene, at, cell, bottom);
        draw_words(&mut pen, scene, at, cell);
    }
    if let Some(cell) = cells.get(scene.turn) {
        draw_line(&mut pen, scene, cell.right);
    }
    Drawing { class: "enf-row", width: end + 2, height: bottom + 2, shapes: pen.finish() }
}

/// A room's walls but for the right one, which is the next room's left one.
fn draw_walls(pen: &mut Pen, scene: &Scene, at: usize, cell: &Cell, bottom: usize) {
    let (left, right) = (cell.left, cell.right);
    let wall = if scene.is_dim(at) { "enf-wall enf-dim" } else { "enf-wall" };
    let outer = if scene.is_dim(at) { wall } else { "enf-wall enf-outer" };
    pen.path(outer, format_args!("M{left} {TOP}H{right}M{left} {bottom}H{right}"));
    // The wall between a bright and a dim room belongs to the bright one.
    let side = match at {
        0 => outer,
        _ if at == scene.turn + 1 => "enf-wall",
        _ => wall,
    };
    let (above, below) = (AXIS - LEAF, AXIS + LEAF);
    if scene.is_dim(at) && !(at == scene.turn + 1 && scene.door_is_shut()) {
        pen.path(side, format_args!("M{left} {TOP}V{bottom}"));
    } else {
        pen.path(side, format_args!("M{left} {TOP}V{above}M{left} {below}V{bottom}"));
        draw_door(pen, left, at == scene.turn + 1);
    }
    if at + 1 == scene.rooms.len() {
        pen.path(outer, format_args!("M{right} {TOP}V{bottom}"));
    }
}

/// Two leaves: across the way when shut, swung into the room when open, with the arc that plans draw.
fn draw_door(pen: &mut Pen, x: usize, shut: bool) {
    let (above, below, out) = (AXIS - LEAF, AXIS + LEAF, x + LEAF);
    if shut {
        pen.path("enf-shut", format_args!("M{x} {above}V{}M{x} {below}V{}", AXIS - 1, AXIS + 1));
        return;
    }
    pen.path("enf-leaf", format_args!("M{x} {above}H{out}M{x} {below}H{out}"));
    pen.path(
        "enf-swing",
        format_args!("M{out} {above}A{LEAF} {LEAF} 0 0 1 {x} {AXIS}A{LEAF} {LEAF} 0 0 1 {out} {below}"),
    );
}

fn draw_words(pen: &mut Pen, scene: &Scene, at: usize, cell: &Cell) {
    let middle = usize::midpoint(cell.left, cell.right);
    pen.raw(format_args!("{}", if scene.is_dim(at) { r#"<g class="enf-faint">"# } else { "<g>" }));
    pen.label("enf-name", (middle, TOP + 32), &scene.rooms[at].name);
    for (nth, (line, weight)) in cell.lines.iter().enumerate() {
        pen.label(class(*weight), (middle, AXIS + LEAF + 26 + nth * LINE), line);
    }
    pen.raw(format_args!("</g>"));
}

/// The request's line: through every open door, round in the last room, and back to the client.
fn draw_line(pen: &mut Pen, scene: &Scene, wall: usize) {
    let (there, back) = (AXIS - LANE, AXIS + LANE);
    let turn = wall - if scene.door_is_shut() { TURN + 6 } else { TURN };
    pen.path("enf-view", format_args!("M4 {AXIS}H{}", wall - 3));
    pen.label("enf-client", (4, there - 14), "client");
    pen.path("enf-line", format_args!("M4 {there}H{turn}A{LANE} {LANE} 0 0 1 {turn} {back}H8"));
    let x = START - 24;
    pen.path("enf-head", format_args!("M{x} {}l10 5l-10 5z", there - 5));
    pen.path("enf-head", format_args!("M4 {back}l10 -5v10z"));
    if scene.door_is_shut() {
        pen.path("enf-sign", format_args!("M{} {}l9 9m0 -9l-9 9", wall - 20, AXIS - 4));
    }
}
