//! Rooms below each other, for narrow pages: the same plan turned by a quarter.
//!
//! ```text
//!    client
//!      │ ▲
//! ┌───   ───────────┐
//! │  │ │ │  auth    │   leaves, swung open downwards
//! │    │ │    12 µs │
//! ├───   ───────────┤
//! │    ╰─╯    shop  │
//! └─────────────────┘
//! ```

use super::{
    Drawing,
    pen::{Pen, class},
};
use crate::plan::{
    scene::Scene,
    words::{Weight, told, wrap},
};

/// Fits a window of 320 px with a margin on both sides.
const WIDTH: usize = 284;
const LEFT: usize = 2;
const RIGHT: usize = WIDTH - 2;
const TOP: usize = 46;
const AXIS: usize = 38;
const LEAF: usize = 22;
const LANE: usize = 7;
const TEXT: usize = 76;
const LINE: usize = 18;
/// Columns between the text's left edge and the wall, for names of 14 px and lines of 12.5 px.
const NAME_COLUMNS: usize = 22;
const LINE_COLUMNS: usize = 25;

struct Cell {
    top: usize,
    bottom: usize,
    names: Vec<String>,
    lines: Vec<(String, Weight)>,
}

pub(super) fn draw(scene: &Scene) -> Drawing {
    let mut cells: Vec<Cell> = Vec::with_capacity(scene.rooms.len());
    for (at, room) in scene.rooms.iter().enumerate() {
        let names = wrap(&room.name, NAME_COLUMNS);
        let lines: Vec<(String, Weight)> = told(room, true)
            .into_iter()
            .flat_map(|(text, weight)| wrap(&text, LINE_COLUMNS).into_iter().map(move |line| (line, weight)))
            .collect();
        let top = cells.last().map_or(TOP, |cell| cell.bottom);
        // The line turns round in the last room, and needs room beyond the leaves.
        let least = if at == scene.turn { 58 } else { 44 };
        let height = (22 + (names.len() + lines.len()) * LINE).max(least);
        cells.push(Cell { top, bottom: top + height, names, lines });
    }
    let bottom = cells.last().map_or(TOP, |cell| cell.bottom);

    let mut pen = Pen::new();
    for (at, cell) in cells.iter().enumerate() {
        draw_walls(&mut pen, scene, at, cell);
        draw_words(&mut pen, scene, at, cell);
    }
    if let Some(cell) = cells.get(scene.turn) {
        draw_line(&mut pen, scene, cell.bottom);
    }
    Drawing { class: "enf-col", width: WIDTH, height: bottom + 2, shapes: pen.finish() }
}

/// A room's walls but for the lower one, which is the next room's upper one.
fn draw_walls(pen: &mut Pen, scene: &Scene, at: usize, cell: &Cell) {
    let (top, bottom) = (cell.top, cell.bottom);
    let wall = if scene.is_dim(at) { "enf-wall enf-dim" } else { "enf-wall" };
    let outer = if scene.is_dim(at) { wall } else { "enf-wall enf-outer" };
    pen.path(outer, format_args!("M{LEFT} {top}V{bottom}M{RIGHT} {top}V{bottom}"));
    let side = match at {
        0 => outer,
        _ if at == scene.turn + 1 => "enf-wall",
        _ => wall,
    };
    if scene.is_dim(at) && !(at == scene.turn + 1 && scene.door_is_shut()) {
        pen.path(side, format_args!("M{LEFT} {top}H{RIGHT}"));
    } else {
        let (before, after) = (AXIS - LEAF, AXIS + LEAF);
        pen.path(side, format_args!("M{LEFT} {top}H{before}M{after} {top}H{RIGHT}"));
        draw_door(pen, top, at == scene.turn + 1);
    }
    if at + 1 == scene.rooms.len() {
        pen.path(outer, format_args!("M{LEFT} {bottom}H{RIGHT}"));
    }
}

fn draw_door(pen: &mut Pen, y: usize, shut: bool) {
    let (before, after, out) = (AXIS - LEAF, AXIS + LEAF, y + LEAF);
    if shut {
        pen.path("enf-shut", format_args!("M{before} {y}H{}M{after} {y}H{}", AXIS - 1, AXIS + 1));
        return;
    }
    pen.path("enf-leaf", format_args!("M{before} {y}V{out}M{after} {y}V{out}"));
    pen.path(
        "enf-swing",
        format_args!("M{before} {out}A{LEAF} {LEAF} 0 0 0 {AXIS} {y}A{LEAF} {LEAF} 0 0 0 {after} {out}"),
    );
}

fn draw_words(pen: &mut Pen, scene: &Scene, at: usize, cell: &Cell) {
    pen.raw(format_args!("{}", if scene.is_dim(at) { r#"<g class="enf-faint">"# } else { "<g>" }));
    let lines = cell.names.len() + cell.lines.len();
    let mut y = usize::midpoint(cell.top, cell.bottom) + 14 - lines * LINE / 2;
    for name in &cell.names {
        pen.label("enf-name", (TEXT, y), name);
        y += LINE;
    }
    for (line, weight) in &cell.lines {
        pen.label(class(*weight), (TEXT, y), line);
        y += LINE;
    }
    pen.raw(format_args!("</g>"));
}

fn draw_line(pen: &mut Pen, scene: &Scene, wall: usize) {
    let (there, back) = (AXIS - LANE, AXIS + LANE);
    let turn = wall - if scene.door_is_shut() { 30 } else { 24 };
    pen.path("enf-view", format_args!("M{AXIS} 4V{}", wall - 3));
    pen.label("enf-client", (there + 32, 20), "client");
    pen.path("enf-line", format_args!("M{there} 4V{turn}A{LANE} {LANE} 0 0 0 {back} {turn}V8"));
    pen.path("enf-head", format_args!("M{} 24h10l-5 10z", there - 5));
    pen.path("enf-head", format_args!("M{back} 4l5 10h-10z"));
    if scene.door_is_shut() {
        pen.path("enf-sign", format_args!("M{} {}l9 9m0 -9l-9 9", AXIS - 4, wall - 17));
    }
}
