//! A gate right above a layer whose body has no empty value: the note names `AsBody` and `Chain`.

use enfilade_core::{Gates, Pass, gate_fn};
use http::{Request, Response};
use tower::{Layer, Service};

struct NoDefault;

type Svc = tower::util::BoxCloneService<Request<()>, Response<NoDefault>, std::convert::Infallible>;

fn serve<S: Service<Request<()>>>(_: S) {}

fn guard(inner: Svc) {
    serve(Gates::of(gate_fn("any", |_| Ok(Pass::Now))).layer(inner));
}

fn main() {}
