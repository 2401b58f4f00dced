//! Exceptions, before the head and after.

use enfilade_test::{assert_body, assert_passed, assert_refused};

use crate::kit::get;

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
