//! Header names that a client must not choose, in every spelling that some app would read as the same name.
//!
//! ```text
//! X-Forwarded-For   x_forwarded_for   X.Forwarded.For      CGI, WSGI and PHP: all of them HTTP_X_FORWARDED_FOR
//! ```

use http::{HeaderMap, HeaderName};

/// Removes every field whose name `unwanted` says yes to; allocates only when there is one.
pub(crate) fn remove(headers: &mut HeaderMap, unwanted: impl Fn(&str) -> bool) {
    let found: Vec<HeaderName> = headers.keys().filter(|name| unwanted(name.as_str())).cloned().collect();
    for name in found {
        headers.remove(name);
    }
}

/// Whether a name is `known`, a lower-case name with `-`, once all that is no letter and no digit is read as `-`.
pub(crate) fn same(name: &str, known: &str) -> bool {
    name.len() == known.len() && begins(name, known)
}

/// Whether a name begins like one of those that [`is_forwarding`] looks for: nearly none does.
#[inline]
pub(crate) fn may_forward(name: &str) -> bool {
    matches!(name.as_bytes().first(), Some(b'x' | b'f' | b't'))
}

/// Whether a field speaks of another hop: who the client is, or which host, scheme or target it asked for.
///
/// A prefix and not a list of names: lists forget `-prefix`, `-port` and `-uri`, and proxies were fooled by each.
pub(crate) fn is_forwarding(text: &str) -> bool {
    match text.as_bytes().first() {
        Some(b'x') => {
            begins(text, "x-forwarded")
                || begins(text, "x-original-")
                || ["x-real-ip", "x-client-ip", "x-cluster-client-ip", "x-rewrite-url"]
                    .iter()
                    .any(|known| same(text, known))
        }
        Some(b'f') => text == "forwarded",
        Some(b't') => same(text, "true-client-ip"),
        _ => false,
    }
}

/// Whether a name begins so, read as by [`same`].
pub(crate) fn begins(name: &str, prefix: &str) -> bool {
    name.len() >= prefix.len()
        && name
            .bytes()
            .zip(prefix.bytes())
            .all(|(given, known)| given == known || (known == b'-' && !given.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forwards(name: &str) -> bool {
        let name: HeaderName = name.parse().expect("a header name");
        let is = is_forwarding(name.as_str());
        assert!(may_forward(name.as_str()) || !is, "{name} is passed over");
        is
    }

    #[test]
    fn every_spelling_of_a_forwarding_field_is_known() {
        for name in [
            "Forwarded",
            "X-Forwarded-For",
            "x_forwarded_for",
            "X.Forwarded.For",
            "x~forwarded!host",
            "X-FORWARDED_HOST",
            "x-forwarded-prefix",
            "X-Forwarded",
            "X_Real_IP",
            "x-real-ip",
            "X-Original-URL",
            "X-Rewrite-Url",
            "True-Client-IP",
            "true.client.ip",
        ] {
            assert!(forwards(name), "{name}");
        }
        for name in ["host", "x-forward", "from", "x-requested-with", "te", "x-real-ipx", "forwarded-by"] {
            assert!(!forwards(name), "{name}");
        }
    }

    #[test]
    fn only_the_unwanted_fields_go_and_all_of_their_values() {
        let mut headers = HeaderMap::new();
        for (name, value) in
            [("x-forwarded-for", "1"), ("x-forwarded-for", "2"), ("x_forwarded_for", "3"), ("a", "4")]
        {
            headers.append(HeaderName::from_static(name), value.parse().expect("a value"));
        }
        remove(&mut headers, is_forwarding);
        assert_eq!(headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["a"]);
    }
}
