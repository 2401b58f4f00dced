//! What a page asks for beside navigations: a script's `fetch`, an image; and what CORS lets the script see.
//!
//! ```text
//! fetch("/api") ─ method · header · json · with_credentials · no_cors ─▶ (preflight) ─▶ Page, blocked() or not
//! image(url)    ─ no-cors, with cookies                               ─▶ Page
//! ```

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use url::Url;

use super::{Browser, Page, errand::Errand, page::Inner, site};
use crate::{Reply, body::field, drive::block::block_on};

/// What the part is for, and on which terms it is asked for.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) dest: &'static str,
    mode: Mode,
    credentials: Credentials,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Cors,
    NoCors,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Credentials {
    Omit,
    SameOrigin,
    Include,
}

impl Part {
    pub(super) fn image() -> Self {
        Self { dest: "image", mode: Mode::NoCors, credentials: Credentials::Include }
    }

    pub(super) fn accept(&self) -> &'static str {
        match self.dest {
            "image" => "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",
            _ => "*/*",
        }
    }

    pub(super) fn mode(&self) -> &'static str {
        match self.mode {
            Mode::Cors => "cors",
            Mode::NoCors => "no-cors",
        }
    }

    pub(super) fn is_cors(&self) -> bool {
        self.mode == Mode::Cors
    }

    pub(super) fn has_credentials(&self, same_origin: bool) -> bool {
        match self.credentials {
            Credentials::Omit => false,
            Credentials::SameOrigin => same_origin,
            Credentials::Include => true,
        }
    }
}

/// A script's `fetch` that is being written; it goes along with the page that is open.
#[derive(Debug)]
#[must_use = "a fetch does nothing until it is sent"]
pub struct Fetch<'b> {
    browser: &'b mut Browser,
    url: Url,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
    part: Part,
}

impl<'b> Fetch<'b> {
    pub(super) fn new(browser: &'b mut Browser, url: Url) -> Self {
        let part = Part { dest: "empty", mode: Mode::Cors, credentials: Credentials::SameOrigin };
        Self { browser, url, method: Method::GET, headers: HeaderMap::new(), body: Bytes::new(), part }
    }

    /// Another method than GET.
    pub fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// Adds a header; one that is not safelisted makes a preflight necessary elsewhere.
    ///
    /// # Panics
    ///
    /// If it cannot be a header, or if scripts may not set it (Fetch §2.2.2).
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let (name, value) = field(name, value);
        let word = name.as_str();
        let forbidden =
            ["cookie", "host", "origin", "referer", "content-length", "connection", "upgrade", "te"];
        let forbidden = forbidden.contains(&word) || word.starts_with("sec-") || word.starts_with("proxy-");
        assert!(!forbidden, "browsers let no script set `{name}`");
        self.headers.append(name, value);
        self
    }

    /// Gives it a body.
    pub fn body(mut self, kind: &str, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self.header("content-type", kind)
    }

    /// Makes it a POST of a JSON text.
    pub fn json(self, text: impl Into<Bytes>) -> Self {
        self.method(Method::POST).body("application/json", text)
    }

    /// Makes it a POST of a form's fields.
    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.method(Method::POST).body("application/x-www-form-urlencoded", body)
    }

    /// `credentials: "include"`: cookies go to other origins too.
    pub fn with_credentials(mut self) -> Self {
        self.part.credentials = Credentials::Include;
        self
    }

    /// `credentials: "omit"`: no cookies at all.
    pub fn without_credentials(mut self) -> Self {
        self.part.credentials = Credentials::Omit;
        self
    }

    /// `mode: "no-cors"`: sent without leave, and never read.
    pub fn no_cors(mut self) -> Self {
        self.part.mode = Mode::NoCors;
        self
    }

    /// Sends it, and waits on this thread.
    ///
    /// # Panics
    ///
    /// If nothing answers there, or the answer waits for something that only a runtime can bring.
    #[track_caller]
    pub fn send(self) -> Page {
        block_on(self.send_async())
    }

    /// Sends it inside a runtime.
    pub async fn send_async(self) -> Page {
        let Self { browser, url, method, headers, body, part } = self;
        let page = browser.open_page().clone();
        let crosses = !site::same_origin(&page.0.url, &url);
        let asks = unsafe_headers(&headers);
        let is_simple = matches!(method, Method::GET | Method::HEAD | Method::POST) && asks.is_empty();
        assert!(
            part.is_cors() || is_simple,
            "browsers send nothing without CORS but GET, HEAD and POST with safelisted headers"
        );
        let mut errand =
            Errand { method, headers, body, part: Some(part), pressed: false, ..Errand::of(&page, url) };
        if crosses && !is_simple {
            let preflight = browser.preflight(&errand, &asks).await;
            if preflight.blocked().is_some() {
                return preflight;
            }
        }
        browser.run(&mut errand).await
    }
}

impl Browser {
    async fn preflight(&mut self, errand: &Errand, asks: &[String]) -> Page {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::ACCESS_CONTROL_REQUEST_METHOD,
            errand.method.as_str().parse().expect("a method can stand in a header"),
        );
        if !asks.is_empty() {
            let asks = HeaderValue::try_from(asks.join(",")).expect("names of headers can stand in one");
            headers.insert(header::ACCESS_CONTROL_REQUEST_HEADERS, asks);
        }
        let wanted = errand.part.as_ref().expect("only parts have preflights");
        let part = Part { credentials: Credentials::Omit, ..wanted.clone() };
        let method = Method::OPTIONS;
        let mut preflight =
            Errand { method, headers, body: Bytes::new(), part: Some(part), ..errand.clone() };
        // A preflight follows nobody.
        let redirects = self.redirects.replace(0);
        let page = self.run(&mut preflight).await;
        self.redirects = redirects;
        let mut inner = Arc::into_inner(page.0).expect("nobody else has it yet");
        let from = errand.from.as_ref();
        inner.blocked = cors_fault(wanted, from, false, &errand.url, &inner.reply)
            .or_else(|| preflight_fault(&inner, wanted, &errand.method, asks));
        Page(Arc::new(inner))
    }
}

/// The CORS check (Fetch §4.9).
pub(super) fn cors_fault(
    part: &Part,
    from: Option<&Url>,
    tainted: bool,
    to: &Url,
    reply: &Reply,
) -> Option<&'static str> {
    let from = from?;
    if !tainted && site::same_origin(from, to) {
        return None;
    }
    if !part.is_cors() {
        return Some("no-cors: the answer is opaque");
    }
    let own = if tainted { "null".to_owned() } else { site::origin(from) };
    let with = part.credentials == Credentials::Include;
    match reply.header("access-control-allow-origin") {
        Some("*") if !with => None,
        Some(allowed) if allowed == own => {
            let allowed = reply.header("access-control-allow-credentials") == Some("true");
            (with && !allowed).then_some("access-control-allow-credentials is not true")
        }
        _ => Some("access-control-allow-origin does not name this origin"),
    }
}

fn preflight_fault(answer: &Inner, part: &Part, method: &Method, asks: &[String]) -> Option<&'static str> {
    let allows = |header: &str, word: &str, any: bool| {
        let lists = answer.reply.header_all(header);
        let mut words = lists.iter().flat_map(|list| list.split(',')).map(str::trim);
        words.any(|known| known.eq_ignore_ascii_case(word) || (any && known == "*"))
    };
    let any = part.credentials != Credentials::Include;
    let simple = matches!(*method, Method::GET | Method::HEAD | Method::POST);
    if !answer.reply.status().is_success() {
        return Some("the preflight's status is no success");
    }
    if !simple && !allows("access-control-allow-methods", method.as_str(), any) {
        return Some("access-control-allow-methods does not name the method");
    }
    // `*` does not stand for `Authorization`.
    let all =
        asks.iter().all(|name| allows("access-control-allow-headers", name, any && name != "authorization"));
    (!all).then_some("access-control-allow-headers does not name each header")
}

/// Names that are not safelisted (Fetch §2.2.2), sorted.
fn unsafe_headers(headers: &HeaderMap) -> Vec<String> {
    let is_safe = |name: &str, value: &HeaderValue| match name {
        "accept" | "accept-language" | "content-language" => true,
        "content-type" => {
            let kind = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
            ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"].contains(&kind.trim())
        }
        _ => false,
    };
    let mut names: Vec<_> = headers
        .iter()
        .filter(|(name, value)| !is_safe(name.as_str(), value) || value.len() > 128)
        .map(|(name, _)| name.as_str().to_owned())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}
