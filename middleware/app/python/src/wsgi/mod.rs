//! A WSGI app (PEP 3333) as the last link of a chain.
//!
//! ```text
//! Request ─▶ environ (a dict from a template) ─▶ app(environ, start_response) ─▶ head, chunks ─▶ Response<WsgiBody>
//!              Principal ─▶ REMOTE_USER             inline, or on a thread of a pool
//! ```
//!
//! Each usable alone in an axum router, each testable without a socket:
//!
//! ```
//! use enfilade_python::{Interpreter, WsgiApp};
//! use http::Request;
//! use http_body_util::{BodyExt, Empty};
//! use pyo3::{Python, types::PyAnyMethods};
//! use tower::ServiceExt;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! Interpreter::new().start()?;
//! let app = Python::attach(|py| {
//!     let app = py.eval(c"lambda environ, start: (start('200 OK', []), [environ['PATH_INFO'].encode()])[1]", None, None)?;
//!     Ok::<_, pyo3::PyErr>(WsgiApp::new(app.unbind()))
//! })?;
//! let request = Request::get("/may").body(Empty::<bytes::Bytes>::new())?;
//! let response = app.oneshot(request).await?;
//! assert_eq!(response.into_body().collect().await?.to_bytes(), "/may");
//! # Ok(())
//! # }
//! ```
//!
//! # Where the app runs
//!
//! With one thread and on a [`PythonRuntime`](crate::PythonRuntime) it is called on the reactor's own thread: no
//! hand-over, the fastest way for an app that computes, and while it works nobody else is served. What it writes by
//! `write` waits until it returns; iterables are pulled as the client reads. With more threads, or on any other runtime,
//! it runs on a pool of threads of its own. `wsgi.multithread` says which.
//!
//! A request's body is read first where it is small, where its length is not said, and whenever the app is called
//! inline: 64 KiB in memory, more in an unnamed file. Others stream: a client that sends slowly holds a thread then, for as
//! long as the server's deadline for bodies lets it.
//!
//! # What is refused, and what breaks off
//!
//! An exception before the head is sent is a 500 `wsgi.app-failed`, and the traceback is in the log; after it, the body
//! breaks off and never ends cleanly. `SystemExit`, `KeyboardInterrupt` and a panic in a module of Rust are such exceptions
//! too. A body shorter than its `Content-Length` breaks off, a longer one is cut, and the log says so.
//!
//! # What is kept from one request to the next
//!
//! The texts of a request's variables, save a query, a path of more than 256 bytes and fields whose names speak of secrets
//! (`cookie`, `authorization`, anything with `key` or `token` …); an answer's fields, save `Set-Cookie`; and
//! `start_response` itself, if the app has kept no reference to it. One that it has kept raises `RuntimeError` afterwards.

mod answer;
mod body;
mod environ;
mod errors;
mod file_wrapper;
mod future;
mod head;
mod inline;
mod input;
mod panic;
mod pool;
mod reason;
mod respond;
mod service;
mod spool;
mod start_response;

pub use self::{
    body::{WsgiBody, WsgiError},
    future::WsgiFuture,
    service::WsgiApp,
};
