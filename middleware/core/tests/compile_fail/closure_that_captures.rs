//! A closure that owns its state: the notes point to `from_fn_with`.

use enfilade_core::{Next, from_fn};
use http::{Request, Response};
use tower::{Layer, Service};

type Svc = tower::util::BoxCloneService<Request<()>, Response<()>, std::convert::Infallible>;

fn serve<S: Service<Request<()>>>(_: S) {}

fn guard(inner: Svc, greeting: String) {
    let layer = from_fn(async move |req: Request<()>, next: Next<Svc>| {
        println!("{greeting}");
        next.run(req).await
    });
    serve(layer.layer(inner));
}

fn main() {}
