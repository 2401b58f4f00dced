//! The picture for a page and a README: the same rooms, doors and line, as SVG in a row and as a column.
//!
//! ```text
//! Scene ─┬─ row ────┬─▶ to_svg / to_svg_column: a file of its own, its style inside
//!        └─ column ─┴─▶ to_html: both in one figure; the page's width chooses (`css()`)
//! ```

mod column;
mod pen;
mod row;
mod style;

use self::pen::Pen;
pub(super) use self::style::css;
use super::{
    scene::Scene,
    words::{columns, sentence},
};

/// A picture with a width and a height in pixels at the usual text size.
struct Drawing {
    class: &'static str,
    width: usize,
    height: usize,
    shapes: String,
}

/// A file of its own, with its style and its paper.
pub(super) fn file(scene: &Scene, column: bool) -> String {
    let drawing = if column { column::draw(scene) } else { row::draw(scene) };
    let mut pen = Pen::new();
    let (margin, width, height) = (MARGIN, drawing.width + 2 * MARGIN, drawing.height + 2 * MARGIN);
    pen.raw(format_args!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" class="enf {}" width="{width}" height="{height}" viewBox="-{margin} -{margin} {width} {height}""#,
        drawing.class,
    ));
    named(&mut pen, scene, &drawing);
    pen.raw(format_args!("<style>{}{}</style>", style::FILE, style::PICTURE));
    pen.raw(format_args!(
        r#"<rect class="enf-paper" x="-{margin}" y="-{margin}" width="{width}" height="{height}" rx="10"/>"#,
    ));
    pen.raw(format_args!("{}</svg>\n", drawing.shapes));
    pen.finish()
}

/// Row and column in one figure; [`css`] shows the one that fits.
pub(super) fn figure(scene: &Scene) -> String {
    let (row, column) = (row::draw(scene), column::draw(scene));
    let mut pen = Pen::new();
    let fit = style::fit(row.width);
    pen.raw(format_args!(r#"<figure class="enfilade"><div class="{fit}">"#));
    for drawing in [&row, &column] {
        let ems = |px: usize| format!("{}.{:02}em", px / EM, px % EM * 100 / EM);
        let (width, height) = (drawing.width, drawing.height);
        pen.raw(format_args!(
            r#"<svg class="enf {}" width="{}" height="{}" viewBox="0 0 {width} {height}""#,
            drawing.class,
            ems(width),
            ems(height),
        ));
        named(&mut pen, scene, drawing);
        pen.raw(format_args!("{}</svg>", drawing.shapes));
    }
    pen.raw(format_args!("</div></figure>"));
    pen.finish()
}

/// The name and the sentence for those who do not see the picture, and the end of the opening tag.
///
/// Both need ids. Those are made of the content, so two pictures on one page share an id only if they share the text.
fn named(pen: &mut Pen, scene: &Scene, drawing: &Drawing) {
    let title = if scene.is_marked() { "The chain, as one request met it" } else { "The chain" };
    let sentence = sentence(scene);
    let id = fnv(&[drawing.class, title, &sentence]);
    pen.raw(format_args!(
        r#" role="img" aria-labelledby="enf-{id:x}-t enf-{id:x}-d"><title id="enf-{id:x}-t">{title}</title><desc id="enf-{id:x}-d">"#,
    ));
    pen.text(&sentence);
    pen.raw(format_args!("</desc>"));
}

/// FNV-1a: a short name for a text, not a secret.
fn fnv(texts: &[&str]) -> u64 {
    texts
        .iter()
        .flat_map(|text| text.bytes().chain([0]))
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Pixels in an em at the usual text size.
const EM: usize = 16;
const MARGIN: usize = 20;

/// How wide a link's name is: monospaced letters of 14 px are at most 8.5 px wide.
fn name_width(name: &str) -> usize {
    (columns(name) * 17).div_ceil(2)
}

/// How wide a line of 12.5 px is.
fn line_width(line: &str) -> usize {
    (columns(line) * 38).div_ceil(5)
}
