//! An app's lifespan: how it begins, how it fails, how it ends.

use enfilade_python::AsgiApp;
use enfilade_test::{Drive, assert_body, assert_passed};

use crate::kit::{Module, run};

const COMPLETE: &str = "
told = []
async def app(scope, receive, send):
    if scope['type'] == 'http':
        told.append('request')
        return await respond(send, repr(scope['state'].get('pool')))
    told.append((sorted(scope), await receive()))
    scope['state']['pool'] = 'here'
    said = await raised(sent(send, {'type': 'lifespan.shutdown.complete'}))
    told.append(said[:12])
    await send({'type': 'lifespan.startup.complete'})
    told.append('up')
    told.append(await receive())
    await asyncio.sleep(0.01)
    await send({'type': 'lifespan.shutdown.complete'})
    told.append((await raised(sent(send, {'type': 'lifespan.shutdown.complete'})))[:12])
";

#[test]
fn an_app_is_told_of_the_begin_and_of_the_end_and_both_are_waited_for() {
    let module = Module::new(COMPLETE);
    let ran = AsgiApp::run(&module.target(), |app| async move {
        let reply = Drive::service(app).get("/").send_async().await;
        assert_body!(reply, "'here'");
    });
    ran.expect("it runs");
    assert_eq!(
        module.value("told"),
        "[(['asgi', 'state', 'type'], {'type': 'lifespan.startup'}), 'RuntimeError', 'up', 'request', \
         {'type': 'lifespan.shutdown'}, 'RuntimeError']"
    );
}

#[test]
fn an_app_on_its_own_thread_is_told_as_well_and_closed_waits_for_its_end() {
    let module = Module::new(COMPLETE);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let app = AsgiApp::import(&module.target()).expect("it starts");
        assert_body!(Drive::service(app.clone()).get("/").send_async().await, "'here'");
        app.closed().await;
        assert_eq!(module.value("told[-1]"), "RuntimeError");
    });
}

fn refused(source: &str) -> String {
    let module = Module::new(source);
    let ran = AsgiApp::run(&module.target(), |_| async { unreachable!("it must not be served") });
    let here = ran.expect_err("it cannot start").to_string();
    let there = AsgiApp::import(&module.target()).expect_err("it cannot start").to_string();
    assert_eq!(here, there);
    here
}

#[test]
fn an_app_that_cannot_start_is_not_served_and_says_why() {
    let said = refused(
        "
async def app(scope, receive, send):
    await receive()
    await send({'type': 'lifespan.startup.failed', 'message': 'no database'})
",
    );
    assert!(said.contains("startup failed") && said.contains("no database"), "{said}");
    let said = refused(
        "
async def app(scope, receive, send):
    await receive()
    await send({'type': 'lifespan.startup.failed'})
    raise KeyError
",
    );
    assert!(said.contains("startup failed"), "{said}");
}

#[test]
fn what_panics_beside_the_app_ends_its_loop() {
    let module = Module::new("async def app(scope, receive, send):\n    pass\n");
    let ran = AsgiApp::run(&module.target(), |_| async { panic!("for a test") });
    let said = ran.expect_err("it panicked").to_string();
    assert!(said.contains("panic"), "{said}");
}

#[test]
fn an_app_without_a_lifespan_is_served() {
    for begin in [
        "raise KeyError",
        "return",
        "assert scope['type'] == 'http'",
        "await asyncio.sleep(0)\n        raise BaseException",
        "await receive()\n        raise KeyError",
        "await receive()\n        return",
        "await send({'type': 'http.response.start', 'status': 200})",
        "await send(None)",
        "raise SystemExit",
    ] {
        let source = format!(
            "
async def app(scope, receive, send):
    if scope['type'] == 'lifespan':
        {begin}
    await respond(send, b'well')
"
        );
        run(&source, |app, _| async move {
            assert_body!(Drive::service(app).get("/").send_async().await, "well");
        });
    }
}

#[test]
fn an_app_whose_lifespan_ends_while_it_serves_is_served_on() {
    for end in ["return", "raise KeyError", "raise SystemExit"] {
        let source = format!(
            "
async def app(scope, receive, send):
    if scope['type'] == 'lifespan':
        await receive()
        await send({{'type': 'lifespan.startup.complete'}})
        {end}
    await respond(send, b'well')
"
        );
        run(&source, |app, _| async move {
            assert_body!(Drive::service(app).get("/").send_async().await, "well");
        });
    }
}

#[test]
fn an_end_that_fails_is_an_end() {
    for end in [
        "await send({'type': 'lifespan.shutdown.failed', 'message': 'x'})",
        "raise KeyError",
        "raise SystemExit",
        "return",
        "asyncio.current_task().cancel()\n    await asyncio.sleep(9)",
    ] {
        let source = format!(
            "
async def app(scope, receive, send):
    if scope['type'] == 'http':
        return await respond(send)
    await receive()
    await send({{'type': 'lifespan.startup.complete'}})
    await receive()
    {end}
"
        );
        run(&source, |app, _| async move {
            assert_passed!(Drive::service(app).get("/").send_async().await);
        });
    }
}

#[test]
fn tasks_that_linger_are_cancelled_after_the_shutdown() {
    let module = Module::new(
        "
told = []
async def linger():
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        told.append('cancelled')
        raise
async def app(scope, receive, send):
    global task
    if scope['type'] == 'http':
        return await respond(send)
    await receive()
    task = asyncio.create_task(linger())
    await send({'type': 'lifespan.startup.complete'})
    await receive()
    told.append('shutdown')
    await send({'type': 'lifespan.shutdown.complete'})
",
    );
    AsgiApp::run(&module.target(), |_| async {}).expect("it runs");
    assert_eq!(module.value("told"), "['shutdown', 'cancelled']");
}

#[test]
fn a_message_comes_to_one_who_gave_up_and_asks_again() {
    let module = Module::new(
        "
told = []
async def app(scope, receive, send):
    if scope['type'] == 'http':
        return await respond(send)
    await receive()
    await send({'type': 'lifespan.startup.complete'})
    for _ in range(3):
        try:
            await asyncio.wait_for(receive(), 0.001)
        except asyncio.TimeoutError:
            told.append('waits')
    told.append((await receive())['type'])
    await send({'type': 'lifespan.shutdown.complete'})
",
    );
    let waits = |module: &Module| module.value("len(told)") == "3";
    let told = std::sync::Arc::new(module);
    let inside = told.clone();
    AsgiApp::run(&told.target(), move |_| async move {
        while !waits(&inside) {
            tokio::task::yield_now().await;
        }
    })
    .expect("it runs");
    assert_eq!(told.value("told"), "['waits', 'waits', 'waits', 'lifespan.shutdown']");
}

#[test]
fn what_is_no_app_is_told_so() {
    let module = Module::new("number = 3\napp = None\n");
    let name = module.target().replace(":app", "");
    for (target, said) in [
        (format!("{name}:number"), "it cannot be called"),
        (format!("{name}:app"), "it cannot be called"),
        (format!("{name}:other"), "other"),
        ("no.such.module:app".into(), "No module named 'no'"),
        ("a b:app".into(), "write MODULE:APP"),
        ("../x:app".into(), "write MODULE:APP"),
        (String::new(), "write MODULE:APP"),
    ] {
        let here = AsgiApp::run(&target, |_| async {}).expect_err("there is none").to_string();
        assert!(here.contains(said), "{target}: {here}");
        assert!(AsgiApp::import(&target).expect_err("there is none").to_string().contains(said));
    }
}

#[test]
fn an_app_of_the_second_version_is_told_so_at_the_start() {
    for source in [
        "class app:\n    def __init__(self, scope):\n        pass\n    async def __call__(self, receive, send):\n        pass\n",
        "def app(scope):\n    async def asgi(receive, send):\n        pass\n    return asgi\n",
    ] {
        let said = refused(source);
        assert!(said.contains("version 2"), "{said}");
    }
}
