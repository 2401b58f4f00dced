//! `enfilade run`: the chain before an app that was not written in Rust.
//!
//! ```text
//! RunArgs ─▶ Target ─┬─ a script ─▶ CgiService ───────────────┐
//!                    └─ module:attr ─▶ WsgiApp, or AsgiApp    ├─▶ Gateway ── serve(app) ──▶ accepts ─▶ drains ─▶ done
//!                       sockets are bound ────────────────────┘
//! ```
//!
//! - [`chain`]: the links, with a reason for each one's place
//! - [`Gateway`]: everything before the app; who drives the runtime is the app's affair

mod banner;
pub mod chain;
mod credentials;
mod error;
mod gateway;
#[cfg(feature = "python")]
mod python;
#[cfg(feature = "python")]
mod reload;
mod script;
mod target;

pub(crate) use self::error::CONFIG;
pub use self::{
    credentials::Credentials,
    error::RunError,
    gateway::{Built, Gateway, build},
    script::script,
    target::Target,
};

use std::thread;

use tokio::runtime::Builder;
use tower::BoxError;

use crate::cli::RunArgs;

/// Serves the app until it is told to stop.
///
/// # Errors
///
/// When the app, an address, a file or a setting cannot be used; the message says what to do.
pub fn run(args: &RunArgs) -> Result<(), BoxError> {
    let target = Target::of(&args.app)?;
    target.takes(args)?;
    match target {
        Target::Script(path) => {
            let app = script(args, &path)?;
            let gateway = Gateway::bind(args)?;
            // On one core a thread of its own would only be woken by each process that ends.
            let alone = thread::available_parallelism().is_ok_and(|cores| cores.get() == 1);
            let mut runtime = if alone { Builder::new_current_thread() } else { Builder::new_multi_thread() };
            let runtime = runtime.enable_all().build()?;
            let what = format!("{} (CGI: a process for each request)", path.display());
            runtime.block_on(gateway.serve(app, &what))
        }
        #[cfg(feature = "python")]
        Target::Python(_) if args.python.reload && args.python.reloaded.is_none() => reload::watch(args),
        #[cfg(feature = "python")]
        Target::Python(name) => python::serve(args, &name),
        #[cfg(not(feature = "python"))]
        Target::Python(name) => Err(RunError::NoPython(name).into()),
    }
}
