//! What each link costs: `cargo run --release -p enfilade-load` prints a Markdown table for this machine.
//!
//! ```text
//! request ─▶ link ─▶ empty app        driven directly, no socket, no runtime; the bare app subtracted
//! ```
//!
//! Nanoseconds are the best of nine rounds, so that what else the machine does counts least. Allocations are
//! those of one request. Both grow with nothing: each row says which request it is for.

#![allow(clippy::disallowed_methods)] // measuring real time is what this program is for

mod rows;

use std::{
    convert::Infallible,
    fmt::Write as _,
    future::Future,
    hint::black_box,
    io::Write as _,
    pin::pin,
    task::{Context, Poll, Waker},
    time::Instant,
};

use bytes::Bytes;
use enfilade_core::Gates;
use http::{Request, Response};
use http_body_util::Empty;
use tower::{Layer, Service, service_fn};

const ROUNDS: u32 = 9;
const REQUESTS: u32 = 20_000;

/// One measured service and the request that it gets.
pub(crate) struct Row {
    /// What stands in front of the app.
    pub(crate) name: &'static str,
    /// What the request carries.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The gates; none is the bare app.
    pub(crate) gates: Gates,
}

fn main() -> std::io::Result<()> {
    let mut table = String::from("| link | ns | allocations |\n|---|---|---|\n");
    for row in rows::all() {
        let bare = measure(&row, &Gates::new([]));
        let with = measure(&row, &row.gates);
        let allocations = with.allocations.saturating_sub(bare.allocations);
        let _ = writeln!(table, "| {} | {:.0} | {allocations} |", row.name, (with.ns - bare.ns).max(0.0));
    }
    std::io::stdout().write_all(table.as_bytes())
}

struct Figures {
    ns: f64,
    allocations: u64,
}

fn measure(row: &Row, gates: &Gates) -> Figures {
    let app = service_fn(async |_: Request<Empty<Bytes>>| {
        Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
    });
    let mut service = gates.layer(app);
    let mut ask = || {
        let mut request = Request::get("/").header("host", "shop.example");
        for (name, value) in &row.headers {
            request = request.header(*name, value.as_str());
        }
        let request = request.body(Empty::new()).expect("fixed headers");
        let response = now(service.call(request));
        assert!(response.is_ok_and(|response| response.status().is_success()), "{}: refused", row.name);
    };
    // What is remembered is remembered, and what is made once is made.
    ask();
    let allocations = allocation_counter::measure(&mut ask).count_total;
    let ns = (0..ROUNDS).map(|_| round(&mut ask)).fold(f64::INFINITY, f64::min);
    Figures { ns, allocations }
}

fn round(ask: &mut impl FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..REQUESTS {
        black_box(&mut *ask)();
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(REQUESTS)
}

/// A future that waits for nothing.
fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("nothing here waits"),
    }
}
