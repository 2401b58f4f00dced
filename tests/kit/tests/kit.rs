//! The kit tested on itself: what the probe records and scripts.

use std::task::{Context, Poll, Waker};

use enfilade_test::{Answer, Drive, Probe, ProbeBody, assert_passed, drive};
use http::{Request, StatusCode};
use tower_layer::Identity;
use tower_service::Service;

#[test]
fn answers_follow_the_script_and_the_last_one_repeats() {
    let probe = Probe::ok().respond(500).respond(StatusCode::NOT_FOUND);
    let mut app = Drive::service(probe.service());
    let statuses: Vec<_> = (0..3).map(|_| app.get("/").send().status().as_u16()).collect();
    assert_eq!(statuses, [500, 404, 404]);
}

#[test]
fn an_answer_can_be_made_from_the_request() {
    let probe = Probe::ok().respond_with(|req| Answer::ok().body(req.uri.path().to_owned()));
    assert_eq!(Drive::service(probe.service()).get("/a?b").send().text(), "/a");
}

#[test]
fn bodies_are_read_only_on_demand() {
    let probe = Probe::ok();
    assert_passed!(drive(Identity::new(), &probe).post("/").body("unread").send());
    assert_eq!(probe.last().body(), None);

    let probe = Probe::ok().read_bodies();
    let body = ProbeBody::new().data("one ").data("two").trailer("x-sum", "7");
    assert_passed!(drive(Identity::new(), &probe).post("/").body(body).send());
    assert_eq!(probe.last().body().expect("it was read"), "one two");
}

#[test]
fn frames_trailers_and_breaks_of_an_answer_arrive() {
    let whole = Answer::ok().body(ProbeBody::new().data("a").data("b").trailer("x-one", "1"));
    let broken = Answer::ok().body(ProbeBody::new().data("a").error("cut off"));
    let probe = Probe::ok().respond(whole).respond(broken);
    let mut app = Drive::service(probe.service());

    let reply = app.get("/").send();
    assert_eq!(reply.text(), "ab");
    assert_eq!(reply.trailers().expect("they were scripted")["x-one"], "1");
    assert_eq!(reply.body_error(), None);
    assert_eq!(app.get("/").send().body_error(), Some("cut off"));
}

#[test]
fn a_scripted_error_is_an_error_and_not_a_response() {
    let probe = Probe::ok().respond(Answer::error("no database"));
    let error = Drive::service(probe.service()).get("/").try_send().expect_err("it was scripted");
    assert_eq!(error.to_string(), "no database");
}

#[test]
fn after_a_scripted_panic_the_probe_still_works() {
    let probe = Probe::ok().respond(Answer::panic("scripted")).respond(200);
    let mut app = Drive::service(probe.service());
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| app.get("/").send()));
    assert!(caught.is_err());
    assert_passed!(app.get("/").send());
}

#[test]
fn readiness_is_held_and_released_by_hand() {
    let probe = Probe::ok();
    let mut service = probe.service();
    let mut cx = Context::from_waker(Waker::noop());
    probe.hold();
    assert!(Service::<Request<ProbeBody>>::poll_ready(&mut service, &mut cx).is_pending());
    probe.release();
    assert!(matches!(Service::<Request<ProbeBody>>::poll_ready(&mut service, &mut cx), Poll::Ready(Ok(()))));
}

#[test]
fn a_release_on_another_thread_lets_a_waiting_request_go_on() {
    let probe = Probe::ok();
    probe.hold();
    let releaser = std::thread::spawn({
        let probe = probe.clone();
        move || probe.release()
    });
    assert_passed!(Drive::service(probe.service()).get("/").send());
    releaser.join().expect("releasing does not panic");
}

#[test]
#[should_panic(expected = "without `poll_ready`")]
fn a_call_on_an_unready_clone_is_caught() {
    let mut ready = Probe::ok().service();
    let _ = Service::<Request<ProbeBody>>::poll_ready(&mut ready, &mut Context::from_waker(Waker::noop()));
    drop(ready.clone().call(Request::new(ProbeBody::new())));
}

#[test]
fn clones_of_the_service_are_counted_and_clones_of_the_handle_are_not() {
    let probe = Probe::ok();
    let service = probe.clone().service();
    assert_eq!(probe.clones(), 0);
    let _ = (service.clone(), service.clone());
    assert_eq!(probe.clones(), 2);
}

#[test]
#[should_panic(expected = "but saw GET /secret")]
fn a_probe_that_was_reached_says_by_what() {
    let probe = Probe::ok();
    Drive::service(probe.service()).get("/secret").send();
    probe.never_reached();
}
