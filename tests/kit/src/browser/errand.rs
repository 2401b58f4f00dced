//! A request on its way through redirects: which headers the browser writes, and which cookies it sends and keeps.
//!
//! ```text
//! Errand ─▶ head (Fetch metadata, Origin, Referer, Cookie) ─▶ service ─▶ Set-Cookie ─┬─ 30x: the next leg
//!                                                                                    └─ Page
//! ```
//!
//! 1. 301 and 302 make a POST a GET, 303 makes everything but HEAD a GET, 307 and 308 change nothing (Fetch §4.4).
//! 2. `Sec-Fetch-Site` tells the farthest site of the whole way; SameSite looks at who asked and who is asked now, as
//!    Chromium does: a detour over another site does not count.

use std::{
    borrow::Borrow,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header};
use url::{Url, form_urlencoded};

use super::{
    Browser, Page,
    fetch::{Part, cors_fault},
    jar::{Peer, Reach},
    page::{Dropped, Inner},
    referrer::Policy,
    site,
};
use crate::{ProbeBody, Reply};

/// As many as Chromium and Fetch allow.
const MOST_REDIRECTS: usize = 20;

const ACCEPT_PAGE: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7";

/// What somebody wants of a service.
#[derive(Clone, Debug)]
pub(super) struct Errand {
    pub(super) url: Url,
    pub(super) method: Method,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// The page that asks; nobody is the address bar.
    pub(super) from: Option<Url>,
    pub(super) policy: Policy,
    /// Whether a person did it.
    pub(super) pressed: bool,
    /// A part of the page, or else a page.
    pub(super) part: Option<Part>,
}

/// How far the way has led.
#[derive(Debug, Default)]
struct Way {
    redirects: Vec<Page>,
    site: Far,
    /// What the last request told of where it comes from: the next one tells no more.
    referrer: Option<Url>,
    tainted: bool,
}

/// How far the addresses are from who asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Far {
    #[default]
    SameOrigin,
    SameSite,
    CrossSite,
}

impl Errand {
    /// What the address bar does.
    pub(super) fn typed(url: Url) -> Self {
        Self {
            url,
            method: Method::GET,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            from: None,
            policy: Policy::default(),
            pressed: true,
            part: None,
        }
    }

    /// What a link or a form of this page does.
    pub(super) fn of(page: &Page, url: Url) -> Self {
        Self { from: Some(page.0.url.clone()), policy: page.policy(), ..Self::typed(url) }
    }

    /// Makes it a POST of a form's fields.
    pub(super) fn with_form<N: AsRef<str>, V: AsRef<str>>(
        mut self,
        fields: impl IntoIterator<Item = impl Borrow<(N, V)>>,
    ) -> Self {
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        self.method = Method::POST;
        self.headers.insert(header::CONTENT_TYPE, kind);
        self.body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish().into();
        self
    }

    fn is_safe(&self) -> bool {
        self.method == Method::GET || self.method == Method::HEAD
    }

    /// Whether cookies go along. "Same origin" ends for good where the way leaves it.
    fn has_credentials(&self, way: &Way) -> bool {
        self.part.as_ref().is_none_or(|part| part.has_credentials(way.site == Far::SameOrigin))
    }

    /// Whether there is a next leg; then it is written down.
    fn redirected(&mut self, reply: &Reply, way: &mut Way) -> bool {
        let status = reply.status();
        let Some(next) = reply.header("location").filter(|to| is_redirect(status) && !to.is_empty()) else {
            return false;
        };
        let Ok(mut next) = self.url.join(next) else { return false };
        // `javascript:` and the like lead nowhere.
        if !matches!(next.scheme(), "http" | "https") {
            return false;
        }
        if next.fragment().is_none() {
            next.set_fragment(self.url.fragment());
        }
        let turns = match status.as_u16() {
            301 | 302 => self.method == Method::POST,
            303 => !self.is_safe(),
            _ => false,
        };
        if turns {
            self.method = Method::GET;
            self.body = Bytes::new();
            for name in [header::CONTENT_TYPE, header::CONTENT_LANGUAGE, header::CONTENT_ENCODING] {
                self.headers.remove(name);
            }
        }
        if let Some(policy) = reply.header("referrer-policy").and_then(Policy::parse) {
            self.policy = policy;
        }
        if let Some(from) = &self.from {
            // Fetch §4.4: only on the way from one foreign origin to another. Chromium's navigations and no-cors
            // requests: on the way to any other origin.
            let cors = self.part.as_ref().is_some_and(Part::is_cors);
            way.tainted |=
                !(site::same_origin(&self.url, &next) || (cors && site::same_origin(from, &self.url)));
        }
        self.url = next;
        true
    }
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

impl Browser {
    /// Follows redirects; the errand becomes what the last request was for.
    ///
    /// # Panics
    ///
    /// If nothing answers somewhere on the way, or it leads round and round.
    pub(super) async fn run(&mut self, errand: &mut Errand) -> Page {
        let mut way = Way { referrer: errand.from.clone(), ..Way::default() };
        loop {
            let request = self.request(errand, &mut way);
            let (sent, body) = request.into_parts();
            let reply = self.net.send(&errand.url, Request::from_parts(sent.clone(), body)).await;
            let dropped = self.keep(errand, &way, &reply);
            let (url, part) = (errand.url.clone(), errand.part.as_ref());
            let blocked =
                part.and_then(|part| cors_fault(part, errand.from.as_ref(), way.tainted, &url, &reply));
            let inner = Inner {
                url,
                sent,
                reply,
                redirects: Vec::new(),
                dropped,
                blocked,
                document: OnceLock::new(),
            };
            let refused = blocked.is_some() && part.is_some_and(Part::is_cors);
            let may = !refused && way.redirects.len() < self.redirects.unwrap_or(usize::MAX);
            if !(may && errand.redirected(&inner.reply, &mut way)) {
                return Page(Arc::new(Inner { redirects: way.redirects, ..inner }));
            }
            way.redirects.push(Page(Arc::new(inner)));
            assert!(
                way.redirects.len() <= MOST_REDIRECTS,
                "more than {MOST_REDIRECTS} redirects: {:?}",
                way.urls()
            );
        }
    }

    fn request(&mut self, errand: &Errand, way: &mut Way) -> Request<ProbeBody> {
        let url = &errand.url;
        let target: Uri = url[url::Position::BeforePath..url::Position::AfterQuery]
            .parse()
            .unwrap_or_else(|e| panic!("`{url}` makes no request target: {e}"));
        let mut request = Request::new(ProbeBody::from(errand.body.clone()));
        *request.uri_mut() = target;
        *request.method_mut() = errand.method.clone();
        let headers = request.headers_mut();
        let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
        set(headers, header::HOST, host);
        if !errand.body.is_empty() || !errand.is_safe() {
            headers.insert(header::CONTENT_LENGTH, errand.body.len().into());
        }
        if errand.part.is_none() {
            set(headers, header::UPGRADE_INSECURE_REQUESTS, "1");
        }
        set(headers, header::ACCEPT, errand.part.as_ref().map_or(ACCEPT_PAGE, Part::accept));
        self.metadata(headers, errand, way);
        if let Some(origin) = origin(errand, way.tainted) {
            set(headers, header::ORIGIN, &origin);
        }
        way.referrer = way.referrer.as_ref().and_then(|from| errand.policy.referrer(from, url));
        if let Some(referrer) = &way.referrer {
            set(headers, header::REFERER, referrer.as_str());
        }
        headers.extend(errand.headers.clone());
        if errand.has_credentials(way) {
            let peer = self.peer(errand);
            if let Some(cookies) = self.jar.header(peer).and_then(|line| HeaderValue::from_bytes(&line).ok())
            {
                headers.insert(header::COOKIE, cookies);
            }
        }
        request
    }

    /// Fetch Metadata §2: only to those who can be trusted with it.
    fn metadata(&self, headers: &mut HeaderMap, errand: &Errand, way: &mut Way) {
        way.site = way.site.max(self.far(errand));
        if !site::is_trustworthy(&errand.url) {
            return;
        }
        let site = match (way.site, &errand.from) {
            (_, None) => "none",
            (Far::SameOrigin, _) => "same-origin",
            (Far::SameSite, _) => "same-site",
            (Far::CrossSite, _) => "cross-site",
        };
        let (mode, dest) =
            errand.part.as_ref().map_or(("navigate", "document"), |part| (part.mode(), part.dest));
        for (name, value) in [("site", site), ("mode", mode), ("dest", dest)] {
            let name = HeaderName::try_from(format!("sec-fetch-{name}")).expect("a name of small letters");
            set(headers, name, value);
        }
        if errand.pressed && errand.part.is_none() {
            set(headers, HeaderName::from_static("sec-fetch-user"), "?1");
        }
    }

    fn far(&self, errand: &Errand) -> Far {
        match &errand.from {
            None => Far::SameOrigin,
            Some(from) if site::same_origin(from, &errand.url) => Far::SameOrigin,
            Some(from) if self.suffixes.site(from) == self.suffixes.site(&errand.url) => Far::SameSite,
            Some(_) => Far::CrossSite,
        }
    }

    fn peer<'a>(&self, errand: &'a Errand) -> Peer<'a> {
        let reach = match self.far(errand) {
            Far::SameOrigin | Far::SameSite => Reach::Same,
            Far::CrossSite if errand.part.is_some() => Reach::Part,
            Far::CrossSite if errand.is_safe() => Reach::Link,
            Far::CrossSite => Reach::Post,
        };
        Peer { url: &errand.url, reach, is_http: true, now: self.now() }
    }

    fn keep(&mut self, errand: &Errand, way: &Way, reply: &Reply) -> Vec<Dropped> {
        if !errand.has_credentials(way) {
            return Vec::new();
        }
        let peer = self.peer(errand);
        let lines = reply.headers().get_all(header::SET_COOKIE).iter();
        lines
            .filter_map(|line| {
                let reason = self.jar.set(line.as_bytes(), peer, &self.suffixes).err()?;
                Some(Dropped { line: String::from_utf8_lossy(line.as_bytes()).into_owned(), reason })
            })
            .collect()
    }
}

impl Way {
    fn urls(&self) -> Vec<&str> {
        self.redirects.iter().map(Page::url).collect()
    }
}

/// Fetch §3.2: a CORS request names it always, any other when it changes something.
fn origin(errand: &Errand, tainted: bool) -> Option<String> {
    let from = errand.from.as_ref()?;
    let cors = errand.part.as_ref().is_some_and(Part::is_cors);
    let crosses = tainted || !site::same_origin(from, &errand.url);
    if !(cors && crosses) && errand.is_safe() {
        return None;
    }
    Some(match () {
        () if tainted => "null".to_owned(),
        () if errand.part.is_some() => site::origin(from),
        () => errand.policy.origin(from, &errand.url),
    })
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    let value = HeaderValue::from_str(value).unwrap_or_else(|_| panic!("{value:?} is no value of {name}"));
    headers.insert(name, value);
}
