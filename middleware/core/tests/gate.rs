//! A run of gates as a service: order, ways back, waiting, readiness and permits.
//!
//! ```text
//! drive(Gates, &probe) ──▶ enter in reading order ──▶ probe ──▶ leave innermost first
//! ```

#![allow(clippy::unwrap_used)] // a helper of a test fails the test

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex},
};

use enfilade_core::{Exit, Gate, Gates, OnLeave, Pass, Rejection, gate_fn};
use enfilade_test::{Answer, Probe, ProbeBody, assert_passed, assert_refused, drive};
use http::{StatusCode, request, response};
use tokio::sync::oneshot;

type Log = Arc<Mutex<Vec<&'static str>>>;

/// Writes its name on the way in and its second name on the way out.
fn logging(log: &Log, way_in: &'static str, way_out: &'static str) -> impl Gate {
    let log = log.clone();
    gate_fn(way_in, move |_| {
        log.lock().unwrap().push(way_in);
        let log = log.clone();
        Ok(Pass::then(move |_| log.lock().unwrap().push(way_out)))
    })
}

/// A way back that the gate keeps too.
struct Kept(Log);

impl OnLeave for Kept {
    fn leave(&self, _: &mut response::Parts) -> Exit {
        self.0.lock().unwrap().push("left");
        Exit::Done
    }

    fn abandon(&self) {
        self.0.lock().unwrap().push("abandoned");
    }
}

fn refusing(code: &'static str) -> impl Gate {
    gate_fn("refusing", move |_| Err(Rejection::new(StatusCode::FORBIDDEN, code)))
}

fn words(log: &Log) -> Vec<&'static str> {
    log.lock().unwrap().clone()
}

#[test]
fn gates_are_entered_in_reading_order_and_leave_innermost_first() {
    let log = Log::default();
    let gates = Gates::of(logging(&log, "a", "/a")).gate(logging(&log, "b", "/b"));
    assert_passed!(drive(gates, &Probe::ok()).get("/").send());
    assert_eq!(words(&log), ["a", "b", "/b", "/a"]);
}

#[test]
fn a_refusal_never_reaches_the_app_and_entered_gates_still_leave() {
    let log = Log::default();
    let probe = Probe::ok();
    let gates = Gates::of(logging(&log, "a", "/a")).gate(refusing("no.entry")).gate(logging(&log, "c", "/c"));
    assert_refused!(drive(gates, &probe).get("/").send(), 403, "no.entry");
    probe.never_reached();
    assert_eq!(words(&log), ["a", "/a"]);
}

#[test]
fn a_shared_way_back_is_run_or_hears_that_it_will_not_be() {
    let log = Log::default();
    let kept = Arc::new(Kept(log.clone()));
    let gates = Gates::of(gate_fn("kept", move |_| Ok(Pass::then_shared(kept.clone()))));
    assert_passed!(drive(gates.clone(), &Probe::ok()).get("/").send());
    assert_eq!(words(&log), ["left"]);
    assert_refused!(drive(gates.clone().gate(refusing("no")), &Probe::ok()).get("/").send(), 403, "no");
    assert_eq!(words(&log), ["left", "left"]);
    let broken = Probe::ok().respond(Answer::error("broken"));
    assert_eq!(drive(gates, &broken).get("/").try_send().unwrap_err().to_string(), "broken");
    assert_eq!(words(&log), ["left", "left", "abandoned"]);
}

#[test]
fn a_leave_sees_the_refusal_and_may_add_to_it() {
    let stamp = gate_fn("stamp", |_| {
        Ok(Pass::then(|res| {
            res.headers.insert("x-status", res.status.as_u16().into());
        }))
    });
    let reply = drive(Gates::of(stamp).gate(refusing("no.entry")), &Probe::ok()).get("/").send();
    assert_eq!(reply.header("x-status"), Some("403"));
}

#[test]
fn a_refusal_on_the_way_out_replaces_head_and_body() {
    let failing = gate_fn("commit", |_| {
        let failed = || Err(Rejection::new(StatusCode::SERVICE_UNAVAILABLE, "session.store-down"));
        Ok(Pass::then(move |_| failed()))
    });
    let probe = Probe::ok().respond(Answer::ok().header("x-private", "1").body("private"));
    let reply = drive(Gates::of(failing), &probe).get("/").send();
    assert_refused!(reply, 503, "session.store-down");
    assert_eq!((reply.text(), reply.header("x-private")), ("", None));
}

#[test]
fn an_inner_error_passes_through_and_the_ways_back_are_only_dropped() {
    let log = Log::default();
    let probe = Probe::ok().respond(Answer::error("broken"));
    let failed = drive(Gates::of(logging(&log, "a", "/a")), &probe).get("/").try_send().unwrap_err();
    assert_eq!(failed.to_string(), "broken");
    assert_eq!((words(&log), Arc::strong_count(&log)), (vec!["a"], 1), "only dropped, but dropped");
}

/// Waits for the channel before it judges its one request.
fn waiting() -> (oneshot::Sender<bool>, impl Gate) {
    let (tell, told) = oneshot::channel();
    let told = Mutex::new(Some(told));
    let gate = gate_fn("waiting", move |_| {
        let told = told.lock().unwrap().take().expect("one request");
        Ok(Pass::later(async {
            let pass = told.await.unwrap_or(false);
            move |req: &mut request::Parts| {
                if !pass {
                    return Err(Rejection::new(StatusCode::FORBIDDEN, "later.no"));
                }
                req.headers.insert("x-later", http::HeaderValue::from_static("1"));
                Ok(Pass::then(|res| {
                    res.headers.insert("x-back", http::HeaderValue::from_static("1"));
                }))
            }
        }))
    });
    (tell, gate)
}

#[test]
fn a_gate_that_waits_resumes_the_walk_behind_itself() {
    let log = Log::default();
    let (tell, waits) = waiting();
    let probe = Probe::ok();
    let gates = Gates::of(logging(&log, "a", "/a")).gate(waits).gate(logging(&log, "c", "/c"));
    let mut door = drive(gates, &probe);
    let mut in_flight = door.get("/").start();
    assert!(in_flight.is_pending());
    assert_eq!(words(&log), ["a"]);
    probe.never_reached();

    tell.send(true).unwrap();
    let response = in_flight.finish().unwrap();
    assert_eq!(response.header("x-back"), Some("1"));
    assert_eq!(probe.last().headers["x-later"], "1");
    assert_eq!(words(&log), ["a", "c", "/c", "/a"]);
}

#[test]
fn a_gate_that_waits_may_refuse_and_outer_gates_leave() {
    let log = Log::default();
    let (tell, waits) = waiting();
    let probe = Probe::ok();
    let mut door = drive(Gates::of(logging(&log, "a", "/a")).gate(waits), &probe);
    let mut in_flight = door.get("/").start();
    assert!(in_flight.is_pending());
    tell.send(false).unwrap();
    assert_refused!(in_flight.finish().unwrap(), 403, "later.no");
    probe.never_reached();
    assert_eq!(words(&log), ["a", "/a"]);
}

#[test]
fn a_leave_that_waits_holds_the_head_back_and_outer_leaves_follow_it() {
    let (tell, told) = oneshot::channel::<()>();
    let told = Mutex::new(Some(told));
    let log = Log::default();
    let commit = gate_fn("commit", move |_| {
        let told = told.lock().unwrap().take().expect("one request");
        Ok(Pass::then(|_| {
            Exit::later(async {
                let _ = told.await;
                |res: &mut response::Parts| {
                    res.headers.insert("x-committed", http::HeaderValue::from_static("1"));
                    Exit::Done
                }
            })
        }))
    });
    let gates = Gates::of(logging(&log, "a", "/a")).gate(commit).gate(logging(&log, "c", "/c"));
    let probe = Probe::ok();
    let mut door = drive(gates, &probe);
    let mut in_flight = door.get("/").start();
    assert!(in_flight.is_pending());
    assert_eq!(words(&log), ["a", "c", "/c"]);
    tell.send(()).unwrap();
    assert_eq!(in_flight.finish().unwrap().header("x-committed"), Some("1"));
    assert_eq!(words(&log), ["a", "c", "/c", "/a"]);
}

#[test]
fn whatever_ends_a_request_at_the_gate_gives_the_readied_service_and_the_body_back() {
    // The service still lives, as on an idle keep-alive connection: what it keeps, nobody else gets.
    let probe = Probe::ok();
    let (body, watch) = ProbeBody::from("unread").watched();
    let nothing_kept = || assert_eq!((probe.ready(), watch.polls(), watch.alive()), (0, 0, 1));

    let mut door = drive(Gates::of(refusing("no.entry")), &probe);
    assert_refused!(door.post("/").body(body.clone()).send(), 403, "no.entry");
    nothing_kept();

    let mut broken = drive(Gates::of(gate_fn("broken", |_| panic!("a gate's own fault"))), &probe);
    catch_unwind(AssertUnwindSafe(|| broken.post("/").body(body.clone()).send())).unwrap_err();
    nothing_kept();

    let (_tell, waits) = waiting();
    let mut waiting = drive(Gates::of(waits), &probe);
    let mut in_flight = waiting.post("/").body(body.clone()).start();
    assert!(in_flight.is_pending());
    assert_eq!((probe.ready(), watch.polls(), watch.alive()), (1, 0, 2), "it will be called");
    drop(in_flight);
    nothing_kept();
    probe.never_reached();
}

#[test]
fn the_future_of_many_gates_is_small_and_of_one_size() {
    let one = Gates::of(gate_fn("a", |_| Ok(Pass::Now)));
    let eight = (0..7).fold(one.clone(), |gates, _| gates.gate(gate_fn("b", |_| Ok(Pass::Now))));
    let size = |gates: Gates| size_of_val(&drive(gates, &Probe::ok()).get("/").start());
    assert_eq!(size(one), size(eight));
}
