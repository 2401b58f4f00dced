//! What an app may answer, and what becomes of what it may not.

use enfilade_test::{Drive, assert_body, assert_header, assert_passed, assert_refused};
use http::StatusCode;
use http_body::Body as _;
use hyper::ext::ReasonPhrase;

use crate::kit::{app, both, foreign, get, inline};

/// An app that calls `start_response` with these arguments and answers with this.
fn answer(arguments: &str, result: &str) -> String {
    format!("def app(environ, start):\n    start({arguments})\n    return {result}\n")
}

#[test]
fn status_fields_and_body_are_the_apps() {
    let reply = get(&answer(
        "'404 Not Found', [('Content-Type', 'text/plain'), ('Set-Cookie', 'a=1'), ('Set-Cookie', 'b=2'), ('X', 'caf\\xe9')]",
        "[b'no']",
    ));
    assert_eq!(reply.status(), 404);
    assert_header!(reply, "content-type" = "text/plain");
    assert_eq!(reply.header_all("set-cookie"), ["a=1", "b=2"]);
    assert_eq!(reply.headers()["x"].as_bytes(), b"caf\xe9");
    assert_eq!(reply.extensions().get::<ReasonPhrase>(), None);
    assert_body!(reply, "no");
}

#[test]
fn a_reason_of_its_own_is_kept() {
    for (status, reason) in
        [("404 Gone fishing", "Gone fishing"), ("799 Wholly new", "Wholly new"), ("200 ", "")]
    {
        let reply = get(&answer(&format!("'{status}', []"), "[b'x']"));
        let kept = reply.extensions().get::<ReasonPhrase>().expect("kept");
        assert_eq!(kept.as_bytes(), reason.as_bytes());
        assert_eq!(reply.status(), StatusCode::from_bytes(&status.as_bytes()[..3]).expect("digits"));
    }
}

#[test]
fn what_is_no_head_is_an_exception_where_the_app_calls() {
    for arguments in [
        "200, []",
        "b'200 OK', []",
        "'200', []",
        "'200OK', []",
        "'20 OK', []",
        "'abc OK', []",
        "'100 Continue', []",
        "'101 Switching Protocols', []",
        "'200 a\\r\\nX: 1', []",
        "'200 \\u20ac', []",
        "'200 OK', None",
        "'200 OK', (('X', '1'),)",
        "'200 OK', iter([])",
        "'200 OK', ['ab']",
        "'200 OK', [['X', '1']]",
        "'200 OK', [('X', '1', '2')]",
        "'200 OK', [('X',)]",
        "'200 OK', [(b'X', '1')]",
        "'200 OK', [('X', b'1')]",
        "'200 OK', [('X', 1)]",
        "'200 OK', [('X', None)]",
        "'200 OK', [('X\\n', '1')]",
        "'200 OK', [('X:', '1')]",
        "'200 OK', [('', '1')]",
        "'200 OK', [('X Y', '1')]",
        "'200 OK', [('caf\\xe9', '1')]",
        "'200 OK', [('X', '1\\r\\nY: 2')]",
        "'200 OK', [('X', '1\\n 2')]",
        "'200 OK', [('X', 'a\\0b')]",
        "'200 OK', [('X', '\\u20ac')]",
        "'200 OK', [('Connection', 'close')]",
        "'200 OK', [('Keep-Alive', '1')]",
        "'200 OK', [('Transfer-Encoding', 'chunked')]",
        "'200 OK', [('TE', 'x')]",
        "'200 OK', [('Trailer', 'x')]",
        "'200 OK', [('Upgrade', 'x')]",
        "'200 OK', [('Trailers', 'x')]",
        "'200 OK', [('PROXY-CONNECTION', 'close')]",
        "'200 OK', [('Proxy-Authenticate', 'x')]",
        "'200 OK', [('Content-Length', 'x')]",
        "'200 OK', [('Content-Length', '+1')]",
        "'200 OK', [('Content-Length', '-1')]",
        "'200 OK', [('Content-Length', '1'), ('Content-Length', '1')]",
        "'200 OK'",
        "'200 OK', [], None, 1",
    ] {
        let caught = format!(
            "def app(environ, start):\n    try:\n        start({arguments})\n    except (TypeError, ValueError):\n        \
             start('200 OK', [])\n        return [b'caught']\n    return [b'taken']\n"
        );
        assert_body!(get(&caught), "caught");
        let reply = get(&answer(arguments, "[b'x']"));
        assert_refused!(reply, 500, "wsgi.app-failed");
        assert_body!(reply, "");
    }
}

#[test]
fn what_is_no_iterable_of_bytes_is_an_error() {
    for result in [
        "None",
        "5",
        "'text'",
        "['text']",
        "('text',)",
        "iter(['text'])",
        "[b'a', None]",
        "b'ints'",
        "[bytearray(b'x')]",
    ] {
        let reply = get(&answer("'200 OK', []", result));
        assert_refused!(reply, 500, "wsgi.app-failed");
    }
}

#[test]
fn an_app_that_never_starts_a_response_has_not_answered() {
    for result in ["[b'x']", "[]", "iter([b'x'])", "iter([])"] {
        let reply = get(&format!("def app(environ, start):\n    return {result}\n"));
        assert_refused!(reply, 500, "wsgi.app-failed");
    }
}

#[test]
fn every_kind_of_iterable_is_an_answer() {
    for result in [
        "[b'one', b'two']",
        "(b'onetwo',)",
        "[b'', b'onetwo', b'']",
        "iter([b'one', b'', b'two'])",
        "(chunk for chunk in [b'', b'one', b'two'])",
        "{b'onetwo': 1}",
        "map(bytes, [b'one', b'two'])",
        "type('Old', (), {'__getitem__': lambda self, at: [b'one', b'two'][at]})()",
    ] {
        let reply = get(&answer("'200 OK', []", result));
        assert_passed!(reply);
        assert_body!(reply, "onetwo");
    }
    assert_body!(get(&answer("'200 OK', []", "[]")), "");
    assert_body!(get(&answer("'200 OK', []", "iter([])")), "");
    assert_body!(get(&answer("'200 OK', []", "[b'']")), "");
}

#[test]
fn the_length_is_known_where_all_of_the_body_is_there() {
    inline(async {
        for (result, exact) in [
            ("[b'tea']", Some(3)),
            ("[b'tea', b'cup']", Some(6)),
            ("[]", Some(0)),
            ("(b'x' * 100000,)", Some(100_000)),
            ("iter([b'tea'])", None),
        ] {
            let flight = Drive::service(app(&answer("'200 OK', []", result))).get("/").start();
            let response = flight.head().expect("infallible");
            assert_eq!(response.body().size_hint().exact(), exact, "{result}");
            assert_eq!(response.headers().get("content-length"), None, "the server's to say");
        }
    });
}

#[test]
fn a_generator_may_start_the_response_as_late_as_its_first_chunk() {
    let reply = get("
def app(environ, start):
    yield b''
    yield b''
    start('202 Accepted', [('X', '1')])
    yield b''
    yield b'made'
");
    assert_eq!(reply.status(), 202);
    assert_header!(reply, "x" = "1");
    assert_body!(reply, "made");
}

#[test]
fn a_generator_that_ends_without_a_chunk_has_answered_with_its_head() {
    let reply = get("
def app(environ, start):
    start('202 Accepted', [])
    return
    yield
");
    assert_eq!(reply.status(), 202);
    assert_body!(reply, "");
}

#[test]
fn what_is_written_comes_before_what_is_returned() {
    let reply = get("
def app(environ, start):
    write = start('201 Created', [])
    write(b'one ')
    write(b'')
    write(b'two ')
    return [b'three']
");
    assert_eq!(reply.status(), 201);
    assert_body!(reply, "one two three");
    let reply = get("
def app(environ, start):
    write = start('201 Created', [])
    write(b'one ')
    yield b'two '
    write(b'three ')
    yield b'four '
    write(b'five')
");
    assert_body!(reply, "one two three four five");
}

#[test]
fn only_bytes_can_be_written() {
    for data in ["'text'", "None", "bytearray(b'x')", "1"] {
        let reply =
            get(&format!("def app(environ, start):\n    start('200 OK', [])({data})\n    return []\n"));
        assert_refused!(reply, 500, "wsgi.app-failed");
    }
}

#[test]
fn a_second_start_needs_exc_info_and_then_replaces_the_first() {
    let twice = "
def app(environ, start):
    start('200 OK', [])
    start('201 Created', [])
    return [b'x']
";
    assert_refused!(get(twice), 500, "wsgi.app-failed");
    let replaced = get("
import sys
def app(environ, start):
    start('200 OK', [('X', '1'), ('Content-Length', '1')])
    try:
        raise KeyError('x')
    except KeyError:
        start('503 Service Unavailable', [('Y', '2')], sys.exc_info())
    return [b'replaced']
");
    assert_eq!(replaced.status(), 503);
    assert_header!(replaced, "x" absent);
    assert_header!(replaced, "y" = "2");
    assert_body!(replaced, "replaced");
}

#[test]
fn exc_info_after_the_head_raises_what_it_holds() {
    let reply = get("
import sys
raised = []
def app(environ, start):
    start('200 OK', [])
    yield b'begun'
    try:
        raise KeyError('late')
    except KeyError:
        try:
            start('500 Error', [], sys.exc_info())
        except KeyError as error:
            yield f', then {error}'.encode()
");
    assert_passed!(reply);
    assert_body!(reply, "begun, then 'late'");
}

#[test]
fn the_answer_to_a_head_has_no_body_and_says_how_long_it_would_be() {
    let head = |source: String| both(&source, async |app| app.head("/").send_async().await);
    let listed = head(answer("'200 OK', []", "[b'tea']"));
    assert_body!(listed, "");
    assert_header!(listed, "content-length" = "3");
    let said = head(answer("'200 OK', [('Content-Length', '300000')]", "[]"));
    assert_header!(said, "content-length" = "300000");
    let pulled = head(answer("'200 OK', []", "iter([b'tea'])"));
    assert_header!(pulled, "content-length" absent);
    assert_body!(pulled, "");
}

#[test]
fn what_is_written_for_a_head_is_not_sent() {
    let source = "def app(environ, start):\n    start('200 OK', [])(b'x' * 100)\n    return []\n";
    assert_body!(inline(async { Drive::service(app(source)).head("/").send_async().await }), "");
    assert_body!(foreign(async { Drive::service(app(source)).head("/").send_async().await }), "");
}

#[test]
fn an_answer_that_has_no_body_sends_none() {
    for (status, length) in
        [("204 No Content", None), ("205 Reset Content", None), ("304 Not Modified", Some("3"))]
    {
        for result in ["[b'tea']", "iter([b'tea'])", "[]"] {
            let reply = get(&answer(&format!("'{status}', [('Content-Length', '3')]"), result));
            assert_eq!(reply.status().as_str(), &status[..3]);
            assert_eq!(reply.header("content-length"), length);
            assert_body!(reply, "");
            assert_eq!(reply.body_error(), None);
        }
    }
}

#[test]
fn a_body_is_as_long_as_the_app_says() {
    let of = |length: usize, result: &str| {
        get(&answer(&format!("'200 OK', [('Content-Length', '{length}')]"), result))
    };
    for tea in ["[b'four']", "[b'fo', b'ur']", "iter([b'fo', b'ur'])", "iter([b'four'])"] {
        let exact = of(4, tea);
        assert_body!(exact, "four");
        assert_header!(exact, "content-length" = "4");
        assert_eq!(exact.body_error(), None);
        let cut = of(3, tea);
        assert_body!(cut, "fou");
        assert_eq!(cut.body_error(), None);
        let short = of(5, tea);
        assert_body!(short, "four");
        assert!(short.body_error().expect("it breaks off").contains("1 bytes shorter"), "{short:?}");
        let nothing = of(0, tea);
        assert_body!(nothing, "");
        assert_eq!(nothing.body_error(), None);
    }
    assert!(of(5, "[]").body_error().is_some());
    assert!(of(5, "iter([])").body_error().is_some());
}

#[test]
fn an_app_is_any_callable() {
    let class = get("
class app:
    def __init__(self, environ, start):
        self.start = start
    def __iter__(self):
        self.start('200 OK', [])
        yield b'an object'
");
    assert_body!(class, "an object");
}

#[test]
fn the_standard_librarys_validator_finds_no_fault() {
    let source = "
from wsgiref.validate import validator
@validator
def app(environ, start):
    body = environ['wsgi.input']
    read = [body.read(3), body.readline(), body.readline(2), *body.readlines(), *body]
    errors = environ['wsgi.errors']
    errors.write('a line')
    errors.writelines([' and', ' more\\n'])
    errors.flush()
    write = start('200 OK', [('Content-Type', 'text/plain')])
    write(b'|'.join(read))
    return iter([b' and', b' more'])
";
    let reply = both(source, async |app| {
        app.post("/a?x=1").header("content-length", "16").body("one two\nthree\nend").send_async().await
    });
    assert_eq!(reply.code(), Some("wsgi.body-broken"), "17 bytes");
    let reply = both(source, async |app| {
        app.post("/a?x=1").header("content-length", "17").body("one two\nthree\nend").send_async().await
    });
    assert_body!(reply, "one| two\n|th|ree\n|end and more");
}

#[test]
fn the_validator_finds_no_fault_with_a_head_and_with_what_is_refused() {
    let source = "
from wsgiref.validate import validator
@validator
def app(environ, start):
    if environ['PATH_INFO'] == '/raise':
        raise KeyError('x')
    start('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', '3')])
    return [b'tea'] if environ['REQUEST_METHOD'] == 'GET' else []
";
    assert_body!(get(source), "tea");
    let reply = both(source, async |app| app.head("/a%20b?x").send_async().await);
    assert_eq!((reply.status().as_u16(), reply.header("content-length")), (200, Some("3")));
    assert_refused!(both(source, async |app| app.get("/raise").send_async().await), 500, "wsgi.app-failed");
}
