//! How an app's task ends, and what becomes of its response.

use std::time::Duration;

use enfilade_test::{Drive, assert_body, assert_passed, assert_refused, drive::Step};

use crate::kit::{get, run, turns, virtual_time};

#[test]
fn an_exception_before_the_body_is_refused_without_a_word_of_it_to_the_client() {
    for raised in [
        "KeyError('secret')",
        "SystemExit(3)",
        "KeyboardInterrupt()",
        "GeneratorExit()",
        "StopIteration()",
        "BaseException()",
        "asyncio.CancelledError()",
    ] {
        for source in [
            format!("def app(scope, receive, send):\n    raise {raised}\n"),
            format!("async def app(scope, receive, send):\n    raise {raised}\n"),
            format!("async def app(scope, receive, send):\n    await asyncio.sleep(0)\n    raise {raised}\n"),
            format!("async def app(scope, receive, send):\n    await start(send)\n    raise {raised}\n"),
        ] {
            let reply = get(&source);
            assert_refused!(reply, 500, "asgi.app-failed");
            assert_body!(reply, "");
            assert!(!format!("{:?}", reply.headers()).contains("secret"));
        }
    }
}

#[test]
fn an_exception_after_the_head_breaks_the_body_off() {
    for raised in ["KeyError('x')", "SystemExit(3)", "KeyboardInterrupt()", "GeneratorExit()"] {
        let reply = get(&format!(
            "
async def app(scope, receive, send):
    await start(send)
    await part(send, b'part')
    raise {raised}
"
        ));
        assert_passed!(reply);
        assert_body!(reply, "part");
        assert!(reply.body_error().expect("it breaks off").contains("failed"), "{raised} {reply:?}");
    }
}

#[test]
fn whatever_one_request_raises_the_next_is_answered() {
    let source = "
async def app(scope, receive, send):
    await without_lifespan(scope)
    if scope['path'] != '/':
        await asyncio.sleep(0)
        raise {'/exit': SystemExit, '/key': KeyboardInterrupt, '/gen': GeneratorExit, '/base': BaseException}[
            scope['path']]
    await respond(send, b'well')
";
    run(source, |app, _| async move {
        let mut app = Drive::service(app);
        for path in ["/exit", "/key", "/gen", "/base"] {
            assert_refused!(app.get(path).send_async().await, 500, "asgi.app-failed");
            assert_body!(app.get("/").send_async().await, "well");
        }
    });
}

#[test]
fn a_task_or_a_callback_of_the_apps_own_that_exits_ends_no_server() {
    let source = "
def leave():
    raise SystemExit
async def go():
    raise KeyboardInterrupt
async def app(scope, receive, send):
    await without_lifespan(scope)
    asyncio.get_running_loop().call_soon(leave)
    task = asyncio.create_task(go())
    await asyncio.sleep(0)
    await respond(send, b'well')
";
    run(source, |app, _| async move {
        let mut app = Drive::service(app);
        for _ in 0..3 {
            assert_body!(app.get("/").send_async().await, "well");
        }
    });
}

#[test]
fn an_app_that_returns_too_early_is_refused_or_broken_off() {
    assert_refused!(get("async def app(scope, receive, send):\n    pass\n"), 500, "asgi.no-response");
    assert_refused!(
        get("async def app(scope, receive, send):\n    await start(send)\n"),
        500,
        "asgi.no-body"
    );
    let reply =
        get("async def app(scope, receive, send):\n    await start(send)\n    await part(send, b'x')\n");
    assert_body!(reply, "x");
    assert!(reply.body_error().expect("it breaks off").contains("returned before"), "{reply:?}");
}

#[test]
fn what_is_no_coroutine_is_refused() {
    for returned in ["None", "3", "[]", "lambda: None"] {
        let reply = get(&format!("def app(scope, receive, send):\n    return {returned}\n"));
        assert_refused!(reply, 500, "asgi.app-failed");
    }
}

#[test]
fn what_is_awaitable_and_no_coroutine_is_awaited() {
    for app in [
        "def app(scope, receive, send):\n    return asyncio.ensure_future(respond(send, b'x'))\n",
        "def app(scope, receive, send):\n    return Later(respond(send, b'x').__await__())\n",
        "def app(scope, receive, send):\n    return Later(Bare(asyncio.ensure_future(respond(send, b'x'))))\n",
        "import types\n@types.coroutine\ndef app(scope, receive, send):\n    yield from respond(send, b'x').__await__()\n",
    ] {
        let reply = get(&format!("{AWAITABLES}{app}"));
        assert_passed!(reply);
        assert_body!(reply, "x");
    }
    for awaits in ["None", "3", "[1]"] {
        let reply = get(&format!("{AWAITABLES}def app(scope, receive, send):\n    return Later({awaits})\n"));
        assert_refused!(reply, 500, "asgi.app-failed");
    }
}

/// What has `__await__` and nothing else; and an iterator that has no `send`, `throw` or `close`.
const AWAITABLES: &str = "
class Later:
    def __init__(self, iterator):
        self.iterator = iterator
    def __await__(self):
        return self.iterator
class Bare:
    def __init__(self, future):
        self.future = future
    def __iter__(self):
        return self
    def __next__(self):
        if self.future.done():
            raise StopIteration
        self.future._asyncio_future_blocking = True
        return self.future
";

#[test]
fn an_awaitable_that_is_no_coroutine_is_cancelled_when_its_client_has_gone() {
    let app = "
went = []
async def wait():
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        went.append(True)
        raise
def app(scope, receive, send):
    if scope['path'] == '/future':
        return asyncio.ensure_future(wait())
    return Later(Bare(asyncio.ensure_future(wait())))
";
    run(&format!("{AWAITABLES}{app}"), |app, module| async move {
        virtual_time();
        let mut app = Drive::service(app);
        for path in ["/future", "/bare"] {
            let mut flight = app.get(path).start();
            assert!(flight.is_pending());
            turns().await;
            drop(flight);
            tokio::time::sleep(Duration::from_secs(9)).await;
            assert_eq!(module.value("went"), "[True]", "{path}");
            module.value("went.clear()");
        }
    });
}

#[test]
fn work_after_the_response_goes_on() {
    let source = "
done = 0
go = asyncio.Event()
async def app(scope, receive, send):
    global done
    await without_lifespan(scope)
    await respond(send, b'tea')
    await go.wait()
    await asyncio.sleep(0)
    done = 1
";
    run(source, |app, module| async move {
        let reply = Drive::service(app).get("/").send_async().await;
        assert_body!(reply, "tea");
        turns().await;
        assert_eq!(module.value("done"), "0");
        module.value("go.set()");
        turns().await;
        assert_eq!(module.value("done"), "1");
    });
}

#[test]
fn an_exception_after_the_response_changes_nothing() {
    let reply = get("
async def app(scope, receive, send):
    await respond(send, b'tea')
    raise KeyError
");
    assert_passed!(reply);
    assert_body!(reply, "tea");
    assert_eq!(reply.body_error(), None);
}

#[test]
fn an_app_that_cancels_itself_is_refused() {
    let reply = get("
async def app(scope, receive, send):
    asyncio.current_task().cancel()
    await asyncio.sleep(0)
");
    assert_refused!(reply, 500, "asgi.app-failed");
}

#[test]
fn a_generator_that_the_app_leaves_open_is_closed() {
    let source = "
closed = 0
async def numbers():
    global closed
    try:
        yield 1
    finally:
        await asyncio.sleep(0)
        closed += 1
async def app(scope, receive, send):
    await without_lifespan(scope)
    async for number in numbers():
        break
    await respond(send, b'x')
";
    run(source, |app, module| async move {
        assert_passed!(Drive::service(app).get("/").send_async().await);
        turns().await;
        assert_eq!(module.value("closed"), "1");
    });
}

#[test]
fn what_was_streamed_before_the_end_arrives() {
    let source = "
async def app(scope, receive, send):
    await without_lifespan(scope)
    await start(send)
    for number in range(10):
        await part(send, b'%d' % number)
    raise KeyError
";
    run(source, |app, _| async move {
        let mut response = Drive::service(app).get("/").start().head().expect("infallible");
        let mut text = Vec::new();
        loop {
            match response.step() {
                Step::Data(data) => text.extend_from_slice(&data),
                Step::Error(_) => break,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(text, b"0123456789");
    });
}
