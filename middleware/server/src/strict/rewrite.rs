//! What a trusted peer was believed, written into the places where apps look for it.
//!
//! ```text
//! Host: backend:8080, forwarded host shop.example ──▶ Host: shop.example     :authority and :scheme alike
//! ```

use enfilade_core::{Canonical, Host};
use http::{
    HeaderValue, Uri,
    header::HOST,
    request::Parts,
    uri::{Authority, PathAndQuery},
};

/// Makes target and `Host` agree with the canonical request; nothing to do for nearly every request.
pub(super) fn as_canonical(parts: &mut Parts, said: Option<&Host>, canonical: &Canonical) {
    let host = canonical.host().filter(|host| said != Some(host));
    let scheme = parts.uri.scheme().is_some_and(|scheme| scheme != canonical.scheme());
    // `https://a/` with `Host: a:443` agree until the scheme is another: the field must not keep the old one's port.
    if let Some(host) = host.or(canonical.host().filter(|_| scheme))
        && let Ok(value) = HeaderValue::from_str(host.as_str())
    {
        parts.headers.insert(HOST, value);
    }
    if parts.uri.authority().is_some() && (host.is_some() || scheme) {
        rewrite(&mut parts.uri, host, canonical);
    }
}

#[cold]
fn rewrite(uri: &mut Uri, host: Option<&Host>, canonical: &Canonical) {
    let mut all = std::mem::take(uri).into_parts();
    if let Some(authority) = host.and_then(|host| Authority::try_from(host.as_str()).ok()) {
        all.authority = Some(authority);
    }
    all.scheme = Some(canonical.scheme().clone());
    all.path_and_query.get_or_insert(PathAndQuery::from_static("/"));
    *uri = Uri::from_parts(all).expect("scheme, authority and path are each there");
}

#[cfg(test)]
mod tests {
    use http::{Request, uri::Scheme};

    use super::*;

    /// Found by `tests/fuzz`: the target became `http://a/` and the field stayed `a:443`, two ports for one request.
    #[test]
    fn a_port_that_only_the_targets_scheme_made_its_own_does_not_stay_in_the_host_field() {
        let request = Request::get("https://a/").header(HOST, "a:443").body(()).expect("a request");
        let (mut parts, ()) = request.into_parts();
        let host = Host::parse(&HeaderValue::from_static("a")).expect("a host");
        as_canonical(&mut parts, Some(&host), &Canonical::new(Scheme::HTTP, Some(host.clone()), None));
        assert_eq!(parts.uri, "http://a/");
        assert_eq!(parts.headers[HOST], "a");
    }
}
