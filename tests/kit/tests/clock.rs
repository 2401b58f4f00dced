//! Virtual time: ours alone, the wall alone, and ours beside tokio's paused one.

use std::time::Duration;

use enfilade_core::{Chain, Clock, Pass, Rejection, from_fn, gate_fn};
use enfilade_test::{Drive, Probe, TestClock, assert_passed, assert_refused, drive, enter};
use http::StatusCode;

const NOW: u64 = 1_800_000_000;

/// Passes until a moment on the wall, and at most for a minute after it was built.
fn until(exp: u64, clock: &Clock) -> impl enfilade_core::Gate + use<> {
    let (clock, built) = (clock.clone(), clock.monotonic());
    gate_fn("until", move |_| {
        let refuse = |code| Err(Rejection::new(StatusCode::UNAUTHORIZED, code));
        if clock.monotonic().saturating_sub(built) > Duration::from_secs(60) {
            return refuse("until.old");
        }
        if clock.unix_seconds() >= exp { refuse("until.expired") } else { Ok(Pass::Now) }
    })
}

#[test]
fn time_passes_on_both_sides_and_the_wall_jumps_alone() {
    let time = TestClock::at(NOW);
    let gate = until(NOW + 50, &Clock::from(&time));
    assert_passed!(enter(&gate, "/"));
    time.jump_ahead(Duration::from_secs(50));
    assert_refused!(enter(&gate, "/"), 401, "until.expired");
    time.jump_back(Duration::from_secs(3600));
    assert_eq!(time.unix_seconds(), NOW + 50 - 3600);
    assert_passed!(enter(&gate, "/"));
    time.set_unix(0);
    time.advance(Duration::from_secs(61));
    assert_refused!(enter(&gate, "/"), 401, "until.old");
}

#[test]
fn clones_and_every_clock_of_it_show_one_time() {
    let time = TestClock::at(NOW);
    let (clone, clock) = (time.clone(), time.clock());
    clone.advance(Duration::from_millis(1500));
    assert_eq!((clock.unix_seconds(), clock.monotonic()), (NOW + 1, Duration::from_millis(1500)));
}

#[tokio::test(start_paused = true)]
async fn a_chain_that_sleeps_and_measures_is_moved_in_both_times() {
    let time = TestClock::at(NOW);
    let slow = from_fn(async |req, next| {
        tokio::time::sleep(Duration::from_millis(250)).await;
        next.run(req).await
    });
    let chain = Chain::new().gate(until(NOW + 50, &time.clock())).layer("slow", slow);
    let (service, _) =
        chain.with_server_timing(time.clock()).build(Probe::ok().service()).expect("an order that works");
    let mut door = Drive::service(service);

    let pass = async |by| {
        time.advance(by);
        tokio::time::advance(by).await;
    };
    let (reply, ()) = tokio::join!(door.get("/").send_async(), pass(Duration::from_millis(250)));
    let timing = reply.header("server-timing").expect("it was asked for");
    assert!(timing.contains("slow") && timing.contains("dur=250"), "{timing}");
}

#[tokio::test(start_paused = true)]
async fn paused_tokio_jumps_to_its_timer_and_our_clock_stays() {
    let time = TestClock::at(NOW);
    let sleepy = from_fn(async |req, next| {
        tokio::time::sleep(Duration::from_secs(3600)).await;
        next.run(req).await
    });
    assert_passed!(drive(sleepy, &Probe::ok()).get("/").send_async().await);
    assert_eq!(time.unix_seconds(), NOW);
}
