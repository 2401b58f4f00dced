//! The HTML of a refusal: ours, or a page of yours.
//!
//! ```text
//! Page { html, csp } ─▶ body + Content-Security-Policy       ours: one style, by its hash; no script, nothing loaded
//! ```

use http::HeaderValue;

use super::{asked::RenderContext, escape};
use crate::Rejection;

/// A whole HTML document and the `Content-Security-Policy` it is sent with.
#[derive(Clone, Debug)]
#[must_use]
pub struct Page {
    pub(super) html: String,
    pub(super) csp: HeaderValue,
}

impl Page {
    /// A page of yours. Its policy allows nothing but forms to its own origin: no style, no script, no image, no frame
    /// around it, until [`with_csp`](Self::with_csp) says so.
    pub fn new(html: impl Into<String>) -> Self {
        Self { html: html.into(), csp: HeaderValue::from_static(STRICT) }
    }

    /// Another policy, such as one with the hash of the page's style.
    pub fn with_csp(mut self, csp: &'static str) -> Self {
        self.csp = HeaderValue::from_static(csp);
        self
    }

    /// Text made harmless for HTML, in content and in quoted attributes.
    ///
    /// ```
    /// use enfilade_core::render::Page;
    ///
    /// assert_eq!(Page::escape("<b title='x'>"), "&lt;b title=&#39;x&#39;&gt;");
    /// ```
    pub fn escape(text: &str) -> String {
        let mut html = String::with_capacity(text.len());
        escape::html(&mut html, text);
        html
    }

    pub(super) fn ours(rejection: &Rejection, context: &RenderContext<'_>) -> Self {
        Self { html: document(rejection, context), csp: HeaderValue::from_static(OURS) }
    }
}

const STRICT: &str = "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The hash is that of [`STYLE`]; a test compares them.
const OURS: &str = "default-src 'none'; style-src 'sha256-nN9fVA4eMMb95bR2e7SSsAWikxXeZtq5+qhHqYvXsRk='; \
    form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1f2328;--paper:#fff;--accent:#0a6f86}\
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--paper:#0d1117;--accent:#4cc3dd}}\
*{box-sizing:border-box}\
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;\
color:var(--ink);background:var(--paper);font:1rem/1.5 system-ui,sans-serif}\
main{width:100%;max-width:30rem}\
svg{display:block;width:13rem;max-width:100%;height:auto;margin-bottom:1.5rem;fill:none;stroke:currentColor}\
h1{margin:0 0 .5rem;font-size:1.75rem;line-height:1.2}\
p{margin:0 0 1.5rem;overflow-wrap:anywhere}\
p::first-letter{text-transform:uppercase}\
dl{margin:0;display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem;font-size:.875rem}\
dd{margin:0;font-family:ui-monospace,'SF Mono',Menlo,Consolas,monospace;overflow-wrap:anywhere}\
.line{stroke:var(--accent)}";

/// A wall with its double door shut, and the line that turns round before it: the sign of every refusal.
const DOOR: &str = "<svg viewBox=\"0 0 208 60\" aria-hidden=\"true\">\
<path class=\"line\" stroke-width=\"2.5\" d=\"M1 23H150a7 7 0 0 1 0 14H3m7 -6l-7 6 7 6\"/>\
<path stroke-width=\"3\" d=\"M184 0V60\"/><path stroke-width=\"9\" d=\"M184 8V29M184 31V52\"/>\
<path stroke-width=\"2.5\" stroke-linecap=\"round\" d=\"M163 25l10 10m0 -10l-10 10\"/></svg>";

fn document(rejection: &Rejection, context: &RenderContext<'_>) -> String {
    let status = rejection.status();
    let reason = status.canonical_reason().unwrap_or("Refused");
    let mut html = String::with_capacity(STYLE.len() + DOOR.len() + 1024);
    html.push_str("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">");
    html.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>");
    html.push_str(status.as_str());
    html.push(' ');
    html.push_str(reason);
    html.push_str("</title><style>");
    html.push_str(STYLE);
    html.push_str("</style></head><body><main>");
    html.push_str(DOOR);
    html.push_str("<h1>");
    html.push_str(reason);
    html.push_str("</h1>");
    if !rejection.detail().is_empty() {
        html.push_str("<p>");
        escape::html(&mut html, rejection.detail());
        html.push_str("</p>");
    }
    html.push_str("<dl>");
    term(&mut html, "Status", status.as_str());
    term(&mut html, "Reason", rejection.code());
    if let Some(id) = context.request_id() {
        term(&mut html, "Request", id);
    }
    html.push_str("</dl></main></body></html>\n");
    html
}

fn term(html: &mut String, name: &str, value: &str) {
    html.push_str("<dt>");
    html.push_str(name);
    html.push_str("</dt><dd>");
    escape::html(html, value);
    html.push_str("</dd>");
}
