//! The merge of our `Set-Cookie` lines with those that the app wrote itself.
//!
//! ```text
//! app:  a=1   sid=x   b=2          jar:  sid=y; Path=/
//!       ──▶   a=1   b=2   sid=y    the app's as they are and in their order, without those whose key is ours; then ours
//! ```
//!
//! A browser keeps the last line of a key, and RFC 6265 §4.1.1 asks for one line per name: leaving the app's out
//! changes nothing that a browser would do, and an app cannot undo that a link removes a cookie.

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{CACHE_CONTROL, SET_COOKIE},
};

use super::{
    pending::Entry,
    received::{pair, trim},
};

/// Appends our lines; the app's that have the same key as one of ours are left out.
pub(super) fn merge(headers: &mut HeaderMap, ours: Vec<Entry>) {
    if ours.is_empty() {
        return;
    }
    let replaced = retain(headers, |line| {
        let theirs = Line::parse(line.as_bytes());
        !ours.iter().any(|entry| theirs.same_key(entry))
    });
    if replaced > 0 {
        tracing::debug!(target: "enfilade::cookie", replaced, "the app's own Set-Cookie gave way to the jar's");
    }
    for entry in ours {
        headers.append(SET_COOKIE, entry.into_line());
    }
    keep_private(headers);
}

/// Removes the lines that `keep` refuses and says how many; the others stay as they are and in their order.
pub(crate) fn retain(headers: &mut HeaderMap, keep: impl Fn(&HeaderValue) -> bool) -> usize {
    let lines = headers.get_all(SET_COOKIE);
    let refused = lines.iter().filter(|line| !keep(line)).count();
    if refused > 0 {
        let kept: Vec<_> = lines.iter().filter(|line| keep(line)).cloned().collect();
        headers.remove(SET_COOKIE);
        for line in kept {
            headers.append(SET_COOKIE, line);
        }
    }
    refused
}

static CDN_CACHE_CONTROL: HeaderName = HeaderName::from_static("cdn-cache-control");
static SURROGATE_CONTROL: HeaderName = HeaderName::from_static("surrogate-control");

/// Says that no shared cache may keep the response, or one user's cookie would be handed to the next.
///
/// The app called it `public` when it did not know of our cookie: a value that a newer key sealed again can ride
/// on any response.
fn keep_private(headers: &mut HeaderMap) {
    let text: Vec<_> =
        headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok()).collect();
    let directives: Vec<_> = text.iter().flat_map(|line| line.split(',')).map(str::trim).collect();
    let is = |directive: &&str, name: &str| {
        directive.split('=').next().is_some_and(|found| found.trim().eq_ignore_ascii_case(name))
    };
    // `private="field"` protects that field alone (RFC 9111 §5.2.2.7).
    let closed = |directive: &&str| is(directive, "no-store") || directive.eq_ignore_ascii_case("private");
    let shared = |directive: &&str| is(directive, "public") || is(directive, "s-maxage");
    if !directives.iter().any(closed) || directives.iter().any(shared) {
        let kept = directives.iter().filter(|directive| !shared(directive) && !closed(directive));
        let closing =
            if directives.iter().any(|directive| is(directive, "no-store")) { "no-store" } else { "private" };
        let line = kept.fold(closing.to_owned(), |line, directive| line + ", " + directive);
        let line = HeaderValue::try_from(line).expect("made of parts of header values");
        headers.insert(CACHE_CONTROL, line);
    }
    // Fields for one kind of cache come before Cache-Control there (RFC 9213 §2.2).
    headers.remove(&CDN_CACHE_CONTROL);
    headers.remove(&SURROGATE_CONTROL);
}

/// What a line of the app's sets, as a browser reads it (RFC 6265bis §5.6).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    pub(crate) name: &'a [u8],
    domain: Option<&'a [u8]>,
    path: Option<&'a [u8]>,
    partitioned: bool,
}

impl<'a> Line<'a> {
    pub(crate) fn parse(line: &'a [u8]) -> Self {
        let mut parts = line.split(|b| *b == b';');
        let first = parts.next().unwrap_or_default();
        // A browser sends `=sid=1` back as `sid=1`: this is the name under which it would return.
        let unnamed = first.iter().position(|b| !matches!(b, b' ' | b'\t' | b'=')).unwrap_or(first.len());
        let (name, _) = pair(&first[unnamed..]).unwrap_or((trim(&first[unnamed..]), b""));
        let mut found = Self { name, domain: None, path: None, partitioned: false };
        for part in parts {
            let (attribute, value) = pair(part).unwrap_or((trim(part), b""));
            if attribute.eq_ignore_ascii_case(b"domain") {
                let value = value.strip_prefix(b".").unwrap_or(value);
                found.domain = Some(value).filter(|value| !value.is_empty());
            } else if attribute.eq_ignore_ascii_case(b"path") {
                found.path = Some(value).filter(|value| value.starts_with(b"/"));
            } else if attribute.eq_ignore_ascii_case(b"partitioned") {
                found.partitioned = true;
            }
        }
        found
    }

    /// Whether a browser would keep only one of the two.
    ///
    /// Without `Path` a line gets the folder of the request's path, which we do not know: it is left to the
    /// browser, where ours comes last.
    fn same_key(&self, ours: &Entry) -> bool {
        let domain = match (self.domain, ours.domain()) {
            (None, None) => true,
            (Some(theirs), Some(ours)) => theirs.eq_ignore_ascii_case(ours.as_bytes()),
            _ => false,
        };
        self.name == ours.name().as_bytes()
            && domain
            && self.path == Some(ours.path().as_bytes())
            && self.partitioned == ours.is_partitioned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Profile;

    fn merged(theirs: &[&str], ours: Vec<Entry>) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for line in theirs {
            headers.append(SET_COOKIE, HeaderValue::from_str(line).unwrap());
        }
        merge(&mut headers, ours);
        headers.get_all(SET_COOKIE).iter().map(|line| line.to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn the_apps_lines_stay_untouched_and_in_order_and_ours_follow() {
        let ours = || vec![Entry::set("__Host-a", "ours", &Profile::host(), None).unwrap()];
        let own = "__Host-a=ours; Path=/; Secure; HttpOnly; SameSite=Lax";
        let b = "b=2; path=/; HTTPONLY; weird ; =x";
        let elsewhere = "__Host-a=app; Path=/x";
        let nowhere = "__Host-a=app";
        let domain = "__Host-a=app; Path=/; Domain=example.com";
        assert_eq!(merged(&["c=3", b], ours()), ["c=3", b, own]);
        assert_eq!(merged(&["c=3", "__Host-a=app; path=/; secure", b], ours()), ["c=3", b, own]);
        assert_eq!(merged(&[elsewhere, nowhere, domain], ours()), [elsewhere, nowhere, domain, own]);
        assert_eq!(merged(&["__Host-a=app; Path=/x; Path=/"], ours()), [own], "the last attribute counts");
        assert_eq!(merged(&["__Host-a=app; Path=/"], Vec::new()), ["__Host-a=app; Path=/"]);
    }

    #[test]
    fn domains_are_compared_as_browsers_do() {
        let profile = Profile::secure().with_domain("Example.com");
        let ours = || vec![Entry::set("__Secure-a", "1", &profile, None).unwrap()];
        assert_eq!(merged(&["__Secure-a=app; Domain=.EXAMPLE.com; Path=/"], ours()).len(), 1);
        assert_eq!(merged(&["__Secure-a=app; Domain=; Path=/"], ours()).len(), 2);
    }

    #[test]
    fn no_shared_cache_keeps_a_response_with_our_cookie() {
        let cases = [
            (None, "private"),
            (Some("no-cache"), "private, no-cache"),
            (Some("public, max-age=60"), "private, max-age=60"),
            (Some("S-MAXAGE=9,max-age=60"), "private, max-age=60"),
            (Some("private, s-maxage=9"), "private"),
            (Some("private=\"x\""), "private, private=\"x\""),
            (Some("no-store"), "no-store"),
            (Some("private, max-age=5"), "private, max-age=5"),
        ];
        for (theirs, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert("cdn-cache-control", HeaderValue::from_static("max-age=9"));
            if let Some(theirs) = theirs {
                headers.insert(CACHE_CONTROL, HeaderValue::from_static(theirs));
            }
            merge(&mut headers, vec![Entry::remove("__Host-a", &Profile::host()).unwrap()]);
            assert_eq!(headers[CACHE_CONTROL], expected, "{theirs:?}");
            assert!(!headers.contains_key("cdn-cache-control"));
        }
    }
}
