//! Run with `cargo run -p enfilade-core --example link_from_fn`, test with `cargo test -p enfilade-core --examples`.
//!
//! A link as an async closure: it may look at request and response, wait in between, and keep state. This one
//! counts what the app answers.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use enfilade_core::{Chain, Next, from_fn_with};
use http::{Request, Response};
use tower::{Service, ServiceExt};

/// How many answers were good, and how many were not.
#[derive(Clone, Default)]
struct Tally(Arc<[AtomicU64; 2]>);

impl Tally {
    fn read(&self) -> [u64; 2] {
        [0, 1].map(|at| self.0[at].load(Ordering::Relaxed))
    }
}

/// The link: an ordinary async function, generic over what is behind it.
async fn count<S, B, R>(tally: Tally, req: Request<B>, next: Next<S>) -> Result<Response<R>, S::Error>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    let res = next.run(req).await?;
    tally.0[usize::from(!res.status().is_success())].fetch_add(1, Ordering::Relaxed);
    Ok(res)
}

#[allow(clippy::print_stdout)] // an example shows what it does
fn main() {
    let tally = Tally::default();
    let app = tower::service_fn(async |req: Request<()>| {
        let status = if req.uri().path() == "/" { 200 } else { 404 };
        Ok::<_, Infallible>(Response::builder().status(status).body(()).expect("a fixed response"))
    });
    let (service, plan) = Chain::new()
        .layer("count", from_fn_with(tally.clone(), count))
        .build(app)
        .expect("nothing is required here");
    println!("{plan}");

    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime without I/O");
    for path in ["/", "/", "/missing"] {
        let req = Request::get(path).body(()).expect("a fixed request");
        let Ok(_) = runtime.block_on(service.clone().oneshot(req));
    }
    let [good, bad] = tally.read();
    println!("{good} good, {bad} not");
}

#[cfg(test)]
mod tests {
    use enfilade_test::{Answer, Probe, drive};

    use super::*;

    #[test]
    fn good_and_bad_answers_are_counted_apart() {
        let tally = Tally::default();
        let probe = Probe::ok().respond(Answer::ok()).respond(Answer::status(500)).respond(Answer::ok());
        let mut door = drive(from_fn_with(tally.clone(), count), &probe);
        for _ in 0..3 {
            door.get("/").send();
        }
        assert_eq!(tally.read(), [2, 1]);
    }
}
