//! What the browser shows after a navigation, or what a script got: the answer, and the way that led there.
//!
//! ```text
//! Page ─┬─ url · status · text · header · code        the answer that counts in the end
//!       ├─ sent()                                     the request, as the browser wrote it
//!       ├─ redirects()                                the answers before it, each a Page
//!       └─ dropped()                                  the Set-Cookie lines that were not believed, and why
//! ```

use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, OnceLock},
};

use enfilade_core::Rejection;
use http::{HeaderMap, StatusCode, request};
use url::Url;

use super::{html::Document, referrer::Policy};
use crate::{
    Reply,
    assert::{HasHeaders, Judged},
};

/// An answer in the browser; a clone is the same one. [`assert_refused!`](crate::assert_refused!),
/// [`assert_passed!`](crate::assert_passed!), [`assert_header!`](crate::assert_header!) and
/// [`assert_set_cookie!`](crate::assert_set_cookie!) take it. See the [module docs](self).
#[derive(Clone)]
pub struct Page(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) url: Url,
    pub(super) sent: request::Parts,
    pub(super) reply: Reply,
    pub(super) redirects: Vec<Page>,
    pub(super) dropped: Vec<Dropped>,
    pub(super) blocked: Option<&'static str>,
    pub(super) document: OnceLock<Document>,
}

/// A `Set-Cookie` line that the browser did not believe.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dropped {
    /// The line.
    pub line: String,
    /// Why.
    pub reason: &'static str,
}

impl Page {
    /// The address that the answer came from, after every redirect.
    pub fn url(&self) -> &str {
        self.0.url.as_str()
    }

    /// The path of that address, and its query.
    pub fn path(&self) -> &str {
        &self.0.url[url::Position::BeforePath..url::Position::AfterQuery]
    }

    /// The answer as a whole.
    pub fn reply(&self) -> &Reply {
        &self.0.reply
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.0.reply.status()
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        self.0.reply.headers()
    }

    /// A header's value as text; `None` when it is absent or not text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.reply.header(name)
    }

    /// The refusal's reason code, if a link of ours refused.
    pub fn code(&self) -> Option<&'static str> {
        self.0.reply.code()
    }

    /// The body as text: the page's source.
    ///
    /// # Panics
    ///
    /// If it is not UTF-8.
    #[track_caller]
    pub fn text(&self) -> &str {
        self.0.reply.text()
    }

    /// What stands in `<title>`.
    pub fn title(&self) -> &str {
        &self.document().title
    }

    /// The head of the request that the answer is to.
    pub fn sent(&self) -> &request::Parts {
        &self.0.sent
    }

    /// A header of that request, such as `cookie`; `None` when it was not sent or is not text.
    pub fn sent_header(&self, name: &str) -> Option<&str> {
        self.0.sent.headers.get(name)?.to_str().ok()
    }

    /// The answers that led here, the first one first.
    pub fn redirects(&self) -> &[Page] {
        &self.0.redirects
    }

    /// The `Set-Cookie` lines of this answer that the browser did not believe.
    pub fn dropped(&self) -> &[Dropped] {
        &self.0.dropped
    }

    /// Why a script cannot read the answer (CORS), if it cannot.
    pub fn blocked(&self) -> Option<&'static str> {
        self.0.blocked
    }

    pub(super) fn document(&self) -> &Document {
        self.0.document.get_or_init(|| {
            let kind = self.header("content-type").unwrap_or("text/html");
            let is_html = kind.starts_with("text/html") || kind.starts_with("application/xhtml");
            if is_html {
                Document::read(&String::from_utf8_lossy(self.0.reply.body()))
            } else {
                Document::default()
            }
        })
    }

    /// Where the page's relative addresses start from.
    pub(super) fn base(&self) -> Url {
        let base = self.document().base.as_ref().and_then(|base| self.0.url.join(base).ok());
        base.unwrap_or_else(|| self.0.url.clone())
    }

    pub(super) fn policy(&self) -> Policy {
        let meta = self.document().referrer.as_deref().and_then(Policy::parse);
        meta.or_else(|| self.header("referrer-policy").and_then(Policy::parse)).unwrap_or_default()
    }
}

impl Judged for Page {
    fn status(&self) -> Option<u16> {
        Judged::status(&self.0.reply)
    }

    fn rejection(&self) -> Option<&Rejection> {
        self.0.reply.rejection()
    }

    fn says(&self) -> Option<&str> {
        self.0.reply.says()
    }
}

impl HasHeaders for Page {
    fn fields(&self) -> Cow<'_, HeaderMap> {
        self.0.reply.fields()
    }
}

/// The way and the answer's head.
impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hop = |page: &Self| format!("{} {} {}", page.0.sent.method, page.url(), page.status().as_u16());
        f.debug_struct("Page")
            .field("way", &self.redirects().iter().chain([self]).map(hop).collect::<Vec<_>>())
            .field("reply", &self.0.reply)
            .field("dropped", &self.0.dropped)
            .field("blocked", &self.0.blocked)
            .finish_non_exhaustive()
    }
}
