//! The server's links keep the laws of a tower HTTP layer, alone and in their order.
//!
//! ```text
//! RequestIds ▸ AccessLog ▸ RenderRejections ▸ InFlight ▸ StrictRequest ▸ BodyLimit ▸ TrueLength ▸ Rescue ▸ Patient
//! ```

use enfilade_core::RenderRejections;
use enfilade_server::{
    AccessLog, BodyLimit, InFlight, Patient, RequestIds, Rescue, StrictRequest, TrueLength,
};
use enfilade_test::{Law, Laws, assert_laws};
use http::{Request, request};
use tower::ServiceBuilder;

const TO_A_RESPONSE: &str = "to make responses of errors is what it is for";

fn odd_host() -> request::Builder {
    Request::post("/").header("host", "a@b")
}

#[test]
fn every_link_keeps_them_alone() {
    assert_laws!(RequestIds::new());
    assert_laws!(AccessLog::new());
    assert_laws!(BodyLimit::new());
    assert_laws!(TrueLength::new());
    Laws::of(StrictRequest::new()).refused("an odd host", odd_host).assert();
    Laws::service(Patient::new).assert();
    Laws::service(Rescue::new).except(Law::ErrorsUnchanged, TO_A_RESPONSE).assert();
    let limit = InFlight::new(8);
    let counted = limit.clone();
    Laws::of(limit).invariant(move || counted.now() == 0).assert();
}

#[test]
fn all_of_them_keep_them_in_their_order() {
    let limit = InFlight::new(8);
    let counted = limit.clone();
    let stack = move |probe| {
        ServiceBuilder::new()
            .layer(RequestIds::new())
            .layer(AccessLog::new())
            .layer(RenderRejections::new())
            .layer(limit.clone())
            .layer(StrictRequest::new())
            .layer(BodyLimit::new())
            .layer(TrueLength::new())
            .layer_fn(Rescue::new)
            .layer_fn(Patient::new)
            .service(probe)
    };
    Laws::service(stack)
        .refused("an odd host", odd_host)
        .invariant(move || counted.now() == 0)
        .except(Law::ErrorsUnchanged, TO_A_RESPONSE)
        .assert();
}
