//! What many requests leave behind: a program of its own, since what other tests allocate would be counted.

#[expect(dead_code, reason = "most of it is for the other tests")]
#[path = "asgi/kit.rs"]
mod kit;

use std::{fs, time::Duration};

use enfilade_python::AsgiApp;
use enfilade_test::{Drive, ProbeBody, assert_body};

use crate::kit::{Module, run, turns};

const SOURCE: &str = "
import gc, sys
class Held:
    pass
async def app(scope, receive, send):
    await without_lifespan(scope)
    path = scope['path']
    if path == '/whole':
        return await respond(send, b'tea', 200, [(b'content-type', b'text/plain')])
    if path == '/echo':
        return await respond(send, await body_of(receive))
    if path == '/raises':
        held = Held()
        held.scope, held.me = scope, held
        raise KeyError
    if path == '/turns':
        await asyncio.sleep(0)
        return await respond(send, b'tea')
    await start(send)
    await part(send, b'x' * 1000)
    await receive()
    try:
        while (await receive())['type'] != 'http.disconnect':
            pass
        await part(send, b'late')
    except OSError:
        pass
def count():
    gc.collect()
    return sys.getallocatedblocks()
";

/// KiB in memory.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("its memory");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}

async fn round(app: &AsgiApp, requests: usize) {
    let mut app = Drive::service(app.clone());
    for number in 0..requests {
        match number % 5 {
            0 => assert_body!(app.get("/whole").send_async().await, "tea"),
            1 => {
                let late = ProbeBody::new().data("te").wait(&open()).data("a");
                assert_body!(app.post("/echo").body(late).send_async().await, "tea");
            }
            2 => drop(app.get("/raises").send_async().await),
            3 => drop(app.head("/whole").send_async().await),
            _ => assert_body!(app.get("/turns").send_async().await, "tea"),
        }
    }
}

fn open() -> enfilade_test::Latch {
    let latch = enfilade_test::Latch::shut();
    latch.open();
    latch
}

async fn hang_ups(app: &AsgiApp, requests: usize) {
    let mut app = Drive::service(app.clone());
    for number in 0..requests {
        let mut flight = app.post("/stream").body(ProbeBody::new().data("one").hang()).start();
        if number % 3 > 0 {
            let _ = flight.is_pending();
            turns().await;
        }
        if number % 3 == 2 && !flight.is_pending() {
            let mut response = flight.head().expect("infallible");
            response.step();
            turns().await;
            drop(response);
        }
    }
    turns().await;
}

fn blocks(module: &Module) -> usize {
    module.value("count()").parse().expect("a number")
}

#[test]
fn twenty_thousand_requests_and_a_thousand_hang_ups_leave_nothing_behind() {
    run(SOURCE, |app, module| async move {
        let app = app.with_grace(Duration::from_millis(1));
        for _ in 0..2 {
            round(&app, 5_000).await;
            hang_ups(&app, 200).await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        let (before, memory) = (blocks(&module), resident());
        let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
        round(&app, 20_000).await;
        let after = blocks(&module);
        assert!(after <= before + 200, "{before} objects before the requests, {after} after");
        hang_ups(&app, 1_000).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        let after = blocks(&module);
        assert!(after <= before + 400, "{before} objects before the hang-ups, {after} after");
        let alive = tokio::runtime::Handle::current().metrics().num_alive_tasks();
        assert!(alive <= tasks + 1, "{tasks} tasks before, {alive} after");
        let grown = resident().saturating_sub(memory);
        assert!(grown < 4_096, "{grown} KiB more");
    });
}
