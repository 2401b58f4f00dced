//! Exceptions, before the head and after.

use enfilade_test::{assert_body, assert_passed, assert_refused};

use enfilade_test::Drive;
use pyo3::{panic::PanicException, prelude::*};

use crate::kit::{app_of, foreign, get, inline, module};

#[test]
fn an_exception_before_the_head_is_refused_without_a_word_of_it_to_the_client() {
    for raised in
        ["KeyError('secret')", "SystemExit(3)", "KeyboardInterrupt()", "GeneratorExit()", "StopIteration()"]
    {
        for source in [
            format!("def app(environ, start):\n    raise {raised}\n"),
            format!("def app(environ, start):\n    start('200 OK', [])\n    raise {raised}\n"),
            format!(
                "class app:\n    def __init__(self, environ, start):\n        start('200 OK', [])\n    \
                 def __iter__(self):\n        raise {raised}\n"
            ),
        ] {
            let reply = get(&source);
            assert_refused!(reply, 500, "wsgi.app-failed");
            assert_body!(reply, "");
            assert!(!format!("{:?}", reply.headers()).contains("secret"));
        }
    }
}

#[test]
fn an_exception_after_the_head_breaks_the_body_off() {
    for raised in ["KeyError('x')", "SystemExit(3)", "KeyboardInterrupt()"] {
        let reply = get(&format!(
            "def app(environ, start):\n    start('200 OK', [])\n    yield b'part'\n    raise {raised}\n"
        ));
        assert_passed!(reply);
        assert_body!(reply, "part");
        assert!(reply.body_error().expect("it breaks off").contains("raised"), "{reply:?}");
    }
    let reply =
        get("def app(environ, start):\n    start('200 OK', [])\n    yield b'part'\n    yield 'text'\n");
    assert!(reply.body_error().expect("it breaks off").contains("bytes"), "{reply:?}");
}

#[test]
fn a_panic_under_the_app_is_an_exception_and_its_thread_goes_on() {
    let source = "
def app(environ, start):
    start('200 OK', [])
    if environ['PATH_INFO'] == '/before':
        raise panic('below')
    yield b'part'
    if environ['PATH_INFO'] == '/after':
        raise panic('below')
";
    for pooled in [false, true] {
        let test = async || {
            let module = module(source);
            Python::attach(|py| module.bind(py).setattr("panic", py.get_type::<PanicException>()))
                .expect("set");
            let mut app = Drive::service(app_of(&module));
            for _ in 0..3 {
                assert_refused!(app.get("/before").send_async().await, 500, "wsgi.app-failed");
                let after = app.get("/after").send_async().await;
                assert_body!(after, "part");
                assert!(after.body_error().expect("it breaks off").contains("below"), "{after:?}");
                let whole = app.get("/").send_async().await;
                assert_eq!((whole.text(), whole.body_error()), ("part", None));
            }
        };
        if pooled { foreign(test()) } else { inline(test()) }
    }
}

#[test]
fn exc_info_that_calls_back_finds_nothing_locked() {
    let reply = get("
class Odd(Exception):
    def with_traceback(self, traceback):
        try:
            self.start('500 Again', [])
        except AssertionError:
            self.write(b', again')
        return self
def app(environ, start):
    write = start('200 OK', [])
    yield b'begun'
    odd = Odd()
    odd.start, odd.write = start, write
    try:
        start('500 Error', [], (Odd, odd, None))
    except Odd:
        yield b', caught'
");
    assert_body!(reply, "begun, again, caught");
}
