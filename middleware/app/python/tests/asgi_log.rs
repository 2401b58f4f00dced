//! What ASGI apps cause in the log: a program of its own, since lines that others cause count against the limit.

#[expect(dead_code, reason = "most of it is for the other tests")]
#[path = "asgi/kit.rs"]
mod kit;
mod logged;

use enfilade_python::AsgiApp;
use enfilade_test::{Drive, assert_body};

use crate::kit::{Module, turns};

/// Runs a test of an app, and tells what was logged.
fn logged<Fut>(source: &str, test: impl FnOnce(AsgiApp) -> Fut) -> String
where
    Fut: Future<Output = ()> + Send + 'static,
{
    let (log, _guard) = logged::logged();
    AsgiApp::run(&Module::new(source).target(), test).expect("it runs");
    log.text()
}

#[test]
fn the_log_has_the_traceback_of_an_app_that_failed() {
    let source = "
async def app(scope, receive, send):
    await without_lifespan(scope)
    if scope['path'] == '/late':
        await respond(send, b'tea')
    raise KeyError('nothing')
";
    for path in ["/", "/late"] {
        let text = logged(source, move |app| async move {
            Drive::service(app).get(path).send_async().await;
            turns().await;
        });
        assert!(
            text.contains("asgi.app-failed") && text.contains("Traceback (most recent call last)"),
            "{text}"
        );
        assert!(text.contains("app.py") && text.contains("KeyError: 'nothing'"), "{text}");
    }
}

#[test]
fn what_an_app_raises_because_its_client_has_gone_is_no_fault() {
    let source = "
async def app(scope, receive, send):
    await without_lifespan(scope)
    await receive()
    await receive()
    await start(send)
";
    let text = logged(source, |app| async move {
        let mut flight = Drive::service(app).get("/").start();
        assert!(flight.is_pending());
        turns().await;
        drop(flight);
        turns().await;
    });
    assert_eq!(text, "");
}

#[test]
fn a_body_that_ends_too_early_is_told() {
    let source = "
async def app(scope, receive, send):
    await without_lifespan(scope)
    await start(send)
    await part(send, b'x')
";
    let text = logged(source, |app| async move {
        Drive::service(app).get("/").send_async().await;
    });
    assert!(text.contains("asgi.no-end"), "{text}");
}

#[test]
fn how_a_lifespan_ends_badly_is_told() {
    for (end, code) in [
        ("await send({'type': 'lifespan.shutdown.failed', 'message': 'the pool'})", "asgi.shutdown-failed"),
        ("raise KeyError('the pool')", "asgi.lifespan-failed"),
    ] {
        let text = logged(
            &format!(
                "
async def app(scope, receive, send):
    if scope['type'] == 'http':
        return await respond(send, b'tea')
    await receive()
    await send({{'type': 'lifespan.startup.complete'}})
    await receive()
    {end}
"
            ),
            |app| async move { assert_body!(Drive::service(app).get("/").send_async().await, "tea") },
        );
        assert!(text.contains(code) && text.contains("the pool"), "{text}");
    }
}

#[test]
fn who_exits_from_a_callback_is_told() {
    let source = "
def leave():
    raise SystemExit(3)
async def app(scope, receive, send):
    await without_lifespan(scope)
    asyncio.get_running_loop().call_soon(leave)
    await asyncio.sleep(0)
    await respond(send, b'tea')
";
    let text = logged(source, |app| async move {
        assert_body!(Drive::service(app).get("/").send_async().await, "tea");
    });
    assert!(text.contains("SystemExit: 3"), "{text}");
}
