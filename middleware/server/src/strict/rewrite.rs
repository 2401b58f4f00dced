//! What was found at the door, written into the places where apps look for it.
//!
//! ```text
//! Host: backend:8080, forwarded host shop.example ──▶ Host: shop.example     :authority and :scheme alike
//! GET /caf%c3%a9/%7eada                           ──▶ GET /caf%C3%A9/~ada
//! ```

use enfilade_core::{Canonical, Host};
use http::{
    HeaderValue, Request, Uri,
    header::HOST,
    uri::{Authority, PathAndQuery},
};

/// Makes target and `Host` agree with the canonical request; nothing to do for nearly every request.
///
/// `other_host`: its host is a trusted peer's word, or was written with a dot at its end. `path`: the one spelling of the target's path, if that is another.
#[inline]
pub(super) fn as_canonical<B>(
    req: &mut Request<B>,
    other_host: bool,
    path: Option<&str>,
    canonical: &Canonical,
) {
    let other_scheme = req.uri().scheme().is_some_and(|scheme| scheme != canonical.scheme());
    if !(other_host || other_scheme || path.is_some()) {
        return;
    }
    // `https://a/` with `Host: a:443` agree until the scheme is another: the field must not keep the old one's port.
    if let Some(host) = canonical.host().filter(|_| other_host || other_scheme)
        && let Ok(value) = HeaderValue::from_str(host.as_str())
    {
        req.headers_mut().insert(HOST, value);
    }
    rewrite(req.uri_mut(), canonical.host().filter(|_| other_host), path, canonical);
}

#[cold]
fn rewrite(uri: &mut Uri, host: Option<&Host>, path: Option<&str>, canonical: &Canonical) {
    let mut all = std::mem::take(uri).into_parts();
    if let Some(path) = path {
        let query = all.path_and_query.as_ref().and_then(PathAndQuery::query);
        let target = query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
        all.path_and_query = Some(PathAndQuery::try_from(target).expect("a path and a query, escaped"));
    }
    if all.authority.is_some() {
        if let Some(authority) = host.and_then(|host| Authority::try_from(host.as_str()).ok()) {
            all.authority = Some(authority);
        }
        all.scheme = Some(canonical.scheme().clone());
        all.path_and_query.get_or_insert(PathAndQuery::from_static("/"));
    }
    *uri = Uri::from_parts(all).expect("scheme, authority and path are each there");
}

#[cfg(test)]
mod tests {
    use http::uri::Scheme;

    use super::*;

    /// Found by `tests/fuzz`: the target became `http://a/` and the field stayed `a:443`, two ports for one request.
    #[test]
    fn a_port_that_only_the_targets_scheme_made_its_own_does_not_stay_in_the_host_field() {
        let mut request = Request::get("https://a/").header(HOST, "a:443").body(()).expect("a request");
        let host = Host::parse(&HeaderValue::from_static("a"));
        as_canonical(&mut request, false, None, &Canonical::new(Scheme::HTTP, host, None));
        assert_eq!(*request.uri(), "http://a/");
        assert_eq!(request.headers()[HOST], "a");
    }

    #[test]
    fn a_path_gets_its_one_spelling_and_the_query_stays() {
        for (target, spelled) in [("/%7ea?%7e", "/~a?%7e"), ("http://a/%7ea", "http://a/~a")] {
            let mut request = Request::get(target).body(()).expect("a request");
            as_canonical(&mut request, false, Some("/~a"), &Canonical::new(Scheme::HTTP, None, None));
            assert_eq!(*request.uri(), spelled);
        }
    }
}
