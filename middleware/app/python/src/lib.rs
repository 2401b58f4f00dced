//! The last link of a chain as a Python app.
//!
//! ```text
//! … ── Auth ── Cookie ── AsgiApp ── one asyncio loop, one thread, tokio inside its selector
//!                     └─ WsgiApp ── inline on the reactor's thread, or a bounded pool
//! ```

pub mod import;
pub mod interpreter;
mod runtime;
mod traceback;

pub use self::{
    import::ImportError,
    interpreter::{Interpreter, StartError, Started},
    runtime::PythonRuntime,
};
