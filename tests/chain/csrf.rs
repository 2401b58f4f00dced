//! Requests that another site's page could have a browser send: the table of Go's `net/http` (`csrf_test.go`), and more.
//!
//! ```text
//! method × Sec-Fetch-Site × Origin ──▶ refused as csrf.cross-site, or judged by whatever comes next
//! ```

use http::Method;

use crate::kit::Demo;

#[test]
fn what_changes_state_comes_from_a_page_of_ours_or_from_no_page() {
    let table: &[(&str, Option<&str>, Option<&str>, bool)] = &[
        ("POST", Some("same-origin"), None, true),
        ("POST", Some("none"), None, true),
        ("POST", Some("cross-site"), None, false),
        ("POST", Some("same-site"), None, false),
        ("POST", Some("SAME-ORIGIN"), None, false),
        ("POST", Some("unheard-of"), None, false),
        ("POST", None, None, true),
        ("POST", None, Some("http://localhost:8080"), true),
        ("POST", None, Some("https://attacker.example"), false),
        ("POST", None, Some("http://localhost"), false),
        ("POST", None, Some("http://localhost:8081"), false),
        ("POST", None, Some("http://localhost:8080.attacker.example"), false),
        ("POST", None, Some("null"), false),
        ("POST", None, Some("file://"), false),
        // What the browser says of the site counts before what it says of the origin.
        ("POST", Some("cross-site"), Some("http://localhost:8080"), false),
        ("POST", Some("same-origin"), Some("https://attacker.example"), true),
        // tower-http compares hosts and ports, not schemes: pages of ours over http are ours.
        ("POST", None, Some("https://localhost:8080"), true),
        ("PUT", Some("cross-site"), None, false),
        ("PATCH", Some("cross-site"), None, false),
        ("DELETE", None, Some("https://attacker.example"), false),
        ("TRACE", Some("cross-site"), None, false),
        ("PROPFIND", Some("cross-site"), None, false),
        // Safe methods pass: a GET that changes state is the app's mistake, and SameSite is what is left then.
        ("GET", Some("cross-site"), None, true),
        ("HEAD", Some("cross-site"), None, true),
        ("OPTIONS", Some("cross-site"), None, true),
        ("GET", None, Some("https://attacker.example"), true),
    ];
    for mut demo in Demo::each_way() {
        for target in ["/", "/sign-in", "/sign-out", "/hello", "/hello/"] {
            for (method, site, origin, passes) in table {
                let method = Method::from_bytes(method.as_bytes()).unwrap();
                let site = site.map(|site| ("sec-fetch-site", site));
                let fields: Vec<_> =
                    site.into_iter().chain(origin.map(|origin| ("origin", origin))).collect();
                let reply = demo.ask(method.clone(), target, &fields);
                let is_refused = reply.code() == Some("csrf.cross-site");
                assert_eq!(is_refused, !passes, "{method} {target} {fields:?}: {:?}", reply.code());
            }
        }
    }
}
