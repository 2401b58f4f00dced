//! The drive: what it sends, what it waits for, what a test does by hand, and gates without a service.

use enfilade_core::{Exit, Pass, Rejection, gate_fn};
use enfilade_test::{
    Answer, Ask, Drive, Latch, Probe, ProbeBody, assert_body, assert_header, assert_passed, assert_refused,
    drive,
    drive::{Step, enter_async, finish_all},
    enter,
};
use http::{HeaderValue, Method, StatusCode, Version, request, response};
use tower_layer::Identity;

#[test]
fn an_answer_in_flight_is_polled_by_hand_and_dropped_to_hang_up() {
    let probe = Probe::ok().respond(Answer::hang()).respond(204);
    let mut app = Drive::service(probe.service());
    let mut flight = app.get("/").start();
    assert!(flight.is_pending());
    assert_eq!(flight.woken(), 0);
    drop(flight);

    let mut flight = app.get("/").start();
    assert!(!flight.is_pending());
    assert_passed!(flight.finish().expect("the script answers"), 204);
}

#[test]
fn credentials_and_cookies_are_written_as_the_rfcs_say() {
    let probe = Probe::ok();
    let mut app = Drive::service(probe.service());
    app.get("/").basic("Aladdin", "open sesame").send();
    assert_eq!(probe.last().header("authorization"), Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
    app.get("/").bearer("a.b.c").cookie("x", "1").cookie("y", "2").send();
    assert_eq!(probe.last().header("authorization"), Some("Bearer a.b.c"));
    assert_eq!(probe.last().header("cookie"), Some("x=1; y=2"));
}

#[test]
fn a_request_names_a_host_unless_it_is_told_otherwise() {
    let probe = Probe::ok();
    let mut app = Drive::service(probe.service());
    app.get("/").send();
    assert_eq!(probe.last().header("host"), Some("localhost"));
    app.get("/").header("host", "a.example").send();
    assert_eq!(probe.last().headers.get_all("host").iter().count(), 1);
    app.get("/").without("host").send();
    assert_eq!(probe.last().header("host"), None);
}

#[test]
fn every_method_has_its_word() {
    let probe = Probe::ok();
    let mut app = Drive::service(probe.service());
    for sending in
        [Drive::get, Drive::head, Drive::post, Drive::put, Drive::patch, Drive::delete, Drive::options]
    {
        sending(&mut app, "/").send();
    }
    app.request(Method::TRACE, "/").send();
    let methods: Vec<_> = probe.requests().iter().map(|seen| seen.method.to_string()).collect();
    assert_eq!(methods, ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]);
}

#[test]
fn targets_take_every_form_of_the_rfc() {
    let probe = Probe::ok();
    let mut app = Drive::service(probe.service());
    app.get("/a?b").scheme("https").send();
    assert_eq!(probe.last().uri, "https://localhost/a?b");
    app.get("/a").authority("shop.example:8443").send();
    assert_eq!(probe.last().uri, "http://shop.example:8443/a");
    assert_header!(probe.last(), "host" = "shop.example:8443");
    app.get("/a").header("host", "b.example").scheme("https").http2().send();
    let seen = probe.last();
    assert_eq!((seen.uri.to_string().as_str(), seen.version), ("https://b.example/a", Version::HTTP_2));
    assert_header!(seen, "host" absent);
    app.options("*").version(Version::HTTP_10).send();
    assert_eq!((probe.last().uri.path(), probe.last().version), ("*", Version::HTTP_10));
    app.request(Method::CONNECT, "a.example:443").send();
    assert_eq!(probe.last().uri.authority().map(http::uri::Authority::as_str), Some("a.example:443"));
}

#[test]
fn bodies_come_with_their_media_type() {
    let probe = Probe::ok().read_bodies();
    let mut app = Drive::service(probe.service());
    app.post("/").json(r#"{"a":1}"#).send();
    assert_header!(probe.last(), "content-type" = "application/json");
    app.put("/").form(&[("na me", "a&b=c"), ("ä", "")]).send();
    assert_eq!(probe.last().body().expect("it was read"), "na+me=a%26b%3Dc&%C3%A4=");
    app.get("/").header_bytes("x-raw", b"caf\xe9").cookies([("a", "1"), ("b", "2")]).send();
    assert_eq!(probe.last().headers["x-raw"].as_bytes(), b"caf\xe9");
    assert_header!(probe.last(), "cookie" = "a=1; b=2");
}

#[test]
fn a_request_built_elsewhere_is_sent_as_it_is() {
    let probe = Probe::ok();
    let request = Ask::get("/").without("host").extension(7_u8).build();
    assert_passed!(drive(Identity::new(), &probe).given(request).send());
    assert_header!(probe.last(), "host" absent);
    assert_eq!(probe.last().extensions.get::<u8>(), Some(&7));
}

#[test]
fn clones_are_connections_of_their_own() {
    let (late, probe) = (Latch::shut(), Probe::ok());
    let probe = probe.respond(Answer::ok().wait(&late).body("slow")).respond(Answer::ok().body("fast"));
    let mut one = Drive::service(probe.service());
    let mut two = one.clone();
    let mut flights = vec![one.get("/").start(), two.get("/").start()];
    assert_eq!(probe.in_flight(), 2);
    assert!(flights[0].is_pending() && !flights[1].is_pending());
    late.open();
    let texts: Vec<_> =
        finish_all(flights).into_iter().map(|reply| reply.expect("it answers").text().to_owned()).collect();
    assert_eq!(texts, ["slow", "fast"]);
    assert_eq!(probe.in_flight(), 0);
}

#[test]
fn readiness_is_asked_without_a_request() {
    let probe = Probe::ok();
    let mut app = Drive::service(probe.service());
    probe.hold();
    assert!(!app.is_ready());
    probe.release();
    assert!(app.is_ready());
    assert_eq!(probe.ready(), 1);
    assert_passed!(app.get("/").send());
    assert_eq!(probe.ready(), 0);
}

#[test]
fn a_body_is_read_frame_by_frame_or_dropped_half_way() {
    let (body, watch) = ProbeBody::new().data("one").data("two").trailer("x-sum", "6").watched();
    let probe = Probe::ok().respond(Answer::ok().body(body));
    let mut app = Drive::service(probe.service());

    let mut streaming = app.get("/").stream();
    assert_eq!(streaming.status(), 200);
    assert_eq!(streaming.step(), Step::Data("one".into()));
    let rest = streaming.finish();
    assert_eq!((rest.text(), rest.trailers().is_some()), ("two", true));

    let alive = watch.alive();
    let mut streaming = app.get("/").stream();
    assert_eq!(watch.alive(), alive + 1);
    streaming.step();
    drop(streaming);
    assert_eq!(watch.alive(), alive, "the client hung up");
}

#[test]
fn a_gate_is_entered_and_left_by_hand() {
    let gate = gate_fn("both", |req| {
        req.headers
            .remove("secret")
            .ok_or_else(|| Rejection::new(StatusCode::UNAUTHORIZED, "both.missing"))?;
        Ok(Pass::then(|res| {
            if res.status.is_server_error() {
                return Err(Rejection::new(StatusCode::BAD_GATEWAY, "both.app-failed"));
            }
            res.headers.insert("seen", HeaderValue::from_static("1"));
            Ok(())
        }))
    });
    assert_eq!(enter(&gate, "/").refused("both.missing").status(), 401);
    let ask = || Ask::get("/").header("secret", "1");
    let passed = enter(&gate, ask()).passed();
    assert!(passed.comes_back() && !passed.request().headers.contains_key("secret"));
    assert_header!(passed.leave(200), "seen" = "1");
    assert_refused!(
        enter(&gate, ask())
            .passed()
            .leave(http::Response::builder().status(500).body(()).expect("a response")),
        502,
        "both.app-failed"
    );
}

#[test]
fn what_a_gate_waits_for_is_waited_for_on_this_thread() {
    let gate = gate_fn("later", |_| {
        Ok(Pass::later(async {
            |req: &mut request::Parts| {
                req.extensions.insert("found");
                Ok(Pass::then(|_| {
                    Exit::later(async {
                        |res: &mut response::Parts| {
                            res.headers.insert("committed", HeaderValue::from_static("1"));
                            Exit::Done
                        }
                    })
                }))
            }
        }))
    });
    let passed = enter(&gate, "/").passed();
    assert_eq!(passed.request().extensions.get::<&str>(), Some(&"found"));
    assert_header!(passed.leave(204), "committed" = "1");
}

#[tokio::test]
async fn what_needs_a_runtime_is_awaited_in_one() {
    let gate = gate_fn("yields", |_| {
        Ok(Pass::later(async {
            tokio::task::yield_now().await;
            |_: &mut request::Parts| Ok(Pass::Now)
        }))
    });
    assert_passed!(enter_async(&gate, "/").await);
    let probe = Probe::ok().respond(Answer::ok().body("tea"));
    assert_body!(drive(Identity::new(), &probe).get("/").send_async().await, "tea");
}

#[test]
fn a_reply_in_a_failures_message_has_no_page() {
    let reply =
        Drive::service(Probe::ok().respond(Answer::ok().body("x".repeat(5000))).service()).get("/").send();
    assert!(format!("{reply:?}").len() < 300);
}
