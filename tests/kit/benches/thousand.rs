//! A thousand independent layer tests: how long they take, kind by kind, beside the same written with tower-test.
//!
//! ```text
//! cargo bench -p enfilade-test --bench thousand                    optimised
//! cargo bench -p enfilade-test --bench thousand --profile dev      as `cargo test` builds it
//! ```
//!
//! Each test makes its layer, probe and drive anew, sends, and asserts. A round is a thousand of one kind, or two
//! hundred each of the kit's five kinds ("mixed"); of nine rounds the median is printed. One thread, no sleep.

#![expect(clippy::print_stdout, reason = "a benchmark's table")]
#![expect(clippy::disallowed_methods, reason = "a benchmark asks the machine for the time")]

use std::{
    env,
    time::{Duration, Instant},
};

use enfilade_core::{Gates, Pass, Rejection, Verdict, from_fn, gate_fn};
use enfilade_test::{
    Answer, Ask, Probe, assert_header, assert_passed, assert_refused, assert_set_cookie, drive, enter,
};
use http::{HeaderValue, Request, Response, StatusCode, request};
use tower_layer::Layer as _;
use tower_service::Service as _;

const TESTS: usize = 1000;
const ROUNDS: usize = 9;

type Test = fn();

/// The kit's five kinds, and two of them beside it.
const KINDS: [(&str, Test); 5] = [
    ("a gate, entered and left by hand", gate_by_hand),
    ("a layer: what passes is changed both ways", layer_passes),
    ("a layer: what is refused never arrives", layer_refuses),
    ("a layer that sets and removes cookies", layer_sets_cookies),
    ("a layer from an async closure (from_fn)", layer_from_fn),
];
const BESIDE: [(&str, Test); 2] = [
    ("the second with tower-test and a tokio runtime", tower_test_passes),
    ("the third with tower-test and a tokio runtime", tower_test_refuses),
];

fn main() {
    // `cargo test --all-targets` and nextest start this too, without the word that `cargo bench` adds.
    if !env::args().any(|arg| arg == "--bench") {
        return;
    }
    let profile = if cfg!(debug_assertions) { "not optimised" } else { "optimised" };
    println!("{TESTS} tests, median of {ROUNDS} rounds, {profile}\n");
    for (name, test) in KINDS.into_iter().chain(BESIDE) {
        line(name, median(|| (0..TESTS).for_each(|_| test())));
    }
    let mixed = median(|| (0..TESTS).for_each(|at| KINDS[at % KINDS.len()].1()));
    println!("{}", "─".repeat(72));
    line("mixed, the kit's five kinds in turns", mixed);
}

fn line(name: &str, time: Duration) {
    let each = time / u32::try_from(TESTS).expect("a small number");
    println!("{name:<48} {:>9.3} ms {:>9.2} µs each", time.as_secs_f64() * 1e3, each.as_secs_f64() * 1e6);
}

fn median(round: impl Fn()) -> Duration {
    round();
    let mut times: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            round();
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[ROUNDS / 2]
}

/// Refuses who does not say please, and thanks the others.
fn polite(req: &mut request::Parts) -> Verdict {
    if req.headers.remove("please").is_none() {
        return Err(Rejection::new(StatusCode::FORBIDDEN, "polite.missing"));
    }
    Ok(Pass::then(|res| {
        res.headers.insert("thank", HeaderValue::from_static("you"));
    }))
}

fn gate_by_hand() {
    let gate = gate_fn("polite", polite);
    assert_refused!(enter(&gate, "/"), 403, "polite.missing");
    assert_header!(enter(&gate, Ask::get("/").header("please", "1")).passed().leave(200), "thank" = "you");
}

fn layer_passes() {
    let probe = Probe::ok().respond(Answer::status(201).body("tea"));
    let reply = drive(Gates::of(gate_fn("polite", polite)), &probe).post("/").header("please", "1").send();
    assert_passed!(reply, 201);
    assert_header!(reply, "thank" = "you");
    assert_header!(probe.last(), "please" absent);
}

fn layer_refuses() {
    let probe = Probe::ok();
    let reply = drive(Gates::of(gate_fn("polite", polite)), &probe).get("/").send();
    assert_refused!(reply, 403, "polite.missing");
    probe.never_reached();
}

fn layer_sets_cookies() {
    let gate = gate_fn("cookies", |req| {
        let known = req.headers.get("cookie").is_some_and(|cookie| cookie == "sid=7");
        let line = if known { "sid=; Path=/; Max-Age=0" } else { "sid=7; Path=/; HttpOnly; SameSite=Lax" };
        Ok(Pass::then(move |res| {
            res.headers.append("set-cookie", HeaderValue::from_static(line));
        }))
    });
    let mut door = drive(Gates::of(gate), &Probe::ok());
    assert_set_cookie!(door.get("/").send(), "sid" = "7"; Path = "/", HttpOnly, SameSite = "Lax");
    assert_set_cookie!(door.get("/").cookie("sid", "7").send(), "sid" removed; Path = "/");
}

fn layer_from_fn() {
    let stamp = from_fn(async |req, next| {
        let mut res = next.run(req).await?;
        res.headers_mut().insert("x-seen", HeaderValue::from_static("1"));
        Ok(res)
    });
    let probe = Probe::ok();
    assert_header!(drive(stamp, &probe).get("/").send(), "x-seen" = "1");
    probe.reached();
}

fn tower_test_passes() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let (mock, mut handle) = tower_test::mock::pair::<Request<()>, Response<String>>();
        let mut service = Gates::of(gate_fn("polite", polite)).layer(mock);
        std::future::poll_fn(|cx| service.poll_ready(cx)).await.expect("the mock is ready");
        let request = Request::post("/").header("please", "1").body(()).expect("a request");
        let app = async {
            let (request, answer) = handle.next_request().await.expect("the request arrived");
            assert!(!request.headers().contains_key("please"));
            answer.send_response(Response::builder().status(201).body("tea".to_owned()).expect("a response"));
        };
        let (response, ()) = tokio::join!(service.call(request), app);
        let response = response.expect("it answers");
        assert_eq!(response.status(), 201);
        assert!(response.extensions().get::<Rejection>().is_none());
        assert_eq!(response.headers()["thank"], "you");
    });
}

fn tower_test_refuses() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let (mock, mut handle) = tower_test::mock::pair::<Request<()>, Response<()>>();
        let mut service = Gates::of(gate_fn("polite", polite)).layer(mock);
        std::future::poll_fn(|cx| service.poll_ready(cx)).await.expect("the mock is ready");
        let response = service.call(Request::new(())).await.expect("it answers");
        assert_eq!(response.status(), 403);
        let code = response.extensions().get::<Rejection>().map(Rejection::code);
        assert_eq!(code, Some("polite.missing"));
        drop(service);
        assert!(handle.next_request().await.is_none(), "no request arrived");
    });
}
