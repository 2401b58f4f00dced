//! Properties of the strict link's decision: it never panics, and what it accepts has one host and one framing.

use enfilade_core::Host;
use enfilade_server::StrictRequest;
use http::{HeaderName, HeaderValue, Method, Request, Uri, Version, header};
use proptest::{collection::vec, prelude::*};

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..20),
        "[a-z.:@\\[\\]0-9, \t%-]{0,12}".prop_map(String::into_bytes),
        prop::sample::select(vec!["a", "a:80", "chunked", "gzip, chunked", "3", "+3", "[::1]", "u@a", ""])
            .prop_map(|text| text.as_bytes().to_vec()),
    ]
}

fn name() -> impl Strategy<Value = HeaderName> {
    prop::sample::select(vec![
        header::HOST,
        header::TRANSFER_ENCODING,
        header::CONTENT_LENGTH,
        header::ACCEPT,
    ])
}

fn target() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 1..30),
        prop::sample::select(vec![
            "/",
            "*",
            "a",
            "a:80",
            "http://a/",
            "http://u@a/",
            "https://b:1",
            "ftp://a/",
            "/?#"
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ]
}

proptest! {
    #[test]
    fn what_is_accepted_can_be_read_in_one_way_only(
        method in prop::sample::select(vec![Method::GET, Method::POST, Method::OPTIONS, Method::CONNECT]),
        version in prop::sample::select(vec![Version::HTTP_10, Version::HTTP_11, Version::HTTP_2]),
        target in target(),
        fields in vec((name(), value()), 0..5),
    ) {
        let Ok(uri) = Uri::try_from(target) else { return Ok(()) };
        let (mut parts, ()) = Request::new(()).into_parts();
        (parts.method, parts.version, parts.uri) = (method, version, uri);
        for (name, value) in fields {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                parts.headers.append(name, value);
            }
        }
        let Ok(canonical) = StrictRequest::new().judge(&parts) else { return Ok(()) };

        prop_assert!(parts.method != Method::CONNECT);
        prop_assert!(parts.uri.path().starts_with('/') || (parts.uri.path() == "*" && parts.method == Method::OPTIONS));
        prop_assert!(parts.headers.get_all(header::HOST).iter().count() <= 1);
        prop_assert!(parts.headers.get_all(header::CONTENT_LENGTH).iter().count() <= 1);
        let coding = parts.headers.get(header::TRANSFER_ENCODING);
        prop_assert!(coding.is_none_or(|coding| coding.as_bytes().eq_ignore_ascii_case(b"chunked")));
        match canonical.host() {
            None => prop_assert_eq!(parts.version, Version::HTTP_10),
            Some(host) => {
                let again = Host::parse(&HeaderValue::from_str(host.as_str()).unwrap());
                prop_assert_eq!(again.as_ref(), Some(host), "a canonical host is its own canonical form");
                prop_assert!(!host.as_str().contains(['@', '/', ' ', ',']));
                prop_assert!(!host.as_str().bytes().any(|b| b.is_ascii_uppercase()));
            }
        }
    }
}
