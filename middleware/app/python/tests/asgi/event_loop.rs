//! What asyncio promises, on a loop whose selector is a tokio runtime.

use enfilade_python::AsgiApp;
use enfilade_test::{Drive, assert_body};
use tokio::time::Instant;

use crate::kit::{Module, foreign, get, run, turns};

/// An app that answers with what the body of a coroutine returns.
fn answers(body: &str) -> String {
    format!(
        "
import contextvars, os, select, socket, subprocess, sys, threading
async def answer(scope):
{body}
async def app(scope, receive, send):
    await without_lifespan(scope)
    await respond(send, await answer(scope))
"
    )
}

#[track_caller]
fn answer(body: &str, expected: &str) {
    assert_body!(get(&answers(body)), expected);
}

#[test]
fn timers_run_in_their_order_and_a_cancelled_one_never() {
    answer(
        "
    loop, told = asyncio.get_running_loop(), []
    loop.call_later(0.03, told.append, 3)
    loop.call_later(0.01, told.append, 1)
    loop.call_later(0.02, told.append, 2).cancel()
    loop.call_later(0, told.append, 0)
    loop.call_soon(told.append, 'soon')
    loop.call_at(loop.time() - 5, told.append, 'past')
    await asyncio.sleep(0.05)
    return told
",
        "['soon', 'past', 0, 1, 3]",
    );
}

#[test]
fn a_sleep_is_as_long_as_it_says() {
    answer(
        "
    loop = asyncio.get_running_loop()
    begun = loop.time()
    await asyncio.sleep(0.05)
    first = loop.time() - begun
    await asyncio.gather(*(asyncio.sleep(0.05) for _ in range(100)))
    return 0.05 <= first < 2 and 0.1 <= loop.time() - begun < 4
",
        "True",
    );
}

#[test]
fn a_timer_that_the_first_step_sets_is_kept_while_the_loop_waits_for_something_else() {
    // The first step runs inside a turn, whose timeout was set before.
    answer("\n    await asyncio.sleep(0.001)\n    return 'woken'\n", "woken");
}

#[test]
fn threads_give_work_to_the_loop_and_take_work_from_it() {
    answer(
        "
    loop, told = asyncio.get_running_loop(), []
    done = loop.create_future()
    def thread():
        loop.call_soon_threadsafe(told.append, 'soon')
        told.append(asyncio.run_coroutine_threadsafe(asyncio.sleep(0, 'value'), loop).result())
        loop.call_soon_threadsafe(done.set_result, None)
    threading.Thread(target=thread).start()
    await done
    told.append(await loop.run_in_executor(None, lambda: threading.current_thread() is not threading.main_thread()))
    told.append(await asyncio.to_thread(lambda: 'thread'))
    many = await asyncio.gather(*(loop.run_in_executor(None, lambda n=n: n) for n in range(100)))
    return told, sum(many)
",
        "(['soon', 'value', True, 'thread'], 4950)",
    );
}

#[test]
fn a_task_is_among_all_tasks_from_its_first_step_to_its_end() {
    answer(
        "
    loop, mine = asyncio.get_running_loop(), asyncio.current_task()
    kept = getattr(asyncio.tasks, '_all_tasks', None) or asyncio.all_tasks()
    first = [mine in kept, mine in asyncio.all_tasks(), sum(task is mine for task in kept), len(kept) >= 1]
    inner = asyncio.create_task(asyncio.sleep(0))
    first.append(inner in asyncio.all_tasks())
    await asyncio.sleep(0)
    later = mine in asyncio.all_tasks(), mine in await loop.run_in_executor(None, asyncio.all_tasks, loop)
    await inner
    return first, later, inner in asyncio.all_tasks()
",
        "([True, True, 1, True, True], (True, True), False)",
    );
}

#[test]
fn a_task_that_nobody_has_looked_for_in_its_first_step_is_found_later_and_gone_at_its_end() {
    let source = "
import gc, weakref
tasks = []
async def app(scope, receive, send):
    await without_lifespan(scope)
    tasks.append(weakref.ref(asyncio.current_task()))
    if scope['path'] == '/waits':
        await asyncio.sleep(0)
    here = asyncio.current_task() in asyncio.all_tasks()
    await respond(send, here)
";
    run(source, |app, module| async move {
        let mut app = Drive::service(app);
        for path in ["/", "/waits"] {
            assert_body!(app.get(path).send_async().await, "True");
        }
        turns().await;
        module.value("gc.collect()");
        assert_eq!(module.value("[task() for task in tasks]"), "[None, None]");
    });
}

#[test]
fn call_soon_from_another_thread_says_what_to_call() {
    answer(
        "
    loop, told = asyncio.get_running_loop(), []
    def thread():
        try:
            loop.call_soon(print)
        except RuntimeError as error:
            told.append(str(error))
    await loop.run_in_executor(None, thread)
    return told
",
        "['call_soon from another thread: use call_soon_threadsafe']",
    );
}

#[test]
fn processes_are_started_written_to_and_waited_for() {
    answer(
        "
    process = await asyncio.create_subprocess_exec('cat', stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    out, _ = await process.communicate(b'tea' * 100_000)
    shell = await asyncio.create_subprocess_shell('exit 3')
    return len(out), process.returncode, await shell.wait()
",
        "(300000, 0, 3)",
    );
}

#[test]
fn readers_and_writers_are_called_until_they_are_taken_out() {
    answer(
        "
    loop, told = asyncio.get_running_loop(), []
    reader, writer = socket.socketpair()
    reader.setblocking(False), writer.setblocking(False)
    done = asyncio.Event()
    def readable():
        told.append(reader.recv(1))
        if len(told) == 4:
            done.set()
    loop.add_reader(reader, readable)
    writer.send(b'abc')
    await asyncio.sleep(0)
    writable = asyncio.Event()
    loop.add_writer(writer, writable.set)
    await writable.wait()
    taken = loop.remove_writer(writer), loop.remove_writer(writer)
    writer.send(b'd')
    await done.wait()
    gone = loop.remove_reader(reader), loop.remove_reader(reader)
    writer.send(b'e')
    await asyncio.sleep(0.01)
    reader.close(), writer.close()
    return b''.join(told), taken, gone
",
        "(b'abcd', (True, False), (True, False))",
    );
}

#[test]
fn a_hang_up_is_told_to_whoever_reads() {
    answer(
        "
    loop = asyncio.get_running_loop()
    reading, writing = os.pipe()
    told = asyncio.Event()
    loop.add_reader(reading, told.set)
    os.close(writing)
    await told.wait()
    loop.remove_reader(reading)
    data = os.read(reading, 1)
    os.close(reading)
    reading, writing = os.pipe()
    told = asyncio.Event()
    os.set_blocking(writing, False)
    loop.add_writer(writing, told.set)
    os.close(reading)
    await told.wait()
    loop.remove_writer(writing)
    os.close(writing)
    return repr(data)
",
        "b''",
    );
}

#[test]
fn a_descriptor_that_is_closed_before_it_is_taken_out_harms_nobody() {
    answer(
        "
    loop, told = asyncio.get_running_loop(), []
    for closing in ('first', 'fd', 'object'):
        reader, writer = socket.socketpair()
        fd = reader.fileno()
        loop.add_reader(reader if closing == 'object' else fd, told.append, closing)
        reader.close()
        told.append(loop.remove_reader(reader if closing == 'object' else fd))
        writer.close()
    reader, writer = socket.socketpair()
    loop.add_reader(reader.fileno(), told.append, 'old')
    fd = reader.fileno()
    reader.close()
    again, other = socket.socketpair()
    while again.fileno() != fd:
        again = again.dup()
    said = await raised(once(loop, fd))
    loop.remove_reader(fd)
    event = asyncio.Event()
    loop.add_reader(fd, event.set)
    other.send(b'x')
    await asyncio.wait_for(event.wait(), 10)
    loop.remove_reader(fd)
    return told, said.split(':')[0]
async def once(loop, fd):
    loop.add_reader(fd, print)
",
        "([True, True, True], 'FileNotFoundError')",
    );
}

#[test]
fn what_cannot_be_waited_for_raises() {
    answer(
        "
    loop, told = asyncio.get_running_loop(), []
    for what in (-1, 999_999, 'x', object()):
        try:
            loop.add_reader(what, print)
        except Exception as error:
            told.append(type(error).__name__)
    with open('/etc/passwd') as file:
        try:
            loop.add_reader(file, print)
        except Exception as error:
            told.append(type(error).__name__)
    return told
",
        "['ValueError', 'OSError', 'ValueError', 'ValueError', 'PermissionError']",
    );
}

#[test]
fn many_descriptors_at_once_are_all_served() {
    answer(
        "
    loop, seen = asyncio.get_running_loop(), set()
    done = asyncio.Event()
    pairs = [socket.socketpair() for _ in range(300)]
    def readable(number):
        pairs[number][0].recv(1)
        seen.add(number)
        if len(seen) == 300:
            done.set()
    for number, (reader, writer) in enumerate(pairs):
        loop.add_reader(reader, readable, number)
    for reader, writer in pairs:
        writer.send(b'x')
    await asyncio.wait_for(done.wait(), 30)
    for reader, writer in pairs:
        loop.remove_reader(reader)
        reader.close(), writer.close()
    return len(seen)
",
        "300",
    );
}

#[test]
fn streams_and_servers_and_datagrams_of_asyncios_own() {
    answer(
        "
    async def echo(reader, writer):
        writer.write((await reader.readline()).upper())
        await writer.drain()
        writer.close()
    server = await asyncio.start_server(echo, '127.0.0.1', 0)
    port = server.sockets[0].getsockname()[1]
    async def ask(number):
        reader, writer = await asyncio.open_connection('127.0.0.1', port)
        writer.write(b'tea %d\\n' % number)
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return answer
    answers = await asyncio.gather(*(ask(number) for number in range(20)))
    server.close()
    await server.wait_closed()
    loop = asyncio.get_running_loop()
    got = loop.create_future()
    class Datagrams(asyncio.DatagramProtocol):
        def datagram_received(self, data, address):
            got.done() or got.set_result(data)
    here, _ = await loop.create_datagram_endpoint(Datagrams, local_addr=('127.0.0.1', 0))
    there, _ = await loop.create_datagram_endpoint(
        asyncio.DatagramProtocol, remote_addr=here.get_extra_info('sockname'))
    there.sendto(b'datagram')
    data = await got
    here.close(), there.close()
    found = await loop.getaddrinfo('127.0.0.1', 80, type=socket.SOCK_STREAM)
    return answers[19], len(answers), data, found[0][4]
",
        "(b'TEA 19\\n', 20, b'datagram', ('127.0.0.1', 80))",
    );
}

#[test]
fn timeouts_and_groups_end_what_they_hold() {
    answer(
        "
    told = []
    try:
        async with asyncio.timeout(0.01):
            await asyncio.Event().wait()
    except TimeoutError:
        told.append('timeout')
    async def fails():
        raise KeyError
    async def waits():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            told.append('cancelled')
            raise
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(waits())
            await asyncio.sleep(0)
            group.create_task(fails())
    except* KeyError:
        told.append('group')
    return told
",
        "['timeout', 'cancelled', 'group']",
    );
}

#[test]
fn a_loop_in_a_loop_is_refused() {
    answer(
        "
    told = []
    coroutine = asyncio.sleep(0)
    for nested in (lambda: asyncio.run(coroutine), lambda: asyncio.get_running_loop().run_until_complete(coroutine),
            lambda: asyncio.Runner().run(coroutine)):
        try:
            nested()
        except RuntimeError as error:
            told.append('running' in str(error))
    coroutine.close()
    inner = await asyncio.to_thread(asyncio.run, asyncio.sleep(0, 'in a thread'))
    return told, inner
",
        "([True, True, True], 'in a thread')",
    );
}

#[test]
fn the_first_step_has_its_task_and_its_loop() {
    let source = "
async def app(scope, receive, send):
    await without_lifespan(scope)
    task = asyncio.current_task()
    assert task in asyncio.all_tasks() and asyncio.get_running_loop() is asyncio.get_event_loop()
    assert 'enfilade-request' in repr(task) and task.get_name() == 'enfilade-request'
    assert asyncio.iscoroutine(task.get_coro()) and task.get_stack() == []
    task.set_name('mine')
    await respond(send, task.get_name())
";
    assert_body!(get(source), "mine");
}

#[test]
fn each_request_has_a_context_of_its_own() {
    for source in [
        "
import contextvars
mine = contextvars.ContextVar('mine', default='nobody')
async def app(scope, receive, send):
    await without_lifespan(scope)
    before = mine.get()
    mine.set(scope['path'])
    await asyncio.sleep(0)
    await respond(send, before + ' ' + mine.get())
",
        // A function around an app, which sets it before there is a coroutine.
        "
import contextvars
mine = contextvars.ContextVar('mine', default='nobody')
async def inner(scope, send, before):
    await respond(send, before + ' ' + mine.get())
def app(scope, receive, send):
    before = mine.get()
    mine.set(scope.get('path'))
    return inner(scope, send, before)
",
    ] {
        run(source, |app, _| async move {
            let mut app = Drive::service(app);
            assert_body!(app.get("/one").send_async().await, "nobody /one");
            assert_body!(app.get("/two").send_async().await, "nobody /two");
        });
    }
}

#[test]
fn an_app_that_is_a_function_runs_in_its_task_as_well() {
    let source = "
def app(scope, receive, send):
    task = asyncio.current_task()
    async def inner():
        await respond(send, task is asyncio.current_task())
    return inner()
";
    assert_body!(get(source), "True");
}

#[test]
fn what_a_callback_raises_goes_to_the_loops_handler() {
    answer(
        "
    loop, told = asyncio.get_running_loop(), []
    loop.set_exception_handler(lambda loop, context: told.append(type(context['exception']).__name__))
    def fails():
        raise KeyError
    loop.call_soon(fails)
    loop.call_later(0.001, fails)
    async def lost():
        raise ValueError
    asyncio.create_task(lost())
    await asyncio.sleep(0.01)
    loop.set_exception_handler(None)
    return sorted(told)
",
        "['KeyError', 'KeyError', 'ValueError']",
    );
}

#[test]
fn a_finalizer_that_calls_the_loop_while_a_task_is_made_is_called_as_it_says() {
    let source = "
import gc
told = []
class Left:
    def __init__(self, loop):
        self.me, self.loop = self, loop
    def __del__(self):
        self.loop.call_soon(told.append, 'finalizer')
async def answers(send):
    await respond(send, b'well')
def app(scope, receive, send):
    coroutine = answers(send)
    if scope['type'] == 'http':
        Left(asyncio.get_running_loop())
        gc.set_threshold(1)
    return coroutine
";
    run(source, |app, module| async move {
        let reply = Drive::service(app).get("/").send_async().await;
        module.value("gc.set_threshold(700)");
        assert_body!(reply, "well");
        module.value("gc.collect()");
        turns().await;
        assert_eq!(module.value("told"), "['finalizer']");
    });
}

#[test]
fn tasks_of_an_app_may_send_and_receive_for_it() {
    let source = "
async def app(scope, receive, send):
    await without_lifespan(scope)
    received = asyncio.create_task(receive())
    await asyncio.create_task(start(send))
    message = await received
    both = [asyncio.create_task(part(send, b'%d' % number)) for number in range(5)]
    await asyncio.gather(*both)
    task = asyncio.ensure_future(send({'type': 'http.response.body', 'body': message['body']}))
    await asyncio.wait({task})
";
    run(source, |app, _| async move {
        assert_body!(Drive::service(app).post("/").body("tea").send_async().await, "01234tea");
    });
}

#[test]
fn anyio_finds_its_loop_where_it_is_installed() {
    let reply = get(&answers(
        "
    try:
        import anyio, sniffio
    except ImportError:
        return 'well'
    assert sniffio.current_async_library() == 'asyncio'
    told = []
    async with anyio.create_task_group() as group:
        group.start_soon(anyio.sleep, 0.001)
        told.append(await anyio.to_thread.run_sync(lambda: 1))
    with anyio.move_on_after(0.001):
        await anyio.sleep(60)
        told.append('never')
    assert told == [1]
    return 'well'
",
    ));
    assert_body!(reply, "well");
}

#[test]
fn what_another_loops_thread_asks_for_is_done_on_its_own() {
    let other = Module::new(
        "
import threading
loop, thread = None, None
async def app(scope, receive, send):
    global loop, thread
    if scope['type'] == 'lifespan':
        loop, thread = asyncio.get_running_loop(), threading.get_ident()
        return
    here = loop is asyncio.get_running_loop(), thread == threading.get_ident()
    body = await body_of(receive)
    await asyncio.sleep(0.001)
    await respond(send, (here, body))
",
    );
    let source = "async def app(scope, receive, send):\n    await respond(send, b'mine')\n";
    run(source, |app, _| async move {
        let there = AsgiApp::import(&other.target()).expect("it starts");
        let (mut here, mut there) = (Drive::service(app), Drive::service(there));
        for _ in 0..20 {
            let reply = there.post("/").body("tea").send_async().await;
            assert_body!(reply, "((True, True), b'tea')");
            assert_body!(here.get("/").send_async().await, "mine");
        }
    });
    let source = "async def app(scope, receive, send):\n    await respond(send, b'mine')\n";
    foreign(source, async |app, _| assert_body!(Drive::service(app).get("/").send_async().await, "mine"));
}

#[test]
fn a_thread_of_the_executor_that_never_ends_does_not_keep_the_loop() {
    let source = "
import threading
never = threading.Event()
async def app(scope, receive, send):
    await without_lifespan(scope)
    asyncio.get_running_loop().run_in_executor(None, never.wait)
    await respond(send, b'well')
";
    let module = Module::new(source);
    let begun = Instant::now();
    let ran = AsgiApp::run(&module.target(), |app| async move {
        Drive::service(app).get("/").send_async().await.text().to_owned()
    });
    assert_eq!(ran.expect("it ends"), "well");
    assert!(begun.elapsed().as_secs() < 30, "{:?}", begun.elapsed());
    module.value("never.set()");
}
