//! What an app reads of a request: frame by frame, honestly, and never one byte less.

use enfilade_test::{Drive, Latch, ProbeBody, assert_body, assert_passed, drive::Step};

use crate::kit::{both, run, turns};

/// Answers with every message of the body.
const MESSAGES: &str = "
async def app(scope, receive, send):
    await without_lifespan(scope)
    messages = []
    while not messages or messages[-1].get('more_body'):
        messages.append(await receive())
    await respond(send, ' '.join(
        f\"{m['type']} {m.get('body')} {m.get('more_body')}\" for m in messages))
";

#[test]
fn a_request_without_a_body_has_one_empty_message() {
    let reply = both(MESSAGES, |mut app| async move { app.get("/").send_async().await });
    assert_body!(reply, "http.request b'' False");
}

#[test]
fn a_body_that_is_known_to_end_says_so_with_its_last_bytes() {
    let reply = both(MESSAGES, |mut app| async move {
        app.post("/").body(ProbeBody::new().data("one").data("two")).send_async().await
    });
    assert_body!(reply, "http.request b'one' True http.request b'two' False");
}

#[test]
fn trailers_end_a_body_and_are_no_message() {
    let reply = both(MESSAGES, |mut app| async move {
        app.post("/").body(ProbeBody::new().data("one").trailer("x-sum", "1")).send_async().await
    });
    assert_body!(reply, "http.request b'one' True http.request b'' False");
}

#[test]
fn a_body_that_turns_out_to_be_empty_is_one_message() {
    let reply = both(MESSAGES, |mut app| async move {
        let open = Latch::shut();
        open.open();
        app.post("/").body(ProbeBody::new().wait(&open)).send_async().await
    });
    assert_body!(reply, "http.request b'' False");
}

#[test]
fn large_frames_arrive_whole() {
    let source = "
async def app(scope, receive, send):
    body = await body_of(receive)
    await respond(send, f'{len(body)} {body == bytes(range(256)) * 4096}')
";
    let reply = both(source, |mut app| async move {
        let block: Vec<u8> = (0..=255).collect::<Vec<u8>>().repeat(2048);
        app.post("/").body(ProbeBody::new().data(block.clone()).data(block)).send_async().await
    });
    assert_body!(reply, "1048576 True");
}

#[test]
fn a_frame_is_read_when_the_app_asks_and_not_before() {
    let source = "
seen = []
go = asyncio.Event()
async def app(scope, receive, send):
    await without_lifespan(scope)
    seen.append((await receive())['body'])
    await go.wait()
    seen.append((await receive())['body'])
    await respond(send)
";
    run(source, |app, module| async move {
        let (body, watch) = ProbeBody::new().data("one").data("two").data("three").watched();
        let mut app = Drive::service(app);
        let mut flight = app.post("/").body(body).start();
        assert!(flight.is_pending());
        turns().await;
        assert!(flight.is_pending());
        assert_eq!((module.value("seen"), watch.polls()), ("[b'one']".into(), 1));
        module.value("go.set()");
        turns().await;
        assert!(!flight.is_pending());
        assert_eq!((module.value("seen"), watch.polls()), ("[b'one', b'two']".into(), 2));
        assert_eq!(watch.alive(), 0, "what the app did not read is let go with the request");
    });
}

#[test]
fn an_app_finds_a_first_frame_that_is_there_without_a_turn_of_its_loop() {
    let source = "
async def app(scope, receive, send):
    turns = []
    asyncio.get_running_loop().call_soon(turns.append, 1)
    body = (await receive())['body']
    await respond(send, repr((body, turns)))
";
    run(source, |app, _| async move {
        let mut app = Drive::service(app);
        let reply = app.post("/").body(ProbeBody::new().data("one").data("two")).send_async().await;
        assert_body!(reply, "(b'one', [])");
        // One that comes later wakes the app, which was called before.
        let latch = Latch::shut();
        let mut flight = app.post("/").body(ProbeBody::new().wait(&latch).data("one")).start();
        assert!(flight.is_pending() && flight.is_pending());
        turns().await;
        latch.open();
        assert_body!(flight.finish_async().await.expect("infallible"), "(b'one', [1])");
    });
}

#[test]
fn who_waits_for_100_continue_has_nothing_read_unless_the_app_asks() {
    let source = "
async def app(scope, receive, send):
    await without_lifespan(scope)
    await respond(send, b'no')
";
    run(source, |app, _| async move {
        let mut app = Drive::service(app);
        for (expects, polls) in [(true, 0), (false, 1)] {
            let (body, watch) = ProbeBody::new().data("one").data("two").watched();
            let request = app.post("/").body(body);
            let request = if expects { request.header("expect", "100-continue") } else { request };
            assert_body!(request.send_async().await, "no");
            assert_eq!(watch.polls(), polls);
        }
    });
}

#[test]
fn an_app_is_not_called_for_a_client_that_goes_before_the_first_look_at_its_body_is_over() {
    let source = "
called = 0
async def app(scope, receive, send):
    global called
    await without_lifespan(scope)
    called += 1
";
    run(source, |app, module| async move {
        let latch = Latch::shut();
        let mut flight =
            Drive::service(app).post("/").body(ProbeBody::new().wait(&latch).data("one")).start();
        assert!(flight.is_pending());
        drop(flight);
        turns().await;
        assert_eq!(module.value("called"), "0");
    });
}

#[test]
fn a_frame_that_comes_later_wakes_the_app() {
    let reply = both(MESSAGES, |mut app| async move {
        let latch = Latch::shut();
        let flight = app.post("/").body(ProbeBody::new().data("one").wait(&latch).data("two")).start();
        let opened = tokio::spawn(async move {
            turns().await;
            latch.open();
        });
        let reply = flight.finish_async().await.expect("infallible");
        opened.await.expect("it opens");
        reply
    });
    assert_body!(reply, "http.request b'one' True http.request b'two' False");
}

#[test]
fn while_the_response_streams_the_app_may_read_on() {
    let source = "
async def app(scope, receive, send):
    await start(send)
    more = True
    while more:
        message = await receive()
        more = message['more_body']
        await part(send, message['body'].upper(), more)
";
    run(source, |app, _| async move {
        let (first, second) = (Latch::shut(), Latch::shut());
        let body = ProbeBody::new().wait(&first).data("one").wait(&second).data("two");
        let mut app = Drive::service(app);
        let mut flight = app.post("/").body(body).start();
        assert!(flight.is_pending(), "the app is called at the next look");
        assert!(flight.is_pending());
        first.open();
        assert!(flight.is_pending());
        turns().await;
        assert!(!flight.is_pending());
        let mut response = flight.head().expect("infallible");
        assert_eq!(response.step(), Step::Data("ONE".into()));
        turns().await;
        assert_eq!(response.step(), Step::Pending);
        second.open();
        turns().await;
        assert_eq!(response.step(), Step::Data("TWO".into()));
        assert_eq!(response.step(), Step::End);
    });
}

#[test]
fn an_app_that_stops_to_wait_for_a_frame_loses_none() {
    let source = "
gave_up = 0
async def app(scope, receive, send):
    global gave_up
    await without_lifespan(scope)
    first = asyncio.ensure_future(receive())
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])
    gave_up = 1
    await respond(send, await body_of(receive))
";
    run(source, |app, module| async move {
        let latch = Latch::shut();
        let mut app = Drive::service(app);
        let mut flight = app.post("/").body(ProbeBody::new().wait(&latch).data("one").data("two")).start();
        assert!(flight.is_pending() && flight.is_pending());
        turns().await;
        assert_eq!(module.value("gave_up"), "1");
        latch.open();
        let reply = flight.finish_async().await.expect("infallible");
        assert_body!(reply, "onetwo");
    });
}

#[test]
fn a_frame_that_was_there_at_once_is_not_lost_with_a_task_that_never_ran() {
    let source = "
async def app(scope, receive, send):
    await without_lifespan(scope)
    task = asyncio.create_task(receive())
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    await respond(send, await body_of(receive))
";
    let reply = both(source, |mut app| async move {
        app.post("/").body(ProbeBody::new().data("one").data("two")).send_async().await
    });
    assert_body!(reply, "onetwo");
}

#[test]
fn a_frame_that_comes_together_with_a_cancellation_is_not_lost() {
    let source = "
task = None
async def wait(receive):
    return await receive()
async def app(scope, receive, send):
    global task
    await without_lifespan(scope)
    task = asyncio.create_task(wait(receive))
    await asyncio.wait([task])
    assert task.cancelled()
    await respond(send, await body_of(receive))
";
    run(source, |app, module| async move {
        let latch = Latch::shut();
        let mut app = Drive::service(app);
        let mut flight = app.post("/").body(ProbeBody::new().wait(&latch).data("one").data("two")).start();
        assert!(flight.is_pending());
        turns().await;
        assert!(flight.is_pending());
        latch.open();
        assert!(flight.is_pending(), "the frame is given to the one who waits");
        module.value("task.cancel()");
        let reply = flight.finish_async().await.expect("infallible");
        assert_body!(reply, "onetwo");
    });
}

#[test]
fn two_who_wait_at_once_get_a_frame_each_in_their_order() {
    let source = "
async def app(scope, receive, send):
    await without_lifespan(scope)
    both = await asyncio.gather(receive(), receive())
    await respond(send, b' '.join(message['body'] for message in both))
";
    run(source, |app, _| async move {
        let latch = Latch::shut();
        let mut app = Drive::service(app);
        let mut flight = app.post("/").body(ProbeBody::new().wait(&latch).data("one").data("two")).start();
        assert!(flight.is_pending());
        turns().await;
        latch.open();
        assert_body!(flight.finish_async().await.expect("infallible"), "one two");
    });
}

#[test]
fn a_body_that_breaks_off_is_told_to_all_who_wait() {
    let source = "
async def app(scope, receive, send):
    await without_lifespan(scope)
    all = await asyncio.gather(receive(), receive(), receive())
    await respond(send, ' '.join(message['type'] for message in all))
";
    run(source, |app, _| async move {
        let latch = Latch::shut();
        let mut app = Drive::service(app);
        let mut flight =
            app.post("/").body(ProbeBody::new().wait(&latch).data("one").error("cut off")).start();
        assert!(flight.is_pending());
        turns().await;
        latch.open();
        let reply = flight.finish_async().await.expect("infallible");
        assert_body!(reply, "http.request http.disconnect http.disconnect");
    });
}

#[test]
fn a_body_that_breaks_off_is_told_as_a_client_that_has_gone() {
    let source = "
async def app(scope, receive, send):
    await without_lifespan(scope)
    told = [(await receive())['type'] for _ in range(4)]
    await respond(send, ' '.join(told))
";
    let reply = both(source, |mut app| async move {
        app.post("/").body(ProbeBody::new().data("one").error("cut off")).send_async().await
    });
    assert_passed!(reply);
    assert_body!(reply, "http.request http.disconnect http.disconnect http.disconnect");
}

#[test]
fn after_the_response_the_client_is_told_to_have_gone() {
    let source = "
told = []
async def app(scope, receive, send):
    await without_lifespan(scope)
    await receive()
    await respond(send)
    told.append((await receive())['type'])
    told.append((await receive())['type'])
";
    run(source, |app, module| async move {
        let reply = Drive::service(app).get("/").send_async().await;
        assert_passed!(reply);
        turns().await;
        assert_eq!(module.value("told"), "['http.disconnect', 'http.disconnect']");
    });
}

#[test]
fn one_who_waits_for_the_end_is_told_of_the_responses() {
    let source = "
told = []
async def listen(receive):
    told.append((await receive())['type'])
async def app(scope, receive, send):
    await without_lifespan(scope)
    await receive()
    task = asyncio.create_task(listen(receive))
    await asyncio.sleep(0)
    await respond(send)
    await task
";
    run(source, |app, module| async move {
        let reply = Drive::service(app).get("/").send_async().await;
        assert_passed!(reply);
        turns().await;
        assert_eq!(module.value("told"), "['http.disconnect']");
    });
}
