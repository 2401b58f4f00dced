//! Chunk by chunk, no more than asked for, and files.

use std::{io::Write as _, time::Duration};

use enfilade_test::{Drive, assert_body, assert_header, assert_refused, drive::Step};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use crate::kit::{app, app_of, both, foreign, get, inline, module, until, value};

const COUNTED: &str = "
made, closed = 0, 0
class Chunks:
    def __iter__(self):
        return self
    def __next__(self):
        global made
        made += 1
        return b'%05d' % made
    def close(self):
        global closed
        closed += 1
def app(environ, start):
    text(start)
    return Chunks()
";

#[test]
fn inline_an_iterable_is_pulled_as_it_is_asked_for() {
    inline(async {
        let module = module(COUNTED);
        let mut app = Drive::service(app_of(&module));
        let mut response = app.get("/").start().head().expect("infallible");
        assert_eq!(value(&module, "made"), "1", "the first chunk comes before the head");
        assert_eq!(response.step(), Step::Data("00001".into()));
        assert_eq!(response.step(), Step::Pending, "what was given has its turn to go out");
        assert_eq!(response.woken(), 1);
        assert_eq!(value(&module, "made"), "1");
        assert_eq!(response.step(), Step::Data("00002".into()));
        assert_eq!(value(&module, "closed"), "0");
        drop(response);
        assert_eq!((value(&module, "made"), value(&module, "closed")), ("2".into(), "1".into()));
    });
}

#[test]
fn in_a_pool_a_client_that_does_not_read_holds_the_app_and_one_that_leaves_ends_it() {
    foreign(async {
        let module = module(COUNTED);
        let request = http::Request::get("/").body(enfilade_test::ProbeBody::new()).expect("a request");
        let mut response = app_of(&module).oneshot(request).await.expect("infallible");
        until("the app waits", || value(&module, "made") == "5").await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(value(&module, "made"), "5", "four chunks wait, the fifth is held, none is made");
        for number in 1..100 {
            let frame = response.frame().await.expect("a frame").expect("data").into_data().expect("data");
            assert_eq!(frame, format!("{number:05}"));
        }
        assert_eq!(value(&module, "closed"), "0");
        drop(response);
        until("the app is told", || value(&module, "closed") == "1").await;
    });
}

#[test]
fn close_is_called_once_however_the_request_ends() {
    let source = |body: &str| {
        format!(
            "
closed = 0
class Chunks:
    def __init__(self, chunks):
        self.chunks = iter(chunks)
    def __iter__(self):
        return self.chunks
    def close(self):
        global closed
        closed += 1
def broken():
    yield b'x'
    raise KeyError('x')
def app(environ, start):
    {body}
"
        )
    };
    for (body, method) in [
        ("start('200 OK', []); return Chunks([b'a', b'b'])", "GET"),
        ("start('200 OK', []); return Chunks([])", "GET"),
        ("start('200 OK', []); return Chunks(broken())", "GET"),
        ("start('200 OK', []); return Chunks([None])", "GET"),
        ("start('200 OK', [('Content-Length', '1')]); return Chunks([b'a', b'b'])", "GET"),
        ("start('200 OK', [('Content-Length', '0')]); return Chunks([b'a', b'b'])", "GET"),
        ("start('200 OK', [('Content-Length', '9')]); return Chunks([b'a', b'b'])", "GET"),
        ("start('204 No Content', []); return Chunks([b'a', b'b'])", "GET"),
        ("start('304 Not Modified', []); return Chunks([b'a', b'b'])", "GET"),
        ("start('200 OK', []); return Chunks([b'a', b'b'])", "HEAD"),
        ("return Chunks([b'a'])", "GET"),
        ("start('200 OK', []); return Chunks([1])", "GET"),
    ] {
        let method = || method.parse().expect("a method");
        inline(async {
            let module = module(&source(body));
            Drive::service(app_of(&module)).request(method(), "/").send_async().await;
            assert_eq!(value(&module, "closed"), "1", "inline: {body}");
        });
        foreign(async {
            let module = module(&source(body));
            Drive::service(app_of(&module)).request(method(), "/").send_async().await;
            until(&format!("closed: {body}"), || value(&module, "closed") == "1").await;
        });
    }
}

#[test]
fn what_is_written_in_a_pool_is_sent_at_once() {
    foreign(async {
        let module = module(
            "
import threading
go = threading.Event()
def app(environ, start):
    write = start('200 OK', [])
    write(b'early')
    go.wait()
    return [b'late']
",
        );
        let request = http::Request::get("/").body(enfilade_test::ProbeBody::new()).expect("a request");
        let mut response = app_of(&module).oneshot(request).await.expect("infallible");
        let first = response.frame().await.expect("a frame").expect("data").into_data().expect("data");
        assert_eq!(first, "early");
        value(&module, "go.set()");
        assert_eq!(response.collect().await.expect("whole").to_bytes(), "late");
    });
}

#[test]
fn both_ways_at_once_in_a_pool() {
    let source = "
def app(environ, start):
    text(start)
    return iter(lambda: environ['wsgi.input'].read(1000), b'')
";
    foreign(async {
        let body = (0..300).fold(enfilade_test::ProbeBody::new(), |body, _| body.data(vec![b'x'; 1000]));
        let mut app = Drive::service(app(source));
        let reply = app.post("/").header("content-length", "300000").body(body).send_async().await;
        assert_eq!(reply.body().len(), 300_000);
        assert_eq!(reply.body_error(), None);
    });
}

fn file(length: usize) -> (tempfile::NamedTempFile, String) {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    let text: String =
        (0..length).map(|at| char::from(b'a' + u8::try_from(at % 23).expect("small"))).collect();
    file.write_all(text.as_bytes()).expect("written");
    (file, text)
}

fn wrapped(path: &str, expression: &str, fields: &str) -> String {
    format!(
        "
import io
closed = 0
class Like:
    def __init__(self, data):
        self.file = io.BytesIO(data)
    def read(self, size):
        return self.file.read(size)
def app(environ, start):
    file = open({path:?}, 'rb')
    wrap = environ['wsgi.file_wrapper']
    start('200 OK', [{fields}])
    return {expression}
"
    )
}

#[test]
fn a_file_is_sent_from_where_it_stands_and_its_length_is_known() {
    let (file, text) = file(200_000);
    let path = file.path().to_str().expect("text");
    for (expression, from) in [
        ("wrap(file)", 0),
        ("wrap(file, 100)", 0),
        ("(file.read(5), wrap(file))[1]", 5),
        ("(file.seek(150000), wrap(file))[1]", 150_000),
        ("wrap(open(file.name, 'rb', buffering=0))", 0),
        ("wrap(io.BytesIO(file.read()))", 0),
        ("wrap(Like(file.read()), 1000)", 0),
        ("map(bytes, wrap(file))", 0),
    ] {
        let source = wrapped(path, expression, "");
        let reply = get(&source);
        assert!(reply.text() == &text[from..], "{expression}");
        inline(async {
            let response = Drive::service(app(&source)).get("/").start().head().expect("infallible");
            let exact = response.body().size_hint().exact();
            let is_ours = expression.contains("wrap(file") || expression.contains("buffering=0");
            let known = is_ours && !expression.starts_with("map");
            assert_eq!(exact, known.then_some((text.len() - from) as u64), "{expression}");
        });
    }
}

#[test]
fn a_file_is_no_longer_than_its_content_length_and_a_head_says_its_length() {
    let (file, text) = file(100_000);
    let path = file.path().to_str().expect("text");
    let reply = get(&wrapped(path, "wrap(file)", "('Content-Length', '70000')"));
    assert!(reply.text() == &text[..70_000]);
    let reply = get(&wrapped(path, "wrap(file)", "('Content-Length', '100001')"));
    assert!(reply.body_error().is_some());
    let source = wrapped(path, "wrap(file)", "");
    let reply = both(&source, async |app| app.head("/").send_async().await);
    assert_header!(reply, "content-length" = "100000");
    assert_body!(reply, "");
}

#[test]
fn a_wrapped_file_is_closed_and_what_has_no_close_need_not_be() {
    let (file, _) = file(10);
    let path = file.path().to_str().expect("text");
    let source = format!(
        "
files = []
def app(environ, start):
    files.append(open({path:?}, 'rb'))
    start('200 OK', [])
    return environ['wsgi.file_wrapper'](files[-1])
"
    );
    inline(async {
        let module = module(&source);
        Drive::service(app_of(&module)).get("/").send_async().await;
        assert_eq!(value(&module, "files[0].closed"), "True");
    });
    foreign(async {
        let module = module(&source);
        Drive::service(app_of(&module)).get("/").send_async().await;
        until("it is closed", || value(&module, "files[0].closed") == "True").await;
    });
}

#[test]
fn a_file_like_object_whose_descriptor_says_other_bytes_is_read_by_its_own_method() {
    let source = "
import gzip, tempfile
def app(environ, start):
    file = tempfile.TemporaryFile()
    with gzip.GzipFile(fileobj=file, mode='wb') as packed:
        packed.write(b'unpacked' * 1000)
    file.seek(0)
    start('200 OK', [])
    return environ['wsgi.file_wrapper'](gzip.GzipFile(fileobj=file))
";
    assert_body!(get(source), "unpacked".repeat(1000));
}

#[test]
fn what_is_no_file_of_the_system_is_read_by_its_own_method() {
    let source = "
import os, socket
def app(environ, start):
    start('200 OK', [])
    if environ['PATH_INFO'] == '/pipe':
        reader, writer = os.pipe()
        os.write(writer, b'through a pipe')
        os.close(writer)
        file = open(reader, 'rb')
    else:
        ours, theirs = socket.socketpair()
        theirs.sendall(b'through a socket')
        theirs.close()
        file = ours.makefile('rb')
    return environ['wsgi.file_wrapper'](file, 4)
";
    for (path, text) in [("/pipe", "through a pipe"), ("/socket", "through a socket")] {
        assert_body!(both(source, async |app| app.get(path).send_async().await), text);
    }
}

#[test]
fn a_file_that_is_closed_is_refused_and_one_that_shrinks_breaks_off() {
    let closed = "
def app(environ, start):
    file = open(__import__('sys').executable, 'rb')
    file.close()
    start('200 OK', [])
    return environ['wsgi.file_wrapper'](file)
";
    assert_refused!(get(closed), 500, "wsgi.app-failed");
    inline(async {
        let (file, text) = file(200_000);
        let path = file.path().to_str().expect("text");
        let mut app = Drive::service(app(&wrapped(path, "wrap(file)", "")));
        let mut response = app.get("/").start().head().expect("infallible");
        let Step::Data(first) = response.step() else { panic!("no data") };
        assert!(text.as_bytes().starts_with(&first));
        file.as_file().set_len(10).expect("shorter");
        let mut steps = std::iter::repeat_with(|| response.step());
        let last = steps.find(|step| !matches!(step, Step::Data(_) | Step::Pending));
        assert!(format!("{last:?}").contains("shorter"), "{last:?}");
    });
}
