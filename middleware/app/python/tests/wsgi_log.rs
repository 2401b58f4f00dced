//! What WSGI apps cause in the log: a program of its own, since lines that others cause count against the limit.

#[expect(dead_code, reason = "most of it is for the other tests")]
#[path = "wsgi/kit.rs"]
mod kit;
mod logged;

use enfilade_test::{Drive, assert_body, assert_refused};

use crate::{
    kit::{app, inline},
    logged::logged,
};

#[test]
fn the_log_has_the_traceback() {
    inline(async {
        let (log, _guard) = logged();
        Drive::service(app("def app(environ, start):\n    return environ['nothing']\n"))
            .get("/")
            .send_async()
            .await;
        let text = log.text();
        assert!(
            text.contains("wsgi.app-failed") && text.contains("Traceback (most recent call last)"),
            "{text}"
        );
        assert!(text.contains("app.py") && text.contains("KeyError: 'nothing'"), "{text}");
    });
}

#[test]
fn what_close_raises_is_told_to_the_log_and_changes_nothing() {
    let source = "
class Chunks(list):
    def close(self):
        raise KeyError('closing')
def app(environ, start):
    start('200 OK', [])
    return Chunks([b'x'])
";
    inline(async {
        let (log, _guard) = logged();
        let reply = Drive::service(app(source)).get("/").send_async().await;
        assert_body!(reply, "x");
        assert_eq!(reply.body_error(), None);
        assert!(log.text().contains("KeyError: 'closing'"), "{}", log.text());
    });
}

#[test]
fn too_long_a_body_is_told_to_the_log() {
    inline(async {
        let (log, _guard) = logged();
        let source =
            "def app(environ, start):\n    start('200 OK', [('Content-Length', '1')])\n    return [b'xy']\n";
        Drive::service(app(source)).get("/").send_async().await;
        assert!(log.text().contains("wsgi.body-too-long"), "{}", log.text());
    });
}

#[test]
fn what_an_app_writes_to_its_errors_is_logged_line_by_line() {
    inline(async {
        let (log, _guard) = logged();
        let source = "
def app(environ, start):
    errors = environ['wsgi.errors']
    errors.write('one ')
    errors.write('line\\ntwo\\x1b[31m\\n')
    errors.writelines(['three\\n', 'rest'])
    errors.flush()
    print('printed', file=errors)
    text(start)
    return []
";
        Drive::service(app(source)).get("/").send_async().await;
        let text = log.text();
        let told: Vec<_> = text.lines().filter(|line| line.contains("enfilade::wsgi")).collect();
        for (line, said) in told.iter().zip(["one line", "two\\u{1b}[31m", "three", "rest", "printed"]) {
            assert!(line.ends_with(said) && line.contains("WARN"), "{line}");
        }
        assert_eq!(told.len(), 5, "{text}");
        let reply =
            Drive::service(app("def app(environ, start):\n    environ['wsgi.errors'].write(b'bytes')\n"));
        let mut reply = reply;
        assert_refused!(reply.get("/").send_async().await, 500, "wsgi.app-failed");
    });
}
