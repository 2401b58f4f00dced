//! Odd paths over HTTP/1 and HTTP/2: which are refused, with which code, and what an app reads of the others.
//!
//! ```text
//! Asked           as it is: the canonical path is the target's own
//! Reads(…)        the canonical path; the target stays as it was written
//! Spelled(…, …)   the same, and the target's one spelling, where that is asked for
//! Us("…")         400 with this code (414 for one)
//! Parser          refused before any link
//! ```

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use enfilade_core::{Gate, Rejection, RequestContext};
use enfilade_server::{Connections, Limits, PathRules, RequestBody, StrictRequest};
use enfilade_test::{Answer, Probe, assert_passed, assert_refused, drive};
use http::{Request, Response};
use http_body_util::Full;
use tokio::io::AsyncWriteExt;
use tower::{Layer, Service, service_fn};

use crate::{
    http2::{SETTINGS, headers},
    kit::{Log, PREFACE, connect_to, hear, say},
};
use Verdict::{Asked, Parser, Reads, Spelled, Us};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Verdict {
    Asked,
    Reads(&'static [u8]),
    Spelled(&'static [u8], &'static str),
    Us(&'static str),
    Parser,
}

const DOT: Verdict = Us("http.path-dot-segment");
const ESCAPE: Verdict = Us("http.path-escape");
const DOUBLE: Verdict = Us("http.path-double-escape");
const CONTROL: Verdict = Us("http.path-control");
const EMPTY: Verdict = Us("http.path-empty-segment");
const SLASH: Verdict = Us("http.path-encoded-slash");
const BACKSLASH: Verdict = Us("http.path-backslash");
const DELIMITER: Verdict = Us("http.path-delimiter");
const PARAMETER: Verdict = Us("http.path-parameter");
const NOT_UTF8: Verdict = Us("http.path-not-utf8");

type Table = &'static [(&'static [u8], Verdict)];

/// By the rules that are there without asking.
#[rustfmt::skip] // one path, one line
const STRICT: Table = &[
    (b"/", Asked),
    (b"/shop/cart", Asked),
    (b"/shop/", Asked),
    (b"/Shop", Asked),
    (b"/a:b@c!d$e&f'g(h)i*j+k,l=m-n.o_p~q", Asked),
    (b"/.well-known/openid-configuration", Asked),
    (b"/...", Asked),
    (b"/..a/b../a..b/.a/b.", Asked),
    (b"/a?b=/../c%2f//;%zz", Asked),
    (b"/?/admin", Asked),
    // Escapes, decoded once.
    (b"/a%20b", Reads(b"/a b")),
    (b"/a+b", Asked),
    (b"/caf%C3%A9", Reads("/café".as_bytes())),
    (b"/caf%c3%a9", Spelled("/café".as_bytes(), "/caf%C3%A9")),
    (b"/%61dmin", Spelled(b"/admin", "/admin")),
    (b"/%41dmin?a=%61", Spelled(b"/Admin", "/Admin?a=%61")),
    (b"/%7euser", Spelled(b"/~user", "/~user")),
    (b"/a%2eb", Spelled(b"/a.b", "/a.b")),
    (b"/%2ewell-known", Spelled(b"/.well-known", "/.well-known")),
    (b"/a%2Bb%40c%3A", Reads(b"/a+b@c:")),
    (b"/100%25", Reads(b"/100%")),
    (b"/a%252fb", Reads(b"/a%2fb")),
    (b"/%252e%252e/a", Reads(b"/%2e%2e/a")),
    (b"/%25252e", Reads(b"/%252e")),
    (b"/100%25%20off", Reads(b"/100% off")),
    // Bytes that browsers send and RFC 3986 does not allow.
    (b"/a\"{b}|c^d[e]", Spelled(b"/a\"{b}|c^d[e]", "/a%22%7Bb%7D%7Cc%5Ed%5Be%5D")),
    (b"/a<b>", Parser),
    (b"/a`b", Parser),
    (b"/a b", Parser),
    (b"/a\tb", Parser),
    (b"/a\x00b", Parser),
    (b"/a\x7fb", Parser),
    (b"/\xc3\xa9", Us("http.target-not-ascii")),
    (b"/a?\xc3\xa9", Us("http.target-not-ascii")),
    // Dot segments, in every dress.
    (b"/.", DOT),
    (b"/..", DOT),
    (b"/./admin", DOT),
    (b"/admin/.", DOT),
    (b"/admin/..", DOT),
    (b"/../", DOT),
    (b"/public/../admin", DOT),
    (b"/public/%2e%2e/admin", DOT),
    (b"/public/%2E%2e/admin", DOT),
    (b"/public/.%2e/admin", DOT),
    (b"/public/%2e./admin", DOT),
    (b"/public/%2e/admin", DOT),
    (b"/public/%2e%2e", DOT),
    (b"/api/%2e%2e/x", DOT),
    (b"/api../admin", Asked),
    (b"/api./admin", Asked),
    (b"/public/..?x", DOT),
    // Parameters.
    (b"/public/..;/admin", PARAMETER),
    (b"/public/..%3bx/admin", PARAMETER),
    (b"/admin;jsessionid=1", PARAMETER),
    (b"/admin%3b", PARAMETER),
    (b"/admin%3B", PARAMETER),
    // What may be a separator.
    (b"/a%2fb", SLASH),
    (b"/a%2Fb", SLASH),
    (b"/public%2f..%2fadmin", SLASH),
    (b"/%2fadmin", SLASH),
    (b"/a%5cb", BACKSLASH),
    (b"/a%5Cb", BACKSLASH),
    (b"/a\\b", BACKSLASH),
    (b"/public\\..\\admin", BACKSLASH),
    (b"/\\evil.example", BACKSLASH),
    (b"//", EMPTY),
    (b"//admin", EMPTY),
    (b"//evil.example/a", EMPTY),
    (b"///", EMPTY),
    (b"/a//b", EMPTY),
    (b"/a//", EMPTY),
    // Delimiters.
    (b"/a%3fb", DELIMITER),
    (b"/a%3Fb", DELIMITER),
    (b"/x%23y", DELIMITER),
    // Controls.
    (b"/a%00", CONTROL),
    (b"/a%00.png", CONTROL),
    (b"/a%0d%0aset-cookie:x", CONTROL),
    (b"/a%1b[31m", CONTROL),
    (b"/a%7f", CONTROL),
    (b"/a%09", CONTROL),
    // Escapes that are none.
    (b"/%", ESCAPE),
    (b"/a%4", ESCAPE),
    (b"/%zz", ESCAPE),
    (b"/%4z", ESCAPE),
    (b"/%%41", ESCAPE),
    (b"/%+1", ESCAPE),
    (b"/%u0041", ESCAPE),
    (b"/100%/a", ESCAPE),
    (b"/a%25%", ESCAPE),
    // Escaped escapes, whose digits are escaped too.
    (b"/a%25%32%66b", DOUBLE),
    (b"/a%252%66b", DOUBLE),
    (b"/a%25%32fb", DOUBLE),
    // What is not UTF-8, and what some decoders make of it.
    (b"/a%ff", NOT_UTF8),
    (b"/caf%e9", NOT_UTF8),
    (b"/%c0%ae%c0%ae/a", NOT_UTF8),
    (b"/%c0%afadmin", NOT_UTF8),
    (b"/%ed%a0%80", NOT_UTF8),
    (b"/%c3", NOT_UTF8),
    (b"/%c3/%a9", NOT_UTF8),
    // Nothing folds: dotted I, long s, the sign for Kelvin.
    (b"/%C4%B0%C5%BF%E2%84%AA", Reads("/\u{130}\u{17f}\u{212a}".as_bytes())),
    (b"/e%CC%81", Reads("/e\u{301}".as_bytes())),
];

#[rustfmt::skip]
const LET_IN: &[(PathRules, Table)] = &[
    (PathRules::new().with_encoded_slashes(), &[
        (b"/@scope%2fname", Spelled(b"/@scope%2Fname", "/@scope%2Fname")),
        (b"/@scope%2Fname", Reads(b"/@scope%2Fname")),
        (b"/api/queues/%2F/mine", Reads(b"/api/queues/%2F/mine")),
        (b"/web/https%3A%2F%2Fshop.example%2F", Reads(b"/web/https:%2F%2Fshop.example%2F")),
        (b"/a%252fb", DOUBLE),
        (b"/a%252Fb", DOUBLE),
        (b"/a%25%32%66b", DOUBLE),
        (b"/a%252eb", Reads(b"/a%2eb")),
        (b"/%2fadmin", EMPTY),
        (b"/public%2f..%2fadmin", DOT),
        (b"/public/..%2fadmin", DOT),
        (b"/public/a%2f..", DOT),
        (b"/public/a%2f%2e", DOT),
        (b"/a//b", EMPTY),
        (b"/a%5cb", BACKSLASH),
    ]),
    (PathRules::new().with_empty_segments(), &[
        (b"/web/2020/http://shop.example/", Asked),
        (b"/a//", Asked),
        (b"/a///b", Asked),
        (b"//", EMPTY),
        (b"//evil.example", EMPTY),
        (b"/a//../b", DOT),
        (b"/a/%2Fb", SLASH),
    ]),
    (PathRules::new().with_encoded_delimiters(), &[
        (b"/tags/c%23", Reads(b"/tags/c#")),
        (b"/why%3f?really", Spelled(b"/why?", "/why%3F?really")),
        (b"/a%3bb", PARAMETER),
    ]),
    (PathRules::new().with_semicolons(), &[
        (b"/map;v=1", Reads(b"/map;v=1")),
        (b"/map%3Bv=1", Reads(b"/map;v=1")),
        (b"/public/..;/admin", DOT),
        (b"/public/..;x=y/admin", DOT),
        (b"/public/..%3bx/admin", DOT),
        (b"/public/%2e%2e;/admin", DOT),
        (b"/public/.;/admin", DOT),
        (b"/public/..;", DOT),
    ]),
    (PathRules::new().with_any_bytes(), &[
        (b"/caf%E9", Reads(b"/caf\xe9")),
        (b"/%C0%AE%C0%AE/a", Reads(b"/\xc0\xae\xc0\xae/a")),
        (b"/\xc3\xa9", Us("http.target-not-ascii")),
    ]),
    (PathRules::new().insecure_backslashes(), &[
        (b"/a%5Cb", Reads(b"/a\\b")),
        (b"/a\\b", BACKSLASH),
        (b"/%5Cevil.example", EMPTY),
        (b"/public%5c..%5cadmin", DOT),
        (b"/public/..%5cadmin", DOT),
    ]),
    (PathRules::new().with_max_size(4), &[
        (b"/abc", Asked),
        (b"/a%20", Us("http.path-too-long")),
        (b"/abcd", Us("http.path-too-long")),
        (b"/abc?defghi", Asked),
    ]),
];

/// The app: its answer is what it reads.
async fn tell(req: Request<RequestBody>) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = RequestContext::path(req.extensions()).unwrap().escape_ascii();
    let target = req.uri().path_and_query().unwrap();
    Ok(Response::new(Full::from(format!("<{path} {target}>"))))
}

fn expected(target: &[u8], verdict: Verdict, one_spelling: bool) -> String {
    let asked = || String::from_utf8_lossy(target).into_owned();
    let path = || target.split(|b| *b == b'?').next().unwrap();
    match verdict {
        Asked => format!("<{} {}>", path().escape_ascii(), asked()),
        Reads(path) => format!("<{} {}>", path.escape_ascii(), asked()),
        Spelled(path, _) if !one_spelling => format!("<{} {}>", path.escape_ascii(), asked()),
        Spelled(path, target) => format!("<{} {target}>", path.escape_ascii()),
        Us(code) => code.to_owned(),
        Parser => "parser".to_owned(),
    }
}

/// What the app said, the code of a refusal, or that nothing of ours was asked.
fn heard(text: &str, log: &Log) -> String {
    match log.codes().first().map(String::as_str) {
        Some("http.parse") => return "parser".to_owned(),
        Some(code) => return code.to_owned(),
        None => {}
    }
    // The body comes last, whatever bytes a compressed head has.
    match (text.rfind('<'), text.rfind('>')) {
        (Some(from), Some(to)) if from < to => text[from..=to].to_owned(),
        _ => "parser".to_owned(),
    }
}

/// Rules, what is asked for, what is expected.
fn tables() -> impl Iterator<Item = (PathRules, &'static [u8], String)> {
    let strict = [(PathRules::new(), STRICT)];
    let tables = strict.into_iter().chain(LET_IN.iter().copied());
    let both = tables.flat_map(|(rules, paths)| {
        [(rules, false), (rules.with_one_spelling(), true)].map(|(rules, one)| (rules, one, paths))
    });
    both.flat_map(|(rules, one, paths)| {
        paths.iter().map(move |(target, verdict)| (rules, *target, expected(target, *verdict, one)))
    })
}

fn is_refused(wanted: &str) -> bool {
    !wanted.starts_with('<')
}

fn server(rules: PathRules) -> Connections {
    Connections::new(Limits::default()).unwrap().with_paths(rules)
}

#[tokio::test(start_paused = true)]
async fn every_path_has_one_reading_over_http1() {
    let mut wrong = Vec::new();
    for (rules, target, wanted) in tables() {
        for form in [&b""[..], b"http://a"] {
            let log = Log::capture();
            let raw = [b"GET ", form, target, b" HTTP/1.1\r\nHost: a\r\n\r\n"].concat();
            let mut client = connect_to(&server(rules), service_fn(tell));
            let answer = say(&mut client, &raw).await;
            let said = heard(&answer.text, &log);
            if said != wanted || answer.closed != is_refused(&wanted) {
                wrong.push(format!("{}: {said} and not {wanted}", raw.escape_ascii()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(start_paused = true)]
async fn every_path_has_the_same_reading_over_http2() {
    let mut wrong = Vec::new();
    for (rules, target, wanted) in tables() {
        let log = Log::capture();
        let mut client = connect_to(&server(rules), service_fn(tell));
        let fields =
            [(":method", &b"GET"[..]), (":scheme", b"http"), (":path", target), (":authority", b"a")];
        client.write_all(&[PREFACE, SETTINGS, &headers(1, &fields)].concat()).await.unwrap();
        let answer = hear(&mut client, Duration::from_secs(1)).await;
        let said = heard(&answer.text, &log);
        if said != wanted {
            wrong.push(format!("{}: {said} and not {wanted}", target.escape_ascii()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_path_that_is_refused_never_reaches_the_app() {
    let probe = Probe::ok();
    for (rules, target, _) in tables().filter(|(_, _, wanted)| is_refused(wanted)) {
        let raw = [b"GET ", target, b" HTTP/1.1\r\nHost: a\r\n\r\n"].concat();
        say(&mut connect_to(&server(rules), probe.service()), &raw).await;
    }
    probe.never_reached();
}

#[tokio::test(start_paused = true)]
async fn a_path_may_have_eight_thousand_bytes() {
    for (size, status) in [(8_000, 200), (8_001, 414)] {
        let raw = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(size - 1));
        let mut client = connect_to(&server(PathRules::new()), service_fn(tell));
        let answer = say(&mut client, raw.as_bytes()).await;
        assert_eq!(answer.statuses(), [status], "{size} bytes");
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_path_is_the_first_page_and_the_asterisk_is_itself() {
    for (line, said) in [
        ("GET http://a", "</ />"),
        ("GET http://a?b", "</ /?b>"),
        ("OPTIONS *", "<* *>"),
        ("OPTIONS /*", "</* /*>"),
        ("GET /a#/../b", "</a /a>"),
    ] {
        let raw = format!("{line} HTTP/1.1\r\nHost: a\r\n\r\n");
        let answer = say(&mut connect_to(&server(PathRules::new()), service_fn(tell)), raw.as_bytes()).await;
        assert!(answer.text.ends_with(said), "{line}: {answer:?}");
    }
}

#[test]
fn rules_are_a_gate_too_which_reads_the_target_and_needs_no_door() {
    let strict = PathRules::new();
    let judge = |request: http::request::Builder| {
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        strict
            .enter(&mut parts)
            .map(drop)
            .map_err(|rejection| (rejection.status().as_u16(), rejection.code()))
    };
    assert_eq!(judge(Request::get("/a%20b")), Ok(()));
    assert_eq!(judge(Request::options("*")), Ok(()));
    assert_eq!(judge(Request::get("*")), Err((400, "http.target-form")));
    assert_eq!(judge(Request::get("shop.example:80")), Err((400, "http.target-form")));
    assert_eq!(judge(Request::get("/a%2fb")), Err((400, "http.path-encoded-slash")));
    assert_eq!(judge(Request::get("/a/../b")), Err((400, "http.path-dot-segment")));

    let (mut parts, ()) = Request::get("/a").body(()).unwrap().into_parts();
    assert_passed!(strict.enter(&mut parts));
    let alone = RequestContext::path(&parts.extensions).unwrap_err();
    assert_eq!((alone.status().as_u16(), alone.code()), (500, "http.path-unjudged"));
}

#[test]
fn one_app_is_stricter_than_the_door() {
    let gate = enfilade_core::Gates::of(PathRules::new());
    let door = StrictRequest::new().with_paths(PathRules::new().with_encoded_slashes());
    let probe = Probe::ok().respond(Answer::ok());
    let mut registry = drive(door.clone(), &probe);
    assert_passed!(registry.get("/@scope%2fname").header("host", "a").send());
    assert_eq!(probe.last().uri.path(), "/@scope%2fname", "a signature over it still holds");

    let probe = Probe::ok();
    let mut shop = drive(tower::ServiceBuilder::new().layer(door).layer(gate), &probe);
    assert_refused!(shop.get("/@scope%2fname").header("host", "a").send(), 400, "http.path-encoded-slash");
    probe.never_reached();
}

#[test]
fn a_plain_path_is_borrowed_and_a_refusal_says_nothing_of_it() {
    let rules = PathRules::new();
    for plain in ["/", "/shop/cart", "/.well-known/x"] {
        assert!(matches!(rules.canonical(plain).unwrap(), std::borrow::Cow::Borrowed(_)), "{plain}");
    }
    let rejection: Rejection = rules.canonical("/secret%00").unwrap_err();
    assert!(!format!("{rejection:?}").contains("secret"));
}

/// By allocations that it costs more than the first page.
#[test]
fn a_path_costs_an_allocation_only_if_it_is_long_or_not_its_own_canonical_form() {
    let app =
        service_fn(|_: Request<_>| std::future::ready(Ok::<_, Infallible>(Response::new(String::new()))));
    let mut door = StrictRequest::new().layer(app);
    let mut allocations = |path: &str| {
        let request = Request::get(path).header("host", "a").body(String::new()).unwrap();
        allocation_counter::measure(|| drop(door.call(request))).count_total
    };
    let _the_host_is_new = allocations("/");
    let least = allocations("/");
    for path in ["/shop/cart", "/shop/?a=%20b", "/.well-known/x", &format!("/{}", "x".repeat(63))] {
        assert_eq!(allocations(path), least, "{path}");
    }
    assert_eq!(allocations(&format!("/{}", "x".repeat(64))), least + 1, "a copy");
    assert_eq!(allocations("/a%20b"), least + 2, "the path, and what is handed on of it");
}

#[test]
fn backslashes_are_let_in_with_a_warning() {
    let log = Log::capture();
    let _ = server(PathRules::new().insecure_backslashes());
    assert!(log.text().contains("insecure: backslashes"), "{}", log.text());
    let log = Log::capture();
    let _ = server(PathRules::new().with_semicolons());
    assert_eq!(log.text(), "");
}
