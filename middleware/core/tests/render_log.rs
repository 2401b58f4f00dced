//! What the log says about refusals: one line each, escaped, without the query, so many and no more.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use enfilade_core::{
    Clock, Gates, LogLimit, Pass, Rejection, RenderRejections, RequestContext, RequestId, TraceContext,
    gate_fn, render::LOG_TARGET,
};
use enfilade_test::{Probe, TestClock, drive};
use http::StatusCode;
use tower::ServiceBuilder;
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

/// Keeps every event as one line.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    fn kept(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == LOG_TARGET
    }

    fn event(&self, event: &Event<'_>) {
        struct Line(String);
        impl Visit for Line {
            fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
                use fmt::Write as _;
                let _ = write!(self.0, " {}={value:?}", field.name());
            }
        }
        assert_eq!(*event.metadata().level(), Level::INFO);
        let mut line = Line(String::new());
        event.record(&mut line);
        self.kept().push(line.0);
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

/// The lines written while `work` runs with a renderer that allows two lines in a second.
fn lines(rejection: Rejection, work: impl FnOnce(&mut dyn FnMut(&str), &TestClock)) -> Vec<String> {
    let clock = TestClock::at(1_700_000_000);
    let layers = ServiceBuilder::new()
        .layer(RenderRejections::new().with_clock(clock.clock()).with_log_limit(2, Duration::from_secs(1)))
        .layer(Gates::of(gate_fn("door", move |_| Err(rejection.clone()))));
    let probe = Probe::ok();
    let mut door = drive(layers, &probe);
    let log = Lines::default();
    tracing::subscriber::with_default(log.clone(), || {
        let mut get = |target: &str| {
            door.get(target).header("x-request-id", "r-1").send();
        };
        work(&mut get, &clock);
    });
    log.kept().clone()
}

fn refusal() -> Rejection {
    Rejection::new(StatusCode::FORBIDDEN, "policy.denied")
}

#[test]
fn a_refusal_is_one_line_with_its_code_and_without_the_query() {
    let rejection = refusal().with_detail("for the client").with_log("needs scope \"a\"\r\n\u{1b}[31m");
    let lines = lines(rejection, |get, _| get("/orders/%0a?token=secret"));
    assert_eq!(
        lines,
        [
            r#" message=refused code="policy.denied" status=403 method=GET path=/orders/%0a request_id=r-1 log=needs scope \"a\"\r\n\u{1b}[31m"#
        ]
    );
}

#[test]
fn a_requests_own_name_and_its_trace_stand_before_what_a_field_says() {
    let named = gate_fn("named", |req| {
        let trace = TraceContext::parse(b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
        RequestContext::identify(&mut req.extensions, RequestId::new(0x9f2c, 28), trace);
        Ok(Pass::Now)
    });
    let layers = ServiceBuilder::new()
        .layer(Gates::of(named))
        .layer(RenderRejections::new())
        .layer(Gates::of(gate_fn("door", |_| Err(refusal()))));
    let log = Lines::default();
    let reply = tracing::subscriber::with_default(log.clone(), || {
        drive(layers, &Probe::ok()).get("/").header("x-request-id", "r-1").send()
    });
    assert!(reply.text().contains(r#""request_id":"0000000000009f2c-1c""#), "{}", reply.text());
    let part = "request_id=0000000000009f2c-1c trace=4bf92f3577b34da6a3ce929d0e0e4736";
    assert!(log.kept()[0].ends_with(part), "{:?}", log.kept());
}

#[test]
fn a_flood_is_counted_not_written() {
    let lines = lines(refusal(), |get, clock| {
        (0..5).for_each(|_| get("/"));
        clock.advance(Duration::from_secs(1));
        get("/later");
    });
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(!lines[1].contains("left_out"));
    assert!(lines[2].contains("path=/later") && lines[2].ends_with(" left_out=3"), "{}", lines[2]);
}

#[test]
fn a_long_path_is_cut() {
    let lines = lines(refusal(), |get, _| get(&format!("/{}", "a".repeat(5000))));
    assert!(lines[0].contains(&format!("path=/{} ", "a".repeat(255))), "{}", lines[0]);
}

#[test]
fn a_limit_tells_once_how_many_lines_it_left_out() {
    let time = TestClock::at(0);
    let (clock, limit) = (time.clock(), LogLimit::new(2, Duration::from_secs(1)));
    assert_eq!([(); 5].map(|()| limit.admit(&clock)), [Some(0), Some(0), None, None, None]);
    time.advance(Duration::from_secs(1));
    assert_eq!([(); 3].map(|()| limit.admit(&clock)), [Some(3), Some(0), None]);
    assert_eq!(LogLimit::new(0, Duration::from_secs(1)).admit(&Clock::system()), None, "none at all");
}
