//! What a chain costs in allocations, so that a change which adds one is seen.
//!
//! ```text
//! in code      nothing          at run time      the app 2 (future, body) + each layer 1 (future)
//! ```

use std::{
    convert::Infallible,
    future::{Ready, ready},
    pin::pin,
    task::{Context, Waker},
};

use allocation_counter::measure;
use bytes::Bytes;
use enfilade_core::{Chain, Gate, Pass, RuntimeChain, gate_fn};
use http::{Request, Response};
use http_body_util::Full;
use tower::{Service, layer::util::Identity, service_fn};

fn app(_: Request<()>) -> Ready<Result<Response<Full<Bytes>>, Infallible>> {
    ready(Ok(Response::new(Full::from("tea"))))
}

fn pass(name: &'static str) -> impl Gate {
    gate_fn(name, |_| Ok(Pass::then(|_| {})))
}

/// The allocations of one request: its call, its answer and dropping both.
fn allocations(mut service: impl Service<Request<()>, Error = Infallible>) -> u64 {
    let request = Request::new(());
    let mut cx = Context::from_waker(Waker::noop());
    measure(|| assert!(pin!(service.call(request)).poll(&mut cx).is_ready())).count_total
}

#[test]
fn a_chain_in_code_allocates_nothing() {
    let chain = Chain::new().gate(pass("a")).layer("one", Identity::new()).gate(pass("b")).gate(pass("c"));
    assert_eq!(allocations(chain.build(service_fn(app)).unwrap().0), 0);
}

#[test]
fn a_chain_at_run_time_allocates_one_future_a_layer_and_the_body_once() {
    for layers in 0..4 {
        let mut chain = RuntimeChain::<(), Infallible>::new();
        for _ in 0..layers {
            chain = chain.gate(pass("a")).layer("one", Identity::new()).gate(pass("b"));
        }
        assert_eq!(allocations(chain.build(service_fn(app)).unwrap().0), 2 + layers);
    }
}
