//! A WSGI app behind our server: called on the reactor's own thread, or on a pool.
//!
//! ```sh
//! cargo run -p enfilade-python --release --example wsgi -- wsgiref.simple_server:demo_app
//! cargo run -p enfilade-python --release --example wsgi -- wsgiref.simple_server:demo_app 4
//! ```
//!
//! The number is that of threads: one for an app that computes, more for one that waits. `PORT` in the environment is
//! 8000 unless set; the app is looked for in the working directory first.

use std::env;

use enfilade_python::{BoxError, Interpreter, PythonRuntime, WsgiApp};
use enfilade_server::Server;

fn main() -> Result<(), BoxError> {
    let target = env::args().nth(1).unwrap_or_else(|| "wsgiref.simple_server:demo_app".to_owned());
    let threads = env::args().nth(2).map_or(Ok(1), |threads| threads.parse())?;
    let port = env::var("PORT").map_or(Ok(8000), |port| port.parse())?;
    Interpreter::new().start()?.add_app_dir(env::current_dir()?)?;
    let app = WsgiApp::import(&target)?.with_threads(threads);
    PythonRuntime::new()?.block_on(async {
        let server = Server::bind(("127.0.0.1", port)).await?.with_signals()?;
        server.serve(app).await?;
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use enfilade_test::{Drive, assert_passed};

    use super::*;

    #[test]
    fn the_same_app_answers_on_the_reactors_thread_and_on_a_pool() {
        let told = |threads| {
            let app =
                WsgiApp::import("wsgiref.simple_server:demo_app").expect("an app").with_threads(threads);
            let answer = async { Drive::service(app).get("/cart?tea=1").send_async().await };
            let reply = PythonRuntime::new().expect("a runtime").block_on(answer);
            assert_passed!(reply);
            assert!(reply.text().contains("PATH_INFO = '/cart'"), "{}", reply.text());
            reply.text().contains("wsgi.multithread = True")
        };
        assert!(!told(1));
        assert!(told(4));
    }
}
