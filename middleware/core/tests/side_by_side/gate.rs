//! The link as a gate, and its test with the kit.

use enfilade_core::{Gate, Pass, Rejection, Verdict};
use http::{HeaderValue, Method, StatusCode, request};

/// While the shop is read-only, only reads pass, and each answer says so.
struct ReadOnly;

impl Gate for ReadOnly {
    fn enter(&self, req: &mut request::Parts) -> Verdict {
        if req.method != Method::GET {
            return Err(Rejection::new(StatusCode::SERVICE_UNAVAILABLE, "read-only.closed"));
        }
        Ok(Pass::then(|res| {
            res.headers.insert("x-mode", HeaderValue::from_static("read-only"));
        }))
    }
}

// -- test --

use enfilade_core::Gates;
use enfilade_test::{Probe, assert_passed, assert_refused, drive};

#[test]
fn reads_pass_and_writes_do_not() {
    let probe = Probe::ok();
    let mut shop = drive(Gates::of(ReadOnly), &probe);

    assert_refused!(shop.post("/orders").send(), 503, "read-only.closed");
    probe.never_reached();

    let reply = shop.get("/orders").send();
    assert_passed!(reply);
    assert_eq!(reply.header("x-mode"), Some("read-only"));
}
