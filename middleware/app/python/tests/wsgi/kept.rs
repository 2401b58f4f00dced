//! What is kept from one request to the next: never anything that the next one could notice.

use std::net::SocketAddr;

use enfilade_core::{Canonical, ClientAddr, Host, RequestContext, UnixPeer};
use enfilade_test::{Drive, ProbeBody, assert_body, assert_header, assert_passed, assert_refused};
use http::{HeaderValue, Request, Version, uri::Scheme};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use crate::kit::{app, app_of, both, foreign, get, inline, module, value};

const SHOW: &str = "
def app(environ, start):
    text(start)
    shown = [f'{key}={environ[key]!r}' for key in sorted(environ) if type(environ[key]) is str]
    environ.clear()
    return ['\\n'.join(shown).encode()]
";

fn seen_by_the_door(host: Option<&'static str>, scheme: Scheme, client: Option<ClientAddr>) -> Canonical {
    let host = host.and_then(|host| Host::parse(&HeaderValue::from_static(host)));
    Canonical::new(scheme, host, client)
}

fn requests() -> Vec<Request<ProbeBody>> {
    let tcp = |text: &str| Some(ClientAddr::Tcp(text.parse::<SocketAddr>().expect("an address")));
    let doors = [
        None,
        Some(seen_by_the_door(Some("a.example:8080"), Scheme::HTTPS, tcp("192.0.2.1:4000"))),
        Some(seen_by_the_door(Some("a.example"), Scheme::HTTP, tcp("192.0.2.1:4001"))),
        Some(seen_by_the_door(None, Scheme::HTTP, Some(ClientAddr::Hidden))),
        Some(seen_by_the_door(Some("b.example"), Scheme::HTTP, Some(ClientAddr::Unix(UnixPeer::new(1, 2))))),
        Some(seen_by_the_door(Some("b.example"), Scheme::HTTP, tcp("[2001:db8::1]:4001"))),
    ];
    let long = format!("/{}", "x".repeat(300));
    let targets = ["/", "/a%20b", "/a", "/a?", "/a?token=secret", long.as_str(), "/a%20b?x"];
    let mut requests = Vec::new();
    for (number, door) in doors.iter().enumerate() {
        for (at, target) in targets.iter().enumerate() {
            let builder = Request::builder().method(["GET", "POST", "BREW"][(number + at) % 3]).uri(*target);
            let builder = match (number + at) % 4 {
                0 => builder.version(Version::HTTP_10),
                1 => builder.version(Version::HTTP_2).header("x-one", "1"),
                2 => builder.header("x-one", at.to_string()).header("authorization", "Bearer x"),
                _ => builder.header("x-two", "2").header("host", "c.example"),
            };
            let mut request = builder.body(ProbeBody::new()).expect("a request");
            if let Some(door) = door {
                RequestContext::begin(request.extensions_mut(), door.clone());
            }
            requests.push(request);
        }
    }
    requests
}

#[test]
fn an_environ_is_the_same_whatever_was_asked_before() {
    inline(async {
        let used = app(SHOW);
        for step in [1, 5, 11, 41] {
            let count = requests().len();
            for at in (0..count).map(|number| number * step % count) {
                let ask = async |app| {
                    let request = requests().swap_remove(at);
                    let response = enfilade_python::WsgiApp::oneshot(app, request).await.expect("infallible");
                    response.into_body().collect().await.expect("whole").to_bytes()
                };
                assert_eq!(ask(used.clone()).await, ask(app(SHOW)).await, "request {at}, step {step}");
            }
        }
    });
}

const KEEPS: &str = "
kept, said = [], []
def app(environ, start):
    for old_start, old_write in kept:
        for call in (lambda: old_start('500 Stolen', []), lambda: old_write(b'stolen')):
            try:
                call()
                said.append('called')
            except RuntimeError as error:
                said.append(str(error))
    write = start('200 OK', [('X', environ['PATH_INFO'])])
    if environ['PATH_INFO'] == '/keep':
        kept.append((start, write))
    return [b'mine']
";

#[test]
fn what_an_app_keeps_of_a_request_does_nothing_in_another() {
    for pooled in [false, true] {
        let test = async || {
            let module = module(KEEPS);
            let mut app = Drive::service(app_of(&module));
            for path in ["/a", "/keep", "/b", "/c"] {
                let reply = app.get(path).send_async().await;
                assert_passed!(reply);
                assert_header!(reply, "x" = path);
                assert_body!(reply, "mine");
            }
            assert_eq!(
                value(&module, "said"),
                "['this request is over', 'this request is over', 'this request is over', 'this request is over']"
            );
        };
        if pooled { foreign(test()) } else { inline(test()) }
    }
}

#[test]
fn start_response_is_made_anew_only_where_the_app_has_kept_it() {
    inline(async {
        let module = module(
            "
seen = []
kept = []
def app(environ, start):
    seen.append(id(start))
    if environ['PATH_INFO'] == '/keep':
        kept.append(start)
    text(start)
    return [b'']
",
        );
        let mut app = Drive::service(app_of(&module));
        for path in ["/", "/", "/keep", "/", "/"] {
            assert_passed!(app.get(path).send_async().await);
        }
        assert_eq!(
            value(&module, "[seen[0] == seen[1] == seen[2], seen[2] != seen[3], seen[3] == seen[4]]"),
            "[True, True, True]"
        );
    });
}

#[test]
fn answers_that_overlap_do_not_mix() {
    let source = "
def app(environ, start):
    write = start('200 OK', [('X', environ['PATH_INFO'])])
    for number in range(3):
        write(f'{environ[\"PATH_INFO\"]}{number} '.encode())
        yield b'.'
";
    inline(async {
        let app = app(source);
        let ask = |path: &'static str| {
            app.clone().oneshot(Request::get(path).body(ProbeBody::new()).expect("a request"))
        };
        let (mut one, mut two) =
            (ask("/1/").await.expect("infallible"), ask("/2/").await.expect("infallible"));
        let (mut first, mut second) = (Vec::new(), Vec::new());
        loop {
            let (a, b) = (one.frame().await, two.frame().await);
            first.extend(a.iter().filter_map(|frame| frame.as_ref().expect("data").data_ref().cloned()));
            second.extend(b.iter().filter_map(|frame| frame.as_ref().expect("data").data_ref().cloned()));
            if a.is_none() && b.is_none() {
                break;
            }
        }
        assert_eq!(first.concat(), b"/1/0 ./1/1 ./1/2 .");
        assert_eq!(second.concat(), b"/2/0 ./2/1 ./2/2 .");
    });
}

#[test]
fn a_field_is_judged_by_its_own_value_each_time() {
    let source = "
from urllib.parse import unquote
def app(environ, start):
    start('200 OK', eval(unquote(environ['QUERY_STRING'])))
    return [b'x']
";
    let quoted = |fields: &str| {
        let query = fields.replace('\\', "%5c").replace(' ', "%20");
        format!("/?{query}")
    };
    inline(async {
        let mut app = Drive::service(app(source));
        for _ in 0..3 {
            for (value, sent) in
                [("one", true), ("two", true), ("a\\r\\nb: c", false), ("two", true), ("\\u20ac", false)]
            {
                for name in ["X-Thing", "x-thing", "X-THING", "Set-Cookie"] {
                    let reply = app.get(&quoted(&format!("[('{name}', '{value}')]"))).send_async().await;
                    if sent {
                        assert_eq!(reply.header(name), Some(value), "{name}");
                    } else {
                        assert_refused!(reply, 500, "wsgi.app-failed");
                    }
                }
            }
            for name in ["Connection", "CONNECTION", "connection", "X Y", ""] {
                let reply = app.get(&quoted(&format!("[('{name}', 'close')]"))).send_async().await;
                assert_refused!(reply, 500, "wsgi.app-failed");
            }
            for (length, sent) in
                [("1", true), ("1x", false), ("", false), ("99999999999999999999", false), ("01", true)]
            {
                let reply = app.get(&quoted(&format!("[('Content-Length', '{length}')]"))).send_async().await;
                assert_eq!(reply.code().is_none(), sent, "{length}");
            }
        }
    });
}

#[test]
fn names_that_share_a_place_are_told_apart() {
    inline(async {
        let names: Vec<String> = (0..2000).map(|number| format!("x-field-{number}")).collect();
        let mut app = Drive::service(app(SHOW));
        for pair in names.chunks(2) {
            let reply = app.get("/").header(&pair[0], "first").header(&pair[1], "second").send_async().await;
            for (name, value) in pair.iter().zip(["first", "second"]) {
                let line = format!("HTTP_{}='{value}'", name.to_ascii_uppercase().replace('-', "_"));
                assert!(reply.text().contains(&line), "{line}: {}", reply.text());
            }
        }
    });
}

#[test]
fn more_fields_than_a_map_can_hold_are_an_exception_and_no_panic() {
    let source = "
def app(environ, start):
    start('200 OK', [(f'X-{number}', '1') for number in range(40000)])
    return [b'x']
";
    assert_refused!(get(source), 500, "wsgi.app-failed");
    let caught = source
        .replace("    start(", "    try:\n        start(")
        .replace("    return", "    except ValueError:\n        text(start)\n    return");
    assert_body!(both(&caught, async |app| app.get("/").send_async().await), "x");
}
