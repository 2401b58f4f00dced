//! A loop on a thread of its own: used from other runtimes, by several threads, beside other apps, and ended.

use std::time::Duration;

use enfilade_python::AsgiApp;
use enfilade_test::{Drive, assert_body, assert_refused};

use crate::kit::{Module, foreign};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

#[test]
fn several_apps_run_beside_each_other() {
    let source = "
import threading
def app(scope, receive, send):
    return respond(send, threading.get_ident())
";
    let apps: Vec<_> =
        (0..3).map(|_| AsgiApp::import(&Module::new(source).target()).expect("it starts")).collect();
    runtime().block_on(async {
        let mut threads = Vec::new();
        for app in apps {
            let mut app = Drive::service(app);
            let thread = app.get("/").send_async().await.text().to_owned();
            assert_body!(app.get("/").send_async().await, thread.clone());
            assert!(!threads.contains(&thread));
            threads.push(thread);
        }
    });
}

#[test]
fn one_app_is_used_from_many_runtimes_at_once() {
    foreign(
        "async def app(scope, receive, send):\n    await respond(send, await body_of(receive))\n",
        async |app, _| {
            let threads: Vec<_> = (0..4)
                .map(|thread| {
                    let app = app.clone();
                    std::thread::spawn(move || {
                        runtime().block_on(async {
                            let mut app = Drive::service(app);
                            for number in 0..100 {
                                let text = format!("{thread} {number}");
                                assert_body!(app.post("/").body(text.clone()).send_async().await, text);
                            }
                        });
                    })
                })
                .collect();
            for thread in threads {
                thread.join().expect("no panic");
            }
        },
    );
}

#[test]
fn the_loop_ends_with_the_last_clone_and_the_last_answer() {
    let module = Module::new(
        "
ended = False
async def app(scope, receive, send):
    global ended
    if scope['type'] == 'lifespan':
        await receive()
        await send({'type': 'lifespan.startup.complete'})
        await receive()
        ended = True
        return await send({'type': 'lifespan.shutdown.complete'})
    await start(send)
    await part(send, b'x')
    await asyncio.sleep(0.02)
    await part(send, b'y', False)
",
    );
    runtime().block_on(async {
        let app = AsgiApp::import(&module.target()).expect("it starts");
        let flight = Drive::service(app.clone()).get("/").start();
        let closed = tokio::spawn(app.closed());
        assert_body!(flight.finish_async().await.expect("infallible"), "xy");
        closed.await.expect("no panic");
        assert_eq!(module.value("ended"), "True");
    });
}

#[test]
fn background_work_that_never_ends_does_not_keep_the_loop() {
    let module = Module::new(
        "
cancelled = False
async def app(scope, receive, send):
    global cancelled
    await without_lifespan(scope)
    await respond(send, b'tea')
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        cancelled = True
        raise
",
    );
    runtime().block_on(async {
        let app = AsgiApp::import(&module.target()).expect("it starts");
        assert_body!(Drive::service(app.clone()).get("/").send_async().await, "tea");
        tokio::time::timeout(Duration::from_secs(60), app.closed()).await.expect("it ends");
        assert_eq!(module.value("cancelled"), "True");
    });
}

#[test]
fn a_request_for_a_loop_that_has_ended_is_refused() {
    let module = Module::new("async def app(scope, receive, send):\n    await respond(send)\n");
    let app = AsgiApp::run(&module.target(), |app| async move { app }).expect("it runs");
    runtime().block_on(async {
        let mut app = Drive::service(app);
        assert_refused!(app.get("/").send_async().await, 503, "asgi.ended");
    });
    // The next loop of the same thread is another's.
    let other = Module::new("async def app(scope, receive, send):\n    await respond(send, b'new')\n");
    AsgiApp::run(&other.target(), |app| async move {
        assert_body!(Drive::service(app).get("/").send_async().await, "new");
    })
    .expect("it runs");
}

#[test]
fn on_its_own_thread_closed_is_done_at_once() {
    let module = Module::new("async def app(scope, receive, send):\n    await respond(send)\n");
    AsgiApp::run(&module.target(), |app| async move { app.clone().closed().await }).expect("it runs");
}
