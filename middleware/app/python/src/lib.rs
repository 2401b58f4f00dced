//! The last link of a chain as a Python app.
//!
//! ```text
//! … ── Auth ── Cookie ── AsgiApp ── one asyncio loop, one thread, tokio inside its selector
//!                     └─ WsgiApp ── inline on the reactor's thread, or a bounded pool
//! ```

pub mod asgi;
mod awaitable;
pub mod import;
pub mod interpreter;
mod native;
mod reactor;
mod request;
mod runtime;
mod traceback;
pub mod wsgi;

pub use self::{
    asgi::{AsgiApp, AsgiBody, AsgiError, AsgiFuture, WebSocketSettings},
    import::{ImportError, PythonApp},
    interpreter::{Interpreter, StartError, Started},
    request::{ConfigError, Interface},
    runtime::PythonRuntime,
    wsgi::{WsgiApp, WsgiBody, WsgiError, WsgiFuture},
};

/// Any error.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
