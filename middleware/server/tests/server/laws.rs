//! The server's links keep the laws of a tower HTTP layer, alone and in their order.
//!
//! ```text
//! RequestIds ▸ AccessLog ▸ SecurityHeaders ▸ RenderRejections ▸ InFlight ▸ StrictRequest ▸ BodyLimit ▸ TrueLength ▸ Rescue ▸ Patient
//! ```

use std::{
    future::{pending, poll_fn},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use enfilade_core::{Gates, RenderRejections, from_fn_with};
use enfilade_server::{
    AccessLog, AllowedHosts, BodyLimit, InFlight, PathRules, Patient, RequestIds, Rescue, SecurityHeaders,
    StrictRequest, TraceContexts, TrueLength, security_headers::Hsts,
};
use enfilade_test::{Answer, Law, Laws, Probe, ProbeBody, ProbeError, assert_laws};
use http::{Request, Response, request};
use http_body::Body as _;
use tokio::sync::Semaphore;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, limit::ConcurrencyLimit, service_fn};

const TO_A_RESPONSE: &str = "to make responses of errors is what it is for";

fn odd_host() -> request::Builder {
    Request::post("/").header("host", "a@b")
}

fn too_long() -> Request<ProbeBody> {
    let request = Request::post("/").header("host", "localhost");
    request.body(ProbeBody::from(vec![b'x'; 65])).expect("a request")
}

/// Every reason for which the strict link refuses, by one request for each rule that the kit can write.
fn refused_by_the_strict_link(laws: Laws) -> Laws {
    laws.refused("an odd host", odd_host)
        .refused("no host", || Request::post("/"))
        .refused("two hosts", || Request::post("/").header("host", "a").header("host", "b"))
        .refused("another host in its target", || Request::post("http://a/").header("host", "b"))
        .refused("a tunnel", || Request::connect("localhost:80").header("host", "localhost:80"))
        .refused("a coding that is not chunked", || {
            Request::post("/").header("host", "a").header("transfer-encoding", "gzip")
        })
        .refused("a path with a way up in it", || Request::post("/a/%2e%2e/b").header("host", "a"))
}

#[test]
fn every_link_keeps_them_alone() {
    assert_laws!(RequestIds::new());
    assert_laws!(RequestIds::new().with_request_field());
    assert_laws!(SecurityHeaders::new());
    let hsts = Hsts::new(Duration::from_secs(60));
    assert_laws!(SecurityHeaders::new().with_hsts(hsts).expect("a minute").without_app_signature());
    assert_laws!(Gates::of(TraceContexts::new()));
    assert_laws!(AccessLog::new());
    assert_laws!(TrueLength::new());
    Laws::service(Patient::new).assert();
    Laws::service(Rescue::new).except(Law::ErrorsUnchanged, TO_A_RESPONSE).assert();
    refused_by_the_strict_link(Laws::of(StrictRequest::new())).assert();
    let limit = InFlight::new(8);
    let counted = limit.clone();
    Laws::of(limit).invariant(move || counted.now() == 0).assert();
}

#[test]
fn a_limit_of_bodies_keeps_them() {
    assert_laws!(BodyLimit::new());
    let tight = BodyLimit::new().with_max_size(64);
    Laws::of(tight).refused_with_body("a body that is too long", too_long).assert();
}

#[tokio::test(start_paused = true)]
async fn a_body_with_a_deadline_keeps_them_where_there_is_a_timer() {
    let limit = BodyLimit::new().with_max_size(64).with_timeout(Duration::from_secs(5)).with_min_rate(1024);
    Laws::of(limit).refused_with_body("a body that is too long", too_long).assert_async().await;
}

/// Takes every place of the limit while a request that says `x-full` is judged.
#[test]
fn a_full_house_refuses_by_the_laws() {
    let limit = InFlight::new(8);
    let counted = limit.clone();
    let full = from_fn_with(limit.clone(), async |limit: InFlight, req: Request<ProbeBody>, next| {
        let others = if req.headers().contains_key("x-full") { 8 } else { 0 };
        let stuck = service_fn(|_: Request<()>| pending::<Result<Response<ProbeBody>, ProbeError>>());
        let taken: Vec<_> = (0..others).map(|_| limit.layer(stuck).call(Request::new(()))).collect();
        let answer = next.run(req).await;
        drop(taken);
        answer
    });
    Laws::service(move |probe| full.layer(limit.layer(probe)))
        .refused("one too many", || Request::post("/").header("x-full", "1"))
        .invariant(move || counted.now() == 0)
        .assert();
}

#[test]
fn paths_are_judged_by_the_laws() {
    Laws::of(Gates::of(PathRules::new()))
        .refused("a slash that is escaped", || Request::post("/a%2fb"))
        .refused("a target without a path", || Request::post("*"))
        .assert();
    let generous = PathRules::new().with_encoded_slashes().with_empty_segments().with_semicolons();
    refused_by_the_strict_link(Laws::of(StrictRequest::new().with_paths(generous))).assert();
}

#[test]
fn host_names_are_judged_by_the_laws() {
    let stack = |probe| {
        let names = AllowedHosts::new(["localhost"]).expect("a name");
        StrictRequest::new().layer(Gates::of(names).layer(probe))
    };
    refused_by_the_strict_link(Laws::service(stack))
        .refused("another name", || Request::post("/").header("host", "evil.example"))
        .assert();
    let alone = Gates::of(AllowedHosts::new(["localhost"]).expect("a name"));
    let report = Laws::of(alone).refused("what nobody judged", || Request::post("/")).check();
    assert!(!report.broken().contains(&Law::RefusalStops), "{report}");
}

#[test]
fn all_of_them_keep_them_in_their_order() {
    let limit = InFlight::new(8);
    let counted = limit.clone();
    let stack = move |probe| {
        ServiceBuilder::new()
            .layer(RequestIds::new())
            .layer(AccessLog::new())
            .layer(SecurityHeaders::new())
            .layer(RenderRejections::new())
            .layer(limit.clone())
            .layer(StrictRequest::new())
            .layer(BodyLimit::new().with_max_size(64))
            .layer(TrueLength::new())
            .layer_fn(Rescue::new)
            .layer_fn(Patient::new)
            .service(probe)
    };
    refused_by_the_strict_link(Laws::service(stack))
        .refused_with_body("a body that is too long", too_long)
        .invariant(move || counted.now() == 0)
        .except(Law::ErrorsUnchanged, TO_A_RESPONSE)
        .assert();
}

#[tokio::test]
async fn a_limit_of_the_app_is_free_again_under_the_whole_stack() {
    let limit = InFlight::new(8);
    let counted = limit.clone();
    let places = Arc::new(Semaphore::new(4));
    let watched = places.clone();
    let stack = move |probe| {
        ServiceBuilder::new()
            .layer(RenderRejections::new())
            .layer(limit.clone())
            .layer(StrictRequest::new())
            .layer(BodyLimit::new())
            .layer(TrueLength::new())
            .layer_fn(Rescue::new)
            .layer_fn(Patient::new)
            .service(ConcurrencyLimit::with_semaphore(probe, places.clone()))
    };
    refused_by_the_strict_link(Laws::service(stack))
        .invariant(move || counted.now() == 0 && watched.available_permits() == 4)
        .except(Law::ErrorsUnchanged, TO_A_RESPONSE)
        .assert_async()
        .await;
}

#[tokio::test]
async fn a_body_that_broke_off_is_over_and_says_no_bytes_are_left() {
    // Of open length, so that what it says is found untrue only while it is sent.
    let body = ProbeBody::new().data("one").error("cut off");
    let probe = Probe::ok().respond(Answer::ok().header("content-length", "9").body(body));
    let service = TrueLength::new().layer(probe.service());
    let response = service.oneshot(Request::new(ProbeBody::new())).await.expect("a response");
    let mut body = pin!(response.into_body());
    let mut failed = false;
    while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        failed |= frame.is_err();
    }
    assert!(failed && body.is_end_stream());
    assert_eq!(body.size_hint().exact(), Some(0));
}
