//! Run with `cargo run -p enfilade-server --example server_hello`, then `curl -i http://localhost:8080/`.
//!
//! A service on the server: HTTP/1.1 and HTTP/2 on one port, limits, strict validation, an access log, and a drain
//! on Ctrl-C. Send it nonsense: `printf 'GET / HTTP/1.1\r\n\r\n' | nc localhost 8080`.

use std::convert::Infallible;

use enfilade_core::RequestContext;
use enfilade_server::{BoxError, Limits, RequestBody, Server};
use http::{Request, Response};
use http_body_util::BodyExt;
use tower::service_fn;

async fn hello(req: Request<RequestBody>) -> Result<Response<String>, Infallible> {
    let context = RequestContext::of(req.extensions()).cloned().unwrap_or_default();
    let host = context.canonical().and_then(|canonical| canonical.host().cloned());
    let received = match req.into_body().collect().await {
        Ok(body) => body.to_bytes().len(),
        // The server answers for its limits itself.
        Err(error) => return Ok(Response::new(error.to_string())),
    };
    let host = host.map_or_else(|| "nobody".to_owned(), |host| host.to_string());
    Ok(Response::new(format!("hello, you asked for {host} and sent {received} bytes\n")))
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    tracing_subscriber::fmt().init();
    let addr = std::env::args().nth(1).unwrap_or_else(|| "localhost:8080".to_owned());
    let server = Server::bind(addr).await?.with_limits(Limits::default()).with_signals()?;
    for addr in server.local_addrs() {
        tracing::info!("listening on http://{addr}");
    }
    server.serve(service_fn(hello)).await?;
    Ok(())
}
