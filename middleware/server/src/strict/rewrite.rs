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
    if let Some(host) = host
        && let Ok(value) = HeaderValue::from_str(host.as_str())
    {
        parts.headers.insert(HOST, value);
    }
    let scheme = parts.uri.scheme().is_some_and(|scheme| scheme != canonical.scheme());
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
