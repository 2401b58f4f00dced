//! The assertions: what they hold, what they find, and what a failure says.

use std::{
    panic,
    sync::{Arc, Mutex},
    thread,
};

use enfilade_core::{Challenge, Gate, Pass, Rejection, gate_fn};
use enfilade_test::{
    Answer, Ask, Drive, Probe, Reply, assert_body, assert_challenge, assert_header, assert_json,
    assert_passed, assert_refused, assert_set_cookie, enter,
};
use http::{HeaderMap, StatusCode, request};

fn reply(answer: impl Into<Answer>) -> Reply {
    Drive::service(Probe::ok().respond(answer).service()).get("/").send()
}

/// The message of an assertion that has to fail.
#[track_caller]
fn message(assertion: impl FnOnce()) -> String {
    let failed = panic::catch_unwind(panic::AssertUnwindSafe(assertion)).expect_err("it should fail");
    *failed.downcast::<String>().expect("a message")
}

fn expired() -> Rejection {
    let challenge = Challenge::bearer().with_realm("shop").with_error("invalid_token", "it has expired");
    Rejection::new(StatusCode::UNAUTHORIZED, "auth.token-expired")
        .with_challenge(challenge)
        .with_log("exp 17")
}

#[test]
fn a_refusal_is_known_by_status_and_code() {
    let gate = gate_fn("shut", |_| Err(expired()));
    assert_refused!(enter(&gate, "/"), 401, "auth.token-expired");
    let response: http::Response<()> = expired().into_response();
    assert_refused!(response, 401, "auth.token-expired");

    let said = message(|| assert_refused!(enter(&gate, "/"), 401, "auth.token-malformed"));
    let lines = [
        "expected a refusal",
        "            expected              found",
        "    status  401                   401",
        "  ≠ code    auth.token-malformed  auth.token-expired",
        "                       ^^^^^^^^^             ^^^^^^^",
        "    log                           exp 17",
    ];
    assert_eq!(said, lines.join("\n"));
}

#[test]
fn an_expected_refusal_that_did_not_come_says_what_came() {
    let said =
        message(|| assert_refused!(reply(Answer::status(500).body("no\ndatabase")), 401, "auth.missing"));
    assert!(said.contains("≠ status  401"), "{said}");
    assert!(said.contains("not refused by a link of ours") && said.contains("no\\ndatabase"), "{said}");
}

#[test]
fn a_pass_is_a_success_or_the_status_named() {
    assert_passed!(reply(204));
    assert_passed!(reply(404), 404);
    assert!(message(|| assert_passed!(reply(404))).contains("≠ status  a success"));
    assert!(message(|| assert_passed!(reply(200), 404)).contains("≠ status  404"));
    let said = message(|| assert_passed!(Rejection::into_response::<()>(expired())));
    assert!(said.contains("≠ code               auth.token-expired"), "{said}");
}

#[test]
fn a_gate_that_waits_neither_passed_nor_refused() {
    let gate = gate_fn("later", |_| Ok(Pass::later(async { |_: &mut request::Parts| Ok(Pass::Now) })));
    let (mut head, ()) = http::Request::new(()).into_parts();
    assert!(message(|| assert_passed!(gate.enter(&mut head))).contains("not decided"));
    assert!(message(|| assert_refused!(gate.enter(&mut head), 401, "a.b")).contains("not decided"));
    assert_passed!(enter(&gate, "/"));
}

#[test]
fn a_failure_names_the_line_of_the_test() {
    let (seen, here) = (Arc::new(Mutex::new(None)), thread::current().id());
    let hook = panic::take_hook();
    panic::set_hook(Box::new({
        let seen = seen.clone();
        move |info| {
            // Other tests of this file fail on purpose meanwhile.
            if thread::current().id() == here {
                *seen.lock().expect("not poisoned") =
                    info.location().map(|at| (at.file().to_owned(), at.line()));
            }
        }
    }));
    let line = line!() + 1;
    message(|| assert_set_cookie!(reply(200), "sid" = "7"; Path = "/", HttpOnly));
    panic::set_hook(hook);
    assert_eq!(seen.lock().expect("not poisoned").take(), Some((file!().to_owned(), line)));
}

#[test]
fn challenges_are_compared_by_scheme_and_parameter() {
    assert_challenge!(expired(), "bearer");
    assert_challenge!(expired(), "Bearer", realm = "shop", "error" = "invalid_token", no scope);
    let verdict: enfilade_core::Verdict = Err(expired());
    assert_challenge!(verdict, "Bearer");
    assert_challenge!(verdict, no "Basic");
    assert_challenge!(reply(200), none);

    let two = reply(
        Answer::status(401)
            .header("www-authenticate", "Basic realm=\"a\", Bearer realm=\"b\"")
            .header("www-authenticate", "Bearer realm=\"c\", error=\"d\""),
    );
    assert_challenge!(two, "Bearer", realm = "b", no error);
    assert_challenge!(two, "Bearer", realm = "c", error = "d");
    let said = message(|| assert_challenge!(two, "Bearer", realm = "c", error = "e"));
    let lines = [
        "expected this challenge",
        "            expected  found",
        "    scheme  Bearer    Bearer",
        "    realm   c         c",
        "  ≠ error   e         d",
    ];
    assert_eq!(said, lines.join("\n"), "the nearest of the two is shown");
}

#[test]
fn a_challenge_that_is_missing_or_forbidden_says_what_is_offered() {
    let said = message(|| assert_challenge!(expired(), "Basic"));
    assert!(said.contains("≠ schemes  Basic     Bearer"), "{said}");
    assert!(message(|| assert_challenge!(expired(), no "Bearer")).contains("≠ schemes  no Bearer  Bearer"));
    assert!(message(|| assert_challenge!(expired(), none)).contains("≠ schemes  none"));
    assert!(message(|| assert_challenge!(HeaderMap::new(), "Bearer")).contains("Bearer    none"));
    let broken = reply(Answer::status(401).header("www-authenticate", "Bearer realm=\"open"));
    assert!(message(|| assert_challenge!(broken, no "Basic")).contains("malformed WWW-Authenticate"));
}

#[test]
fn cookies_are_compared_by_value_and_attribute() {
    let line = "sid=7; path=/; HTTPONLY; SameSite=lax; Domain=.shop.example; Max-Age=60";
    let reply = reply(Answer::ok().header("set-cookie", line).header("set-cookie", "theme=dark"));
    assert_set_cookie!(reply, "sid" = 7; Path = "/", HttpOnly, SameSite = "Lax", no Secure);
    assert_set_cookie!(reply, "sid"; Domain = "shop.example", Max-Age = 60, no Expires);
    assert_set_cookie!(reply, "theme" = "dark"; nothing else);
    assert_set_cookie!(reply, ("th".to_owned() + "eme") = "da".to_owned() + "rk");
    assert_set_cookie!(reply, "other" not set);
    assert_eq!(reply.set_cookie("theme"), Some("dark"));

    let said =
        message(|| assert_set_cookie!(reply, "sid" = "7"; Path = "/in", Secure, no HttpOnly, no Max-Age));
    let lines = [
        "expected of the cookie `sid`",
        "              expected   found",
        "    value     7          7",
        "  ≠ Path      /in        /",
        "  ≠ Secure    (present)  (absent)",
        "  ≠ HttpOnly  (absent)   (present)",
        "  ≠ Max-Age   (absent)   60",
    ];
    let said: Vec<_> = said.lines().filter(|line| !line.contains('^')).collect();
    assert_eq!(said, lines);
    let said = message(|| assert_set_cookie!(reply, "sid"; nothing else));
    assert_eq!(said.matches('≠').count(), 5, "{said}");
    assert!(message(|| assert_set_cookie!(reply, "sid" not set)).contains("(no line)"));
    assert!(message(|| assert_set_cookie!(reply, "no")).contains("≠ cookies  no        sid, theme"));
}

#[test]
fn the_last_line_of_a_cookie_counts_and_removals_are_known() {
    let both = reply(
        Answer::ok()
            .header("set-cookie", "a=1; Path=/")
            .header("set-cookie", "a=; Path=/; Max-Age=0")
            .header("set-cookie", "b=1; Path=/x")
            .header("set-cookie", "b=2; Path=/y")
            .header("set-cookie", "c=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"),
    );
    assert_set_cookie!(both, "a" removed; Path = "/");
    assert_set_cookie!(both, "b" = "1"; Path = "/x");
    assert_set_cookie!(both, "b" = "2"; Path = "/y");
    assert_set_cookie!(both, "c" removed);
    assert!(message(|| assert_set_cookie!(both, "a" = "1")).contains("≠ cookie  set"));
    assert!(message(|| assert_set_cookie!(both, "b" removed)).contains("≠ cookie  removed"));
    assert!(message(|| assert_set_cookie!(both, "b" = "1"; Path = "/y")).contains('≠'));
}

#[test]
fn headers_are_compared_line_by_line() {
    let reply =
        reply(Answer::ok().header("link", "</a>").header("link", "</b>").header("vary", "Accept, Origin"));
    assert_header!(reply, "link" = ["</a>", "</b>"]);
    assert_header!(reply, "vary" lists "origin");
    assert_header!(reply, "location" absent);
    assert_header!(Ask::get("/").build(), "host" = "localhost");
    assert!(message(|| assert_header!(reply, "link" = "</a>")).contains("≠ link  (no line)  </b>"));
    assert!(message(|| assert_header!(reply, "vary" absent)).contains("≠ vary"));
    assert!(message(|| assert_header!(reply, "vary" lists "cookie")).contains("… cookie …"));
}

#[test]
fn bodies_show_only_where_they_differ() {
    let lines: Vec<_> = (1..200).map(|n| format!("line {n} of a long page")).collect();
    let page = reply(Answer::ok().body(lines.join("\n")));
    assert_body!(page, lines.join("\n"));
    let said = message(|| assert_body!(page, lines.join("\n").replace("line 77 of", "line 77 off")));
    assert!(said.contains("line 77") && said.len() < 300, "{said}");
    let said = message(|| assert_body!(page, ""));
    assert!(said.contains("199 differences, the first 8") && said.len() < 1500, "{said}");
}

#[test]
fn json_is_compared_by_what_it_means() {
    let reply = reply(Answer::ok().body(r#"{"a": [1, {"b": "x"}], "c": null}"#));
    assert_json!(reply, r#"{"c":null,"a":[1,{"b":"\u0078"}]}"#);
    let said = message(|| assert_json!(reply, r#"{"a":[1,{"b":"y"},2],"d":{}}"#));
    for row in [r#"≠ .a[1].b  "y""#, "≠ .a[2]    2", "≠ .c       (absent)", "≠ .d       {…0 members}"]
    {
        assert!(said.contains(row), "{row}: {said}");
    }
    assert!(message(|| assert_json!(reply, "{")).contains("the JSON that the test expects: at byte 1"));
}
