//! Signals that an app handles: a program of its own, since Python lets its main thread alone handle them.

#[expect(dead_code, reason = "most of it is for the other tests")]
#[path = "asgi/kit.rs"]
mod kit;

use enfilade_test::{Drive, assert_body};

use crate::kit::run;

#[test]
fn handlers_run_while_the_loop_waits_and_what_one_raises_ends_no_server() {
    let source = "
import os, signal
told = []
def handler(number, frame):
    told.append('signal.signal')
    raise SystemExit
async def app(scope, receive, send):
    await without_lifespan(scope)
    loop = asyncio.get_running_loop()
    if scope['path'] == '/loop':
        came = asyncio.Event()
        loop.add_signal_handler(signal.SIGUSR1, came.set)
        os.kill(os.getpid(), signal.SIGUSR1)
        await asyncio.wait_for(came.wait(), 60)
        # From another thread, while the loop waits.
        came.clear()
        loop.run_in_executor(None, lambda: os.kill(os.getpid(), signal.SIGUSR1))
        await asyncio.wait_for(came.wait(), 60)
        loop.remove_signal_handler(signal.SIGUSR1)
        return await respond(send, b'twice')
    before = signal.signal(signal.SIGUSR2, handler)
    asyncio.get_running_loop().run_in_executor(None, lambda: os.kill(os.getpid(), signal.SIGUSR2))
    while not told:
        await asyncio.sleep(0.01)
    signal.signal(signal.SIGUSR2, before)
    await respond(send, told)
";
    run(source, |app, _| async move {
        let mut app = Drive::service(app);
        assert_body!(app.get("/loop").send_async().await, "twice");
        assert_body!(app.get("/plain").send_async().await, "['signal.signal']");
        assert_body!(app.get("/loop").send_async().await, "twice");
    });
}
