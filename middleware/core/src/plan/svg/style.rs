//! The style of the pictures: system fonts, `currentColor`, one accent colour, nothing told by colour alone.
//!
//! ```text
//! css()   for the page: PICTURE and the choice between row and column, by the figure's width
//! FILE    for a file of its own: ink, accent and paper, light and dark
//! ```

/// For the page's one `<style>`; constant, so that its hash is too.
pub(crate) fn css() -> &'static str {
    CSS
}

macro_rules! picture {
    () => {
        "\
.enf{font-family:ui-monospace,'SF Mono',Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace;fill:currentColor}\
.enf path{fill:none;stroke:currentColor}\
.enf-wall{stroke-width:2;stroke-linecap:square}\
.enf .enf-dim{stroke-width:1.5;stroke-dasharray:5 5;stroke-linecap:butt;opacity:.7}\
.enf-outer{stroke-width:3.5}\
.enf .enf-view{stroke:var(--enfilade-accent);stroke-width:42;opacity:.09}\
.enf-leaf{stroke-width:1.5;stroke-linecap:round}\
.enf-swing{stroke-width:1;opacity:.35}\
.enf-shut{stroke-width:7}\
.enf .enf-line{stroke:var(--enfilade-accent);stroke-width:2.5}\
.enf .enf-head{fill:var(--enfilade-accent);stroke:none}\
.enf-sign{stroke-width:2.5;stroke-linecap:round}\
.enf-name{font-size:14px;font-weight:600}\
.enf-said,.enf-client{font-size:12.5px}\
.enf-strong{font-weight:700}\
.enf-soft{opacity:.8}\
.enf-faint{opacity:.7}\
.enf-row .enf-name,.enf-row .enf-said{text-anchor:middle}"
    };
}

/// The shapes and the text.
pub(super) const PICTURE: &str = picture!();

/// Ink and paper of a picture that stands on no page.
pub(super) const FILE: &str = "\
svg{color:#1f2328;--enfilade-accent:#0a6f86}.enf-paper{fill:#fff}\
@media(prefers-color-scheme:dark){svg{color:#e6edf3;--enfilade-accent:#4cc3dd}.enf-paper{fill:#0d1117}}";

const CSS: &str = concat!(
    ":root{--enfilade-accent:#0a6f86}@media(prefers-color-scheme:dark){:root{--enfilade-accent:#4cc3dd}}",
    "@media(forced-colors:active){:root{--enfilade-accent:CanvasText}}",
    ".enfilade{margin:0;container-type:inline-size}.enfilade svg{max-width:100%;height:auto}.enf-row{display:none}",
    "@container(min-width:24em){.enf-24 .enf-row{display:block}.enf-24 .enf-col{display:none}}",
    "@container(min-width:32em){.enf-32 .enf-row{display:block}.enf-32 .enf-col{display:none}}",
    "@container(min-width:40em){.enf-40 .enf-row{display:block}.enf-40 .enf-col{display:none}}",
    "@container(min-width:48em){.enf-48 .enf-row{display:block}.enf-48 .enf-col{display:none}}",
    "@container(min-width:56em){.enf-56 .enf-row{display:block}.enf-56 .enf-col{display:none}}",
    "@container(min-width:64em){.enf-64 .enf-row{display:block}.enf-64 .enf-col{display:none}}",
    "@container(min-width:80em){.enf-80 .enf-row{display:block}.enf-80 .enf-col{display:none}}",
    "@container(min-width:96em){.enf-96 .enf-row{display:block}.enf-96 .enf-col{display:none}}",
    picture!(),
);

/// The class of the steps above for a row of so many pixels: it may shrink by a tenth, no more.
pub(super) fn fit(row: usize) -> &'static str {
    match row * 9 / 160 {
        0..=24 => "enf-24",
        25..=32 => "enf-32",
        33..=40 => "enf-40",
        41..=48 => "enf-48",
        49..=56 => "enf-56",
        57..=64 => "enf-64",
        65..=80 => "enf-80",
        81..=96 => "enf-96",
        _ => "enf-never",
    }
}
