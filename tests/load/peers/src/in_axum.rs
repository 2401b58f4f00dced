//! What a chain adds to an axum router, without a socket: instructions and allocations a request.
//!
//! ```text
//! Request::get("/") ─▶ Router ◀─ nothing · one slice of eight gates · a sealed chain with a renderer · eight from_fn
//! ```
//!
//! Each gate, and each function, looks up one header. The router stands in a process of its own, which does as many
//! requests as it reads on standard input.

use std::{
    io::{BufRead as _, BufReader, Write as _, stdin, stdout},
    process::{ChildStdin, ChildStdout, Command, Stdio},
    sync::Arc,
};

use axum::{Router, body::Body, extract::Request, middleware, response::Response, routing::get};
use enfilade::core::{Chain, Gate, Gates, RenderRejections};
use stats_alloc::INSTRUMENTED_SYSTEM;
use tower::{Service, ServiceExt};

use crate::{
    count::{FEW, MANY, output, sum, zero},
    peer::Failed,
    servers::{HELLO, LOOKED_UP, look_up},
};

const NAMES: [&str; 4] = ["router", "router-gates", "router-sealed", "router-from-fn"];

/// Does requests in this process until its input ends.
pub fn serve(name: &str) -> Result<(), Failed> {
    let mut router = router(name)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    for line in stdin().lines() {
        let times: u32 = line?.parse()?;
        runtime.block_on(async {
            for _ in 0..times {
                let request = Request::get("/").header("host", "localhost").body(Body::empty())?;
                let response = ServiceExt::<Request>::ready(&mut router).await?.call(request).await?;
                assert_eq!(response.status(), 200);
            }
            Ok::<(), Failed>(())
        })?;
        let counted = INSTRUMENTED_SYSTEM.stats();
        println!("{}", counted.allocations + counted.reallocations);
        stdout().flush()?;
    }
    Ok(())
}

fn router(name: &str) -> Result<Router, Failed> {
    let router = Router::new().route("/", get(async || HELLO));
    Ok(match name {
        "router" => router,
        "router-gates" => router.layer(Gates::new((0..8).map(|_| Arc::new(look_up()) as Arc<dyn Gate>))),
        "router-sealed" => {
            let chain = Chain::new().layer("render", RenderRejections::new());
            let chain = (0..8).fold(chain, |chain, _| chain.gate(look_up()));
            router.layer(chain.seal()?.0)
        }
        "router-from-fn" => (0..8).fold(router, |router, _| router.layer(middleware::from_fn(looking_up))),
        _ => return Err(format!("no router is called `{name}`").into()),
    })
}

async fn looking_up(req: Request, next: middleware::Next) -> Response {
    std::hint::black_box(req.headers().get(&LOOKED_UP));
    next.run(req).await
}

/// The table: each router beside the one that has nothing around it.
pub fn table() -> Result<(), Failed> {
    println!("| in axum, no socket | instructions | ÷ router | allocations | more than the router |\n|---|---|---|---|---|");
    let mut base = None;
    for name in NAMES {
        let (instructions, allocations) = measure(name)?;
        let (least, fewest) = *base.get_or_insert((instructions, allocations));
        let ratio = instructions as f64 / least as f64;
        println!("| {name} | {instructions} | {ratio:.2} | {allocations:.1} | {:.1} |", allocations - fewest);
    }
    println!();
    Ok(())
}

fn measure(name: &str) -> Result<(u64, f64), Failed> {
    let file = output(name);
    let this = std::env::current_exe()?;
    let mut child = Command::new("valgrind")
        .args(["-q", "--tool=callgrind", &format!("--callgrind-out-file={file}")])
        .arg(this)
        .args(["serve", name])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut input = child.stdin.take().expect("it is piped");
    let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
    let before = ask(&mut input, &mut output, FEW)?;
    zero(child.id())?;
    let after = ask(&mut input, &mut output, MANY - FEW)?;
    drop(input);
    child.wait()?;
    let requests = MANY - FEW;
    Ok((sum(&file)? / u64::from(requests), (after - before) as f64 / f64::from(requests)))
}

/// Has requests done, and returns how much was allocated so far.
fn ask(input: &mut ChildStdin, output: &mut BufReader<ChildStdout>, times: u32) -> Result<u64, Failed> {
    writeln!(input, "{times}")?;
    let mut line = String::new();
    output.read_line(&mut line)?;
    Ok(line.trim().parse()?)
}
