//! A chain behaves the same, written in code or put together at run time: each test here runs over both.
//!
//! ```text
//! both! { name (chain) => … }  ──▶  in_code::name  ·  at_run_time::name
//! ```

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use enfilade_core::{
    About, Chain, ChainError, Clock, Gate, Link, Pass, Plan, Principal, Provided, Rejection,
    RenderRejections, RuntimeChain, Trail, Verdict, chain::Fault, from_fn, gate_fn,
};
use enfilade_test::{
    Answer, Drive, Probe, ProbeBody, ProbeError, TestClock, assert_passed, assert_refused, drive,
};
use http::{HeaderValue, Request, StatusCode, request};
use tower::{Layer, ServiceBuilder, util::MapRequestLayer};
use tower_http::cors::CorsLayer;

/// Proves that everybody is ada.
struct Ada;

impl Gate for Ada {
    fn enter(&self, req: &mut request::Parts) -> Verdict {
        Principal::new("ada").put(&mut req.extensions);
        Trail::note(&req.extensions, || "ada".to_owned());
        Ok(Pass::Now)
    }

    fn about(&self) -> About {
        About::of::<Self>().provides::<Principal>()
    }
}

struct RequireLogin;

impl Gate for RequireLogin {
    fn enter(&self, req: &mut request::Parts) -> Verdict {
        match Principal::of(&req.extensions) {
            Some(who) if !who.is_anonymous() => Ok(Pass::Now),
            _ => Err(Rejection::new(StatusCode::UNAUTHORIZED, "auth.missing")),
        }
    }

    fn about(&self) -> About {
        About::of::<Self>().requires::<Principal>()
    }
}

fn tag(name: &'static str) -> impl Gate {
    gate_fn(name, move |req| {
        req.headers.append("x-way-in", HeaderValue::from_static(name));
        Ok(Pass::then(move |res| {
            res.headers.append("x-way-out", HeaderValue::from_static(name));
        }))
    })
}

/// A layer of ours that describes itself.
#[derive(Clone, Copy)]
struct Marker;

impl Link for Marker {
    fn about(&self) -> About {
        About::of::<Self>()
    }
}

impl<S> Layer<S> for Marker {
    type Service = S;

    fn layer(&self, inner: S) -> S {
        inner
    }
}

struct Ticket;

impl Provided for Ticket {
    const NAME: &'static str = "the ticket";
    const BY: &'static str = "`Turnstile` (nowhere)";
}

/// A chain around a probe, with its plan.
macro_rules! build {
    ($chain:expr, $probe:expr) => {{
        let (service, plan) = $chain.build($probe.service()).unwrap();
        (Drive::service(service), plan)
    }};
}

/// Runs each test over both kinds of chain; `$new` makes an empty one.
macro_rules! both {
    ($(fn $name:ident($new:ident) $body:block)+) => {
        mod in_code {
            use super::*;
            $(#[test] fn $name() {
                macro_rules! $new { () => { Chain::new() } }
                $body
            })+
        }
        mod at_run_time {
            use super::*;
            $(#[test] fn $name() {
                macro_rules! $new { () => { RuntimeChain::<ProbeBody, ProbeError>::new() } }
                $body
            })+
        }
    };
}

both! {
    fn links_stand_in_reading_order(new) {
        let probe = Probe::ok();
        let (mut door, plan) = build!(
            new!().gate(tag("a")).layer("pass", from_fn(async |req, next| next.run(req).await))
                .gate(tag("b")).gate(tag("c")).link(Marker),
            probe
        );
        let reply = door.get("/").send();
        assert_passed!(reply);
        let seen: Vec<_> = probe.last().headers.get_all("x-way-in").iter().cloned().collect();
        assert_eq!(seen, ["a", "b", "c"]);
        assert_eq!(reply.header_all("x-way-out"), ["c", "b", "a"]);
        assert_eq!(names(&plan), ["a", "pass", "b", "c", "marker", "app"]);
    }

    fn a_body_without_an_empty_value_can_stand_below_a_gate_that_refuses(new) {
        let probe = Probe::ok();
        let (mut door, _) = build!(
            new!().gate(Ada).layer("trace", tower_http::trace::TraceLayer::new_for_http()).gate(RequireLogin)
                .gate(gate_fn("shut", |_| Err(Rejection::new(StatusCode::FORBIDDEN, "shut")))),
            probe
        );
        assert_refused!(door.get("/").send(), 403, "shut");
        probe.never_reached();
    }

    fn a_layer_that_answers_by_itself_keeps_nothing_ready_and_one_that_calls_is_not_cloned(new) {
        let probe = Probe::ok();
        let fails = MapRequestLayer::new(|req: Request<ProbeBody>| {
            assert_ne!(req.uri().path(), "/panic");
            req
        });
        let (mut door, _) = build!(
            new!().layer("fails", fails).gate(tag("a")).layer("cors", CorsLayer::permissive()).gate(tag("b"))
                .layer("pass", from_fn(async |req, next| next.run(req).await)),
            probe
        );
        let built = probe.clones();
        assert_passed!(door.get("/").send());
        assert_eq!((probe.ready(), probe.clones() - built), (0, 1), "one clone, for the closure");
        // The service still lives, as on an idle connection: what it keeps, nobody else gets.
        assert_eq!(door.options("/").send().status(), 200);
        assert_eq!((probe.ready(), probe.clones() - built), (0, 2), "a preflight");
        catch_unwind(AssertUnwindSafe(|| door.get("/panic").send())).unwrap_err();
        assert_eq!(probe.ready(), 0, "a panic");
        assert_passed!(door.get("/").send());
        assert_eq!(probe.requests().len(), 2);
    }

    fn what_the_app_answers_comes_out_unchanged(new) {
        let body = ProbeBody::new().data("short and ").data("stout").trailer("x-spout", "1");
        let answer = Answer::status(418).header("x-tea", "pot").extension("kept").body(body);
        let probe = Probe::ok().respond(answer).respond(Answer::error("broken"));
        let (mut door, _) = build!(new!().gate(tag("a")).layer("pass", from_fn(async |req, next| next.run(req).await)), probe);
        let reply = door.get("/").send();
        assert_eq!((reply.status().as_u16(), reply.text(), reply.header("x-tea")), (418, "short and stout", Some("pot")));
        assert_eq!(reply.extensions().get(), Some(&"kept"));
        assert!(reply.trailers().unwrap().contains_key("x-spout"));
        assert_eq!(door.get("/").try_send().unwrap_err().to_string(), "broken");
    }

    fn a_link_may_meet_its_own_requirement(new) {
        let (_, plan) = build!(new!().gate(tag("self")).provides::<Ticket>().requires::<Ticket>(), Probe::ok());
        assert_eq!(names(&plan), ["self", "app"]);
    }

    fn a_trail_tells_what_every_link_said_both_ways(new) {
        let time = TestClock::at(1_800_000_000);
        let slow = { let time = time.clone(); gate_fn("slow", move |_| { time.advance(Duration::from_millis(5)); Ok(Pass::Now) }) };
        let probe = Probe::ok();
        let (mut door, _) = build!(
            new!().gate(Ada).gate(slow).gate(tag("tag")).layer("pass", from_fn(async |req, next| next.run(req).await))
                .with_trail(time.clock()),
            probe
        );
        let reply = door.get("/").send();
        assert_eq!(reply.header("server-timing"), None);
        let told: Vec<_> = Trail::of(&probe.last().extensions).unwrap().records().into_iter().map(|record| {
            let say = |step: Option<enfilade_core::trail::Step>| step.map(|step| (step.describe(), step.took.as_millis()));
            (record.name, say(record.way_in), say(record.way_out))
        }).collect();
        let step = |text: &str, took| Some((text.to_owned(), took));
        assert_eq!(told, [
            ("ada".into(), step("passed: ada", 0), None),
            ("slow".into(), step("passed", 5), None),
            ("tag".into(), step("changed", 0), step("changed", 0)),
            ("pass".into(), step("passed", 0), step("passed", 0)),
            ("app".into(), step("answered 200", 0), None),
        ]);
    }

    fn a_trail_names_the_link_that_refused_and_the_layer_that_went_no_further(new) {
        let probe = Probe::ok();
        let (mut door, _) = build!(new!().gate(tag("a")).gate(RequireLogin).provides::<Principal>().with_server_timing(Clock::system()), probe);
        let reply = door.get("/").send();
        let timing = reply.header("server-timing").unwrap();
        assert!(timing.contains("require-login;desc=\"refused auth.missing\""), "{timing}");

        let shut = from_fn(async |req: Request<_>, next| {
            if req.uri().path() == "/" {
                return Ok(Rejection::new(StatusCode::IM_A_TEAPOT, "tea.pot").into_response());
            }
            next.run(req).await
        });
        let (mut door, _) = build!(new!().layer("kettle", shut).with_server_timing(Clock::system()), probe);
        let reply = door.get("/").send();
        let timing = reply.header("server-timing").unwrap();
        assert!(timing.starts_with("kettle;desc=\"refused tea.pot\""), "{timing}");
        assert!(!timing.contains("app"), "{timing}");
    }

    fn an_impossible_order_names_both_links_and_the_fix_for_every_fault(new) {
        let chain = new!().gate(RequireLogin).gate(Ada).gate(tag("ride")).requires::<Ticket>();
        let error: ChainError = chain.build(Probe::ok().service()).map(drop).unwrap_err();
        assert_eq!(error.faults().len(), 2);
        assert!(matches!(&error.faults()[0], Fault::Late { link, giver, .. } if link == "require-login" && giver == "ada"));
        assert_eq!(error.to_string(), "this chain cannot work:\n  \
            - `require-login` needs the principal, which `ada` gives, but `ada` comes after it: move `ada` above `require-login`\n  \
            - `ride` needs the ticket and no link gives it: add `Turnstile` (nowhere) above `ride`");
        let _ = || build!(new!(), Probe::ok());
    }

    fn a_gate_outside_of_the_renderer_warns(new) {
        let (_, plan) = build!(new!().gate(tag("early")).link(RenderRejections::new()).gate(tag("late")), Probe::ok());
        assert_eq!(plan.warnings().len(), 1);
        assert!(plan.warnings()[0].contains("move `refusals` above `early`"), "{:?}", plan.warnings());
    }

    fn a_trail_that_is_sent_stays_sent(new) {
        let chain = new!().gate(tag("a")).with_server_timing(Clock::system()).with_trail(Clock::system());
        let (mut door, _) = build!(chain, Probe::ok());
        assert!(door.get("/").send().header("server-timing").is_some());
    }

    fn cors_inside_auth_warns_and_outside_does_not(new) {
        let (_, plan) = build!(new!().gate(Ada).layer("cors", CorsLayer::permissive()), Probe::ok());
        assert_eq!(plan.warnings().len(), 1);
        assert!(plan.warnings()[0].contains("move `cors` above `ada`"), "{:?}", plan.warnings());
        let (_, plan) = build!(new!().layer("cors", CorsLayer::permissive()).gate(Ada), Probe::ok());
        assert!(plan.warnings().is_empty());
    }
}

fn names(plan: &Plan) -> Vec<&str> {
    plan.links().iter().map(enfilade_core::PlanLink::name).collect()
}

#[test]
fn a_sealed_chain_is_a_layer_for_any_builder() {
    let (sealed, plan) = Chain::new().gate(Ada).gate(RequireLogin).seal().unwrap();
    assert_passed!(drive(ServiceBuilder::new().layer(sealed), &Probe::ok()).get("/").send());
    assert_eq!(names(&plan), ["ada", "require-login", "app"]);
}

#[test]
fn a_link_is_named_after_its_type() {
    struct HTTPGate;
    assert_eq!(About::of::<RequireLogin>().name(), "require-login");
    assert_eq!(About::of::<HTTPGate>().name(), "httpgate");
    assert_eq!(About::of::<Vec<Ada>>().name(), "vec");
}

#[test]
fn both_kinds_of_chain_have_the_same_plan() {
    let (_, code) = Chain::new().gate(Ada).link(Marker).build(Probe::ok().service()).unwrap();
    let (_, run_time) = RuntimeChain::<ProbeBody, ProbeError>::new()
        .gate(Ada)
        .link(Marker)
        .build(Probe::ok().service())
        .unwrap();
    assert_eq!(code, run_time);
}
