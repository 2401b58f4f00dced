//! The browser's cookies: which lines it believes, and which cookies go along with a request.
//!
//! ```text
//! Set-Cookie ─▶ Line ─▶ domain · prefix · Secure · SameSite · "leave Secure cookies alone" ─▶ kept, or the reason why not
//! request    ─▶ host · path · Secure · HttpOnly · SameSite · expiry ─▶ longest path first, then oldest
//! ```

mod cookie;
mod date;
mod line;

pub use self::cookie::{Cookie, SameSite};

use std::cmp::Reverse;

use url::Url;

use self::line::Line;
use super::site::{self, Suffixes};

/// No cookie lives longer: 400 days.
const LONGEST: i64 = 400 * 86_400;
/// How long a cookie without `SameSite` still goes with a POST from another site.
const LAX_POST: i64 = 120;

/// How a request came about, seen from the site that it goes to; from near to far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// The address bar, or a page of the same site.
    Same,
    /// A link, or a GET form, of another site: the page in the window changes.
    Link,
    /// A POST form of another site.
    Post,
    /// A part of another site's page: an image, a script's `fetch`.
    Part,
}

/// Whom a line comes from, or whom cookies go to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer<'a> {
    pub(super) url: &'a Url,
    pub(super) reach: Reach,
    /// Whether it is HTTP, and not a script's `document.cookie`.
    pub(super) is_http: bool,
    pub(super) now: i64,
}

/// All cookies of one browser.
#[derive(Clone, Debug, Default)]
pub(super) struct Jar {
    cookies: Vec<Cookie>,
    made: u64,
}

impl Jar {
    /// Keeps the cookie, or removes one, as the line says; or tells why the browser ignores the line.
    pub(super) fn set(
        &mut self,
        line: &[u8],
        peer: Peer<'_>,
        suffixes: &Suffixes,
    ) -> Result<(), &'static str> {
        let mut cookie = judge(&Line::parse(line)?, peer, suffixes)?;
        let is_same = |old: &Cookie| {
            old.name == cookie.name
                && old.domain == cookie.domain
                && old.host_only == cookie.host_only
                && old.path == cookie.path
        };
        if !site::is_trustworthy(peer.url)
            && self.cookies.iter().any(|old| old.secure && overlays(&cookie, old))
        {
            return Err("it would hide a Secure cookie");
        }
        let old = self.cookies.iter().position(is_same);
        if let Some(at) = old {
            if self.cookies[at].http_only && !peer.is_http {
                return Err("a script cannot replace an HttpOnly cookie");
            }
            let old = self.cookies.remove(at);
            // Chromium: only with the same value does it keep its age and its place (RFC 6265bis §5.7: always).
            if old.value == cookie.value && old.expires.is_none_or(|end| end > peer.now) {
                (cookie.order, cookie.created) = (old.order, old.created);
            }
        }
        if cookie.order == 0 {
            self.made += 1;
            cookie.order = self.made;
        }
        if cookie.expires.is_none_or(|end| end > peer.now) {
            self.cookies.push(cookie);
        }
        Ok(())
    }

    /// The `Cookie` header for a request, if there is anything to say.
    pub(super) fn header(&mut self, peer: Peer<'_>) -> Option<Vec<u8>> {
        self.expire(peer.now);
        let mut going: Vec<_> = self.cookies.iter().filter(|cookie| goes(cookie, peer)).collect();
        going.sort_by_key(|cookie| (Reverse(cookie.path.len()), cookie.created, cookie.order));
        let pairs: Vec<_> = going.into_iter().map(Cookie::pair).collect();
        (!pairs.is_empty()).then(|| pairs.join(&b"; "[..]))
    }

    /// What is not over, in the order in which it was set.
    pub(super) fn all(&self, now: i64) -> Vec<&Cookie> {
        let alive = self.cookies.iter().filter(|cookie| cookie.expires.is_none_or(|end| end > now));
        let mut alive: Vec<_> = alive.collect();
        alive.sort_by_key(|cookie| cookie.order);
        alive
    }

    /// What a browser forgets when it is closed.
    pub(super) fn end_session(&mut self) {
        self.cookies.retain(|cookie| cookie.expires.is_some());
    }

    pub(super) fn clear(&mut self) {
        self.cookies.clear();
    }

    fn expire(&mut self, now: i64) {
        self.cookies.retain(|cookie| cookie.expires.is_none_or(|end| end > now));
    }
}

/// RFC 6265bis §5.7, without what needs the other cookies.
fn judge(line: &Line<'_>, peer: Peer<'_>, suffixes: &Suffixes) -> Result<Cookie, &'static str> {
    let (domain, host_only) = domain(line, peer.url, suffixes)?;
    let path = line.path.map_or_else(|| default_path(peer.url), str::to_owned);
    let trustworthy = site::is_trustworthy(peer.url);
    prefixes(line, host_only, &path, peer.is_http)?;
    if line.secure && !trustworthy {
        return Err("Secure from plain http");
    }
    if line.http_only && !peer.is_http {
        return Err("a script cannot set an HttpOnly cookie");
    }
    if line.same_site == Some(SameSite::None) && !line.secure {
        return Err("SameSite=None without Secure");
    }
    if line.partitioned {
        return Err(if line.secure { "Partitioned is not modelled" } else { "Partitioned without Secure" });
    }
    if line.same_site != Some(SameSite::None) && peer.reach == Reach::Part {
        return Err("SameSite, in the answer to a part of another site's page");
    }
    Ok(Cookie {
        name: line.name.to_vec(),
        value: line.value.to_vec(),
        domain,
        host_only,
        path,
        secure: line.secure,
        http_only: line.http_only,
        same_site: line.same_site,
        expires: end(line, peer.now),
        created: peer.now,
        order: 0,
    })
}

fn domain(line: &Line<'_>, url: &Url, suffixes: &Suffixes) -> Result<(String, bool), &'static str> {
    let host = url.host_str().unwrap_or_default().to_owned();
    let Some(domain) = line.domain else { return Ok((host, true)) };
    let domain = domain.strip_prefix('.').unwrap_or(domain).to_ascii_lowercase();
    if !site::is_name(url) || suffixes.is_public(&domain) {
        // A number has no parents, and nobody owns a public suffix: they may only name themselves.
        return if domain == host { Ok((host, true)) } else { Err("a Domain that is not the host's own") };
    }
    if is_below(&host, &domain) { Ok((domain, false)) } else { Err("a Domain that is not the host's own") }
}

/// `__Host-` and its kin bind in any case, and a value cannot pretend to be one either.
fn prefixes(line: &Line<'_>, host_only: bool, path: &str, is_http: bool) -> Result<(), &'static str> {
    let name = if line.name.is_empty() { line.value } else { line.name };
    let has = |prefix: &str| {
        name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
    };
    let http = has("__Http-") || has("__Host-Http-");
    let host = has("__Host-");
    if line.name.is_empty() && (http || host || has("__Secure-")) {
        return Err("no name, and a value that looks like a prefixed one");
    }
    if (host || http || has("__Secure-")) && !line.secure {
        return Err("a prefix that asks for Secure");
    }
    if host && !(host_only && line.domain.is_none() && path == "/" && line.path.is_some()) {
        return Err("`__Host-` asks for Path=/ and no Domain");
    }
    if http && !(line.http_only && is_http) {
        return Err("a prefix that asks for HttpOnly");
    }
    Ok(())
}

/// The directory of the page.
fn default_path(url: &Url) -> String {
    match url.path().rsplit_once('/') {
        Some((before, _)) if !before.is_empty() => before.to_owned(),
        _ => "/".to_owned(),
    }
}

fn end(line: &Line<'_>, now: i64) -> Option<i64> {
    let end = match (line.max_age, line.expires) {
        (Some(age), _) if age <= 0 => i64::MIN,
        (Some(age), _) => now.saturating_add(age),
        (None, expires) => expires?,
    };
    Some(end.min(now + LONGEST))
}

/// "Leave Secure cookies alone" (§5.7, step 16): no cookie from plain http may stand before or replace this one.
fn overlays(new: &Cookie, old: &Cookie) -> bool {
    new.name == old.name
        && (is_below(&new.domain, &old.domain) || is_below(&old.domain, &new.domain))
        && is_on_path(&new.path, &old.path)
}

fn goes(cookie: &Cookie, peer: Peer<'_>) -> bool {
    let host = peer.url.host_str().unwrap_or_default();
    let same_site = match (cookie.same_site, peer.reach) {
        (Some(SameSite::None), _) | (_, Reach::Same) | (None | Some(SameSite::Lax), Reach::Link) => true,
        (Some(SameSite::Strict), _) | (_, Reach::Part) | (Some(SameSite::Lax), Reach::Post) => false,
        (None, Reach::Post) => peer.now - cookie.created <= LAX_POST,
    };
    let domain = if cookie.host_only { host == cookie.domain } else { is_below(host, &cookie.domain) };
    domain
        && same_site
        && is_on_path(peer.url.path(), &cookie.path)
        && (!cookie.secure || site::is_trustworthy(peer.url))
        && (!cookie.http_only || peer.is_http)
}

/// RFC 6265 §5.1.3.
fn is_below(host: &str, domain: &str) -> bool {
    host == domain || host.strip_suffix(domain).is_some_and(|before| before.ends_with('.'))
}

/// RFC 6265 §5.1.4.
fn is_on_path(path: &str, cookie: &str) -> bool {
    path.strip_prefix(cookie)
        .is_some_and(|rest| rest.is_empty() || cookie.ends_with('/') || rest.starts_with('/'))
}
