//! `Err(rejection)`: a refusal is a response, not an error.

use enfilade_core::{Next, Rejection, from_fn};
use http::{Request, Response, StatusCode};
use tower::{Layer, Service};

type Svc = tower::util::BoxCloneService<Request<()>, Response<()>, std::convert::Infallible>;

async fn refuse(_req: Request<()>, _next: Next<Svc>) -> Result<Response<()>, Rejection> {
    Err(Rejection::new(StatusCode::FORBIDDEN, "no"))
}

fn serve<S: Service<Request<()>>>(_: S) {}

fn guard(inner: Svc) {
    serve(from_fn(refuse).layer(inner));
}

fn main() {}
