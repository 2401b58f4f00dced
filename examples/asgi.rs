//! An ASGI app behind our server, on one thread.
//!
//! ```sh
//! PYTHONPATH=examples/apps cargo run -p enfilade-python --release --example asgi -- hello:app
//! ```

use enfilade_python::{AsgiApp, Interpreter};
use enfilade_server::Server;

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let target = std::env::args().nth(1).unwrap_or_else(|| "hello:app".into());
    Interpreter::new().start()?;
    AsgiApp::run(&target, |app| async move {
        let server = Server::bind("127.0.0.1:8000").await?.with_signals()?;
        server.serve(app).await?;
        Ok(())
    })?
}
