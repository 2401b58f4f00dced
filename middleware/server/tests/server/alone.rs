//! The links without the server: each works in any tower stack, and gives back what it did not use.

use std::{convert::Infallible, time::Duration};

use enfilade_core::{Gate, RequestContext};
use enfilade_server::{
    AllowedHosts, BodyLimit, ConfigError, HyperService, InFlight, Limits, Patient, StrictRequest,
};
use enfilade_test::{Answer, Drive, Latch, Probe, ProbeBody, assert_passed, assert_refused, drive};
use http::{Request, Version};
use hyper::service::Service as _;
use tokio::time::timeout;
use tower::{ServiceBuilder, limit::ConcurrencyLimit, service_fn};

#[test]
fn a_link_that_refuses_gives_back_what_is_below_it_and_leaves_the_body_unread() {
    let probe = Probe::ok();
    let (body, watch) = ProbeBody::from("two").watched();
    let nothing_kept = || assert_eq!((probe.ready(), watch.polls(), watch.alive()), (0, 0, 1));

    let mut strict = drive(StrictRequest::new(), &probe);
    let mut limit = drive(BodyLimit::new().with_max_size(1), &probe);
    let mut full = drive(InFlight::new(0), &probe);
    for _ in 0..2 {
        assert_refused!(
            strict.post("/").header("host", "a@b").body(body.clone()).send(),
            400,
            "http.host-invalid"
        );
        nothing_kept();
        assert_refused!(limit.post("/").body(body.clone()).send(), 413, "http.body-too-large");
        nothing_kept();
        assert_refused!(full.post("/").body(body.clone()).send(), 503, "server.busy");
        nothing_kept();
    }
    probe.never_reached();
    assert_passed!(strict.get("/").send());
    assert_passed!(limit.post("/").body("1").send());
}

#[tokio::test(start_paused = true)]
async fn the_polled_service_waits_and_its_place_in_the_queue_is_not_lost() {
    let limited = ServiceBuilder::new().concurrency_limit(1).service(service_fn(async |wait: u64| {
        tokio::time::sleep(Duration::from_secs(wait)).await;
        Ok::<_, Infallible>(wait)
    }));
    let service = HyperService::new(limited);
    // The second and third wait in boxes; the first polled to be done gets its permit from the one before.
    let (first, second, third) = (service.call(5), service.call(3), service.call(1));
    let all = async { tokio::join!(third, second, first) };
    let done = timeout(Duration::from_secs(60), all).await.expect("no permit is swallowed");
    assert_eq!(done, (Ok(1), Ok(3), Ok(5)));
}

#[test]
fn a_call_that_is_dropped_while_it_waits_holds_nothing() {
    let latch = Latch::shut();
    let probe = Probe::ok().respond(Answer::ok().wait(&latch));
    let mut patient = Drive::service(Patient::new(ConcurrencyLimit::new(probe.service(), 1)));
    let mut running = patient.get("/").start();
    let mut waiting = patient.get("/").start();
    assert!(running.is_pending() && waiting.is_pending());
    drop(waiting);
    latch.open();
    assert_passed!(running.finish().unwrap());
    assert_passed!(patient.get("/").send());
    assert_eq!(probe.requests().len(), 2, "what was given up never began");
}

#[test]
fn only_the_servers_own_names_pass() {
    let gate = AllowedHosts::new(["localhost", "127.0.0.1", "[::1]", "Shop.Example:8443"]).unwrap();
    let judge = |version: Version, host: Option<&'static str>| {
        let (mut parts, ()) = Request::new(()).into_parts();
        parts.version = version;
        if let Some(host) = host {
            parts.headers.insert("host", http::HeaderValue::from_static(host));
        }
        let canonical = StrictRequest::new().judge(&parts).unwrap();
        RequestContext::begin(&mut parts.extensions, canonical);
        gate.enter(&mut parts).err().map(|rejection| (rejection.status().as_u16(), rejection.code()))
    };
    for host in [
        "localhost",
        "localhost.",
        "LOCALHOST:8080",
        "127.0.0.1:1",
        "[::1]:8080",
        "[::1]",
        "shop.example:8443",
    ] {
        assert_eq!(judge(Version::HTTP_11, Some(host)), None, "{host}");
    }
    for host in [
        "evil.example",
        "localhost.evil.example",
        "evil-localhost",
        "127.0.0.2",
        "[::2]",
        "shop.example",
        "shop.example:80",
    ] {
        assert_eq!(judge(Version::HTTP_11, Some(host)), Some((421, "http.host-unknown")), "{host}");
    }
    assert_eq!(judge(Version::HTTP_10, None), Some((421, "http.host-unknown")));
}

#[test]
fn names_that_are_none_and_a_door_that_is_missing_fail_closed() {
    assert_eq!(AllowedHosts::new([""; 0]).unwrap_err(), ConfigError::NoHosts);
    let error = AllowedHosts::new(["a", "http://a"]).unwrap_err();
    assert!(error.to_string().contains("`http://a`"), "{error}");

    let (mut parts, ()) = Request::get("/").header("host", "a").body(()).unwrap().into_parts();
    assert_refused!(AllowedHosts::new(["a"]).unwrap().enter(&mut parts), 500, "http.host-unjudged");
}

#[test]
fn a_limit_that_cannot_work_names_itself() {
    for (limits, setting) in [
        (Limits::default().with_head_timeout(Duration::ZERO), "head_timeout"),
        (Limits::default().with_idle_timeout(Duration::MAX), "idle_timeout"),
        (Limits::default().with_body_timeout(Duration::ZERO), "body_timeout"),
        (Limits::default().with_max_header_size(2 << 20), "max_header_size"),
        (Limits::default().with_max_in_flight(0), "max_in_flight"),
        (Limits::default().with_max_connections(0), "max_connections"),
        (Limits::default().with_max_connections(usize::MAX), "max_connections"),
        (Limits::default().with_max_streams(0), "max_streams"),
    ] {
        let error = limits.check().unwrap_err().to_string();
        assert!(error.starts_with(&format!("`{setting}`")), "{error}");
    }
    assert!(Limits::default().check().is_ok());
}
