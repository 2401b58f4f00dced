//! The whole chain beside its peers: servers take turns on one core, `wrk` drives them from another.
//!
//! ```text
//! cargo run --release --manifest-path tests/load/peers/Cargo.toml               all tables, about ten minutes
//! cargo run --release --manifest-path tests/load/peers/Cargo.toml -- count NAME … instructions and allocations alone
//! cargo run --release --manifest-path tests/load/peers/Cargo.toml -- axum       links in an axum router, no socket
//! cargo run --release --manifest-path tests/load/peers/Cargo.toml -- time       CPU time, requests/s, p99 alone
//! cargo run --release --manifest-path tests/load/peers/Cargo.toml -- serve NAME one server, by hand
//! ```
//!
//! Each server is a process of its own with one thread. All get the same request: a bearer token, and the cookies of
//! the server's own that it needs; a server without links gets those of the whole chain. It needs `wrk`, `valgrind`,
//! `taskset` and, for that row, `nginx`.

mod count;
mod in_axum;
mod peer;
mod servers;
mod time;

use std::{alloc::System, env, process::ExitCode};

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static COUNTED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["serve", name] if name.starts_with("router") => in_axum::serve(name),
        ["serve", name] => servers::serve(name),
        ["count", ref names @ ..] => count::table(names),
        ["axum"] => in_axum::table(),
        ["time"] => time::table(),
        [] => count::table(&[]).and_then(|()| in_axum::table()).and_then(|()| time::table()),
        _ => Err("say `count`, `axum`, `time`, `serve NAME`, or nothing for the tables".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
