//! The outermost link: who gets which body for a refusal, with which headers, and who gets none.

use enfilade_core::{
    Challenge, Gated, Gates, Rejection, RenderRejections, gate_fn,
    render::{Format, Page, Rendered},
};
use enfilade_test::{Answer, Drive, Probe, ProbeBody, ProbeService, Reply, drive};
use http::{HeaderValue, StatusCode, header};
use proptest::prelude::*;
use tower::{Layer, ServiceBuilder};

fn refusal() -> Rejection {
    Rejection::new(StatusCode::UNAUTHORIZED, "auth.token-expired")
        .with_challenge(Challenge::bearer().with_realm("shop"))
        .with_detail("the token has expired: sign in again")
        .with_log("exp 1700000000")
}

/// A renderer around a gate that refuses everything.
fn refusing(rejection: Rejection) -> Drive<Rendered<Gated<ProbeService>>> {
    let gate = Gates::of(gate_fn("door", move |_| Err(rejection.clone())));
    Drive::service(RenderRejections::new().layer(gate.layer(Probe::ok().service())))
}

fn told(rejection: Rejection, accept: &str) -> Reply {
    refusing(rejection)
        .get("/orders?token=secret")
        .header("accept", accept)
        .header("x-request-id", "r-1")
        .send()
}

#[test]
fn a_refusal_is_a_problem_unless_the_client_asks_for_something_else() {
    let reply = told(refusal(), "*/*");
    assert_eq!(reply.status(), 401);
    assert_eq!(reply.header("content-type"), Some("application/problem+json"));
    assert_eq!(
        reply.text(),
        r#"{"type":"about:blank","title":"Unauthorized","status":401,"detail":"the token has expired: sign in again","code":"auth.token-expired","request_id":"r-1"}"#
    );
    assert_eq!(reply.header("content-length"), Some(reply.text().len().to_string().as_str()));
    assert_eq!(reply.header("www-authenticate"), Some(r#"Bearer realm="shop""#));
    assert_eq!(reply.header("vary"), Some("accept"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(reply.header("content-security-policy"), None);
    assert_eq!(reply.code(), Some("auth.token-expired"), "whoever stands further out still sees the refusal");
}

#[test]
fn a_browser_gets_a_page() {
    let reply = told(refusal(), "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
    assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"));
    for text in
        ["<h1>Unauthorized</h1>", "the token has expired: sign in again", "auth.token-expired", "r-1", "401"]
    {
        assert!(reply.text().contains(text), "{text}");
    }
    assert!(!reply.text().contains("1700000000"), "what only the log may read");
    let policy = reply.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"));
}

#[test]
fn a_plain_reader_gets_text() {
    let reply = told(refusal(), "text/plain");
    assert_eq!(reply.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(
        reply.text(),
        "401 Unauthorized\nthe token has expired: sign in again\nauth.token-expired\nrequest r-1\n"
    );
}

#[test]
fn the_query_and_the_log_text_reach_no_client() {
    for accept in ["*/*", "text/html", "text/plain"] {
        let reply = told(refusal(), accept);
        assert!(!reply.text().contains("secret") && !reply.text().contains("1700000000"), "{accept}");
    }
}

#[test]
fn what_the_app_says_itself_is_left_as_it_is() {
    let probe = Probe::ok().respond(Answer::status(404).header("content-type", "text/css").body("own words"));
    let reply = drive(RenderRejections::new(), &probe).get("/").header("accept", "text/html").send();
    assert_eq!((reply.status().as_u16(), reply.text()), (404, "own words"));
    assert_eq!(reply.header("vary"), None);
}

#[test]
fn a_refusal_with_a_body_of_its_own_keeps_it() {
    let own = Answer::status(401).extension(refusal()).header("content-type", "text/html").body("<p>sign in");
    let reply = drive(RenderRejections::new(), &Probe::ok().respond(own)).get("/").send();
    assert_eq!(reply.text(), "<p>sign in");
}

#[test]
fn a_refusal_that_a_link_further_out_turned_into_something_else_stays_that() {
    let turned = Answer::status(404).extension(refusal()).body("no such page");
    let reply = drive(RenderRejections::new(), &Probe::ok().respond(turned)).get("/").send();
    assert_eq!((reply.status().as_u16(), reply.text()), (404, "no such page"));
}

#[test]
fn what_a_compressing_link_said_about_the_empty_body_is_not_said_about_ours() {
    let packed = Answer::status(401).extension(refusal()).header("content-encoding", "gzip");
    let reply = drive(RenderRejections::new(), &Probe::ok().respond(packed)).get("/").send();
    assert_eq!(reply.header("content-encoding"), None);
    assert!(reply.text().contains("auth.token-expired"));
}

#[test]
fn head_gets_the_head_that_get_would_have_got() {
    let get = told(refusal(), "*/*");
    let head = refusing(refusal())
        .request(http::Method::HEAD, "/orders")
        .header("accept", "*/*")
        .header("x-request-id", "r-1")
        .send();
    assert_eq!(head.body().len(), 0);
    assert_eq!(head.headers(), get.headers());
}

#[test]
fn a_redirect_and_a_304_have_no_body() {
    for status in [204, 205, 303, 304, 307] {
        let rejection = Rejection::new(StatusCode::from_u16(status).unwrap(), "auth.sign-in")
            .with_header(header::LOCATION, HeaderValue::from_static("/sign-in"));
        let reply = told(rejection, "text/html");
        assert_eq!((reply.status().as_u16(), reply.body().len()), (status, 0));
        assert_eq!(reply.header("content-type"), None);
        assert_eq!(reply.header("location"), Some("/sign-in"));
    }
}

#[test]
fn a_grpc_client_gets_trailers_only() {
    let mut door = refusing(refusal());
    let reply = door.post("/pkg.Shop/Buy").header("content-type", "application/grpc+proto").send();
    assert_eq!(reply.status(), 200);
    assert_eq!(reply.header("content-type"), Some("application/grpc"));
    assert_eq!(reply.header("grpc-status"), Some("16"));
    assert_eq!(reply.header("grpc-message"), Some("auth.token-expired"));
    assert_eq!(reply.header("www-authenticate"), Some(r#"Bearer realm="shop""#));
    assert_eq!(reply.body().len(), 0);
    assert_eq!(reply.code(), Some("auth.token-expired"));
}

#[test]
fn an_id_that_a_link_further_in_gave_is_found_on_the_response() {
    let given = Answer::status(401).extension(refusal()).header("x-request-id", "inner-7");
    let reply = drive(RenderRejections::new(), &Probe::ok().respond(given)).get("/").send();
    assert!(reply.text().contains(r#""request_id":"inner-7""#), "{}", reply.text());
}

#[test]
fn an_id_that_could_not_be_repeated_safely_is_not_repeated() {
    let long = "a".repeat(129);
    for id in ["", "two words", "caf\u{e9}", &long] {
        let reply = refusing(refusal()).get("/").header("x-request-id", id).send();
        assert!(!reply.text().contains("request_id"), "{id}");
    }
}

#[test]
fn what_the_response_varies_by_already_stays() {
    for (before, after) in [
        ("origin", vec!["origin", "accept"]),
        ("Accept", vec!["Accept"]),
        ("*", vec!["*"]),
        ("a, ACCEPT", vec!["a, ACCEPT"]),
    ] {
        let given = Answer::status(401).extension(refusal()).header("vary", before);
        let reply = drive(RenderRejections::new(), &Probe::ok().respond(given)).get("/").send();
        assert_eq!(reply.header_all("vary"), after);
    }
}

#[test]
fn two_renderers_tell_a_refusal_once() {
    let two = ServiceBuilder::new()
        .layer(RenderRejections::new().with_page(|_, _| Some(Page::new("outer"))))
        .layer(RenderRejections::new().with_page(|_, _| Some(Page::new("inner"))))
        .layer(Gates::of(gate_fn("door", |_| Err(refusal()))));
    let reply = drive(two, &Probe::ok()).get("/").header("accept", "text/html").send();
    assert_eq!(reply.text(), "inner");
}

fn with_own_page() -> Rendered<Gated<ProbeService>> {
    let gate = Gates::of(gate_fn("door", |req| {
        Err(Rejection::new(
            StatusCode::UNAUTHORIZED,
            if req.method == "POST" { "csrf.cross-site" } else { "auth.missing" },
        ))
    }));
    let layer = RenderRejections::new().with_page(|rejection, context| {
        let next = Page::escape(context.target()?);
        (rejection.code() == "auth.missing").then(|| {
            Page::new(format!("<p>sign in to see {next}, {:?}", context.request_id()))
                .with_csp("default-src 'none'")
        })
    });
    layer.layer(gate.layer(Probe::ok().service()))
}

#[test]
fn a_page_of_ones_own_stands_in_for_the_codes_it_knows() {
    let mut door = Drive::service(with_own_page());
    let reply = door.get("/a?b='c'&d").header("accept", "text/html").header("x-request-id", "9").send();
    assert_eq!(reply.text(), "<p>sign in to see /a?b=&#39;c&#39;&amp;d, Some(\"9\")");
    assert_eq!(reply.header("content-security-policy"), Some("default-src 'none'"));
    assert_eq!(reply.header("content-length"), Some(reply.text().len().to_string().as_str()));

    let other = door.post("/a").header("accept", "text/html").send();
    assert!(other.text().contains("csrf.cross-site"));
    let json = door.get("/a").send();
    assert_eq!(json.header("content-type"), Some("application/problem+json"));
}

#[test]
fn a_target_too_long_to_repeat_is_not_given_to_a_page() {
    let target = format!("/{}", "a".repeat(2048));
    let reply = Drive::service(with_own_page()).get(&target).header("accept", "text/html").send();
    assert!(reply.text().contains("<h1>Unauthorized</h1>"));
}

#[test]
fn a_response_passes_with_its_body_and_trailers_untouched() {
    let body = ProbeBody::new().data("fi").data("ne").trailer("x-sum", "4");
    let probe = Probe::ok().respond(Answer::ok().body(body));
    let reply = drive(RenderRejections::new(), &probe).get("/").send();
    assert_eq!((reply.text(), &reply.trailers().unwrap()["x-sum"]), ("fine", &HeaderValue::from_static("4")));
}

#[test]
fn accept_is_negotiated_as_rfc_9110_says() {
    use Format::{Html, Problem, Text};
    for (accept, expected) in [
        ("", Problem),
        ("*/*", Problem),
        ("text/html", Html),
        ("TEXT/HTML", Html),
        ("text/plain", Text),
        ("text/*", Html),
        ("application/*", Problem),
        ("application/json", Problem),
        ("application/problem+json", Problem),
        ("image/png", Problem),
        ("text/html;q=0.5, text/plain", Text),
        ("text/html;q=0.5,text/plain;q=0.7,application/json;q=0.6", Text),
        ("text/html; charset=utf-8 ; q=0.9, application/json;q=0.8", Html),
        // The most specific range decides, even when it says no.
        ("text/html;q=0, text/*", Text),
        ("text/*;q=0.9, text/html;q=0.1, application/json;q=0.5", Text),
        ("text/html;q=0, */*", Problem),
        ("*/*;q=0", Problem),
        // What is named beats what a wildcard covers.
        ("text/html, */*", Html),
        ("text/plain, */*", Text),
        ("application/json, text/plain, */*", Problem),
        ("text/html, application/xhtml+xml, application/xml;q=0.9, image/avif, */*;q=0.8", Html),
        ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", Html),
        // What cannot be parsed is passed over.
        ("text/html;q=2, text/plain", Text),
        ("text/html;q=, text/plain;q=0.1", Text),
        ("html, */html, /, ;;;, ,,, text/plain", Text),
        ("text/html;x=\",text/plain;q=1\";q=0.3", Html),
        ("text/html;x=\"\\\",\";q=0, text/plain", Text),
    ] {
        assert_eq!(Format::negotiate([accept.as_bytes()]), expected, "{accept}");
    }
    assert_eq!(Format::negotiate([]), Problem);
    assert_eq!(Format::negotiate([&b"image/png"[..], b"text/plain"]), Text, "several fields are one list");
}

proptest! {
    #[test]
    fn no_accept_panics(fields in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..4)) {
        let _ = Format::negotiate(fields.iter().map(Vec::as_slice));
    }

    #[test]
    fn no_likely_accept_panics(accept in "([a-z*/;=.,\" \\\\]|q=|text/|html|application/json|[01]){0,40}") {
        let _ = Format::negotiate([accept.as_bytes()]);
    }

    #[test]
    fn html_never_holds_what_somebody_said_as_markup(detail in any::<String>(), id in "[!-~]{1,128}") {
        let rejection = Rejection::new(StatusCode::FORBIDDEN, "x.y").with_detail(detail.clone());
        let plain = Rejection::new(StatusCode::FORBIDDEN, "x.y").with_detail("plain");
        let html = |rejection, id: &str| {
            let reply = refusing(rejection).get("/").header("accept", "text/html").header("x-request-id", id).send();
            reply.text().to_owned()
        };
        let (said, harmless) = (html(rejection, &id), html(plain, "id"));
        let skeleton = |html: &str| html.matches(['<', '>', '"', '\'']).map(str::to_owned).collect::<String>();
        if !detail.is_empty() {
            prop_assert_eq!(skeleton(&said), skeleton(&harmless));
        }
    }

    #[test]
    fn a_problem_is_json_whatever_the_detail(detail in any::<String>()) {
        let reply = told(Rejection::new(StatusCode::FORBIDDEN, "x.y").with_detail(detail.clone()), "*/*");
        let problem: serde_json::Value = serde_json::from_str(reply.text()).unwrap();
        prop_assert_eq!(problem["detail"].as_str().unwrap_or_default(), detail);
    }
}
