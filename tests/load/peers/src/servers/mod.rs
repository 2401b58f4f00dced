//! The servers: each answers `hello world` on one thread, in its own framework's ordinary way.
//!
//! ```text
//! serve(name): bind ─▶ say port, headers, ready ─▶ answer until SIGTERM ─▶ say how much was allocated
//! ```

mod actix;
mod axum;
mod enfilade;
mod hyper;

use std::{
    future::Future,
    io::{Read as _, Write as _, stdout},
    net::{SocketAddr, TcpListener, TcpStream},
};

use ::enfilade::{
    auth::jwt::{Algorithm, NewToken, SigningKey},
    core::{Gate, Pass, gate_fn},
};
use http::{HeaderName, header};
use stats_alloc::INSTRUMENTED_SYSTEM;
use tokio::signal::unix::{SignalKind, signal};

use crate::peer::Failed;

/// What each of eight gates looks up, and none finds.
pub static LOOKED_UP: HeaderName = header::ACCEPT_LANGUAGE;

pub const HELLO: &str = "hello world\n";

/// Runs one server until it is told to stop.
pub fn serve(name: &str) -> Result<(), Failed> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    match name {
        "hyper" => run(hyper::serve(listener)),
        "axum" => run(axum::plain(listener)),
        "axum-login" => run(axum::login(listener)),
        "actix" => actix::plain(listener),
        "actix-jwt" => actix::jwt(listener),
        "adapter" => run(enfilade::adapter(listener)),
        "adapter-gates" => run(enfilade::adapter_gates(listener)),
        "adapter-chain" => run(enfilade::adapter_chain(listener)),
        "enfilade-bare" => run(enfilade::bare(listener)),
        "enfilade-gates" => run(enfilade::gates(listener)),
        "enfilade" => run(enfilade::chain(listener)),
        _ => Err(format!("no server is called `{name}`").into()),
    }?;
    let counted = INSTRUMENTED_SYSTEM.stats();
    println!("allocations {}", counted.allocations + counted.reallocations);
    Ok(())
}

pub fn look_up() -> impl Gate {
    gate_fn("look-up", |req| {
        std::hint::black_box(req.headers.get(&LOOKED_UP));
        Ok(Pass::Now)
    })
}

/// Tells the harness where the server is and what each request to it carries.
fn ready(addr: SocketAddr, headers: &[String]) -> Result<(), Failed> {
    let mut out = stdout().lock();
    writeln!(out, "port {}", addr.port())?;
    for header in headers {
        writeln!(out, "{header}")?;
    }
    writeln!(out, "ready")?;
    Ok(out.flush()?)
}

fn run(server: impl Future<Output = Result<(), Failed>>) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut end = signal(SignalKind::terminate())?;
        tokio::select! {
            done = server => done,
            _ = end.recv() => Ok(()),
        }
    })
}

/// What the servers without links are sent: as much as the whole chain is.
fn strangers_headers() -> Vec<String> {
    let key = SigningKey::generate(Algorithm::Es256).with_id("2026-11");
    let token = NewToken::new("https://id.example", "shop", "ada")
        .with_scopes(["orders:read", "orders:write"])
        .sign(&key);
    vec![
        format!("authorization: Bearer {token}"),
        format!("cookie: theme=dark; __Host-id={}; lang=en", "x".repeat(76)),
    ]
}

/// Signs in at a server of this process, and returns its cookies as a header.
fn sign_in(addr: SocketAddr) -> Result<String, Failed> {
    let mut stream = TcpStream::connect(addr)?;
    stream.write_all(b"GET /sign-in HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let cookies: Vec<&str> = text
        .lines()
        .filter(|line| line.to_ascii_lowercase().starts_with("set-cookie:"))
        .filter_map(|line| line["set-cookie:".len()..].split(';').next())
        .map(str::trim)
        .collect();
    if cookies.is_empty() {
        return Err(format!("no cookie: {text}").into());
    }
    Ok(format!("cookie: {}", cookies.join("; ")))
}
