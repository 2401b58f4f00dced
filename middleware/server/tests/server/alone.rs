//! The links without the server: each works in any tower stack, and gives back what it did not use.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use enfilade_core::{Gate, Rejection, RequestContext};
use enfilade_server::{
    AllowedHosts, BodyLimit, ConfigError, HyperService, InFlight, Limits, Patient, StrictRequest,
};
use http::{Request, Response, Version};
use http_body_util::Full;
use hyper::service::Service as _;
use tokio::time::timeout;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, limit::ConcurrencyLimit, service_fn};

type Body = Full<Bytes>;

async fn fine<B>(_: Request<B>) -> Result<Response<Body>, Infallible> {
    Ok(Response::new(Body::default()))
}

fn code(response: &Response<impl Sized>) -> &'static str {
    response.extensions().get().map_or("", Rejection::code)
}

/// Has `link` refuse `bad` twice without letting go of the service, then sends `good` through a clone.
async fn refuses_and_gives_back<S, R>(mut link: S, bad: fn() -> Request<Body>, good: Request<Body>)
where
    S: Service<Request<Body>, Response = Response<R>, Error = Infallible> + Clone,
{
    let clone = link.clone();
    for _ in 0..2 {
        let ready = timeout(Duration::from_secs(1), link.ready()).await;
        let refused = ready.expect("no permit is kept").unwrap().call(bad()).await.unwrap();
        assert!(refused.status().is_client_error());
    }
    let answer = timeout(Duration::from_secs(1), clone.oneshot(good)).await;
    assert_eq!(answer.expect("no permit is kept").unwrap().status(), 200);
}

fn get(host: &str) -> Request<Body> {
    Request::get("/").header("host", host).body(Body::default()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_link_that_refuses_gives_the_permit_below_it_back() {
    let strict = StrictRequest::new().layer(ConcurrencyLimit::new(service_fn(fine), 1));
    refuses_and_gives_back(strict, || get("a@b"), get("a")).await;

    let limit = BodyLimit::new().with_max_size(1).layer(ConcurrencyLimit::new(service_fn(fine), 1));
    refuses_and_gives_back(limit, || Request::new(Body::from("two")), Request::new(Body::from("1"))).await;
}

#[tokio::test(start_paused = true)]
async fn a_service_at_its_limit_of_requests_gives_the_permit_below_it_back() {
    let none = InFlight::new(0).layer(ConcurrencyLimit::new(service_fn(fine::<Body>), 1));
    let (mut first, second) = (none.clone(), none);
    let busy = first.ready().await.unwrap().call(get("a")).await.unwrap();
    assert_eq!((busy.status().as_u16(), code(&busy)), (503, "server.busy"));
    timeout(Duration::from_secs(1), second.oneshot(get("a"))).await.expect("no permit is kept").unwrap();
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

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_while_it_waits_holds_nothing() {
    let limited = ServiceBuilder::new().concurrency_limit(1).service(service_fn(fine::<Body>));
    let mut patient = Patient::new(limited);
    let running = patient.call(get("a"));
    let waiting = patient.call(get("a"));
    drop(waiting);
    running.await.unwrap();
    timeout(Duration::from_secs(1), patient.call(get("a"))).await.expect("the place was given up").unwrap();
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
    for host in ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "[::1]:8080", "[::1]", "shop.example:8443"] {
        assert_eq!(judge(Version::HTTP_11, Some(host)), None, "{host}");
    }
    for host in [
        "evil.example",
        "localhost.",
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
    let refused = AllowedHosts::new(["a"]).unwrap().enter(&mut parts).unwrap_err();
    assert_eq!((refused.status().as_u16(), refused.code()), (500, "http.host-unjudged"));
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
