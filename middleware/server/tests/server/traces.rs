//! W3C Trace Context: what is valid reaches app and log unchanged, what is not reaches neither.

use enfilade_core::{Canonical, ClientAddr, RequestContext, TraceContext};
use enfilade_server::{Limits, RequestIds, TraceContexts, TraceSource, Trust, trace_context};
use enfilade_test::{Ask, Probe, drive, enter};
use http::{HeaderMap, HeaderValue, uri::Scheme};
use proptest::{collection::vec, prelude::*};

use crate::kit::{Log, connect, say};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const LATER: &str = "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future-will-be-like";
const STATE: &str = "congo=t61rcWkgMzE, rojo=00f067aa0ba902b7";

type Fields<'f> = &'f [(&'f str, &'f str)];

/// What of both fields reaches the app, after checking that its context says the same.
fn left(ids: RequestIds, fields: Fields<'_>) -> (Vec<String>, Vec<String>) {
    let probe = Probe::ok();
    drive(ids, &probe).get("/").headers(fields.iter().copied()).send();
    let seen = probe.last();
    let all = |name: &str| {
        let values = seen.headers.get_all(name).iter();
        values.map(|value| value.to_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let (parent, state) = (all("traceparent"), all("tracestate"));
    let known = TraceContext::of(&seen.extensions);
    assert_eq!(known, parent.first().and_then(|parent| TraceContext::parse(parent.as_bytes())));
    assert_eq!(known.is_some(), !parent.is_empty());
    (parent, state)
}

#[test]
fn what_is_valid_is_handed_on_unchanged() {
    for fields in [
        &[("traceparent", PARENT)][..],
        &[("traceparent", LATER)],
        &[("traceparent", PARENT), ("tracestate", STATE)],
        &[("tracestate", STATE), ("traceparent", PARENT)],
        &[("traceparent", PARENT), ("tracestate", "a=1"), ("tracestate", ""), ("tracestate", "b=2,,a=1")],
        &[("TraceParent", PARENT), ("TRACESTATE", STATE)],
    ] {
        let (parent, state) = left(RequestIds::new(), fields);
        let given = |name: &str| {
            let named = fields.iter().filter(|(given, _)| given.eq_ignore_ascii_case(name));
            named.map(|(_, value)| (*value).to_owned()).collect::<Vec<_>>()
        };
        assert_eq!((parent, state), (given("traceparent"), given("tracestate")), "{fields:?}");
    }
}

#[test]
fn a_traceparent_that_is_none_goes_and_its_tracestate_with_it() {
    let upper = PARENT.to_uppercase();
    for parents in [
        &[][..],
        &[""],
        &["00"],
        &[upper.as_str()],
        &["ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"],
        &["00-00000000000000000000000000000000-00f067aa0ba902b7-01"],
        &["00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"],
        &["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more"],
        &["cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.more"],
        // Twice is ambiguous, also when both say the same.
        &[PARENT, PARENT],
        &[PARENT, "00"],
        &["00", PARENT],
    ] {
        let mut fields: Vec<_> = parents.iter().map(|parent| ("traceparent", *parent)).collect();
        fields.push(("tracestate", STATE));
        assert_eq!(left(RequestIds::new(), &fields), (Vec::new(), Vec::new()), "{parents:?}");
    }
}

#[test]
fn a_tracestate_that_is_none_goes_alone() {
    let many = (0..33).map(|at| format!("a{at}=1")).collect::<Vec<_>>().join(",");
    let long = format!("a={}", "v".repeat(511));
    for state in ["foo", "FOO=1", "a=1=2", "a=1,b", "=1", many.as_str(), long.as_str()] {
        let fields = [("traceparent", PARENT), ("tracestate", "ok=1"), ("tracestate", state)];
        assert_eq!(left(RequestIds::new(), &fields), (vec![PARENT.to_owned()], Vec::new()), "{state}");
    }
}

#[test]
fn nothing_is_begun_for_a_request_without_a_trace() {
    assert_eq!(left(RequestIds::new(), &[("accept", "*/*")]), (Vec::new(), Vec::new()));
}

#[test]
fn whose_word_is_believed_is_a_setting() {
    let peer = |addr: &str| ClientAddr::Tcp(addr.parse().unwrap());
    let (proxy, stranger) = (peer("10.0.0.1:5"), peer("198.51.100.1:5"));
    for (source, client, believed) in [
        (TraceSource::Anyone, stranger, true),
        (TraceSource::TrustedPeers, stranger, false),
        (TraceSource::TrustedPeers, proxy, true),
        (TraceSource::Nobody, proxy, false),
    ] {
        let trust = Trust::forwarded(["10.0.0.0/8"]).unwrap();
        let ids = RequestIds::new().with_traces(source).with_trust(trust).with_client(client);
        let (parent, state) = left(ids, &[("traceparent", PARENT), ("tracestate", STATE)]);
        assert_eq!((parent.len(), state.len()), (usize::from(believed), usize::from(believed)), "{source:?}");
    }
    let (parent, _) =
        left(RequestIds::new().with_traces(TraceSource::TrustedPeers), &[("traceparent", PARENT)]);
    assert!(parent.is_empty(), "without a `Trust` nobody is trusted");
}

#[test]
fn the_gate_does_the_same_in_other_stacks() {
    let ask = || Ask::get("/").header("traceparent", PARENT).header("tracestate", STATE);
    let from = |gate: &TraceContexts, ask: Ask<()>| {
        let passed = enter(gate, ask).passed();
        let trace = TraceContext::of(&passed.request().extensions);
        assert_eq!(trace.is_some(), passed.request().headers.contains_key("traceparent"));
        assert_eq!(trace.is_some(), passed.request().headers.contains_key("tracestate"));
        trace.is_some()
    };
    assert!(from(&TraceContexts::new(), ask()));
    assert!(!from(&TraceContexts::new(), Ask::get("/").header("tracestate", STATE)));

    let peers = TraceContexts::from_peers(Trust::forwarded(["10.0.0.0/8"]).unwrap());
    assert!(!from(&peers, ask()), "nobody has said who the peer is");
    for (peer, believed) in [("10.0.0.1:5", true), ("198.51.100.1:5", false)] {
        let asked = ask().edit(|head| {
            let peer = ClientAddr::Tcp(peer.parse().unwrap());
            let canonical = Canonical::new(Scheme::HTTP, None, Some(peer)).with_peer(peer);
            RequestContext::begin(&mut head.extensions, canonical);
        });
        assert_eq!(from(&peers, asked), believed, "{peer}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusals_two_lines_name_its_trace() {
    let log = Log::capture();
    let raw = format!("GET / HTTP/1.1\r\nHost: a@b\r\ntraceparent: {PARENT}\r\n\r\n");
    say(&mut connect(Limits::default(), Probe::ok().service()), raw.as_bytes()).await;
    let text = log.text();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines.iter().all(|line| line.contains(&format!(" trace={TRACE}"))), "{text}");
    let id = |line: &str| {
        line.split_whitespace()
            .find_map(|word| word.strip_prefix("id=").or(word.strip_prefix("request_id=")).map(str::to_owned))
    };
    assert!(id(lines[0]).is_some() && id(lines[0]) == id(lines[1]), "{text}");
}

fn hexadecimal(digits: usize) -> impl Strategy<Value = String> {
    proptest::string::string_regex(&format!("[0-9a-f]{{{digits}}}")).expect("a pattern")
}

proptest! {
    #[test]
    fn a_valid_traceparent_is_read_as_it_is_written(
        version in 0..0xff_u8,
        trace in hexadecimal(32),
        parent in hexadecimal(16),
        flags in any::<u8>(),
        more in "(-[ -~]{0,20})?",
    ) {
        prop_assume!(trace.contains(|digit| digit != '0') && parent.contains(|digit| digit != '0'));
        let more = if version == 0 { "" } else { &more };
        let read = TraceContext::parse(format!("{version:02x}-{trace}-{parent}-{flags:02x}{more}").as_bytes());
        let read = read.expect("valid");
        prop_assert_eq!(read.trace_id().to_string(), trace);
        prop_assert_eq!(read.parent_id().to_string(), parent);
        prop_assert_eq!((read.version(), read.flags()), (version, flags));
    }

    #[test]
    fn what_is_read_from_any_bytes_is_what_they_begin_with(bytes in vec(any::<u8>(), 0..80)) {
        if let Some(read) = TraceContext::parse(&bytes) {
            let (version, flags) = (read.version(), read.flags());
            let known = format!("{version:02x}-{}-{}-{flags:02x}", read.trace_id(), read.parent_id());
            prop_assert!(bytes.starts_with(known.as_bytes()));
        }
    }

    #[test]
    fn one_byte_changed_is_refused_or_read_to_the_letter(at in 0..55_usize, byte in any::<u8>()) {
        let mut bytes = PARENT.as_bytes().to_vec();
        bytes[at] = byte;
        if let Some(read) = TraceContext::parse(&bytes) {
            let known =
                format!("{:02x}-{}-{}-{:02x}", read.version(), read.trace_id(), read.parent_id(), read.flags());
            prop_assert_eq!(known.as_bytes(), &*bytes);
        }
    }

    #[test]
    fn what_is_handed_on_is_within_the_limits(states in vec("[a-z0-9=,@ _-]{0,60}", 0..12)) {
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", HeaderValue::from_static(PARENT));
        for state in &states {
            headers.append("tracestate", HeaderValue::from_str(state).expect("visible ASCII"));
        }
        let (_, valid) = trace_context::judge(&headers).expect("a valid parent");
        if valid {
            let all = states.join(",");
            let members = all.split(',').filter(|member| !member.trim().is_empty());
            prop_assert!(all.len() <= 512 + states.len() && members.clone().count() <= 32);
            prop_assert!(members.clone().all(|member| member.matches('=').count() == 1));
        }
    }
}
