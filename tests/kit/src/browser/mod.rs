//! [`Browser`]: a user's browser in memory, in front of any tower HTTP services, without a socket (feature `browser`).
//!
//! ```text
//!  visit · click · form(…).submit · fetch · back · reload · restart
//!      │
//!      ▼                     ┌▶ at("https://shop.example", shop)
//!  Browser ── redirects ─────┤
//!   cookies, history, time   └▶ at("https://evil.example", evil)
//!      ▲
//!      └── Page: url · status · text · code · sent() · redirects() · dropped()
//! ```
//!
//! 1. Each origin is a service; they may be several, so that another site's page can post a form at yours. One that a
//!    test needs only as a page is [`show`](Browser::show)n without any.
//! 2. Cookies, redirects, `Origin`, `Referer` and Fetch metadata are as in Chromium 156: forty-five lists of steps in
//!    `tests/clients/cookies.txt` are replayed by both, and differ in nothing. Where Chromium leaves the RFC, so does
//!    this: a cookie set to another value is a new one in age and order, `__Http-` is a prefix, a detour over another
//!    site does not make a navigation cross-site, and cookies without SameSite go with foreign POSTs for two minutes.
//! 3. It polls on this thread, like [`Drive`](crate::Drive); `…_async` is for services that need a runtime.
//! 4. Time is the clock's that you give: cookies age when the test says so.
//!
//! ```
//! use enfilade_test::{Answer, Probe, assert_passed, browser::Browser};
//!
//! let form = r#"<form id=in method=post action=/in><input name=user required><button>Sign in</button></form>"#;
//! let probe = Probe::ok()
//!     .respond(Answer::ok().header("content-type", "text/html").body(form))
//!     .respond(Answer::status(303).header("location", "/").header("set-cookie", "__Host-sid=7; Secure; Path=/; HttpOnly"))
//!     .respond(200);
//! let mut browser = Browser::new().at("https://shop.example", probe.service());
//!
//! browser.visit("/in");
//! let page = browser.form("#in").fill("user", "ada").submit();
//! assert_passed!(page);
//! assert_eq!((page.path(), page.redirects()[0].sent_header("origin")), ("/", Some("https://shop.example")));
//! assert_eq!(page.sent_header("cookie"), Some("__Host-sid=7"));
//!
//! browser.show("https://evil.example/", r#"<form method=post action=https://shop.example/out></form>"#);
//! let page = browser.form_nth(0).submit();
//! assert_eq!((page.sent_header("sec-fetch-site"), page.sent_header("cookie")), (Some("cross-site"), Some("__Host-sid=7")));
//! ```
//!
//! The last line is no mistake: for two minutes a cookie without `SameSite` goes along even then.
//!
//! # What is not modelled
//!
//! Scripts, styles and frames: nothing runs, and nothing that a page refers to is loaded by itself. Content Security
//! Policy, HSTS, mixed content, caches (but for *back*, which asks again only for what is `no-store`), partitioned
//! cookies, third-party cookies that the user blocked, how many cookies a browser keeps, HTTP authentication, `multipart`
//! forms, frames' `target`, downloads, `User-Agent` and client hints. Of the public suffix list there are single labels
//! and some twenty more. The kept crates that do a part of this are used: `url` and `html5gum`. `cookie_store` is not:
//! it reads the machine's clock, and knows nothing of SameSite, prefixes, sizes and the order of cookies.

mod cookies;
mod errand;
mod fetch;
mod form;
mod html;
mod jar;
mod net;
mod page;
mod referrer;
mod site;

pub use self::{
    fetch::Fetch,
    form::Form,
    jar::{Cookie, SameSite},
    page::{Dropped, Page},
};

use std::fmt;

use enfilade_core::Clock;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;
use url::Url;

use self::{errand::Errand, fetch::Part, jar::Jar, net::Net, site::Suffixes};
use crate::{Answer, Probe, ProbeBody, drive::block::block_on};

/// A browser with one window. See the [module docs](self).
#[derive(Debug)]
#[must_use = "a browser does nothing until it visits a page"]
pub struct Browser {
    net: Net,
    jar: Jar,
    clock: Clock,
    suffixes: Suffixes,
    redirects: Option<usize>,
    history: Vec<Entry>,
    /// How many entries lie before what is shown, and it with them.
    here: usize,
}

/// What was done to come here, to do it again.
#[derive(Debug)]
struct Entry {
    errand: Errand,
    page: Page,
}

/// A browser just installed.
impl Browser {
    /// A browser that knows nobody yet, and the machine's time.
    pub fn new() -> Self {
        Self {
            net: Net::default(),
            jar: Jar::default(),
            clock: Clock::system(),
            suffixes: Suffixes::default(),
            redirects: None,
            history: Vec::new(),
            here: 0,
        }
    }

    /// What answers at an origin, such as `https://shop.example` or `http://localhost:8080`. The first is where
    /// relative addresses go before any page is open. Another service at an origin takes the place of the one before.
    ///
    /// # Panics
    ///
    /// If it is no origin.
    #[track_caller]
    pub fn at<S, R>(mut self, origin: &str, service: S) -> Self
    where
        S: Service<Request<ProbeBody>, Response = Response<R>> + 'static,
        S::Error: fmt::Debug,
        R: Body + 'static,
        R::Error: fmt::Display,
    {
        self.serve(origin, service);
        self
    }

    /// The same on a browser that is in use: a server that was started anew.
    ///
    /// # Panics
    ///
    /// If it is no origin.
    #[track_caller]
    pub fn serve<S, R>(&mut self, origin: &str, service: S)
    where
        S: Service<Request<ProbeBody>, Response = Response<R>> + 'static,
        S::Error: fmt::Debug,
        R: Body + 'static,
        R::Error: fmt::Display,
    {
        let url = absolute(origin);
        assert!(url.path() == "/" && url.query().is_none(), "`{origin}` is more than an origin");
        self.net.add(url, service);
    }

    /// The clock by which cookies age, such as a [`TestClock`](crate::TestClock)'s.
    pub fn with_clock(mut self, clock: impl Into<Clock>) -> Self {
        self.clock = clock.into();
        self
    }

    /// One more domain under which anybody may have a site, as `github.io`.
    pub fn with_public_suffix(mut self, domain: &str) -> Self {
        self.suffixes.0.push(domain.to_ascii_lowercase());
        self
    }

    /// Follows at most so many redirects, and shows the next one instead.
    pub fn with_redirects(mut self, most: usize) -> Self {
        self.redirects = Some(most);
        self
    }
}

/// The window.
impl Browser {
    /// Goes where the address bar says; a relative address starts from the page that is open. Nobody is told where the
    /// user came from.
    ///
    /// # Panics
    ///
    /// If nothing answers there or somewhere on the way, the way leads round and round, or an answer waits for
    /// something that only a runtime can bring.
    #[track_caller]
    pub fn visit(&mut self, url: &str) -> Page {
        block_on(self.visit_async(url))
    }

    /// The same inside a runtime.
    pub async fn visit_async(&mut self, url: &str) -> Page {
        let url = self.resolve(url);
        self.navigate(Errand::typed(url)).await
    }

    /// Shows a page that no service answered: another site's, with whatever a test needs on it.
    ///
    /// # Panics
    ///
    /// If the address is not absolute.
    #[track_caller]
    pub fn show(&mut self, url: &str, html: &str) -> Page {
        let url = absolute(url);
        let answer = Answer::ok().header("content-type", "text/html; charset=utf-8").body(html.to_owned());
        let mut net = Net::default();
        net.add(url.clone(), Probe::ok().respond(answer).service());
        let ours = std::mem::replace(&mut self.net, net);
        let page = block_on(self.navigate(Errand::typed(url)));
        self.net = ours;
        page
    }

    /// Clicks a link of the page: by its id (`#orders`), its text or its address.
    ///
    /// # Panics
    ///
    /// If there is no such link, or as [`visit`](Self::visit).
    #[track_caller]
    pub fn click(&mut self, link: &str) -> Page {
        let errand = self.link(link);
        block_on(self.navigate(errand))
    }

    /// The same inside a runtime.
    ///
    /// # Panics
    ///
    /// As [`click`](Self::click).
    pub async fn click_async(&mut self, link: &str) -> Page {
        let errand = self.link(link);
        self.navigate(errand).await
    }

    /// Goes where a link on the page would lead, whether there is one or not.
    ///
    /// # Panics
    ///
    /// If no page is open, or as [`visit`](Self::visit).
    #[track_caller]
    pub fn follow(&mut self, url: &str) -> Page {
        block_on(self.follow_async(url))
    }

    /// The same inside a runtime.
    pub async fn follow_async(&mut self, url: &str) -> Page {
        let errand = Errand::of(self.open_page(), self.resolve(url));
        self.navigate(errand).await
    }

    /// Sends what a form on the page would, whether there is one or not.
    ///
    /// # Panics
    ///
    /// If no page is open, or as [`visit`](Self::visit).
    #[track_caller]
    pub fn post(&mut self, url: &str, fields: &[(&str, &str)]) -> Page {
        block_on(self.post_async(url, fields))
    }

    /// The same inside a runtime.
    pub async fn post_async(&mut self, url: &str, fields: &[(&str, &str)]) -> Page {
        let errand = Errand::of(self.open_page(), self.resolve(url)).with_form(fields);
        self.navigate(errand).await
    }

    /// A form of the page: by its id (`#sign-in`), its action as it is written, or its name.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[track_caller]
    pub fn form(&mut self, which: &str) -> Form<'_> {
        Form::find(self, which)
    }

    /// The form at this place on the page, counted from 0.
    ///
    /// # Panics
    ///
    /// If there are not as many.
    #[track_caller]
    pub fn form_nth(&mut self, nth: usize) -> Form<'_> {
        Form::nth(self, nth)
    }

    /// A script's `fetch` on the page that is open.
    ///
    /// # Panics
    ///
    /// If the address is none.
    #[track_caller]
    pub fn fetch(&mut self, url: &str) -> Fetch<'_> {
        let url = self.resolve(url);
        Fetch::new(self, url)
    }

    /// Loads a picture into the page that is open.
    ///
    /// # Panics
    ///
    /// If no page is open, or as [`visit`](Self::visit).
    #[track_caller]
    pub fn image(&mut self, url: &str) -> Page {
        block_on(self.image_async(url))
    }

    /// The same inside a runtime.
    pub async fn image_async(&mut self, url: &str) -> Page {
        let url = self.resolve(url);
        let mut errand = Errand { part: Some(Part::image()), ..Errand::of(self.open_page(), url) };
        self.run(&mut errand).await
    }

    /// Goes back. The page is asked for again only if it was `no-store`, or else shown as it was.
    ///
    /// # Panics
    ///
    /// If there is nothing before this page, or as [`visit`](Self::visit).
    #[track_caller]
    pub fn back(&mut self) -> Page {
        block_on(self.back_async())
    }

    /// The same inside a runtime.
    ///
    /// # Panics
    ///
    /// As [`back`](Self::back).
    pub async fn back_async(&mut self) -> Page {
        assert!(self.here > 1, "there is nothing before this page");
        self.here -= 1;
        let page = self.open_page();
        let no_store = page.header("cache-control").is_some_and(|it| it.contains("no-store"));
        let page = page.clone();
        if no_store { self.again(false).await } else { page }
    }

    /// Asks for the page again, as it was asked for last; a form whose answer it is, is sent again.
    ///
    /// # Panics
    ///
    /// If no page is open, or as [`visit`](Self::visit).
    #[track_caller]
    pub fn reload(&mut self) -> Page {
        block_on(self.again(true))
    }

    /// The same inside a runtime.
    pub async fn reload_async(&mut self) -> Page {
        self.again(true).await
    }

    /// The page that is open.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[track_caller]
    pub fn page(&self) -> Page {
        self.open_page().clone()
    }
}

impl Browser {
    fn now(&self) -> i64 {
        i64::try_from(self.clock.unix_seconds()).unwrap_or(i64::MAX)
    }

    #[track_caller]
    fn open_page(&self) -> &Page {
        let open = self.here.checked_sub(1).and_then(|at| self.history.get(at));
        &open.expect("no page is open: `visit` one").page
    }

    #[track_caller]
    fn resolve(&self, url: &str) -> Url {
        let open = self.here.checked_sub(1).map(|at| self.history[at].page.base());
        match open.as_ref().or(self.net.first()) {
            Some(base) => base.join(url).unwrap_or_else(|e| panic!("`{url}` is no address: {e}")),
            None => absolute(url),
        }
    }

    #[track_caller]
    fn link(&self, which: &str) -> Errand {
        let page = self.open_page();
        let links = &page.document().links;
        let is_it = |link: &&html::Link| match which.strip_prefix('#') {
            Some(id) => link.id == id,
            None => link.text == which || link.href == which,
        };
        let link = links.iter().find(is_it);
        let link = link.unwrap_or_else(|| panic!("no link `{which}` at {}: {links:?}", page.url()));
        let url = page.base().join(&link.href);
        let errand = Errand::of(page, url.unwrap_or_else(|e| panic!("`{}` is no address: {e}", link.href)));
        if link.no_referrer { Errand { policy: referrer::Policy::NoReferrer, ..errand } } else { errand }
    }

    /// What is remembered is where the way ended: to reload a page after a sign-in does not sign in again.
    async fn navigate(&mut self, mut errand: Errand) -> Page {
        let page = self.run(&mut errand).await;
        // These say "stay where you are".
        if !matches!(page.status().as_u16(), 204 | 205) {
            self.history.truncate(self.here);
            // Who comes back to it did not press this link again; the address bar counts each time.
            errand.pressed = errand.from.is_none();
            self.history.push(Entry { errand, page: page.clone() });
            self.here += 1;
        }
        page
    }

    /// A person who reloads did it, and the page remembers that.
    async fn again(&mut self, pressed: bool) -> Page {
        self.open_page();
        let at = self.here - 1;
        let mut errand = self.history[at].errand.clone();
        errand.pressed |= pressed;
        let page = self.run(&mut errand).await;
        self.history[at] = Entry { errand, page: page.clone() };
        page
    }
}

impl Default for Browser {
    fn default() -> Self {
        Self::new()
    }
}

#[track_caller]
fn absolute(url: &str) -> Url {
    let parsed: Url = url.parse().unwrap_or_else(|e| panic!("`{url}` is no address: {e}"));
    assert!(matches!(parsed.scheme(), "http" | "https"), "`{url}` is neither http nor https");
    parsed
}
