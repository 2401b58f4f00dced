//! What an app reads from `wsgi.input`, from memory, from a file, and as it arrives.

use enfilade_python::WsgiApp;
use enfilade_test::{Drive, ProbeBody, Reply, assert_body, assert_refused};

use crate::kit::{app, both, foreign, inline};

/// Evaluates the query with `i`, the input.
const READ: &str = "
from urllib.parse import unquote
def app(environ, start):
    i = environ['wsgi.input']
    answer = repr(eval(unquote(environ['QUERY_STRING']))).encode()
    text(start)
    return [answer]
";

fn read(body: &'static str, expression: &str) -> Reply {
    let target = format!("/?{}", expression.replace(' ', "%20").replace('"', "'"));
    both(READ, async |app| app.post(&target).body(body).send_async().await)
}

#[test]
fn every_method_and_every_kind_of_size_reads_as_a_file_does() {
    for (expression, expected) in [
        ("i.read()", "b'one\\ntwo\\n\\nend'"),
        ("i.read(-1)", "b'one\\ntwo\\n\\nend'"),
        ("i.read(None)", "b'one\\ntwo\\n\\nend'"),
        ("i.read(10**30)", "b'one\\ntwo\\n\\nend'"),
        (
            "(i.read(0),i.read(5),i.read(100),i.read(1),i.read())",
            "(b'', b'one\\nt', b'wo\\n\\nend', b'', b'')",
        ),
        (
            "(i.readline(),i.readline(),i.readline(),i.readline(),i.readline())",
            "(b'one\\n', b'two\\n', b'\\n', b'end', b'')",
        ),
        ("(i.readline(2),i.readline(-1),i.readline(None),i.readline(0))", "(b'on', b'e\\n', b'two\\n', b'')"),
        ("i.readlines()", "[b'one\\n', b'two\\n', b'\\n', b'end']"),
        ("i.readlines(None)", "[b'one\\n', b'two\\n', b'\\n', b'end']"),
        ("i.readlines(5)", "[b'one\\n', b'two\\n']"),
        ("list(i)", "[b'one\\n', b'two\\n', b'\\n', b'end']"),
        ("(i.read(4),list(i),next(i,None))", "(b'one\\n', [b'two\\n', b'\\n', b'end'], None)"),
        ("iter(i)is(i)", "True"),
    ] {
        assert_body!(read("one\ntwo\n\nend", expression), expected);
    }
}

#[test]
fn without_a_body_there_is_nothing_to_read() {
    let expression = "(i.read(),i.read(5),i.readline(),i.readlines(),list(i))";
    let reply = both(READ, async |app| app.get(&format!("/?{expression}")).send_async().await);
    assert_body!(reply, "(b'', b'', b'', [], [])");
}

#[test]
fn a_size_that_is_no_number_is_a_type_error() {
    assert_refused!(read("tea", "i.read('1')"), 500, "wsgi.app-failed");
}

/// A body of many chunks, each with a line.
fn large(lines: usize) -> (ProbeBody, usize) {
    let line = format!("{}\n", "x".repeat(999));
    let body = (0..lines).fold(ProbeBody::new(), |body, _| body.data(line.clone()));
    (body, lines * 1000)
}

const COUNT: &str = "
import hashlib
def app(environ, start):
    i = environ['wsgi.input']
    first, lines, rest = i.read(1500), list(i.readline() for _ in range(3)), i.read()
    text(start)
    length = environ.get('CONTENT_LENGTH')
    return [f'{length} {len(first)} {[len(line) for line in lines]} {len(rest)}'.encode()]
";

async fn post(app: WsgiApp, lines: usize, told: bool) -> Reply {
    let (body, length) = large(lines);
    let mut app = Drive::service(app);
    let ask = app.post("/").body(body);
    let ask = if told { ask.header("content-length", &length.to_string()) } else { ask };
    ask.send_async().await
}

#[test]
fn a_body_is_whole_in_memory_in_a_file_and_as_it_arrives() {
    for lines in [10, 64, 65, 66, 500] {
        for told in [true, false] {
            let length = lines * 1000;
            let expected = format!("{length} 1500 [500, 1000, 1000] {}", length - 4000);
            assert_body!(inline(post(app(COUNT), lines, told)), expected);
            assert_body!(foreign(post(app(COUNT), lines, told)), expected);
        }
    }
}

#[test]
fn a_body_beyond_the_limit_is_refused_whether_it_says_so_or_not() {
    for told in [true, false] {
        let app = || app(COUNT).with_max_body(9_999);
        assert_refused!(inline(post(app(), 10, told)), 413, "wsgi.body-too-large");
        assert_refused!(foreign(post(app(), 10, told)), 413, "wsgi.body-too-large");
    }
}

#[test]
fn a_length_that_is_unclear_or_untrue_is_refused() {
    for (fields, code) in [
        (vec!["x"], "wsgi.length-unclear"),
        (vec!["+3"], "wsgi.length-unclear"),
        (vec!["3", "3"], "wsgi.header-repeated"),
        (vec!["2"], "wsgi.body-broken"),
        (vec!["4"], "wsgi.body-broken"),
    ] {
        let reply = both(READ, async |app| {
            let ask = app.post("/?i.read()").body("tea");
            let fields = fields.iter().map(|value| ("content-length", *value));
            ask.without("content-length").headers(fields).send_async().await
        });
        assert_refused!(reply, 400, code);
    }
}

const TRY: &str = "
def app(environ, start):
    try:
        answer = len(environ['wsgi.input'].read())
    except OSError as error:
        answer = error
    text(start)
    return [str(answer).encode()]
";

#[test]
fn a_body_that_breaks_off_is_refused_or_an_os_error_where_the_app_reads_it() {
    let broken = || ProbeBody::new().data("tea").error("gone");
    let ask = async |app: WsgiApp, length: &str| {
        let mut app = Drive::service(app);
        app.post("/").body(broken()).header("content-length", length).send_async().await
    };
    assert_refused!(inline(ask(app(TRY), "5")), 400, "wsgi.body-broken");
    assert_refused!(foreign(ask(app(TRY), "5")), 400, "wsgi.body-broken");
    assert_body!(foreign(ask(app(TRY), "100000")), "the request's body broke off");
}

#[test]
fn a_body_that_is_longer_than_was_said_is_an_os_error_where_the_app_reads_it() {
    foreign(async {
        let mut app = Drive::service(app(TRY));
        let body = ProbeBody::new().data(vec![b'x'; 100_001]);
        let reply = app.post("/").body(body).header("content-length", "100000").send_async().await;
        assert_body!(reply, "the request's body is longer than was said");
    });
}

#[test]
fn an_app_that_does_not_read_its_input_answers_all_the_same() {
    let source = "
def app(environ, start):
    text(start)
    return [b'no']
";
    assert_body!(inline(post(app(source), 500, true)), "no");
    assert_body!(foreign(post(app(source), 500, true)), "no");
}
