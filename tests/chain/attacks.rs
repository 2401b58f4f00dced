//! Attacks on what the whole chain believes, each by its name: what a query, a header or a client's name may not open.
//!
//! ```text
//! a request of nobody, dressed up ──▶ the demo's chain ──▶ 401, as without the dress
//! ```

use http::Method;

use crate::kit::Demo;

/// Gateways have let by what their list of open pages matched in the wrong place: a query, or another hop's header.
#[test]
fn an_open_page_in_the_query_or_in_a_header_opens_no_other() {
    for mut demo in Demo::each_way() {
        for (target, fields) in [
            ("/?next=/sign-in", &[][..]),
            ("/?/sign-in", &[]),
            ("/?/check?", &[]),
            ("/sign-in-not", &[]),
            ("/sign-inx", &[]),
            ("/x/sign-in", &[]),
            ("/SIGN-IN", &[]),
            ("/", &[("x-original-url", "/sign-in")]),
            ("/", &[("x-rewrite-url", "/sign-in")]),
            ("/", &[("x-forwarded-uri", "/sign-in"), ("x-forwarded-prefix", "/sign-in")]),
            ("/", &[("x-original-uri", "/sign-in"), ("x-original-method", "OPTIONS")]),
            ("/", &[("x-http-method-override", "OPTIONS")]),
        ] {
            let reply = demo.ask(Method::GET, target, fields);
            assert_eq!(reply.status(), 401, "{target} {fields:?}");
        }
    }
}

/// Traefik and others have trusted the name of a load balancer's health check.
#[test]
fn a_health_checks_name_is_nobody() {
    for mut demo in Demo::each_way() {
        for name in
            ["GoogleHC/1.0", "kube-probe/1.29", "ELB-HealthChecker/2.0", "Ping/1.0", "Consul Health Check"]
        {
            let reply = demo.get(&[("user-agent", name), ("x-health-check", "1"), ("x-probe", "1")]);
            assert_eq!(reply.status(), 401, "{name}");
        }
    }
}

/// `Connection` is for the next hop; there is none between us and the app, so it takes nothing away.
#[test]
fn a_field_that_connection_names_is_judged_all_the_same() {
    let mut demo = Demo::start(&[]);
    let (good, bad) = (format!("Bearer {}", demo.token()), "Bearer forged".to_owned());
    for named in ["authorization", "close, Authorization", "cookie, host, authorization"] {
        let reply = demo.get(&[("authorization", &good), ("connection", named)]);
        assert_eq!(reply.status(), 200, "{named}");
        let reply = demo.get(&[("authorization", &bad), ("connection", named)]);
        assert_eq!(reply.status(), 401, "{named}");
    }
}

/// Nothing that a client sends is a template (placeholders have been expanded twice elsewhere).
#[test]
fn nothing_is_expanded_in_what_comes_back() {
    for mut demo in Demo::each_way() {
        let token = format!("Bearer {}", demo.token());
        for text in ["{env.PATH}", "${PATH}", "{{7*7}}", "%(path)s", "{http.request.host}"] {
            let fields = [("authorization", token.as_str()), ("x-text", text), ("user-agent", text)];
            let reply = demo.get(&fields);
            assert_eq!(reply.status(), 200, "{text}");
            let said = reply.text().to_owned();
            assert!(!said.contains("49") || !text.contains("7*7"), "{said}");
            if let Ok(path) = std::env::var("PATH") {
                assert!(!said.contains(&path), "{said}");
            }
        }
    }
}
