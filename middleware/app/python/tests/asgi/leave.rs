//! Deadlines, hang-ups, too many at once, the drain.

use std::time::Duration;

use enfilade_python::AsgiApp;
use enfilade_test::{
    Drive, ProbeBody, assert_body, assert_header, assert_refused,
    drive::{InFlight, Step},
};

use crate::kit::{foreign, run, turns, virtual_time};

const SECOND: Duration = Duration::from_secs(1);

/// Waits for ever, and notes what it is told.
const WAITS: &str = "
told, cancelled, inside = [], 0, 0
async def app(scope, receive, send):
    global cancelled, inside
    await without_lifespan(scope)
    if scope['path'] == '/stream':
        await start(send)
        await part(send, b'x')
    await receive()
    inside += 1
    try:
        told.append((await receive())['type'])
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        cancelled += 1
        raise
";

#[test]
fn an_app_that_has_no_head_in_time_is_given_up_told_and_cancelled() {
    run(WAITS, |app, module| async move {
        virtual_time();
        let mut app = Drive::service(app.with_deadline(10 * SECOND).with_grace(3 * SECOND));
        let begun = tokio::time::Instant::now();
        let reply = app.get("/").send_async().await;
        assert_refused!(reply, 504, "asgi.timeout");
        let waited = begun.elapsed();
        assert!((10 * SECOND..12 * SECOND).contains(&waited), "{waited:?}");
        turns().await;
        assert_eq!(module.value("told, cancelled"), "(['http.disconnect'], 0)");
        tokio::time::sleep(4 * SECOND).await;
        assert_eq!(module.value("cancelled"), "1");
    });
}

#[test]
fn an_app_that_holds_its_head_back_is_given_up() {
    let source = "
async def app(scope, receive, send):
    await start(send)
    await asyncio.Event().wait()
";
    run(source, |app, _| async move {
        virtual_time();
        let reply = Drive::service(app.with_deadline(SECOND)).get("/").send_async().await;
        assert_refused!(reply, 504, "asgi.timeout");
    });
}

#[test]
fn a_response_that_has_begun_may_take_as_long_as_it_likes() {
    let source = "
async def app(scope, receive, send):
    await start(send)
    await part(send, b'a')
    await asyncio.sleep(3600)
    await part(send, b'b', False)
";
    run(source, |app, _| async move {
        virtual_time();
        let reply = Drive::service(app.with_deadline(SECOND)).get("/").send_async().await;
        assert_body!(reply, "ab");
        assert_eq!(reply.body_error(), None);
    });
}

#[test]
fn who_hangs_up_before_the_head_or_after_it_is_told_of_and_the_app_is_cancelled_after_its_grace() {
    for path in ["/", "/stream"] {
        run(WAITS, move |app, module| async move {
            virtual_time();
            let mut app = Drive::service(app.with_grace(3 * SECOND));
            let mut flight = app.get(path).start();
            turns().await;
            assert_eq!(flight.is_pending(), path == "/");
            drop(flight);
            turns().await;
            assert_eq!(module.value("told, cancelled"), "(['http.disconnect'], 0)");
            tokio::time::sleep(2 * SECOND).await;
            assert_eq!(module.value("cancelled"), "0");
            tokio::time::sleep(2 * SECOND).await;
            assert_eq!(module.value("cancelled"), "1");
        });
    }
}

#[test]
fn an_app_that_ends_in_its_grace_is_not_cancelled() {
    let source = "
ended = None
async def app(scope, receive, send):
    global ended
    await without_lifespan(scope)
    await receive()
    await receive()
    try:
        await asyncio.sleep(2)
        ended = 'well'
    except asyncio.CancelledError:
        ended = 'cancelled'
";
    run(source, |app, module| async move {
        virtual_time();
        let mut flight = Drive::service(app.with_grace(3 * SECOND)).get("/").start();
        assert!(flight.is_pending());
        turns().await;
        drop(flight);
        tokio::time::sleep(9 * SECOND).await;
        assert_eq!(module.value("ended"), "well");
    });
}

#[test]
fn work_after_a_whole_response_is_not_cancelled() {
    let source = "
ended = None
async def app(scope, receive, send):
    global ended
    await without_lifespan(scope)
    await respond(send, b'tea')
    try:
        await asyncio.sleep(60)
        ended = 'well'
    except asyncio.CancelledError:
        ended = 'cancelled'
";
    run(source, |app, module| async move {
        virtual_time();
        let app = app.with_grace(3 * SECOND).with_deadline(2 * SECOND);
        assert_body!(Drive::service(app.clone()).get("/").send_async().await, "tea");
        let mut flight = Drive::service(app).get("/").start();
        assert!(!flight.is_pending());
        drop(flight);
        tokio::time::sleep(61 * SECOND).await;
        assert_eq!(module.value("ended"), "well");
    });
}

#[test]
fn a_task_that_does_not_hear_its_cancellation_holds_nobody_else() {
    let source = "
tries = 0
async def app(scope, receive, send):
    global tries
    await without_lifespan(scope)
    if scope['path'] == '/well':
        return await respond(send, b'well')
    while tries < 3:
        try:
            await asyncio.sleep(100)
        except asyncio.CancelledError:
            tries += 1
";
    run(source, |app, module| async move {
        virtual_time();
        let mut app = Drive::service(app.with_grace(SECOND));
        let mut flight = app.get("/").start();
        assert!(flight.is_pending());
        turns().await;
        drop(flight);
        tokio::time::sleep(5 * SECOND).await;
        assert_eq!(module.value("tries"), "1", "it is cancelled once");
        assert_body!(app.get("/well").send_async().await, "well");
        module.value("globals().update(tries=3)");
    });
}

#[test]
fn what_a_request_holds_is_let_go_with_it() {
    run(WAITS, |app, _| async move {
        virtual_time();
        let (body, watch) = ProbeBody::new().data("one").hang().watched();
        let mut flight = Drive::service(app.with_grace(SECOND)).post("/").body(body).start();
        assert!(flight.is_pending());
        turns().await;
        assert!(flight.is_pending());
        drop(flight);
        assert_eq!(watch.alive(), 0);
    });
}

#[test]
fn one_too_many_is_told_to_come_again() {
    let source = "
go = asyncio.Event()
async def app(scope, receive, send):
    await without_lifespan(scope)
    await go.wait()
    await respond(send, b'tea')
";
    run(source, |app, module| async move {
        let mut app = Drive::service(app.with_max_in_flight(2));
        let mut flights = [app.get("/").start(), app.get("/").start()];
        assert!(flights.iter_mut().all(InFlight::is_pending));
        let reply = app.get("/").send_async().await;
        assert_refused!(reply, 503, "asgi.busy");
        assert_header!(reply, "retry-after" = "1");
        module.value("go.set()");
        for flight in flights {
            assert_body!(flight.finish_async().await.expect("infallible"), "tea");
        }
        assert_body!(app.get("/").send_async().await, "tea");
    });
}

#[test]
fn work_after_a_response_counts_and_a_client_that_left_counts_until_the_task_has_ended() {
    let source = "
go = asyncio.Event()
async def app(scope, receive, send):
    await without_lifespan(scope)
    await respond(send, b'tea')
    await go.wait()
";
    run(source, |app, module| async move {
        let mut app = Drive::service(app.with_max_in_flight(1));
        assert_body!(app.get("/").send_async().await, "tea");
        assert_refused!(app.get("/").send_async().await, 503, "asgi.busy");
        module.value("go.set()");
        turns().await;
        assert_body!(app.get("/").send_async().await, "tea");
    });
}

#[test]
fn a_thousand_refusals_leave_nothing_behind() {
    run("async def app(scope, receive, send):\n    pass\n", |app, _| async move {
        let before = tokio::runtime::Handle::current().metrics().num_alive_tasks();
        let mut app = Drive::service(app.with_root_path("/shop").expect("a path"));
        for _ in 0..1000 {
            assert_refused!(app.get("/").send_async().await, 404, "asgi.not-here");
            assert_refused!(app.get("/shop/%ff").send_async().await, 400, "asgi.path-unclear");
            assert_refused!(app.get("/shop").send_async().await, 500, "asgi.no-response");
        }
        turns().await;
        assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), before);
    });
}

#[test]
fn an_app_that_asks_again_and_again_whether_its_client_is_there_leaves_nothing_behind() {
    let source = "
go = asyncio.Event()
async def app(scope, receive, send):
    await without_lifespan(scope)
    await start(send)
    await part(send, b'x')
    for _ in range(500):
        try:
            await asyncio.wait_for(receive(), 0.000001)
        except asyncio.TimeoutError:
            pass
    await part(send, b'y')
    await go.wait()
    await part(send, b'z', False)
";
    run(source, |app, module| async move {
        let before = tokio::runtime::Handle::current().metrics().num_alive_tasks();
        let futures = "sum(isinstance(o, asyncio.Future) for o in __import__('gc').get_objects())";
        let mut app = Drive::service(app);
        let mut response = app.post("/").body(ProbeBody::new().hang()).start().head().expect("infallible");
        assert_eq!(response.step(), Step::Data("x".into()));
        while response.step() != Step::Data("y".into()) {
            tokio::task::yield_now().await;
        }
        turns().await;
        assert!(tokio::runtime::Handle::current().metrics().num_alive_tasks() <= before + 2);
        let futures: usize = module.value(futures).parse().expect("a number");
        assert!(futures < 100, "{futures} futures are left");
        drop(response);
        turns().await;
        assert!(tokio::runtime::Handle::current().metrics().num_alive_tasks() <= before + 2);
        module.value("go.set()");
    });
}

#[test]
fn from_another_thread_a_future_that_is_dropped_is_a_hang_up() {
    foreign(WAITS, async |app: AsgiApp, module| {
        for (number, path) in ["/", "/stream"].into_iter().enumerate() {
            let flight = Drive::service(app.clone()).get(path).start();
            module.until(&format!("inside == {}", number + 1)).await;
            std::thread::spawn(move || drop(flight)).join().expect("no panic");
        }
        let app = app.with_grace(Duration::ZERO);
        let flight = Drive::service(app).get("/stream").start().head().expect("infallible");
        module.until("inside == 3").await;
        std::thread::spawn(move || drop(flight)).join().expect("no panic");
        module.until("len(told) == 3").await;
        module.until("cancelled >= 1").await;
    });
}

#[test]
fn many_who_hang_up_while_they_are_started_do_no_harm() {
    foreign(WAITS, async |app: AsgiApp, module| {
        let app = app.with_grace(Duration::ZERO);
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let app = app.clone();
                std::thread::spawn(move || {
                    for number in 0..200 {
                        let mut flight = Drive::service(app.clone()).get("/stream").start();
                        if number % 2 == 0 {
                            let _ = flight.is_pending();
                        }
                        drop(flight);
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().expect("no panic");
        }
        assert!(module.value("inside").parse::<usize>().expect("a number") <= 800);
        let response = Drive::service(app).get("/stream").start().head().expect("infallible");
        assert_eq!(response.status(), 200);
    });
}
