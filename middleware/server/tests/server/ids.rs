//! Request ids: one for each request, the same in context, answer and log, and never a stranger's.

use enfilade_core::{ClientAddr, RequestContext, RequestId};
use enfilade_server::{RequestIds, Trust};
use enfilade_test::{Answer, Probe, Reply, drive};

const UUID: &str = "0af76519-16cd-43dd-8448-eb211c80319c";
const DIGITS: &str = "0af7651916cd43dd8448eb211c80319c";
const OURS: &str = "9f2c61d07ab3e415-1c";

fn peer(addr: &str) -> ClientAddr {
    ClientAddr::Tcp(format!("{addr}:5000").parse().unwrap())
}

/// Ids of a layer that trusts 10.0.0.1, on a connection from `addr`.
fn from(addr: &str) -> RequestIds {
    let trust = Trust::x_forwarded(["10.0.0.1"]).unwrap();
    RequestIds::new().with_ids_of_peers().with_trust(trust).with_client(peer(addr))
}

/// Drives `ids` alone; gives the answer's id after checking that the app was told the same.
fn told<'f>(ids: RequestIds, fields: impl IntoIterator<Item = (&'f str, &'f str)>) -> String {
    let probe = Probe::ok();
    let reply = drive(ids, &probe).get("/").headers(fields).send();
    let seen = probe.last();
    assert_eq!(seen.header("x-request-id"), None, "an app reads its context");
    let id = RequestContext::of(&seen.extensions).and_then(RequestContext::request_id).unwrap();
    assert_eq!(of(&reply), id.to_string());
    of(&reply)
}

fn of(reply: &Reply) -> String {
    reply.header("x-request-id").expect("every answer has one").to_owned()
}

#[test]
fn what_a_stranger_sends_under_that_name_is_removed_in_every_spelling() {
    for name in ["x-request-id", "X-Request-ID", "x_request_id", "X.Request_Id", "x~request!id"] {
        for given in [UUID, DIGITS, OURS, "mine", ""] {
            assert_ne!(told(RequestIds::new(), [(name, given)]), given);
            assert_ne!(told(from("198.51.100.1"), [(name, given)]), given);
        }
    }
}

#[test]
fn a_trusted_peers_id_is_taken_to_the_letter_if_it_is_one() {
    for given in [UUID, DIGITS, OURS] {
        assert_eq!(told(from("10.0.0.1"), [("x-request-id", given)]), given);
        assert_eq!(told(from("10.0.0.1"), [("x-request-id", given), ("x_request_id", "mine")]), given);
    }
    let upper = UUID.to_uppercase();
    for fields in [
        &[("x-request-id", "mine")][..],
        &[("x-request-id", upper.as_str())],
        &[("x-request-id", "")],
        // Twice: one of them is a client's.
        &[("x-request-id", UUID), ("x-request-id", DIGITS)],
        &[("x-request-id", UUID), ("x-request-id", UUID)],
        // Another spelling is not the proxy's.
        &[("x_request_id", UUID)],
    ] {
        let told = told(from("10.0.0.1"), fields.iter().copied());
        assert!(RequestId::parse(told.as_bytes()).is_some(), "{told}");
        assert!(fields.iter().all(|(_, given)| *given != told), "{fields:?}");
    }
}

#[test]
fn a_trusted_peers_id_is_not_taken_unless_asked_for() {
    let trust = Trust::x_forwarded(["10.0.0.1"]).unwrap();
    let ids = RequestIds::new().with_trust(trust).with_client(peer("10.0.0.1"));
    assert_ne!(told(ids, [("x-request-id", UUID)]), UUID);
    assert_ne!(
        told(RequestIds::new().with_ids_of_peers(), [("x-request-id", UUID)]),
        UUID,
        "nobody is trusted"
    );
}

#[test]
fn clones_and_connections_count_on_together() {
    let ids = RequestIds::new();
    let (one, other) = (Probe::ok(), Probe::ok());
    let (mut one, mut other) = (drive(ids.clone(), &one), drive(ids, &other));
    let mut seen = std::collections::HashSet::new();
    for at in 0..50 {
        let reply = if at % 3 == 0 { other.get("/").send() } else { one.get("/").send() };
        assert!(seen.insert(of(&reply)), "{} twice", of(&reply));
    }
    let processes: std::collections::HashSet<_> = seen.iter().map(|id| id.split('-').next()).collect();
    assert_eq!(processes.len(), 1);
}

#[test]
fn an_app_that_looks_for_the_field_gets_it_when_asked_for() {
    let probe = Probe::ok();
    let ids = RequestIds::new().with_request_field();
    let reply = drive(ids, &probe).get("/").header("X_Request_Id", "mine").send();
    let seen = probe.last();
    assert_eq!(seen.header("x-request-id"), Some(of(&reply).as_str()));
    assert_eq!(seen.headers.len(), 2, "it and the host: {:?}", seen.headers);
}

#[test]
fn an_apps_own_id_does_not_leave_under_that_name() {
    let probe = Probe::ok().respond(Answer::ok().header("x-request-id", UUID).header("x-request-id", "2"));
    let reply = drive(RequestIds::new(), &probe).get("/").send();
    assert_ne!(of(&reply), UUID);
    assert_eq!(reply.headers().get_all("x-request-id").iter().count(), 1);
}

#[test]
fn of_two_links_the_outer_ones_id_is_everybodys() {
    let probe = Probe::ok();
    let layers = tower::ServiceBuilder::new().layer(RequestIds::new()).layer(RequestIds::new());
    let reply = drive(layers, &probe).get("/").send();
    let id = RequestContext::of(&probe.last().extensions).and_then(RequestContext::request_id).unwrap();
    assert_eq!(of(&reply), id.to_string());
}
