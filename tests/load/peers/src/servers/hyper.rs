//! hyper alone: the floor that the others stand on.
//!
//! ```text
//! accept ─▶ http1::serve_connection(service_fn)
//! ```

use std::{convert::Infallible, net::TcpListener};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;

use super::{HELLO, ready, strangers_headers};
use crate::peer::Failed;

pub async fn serve(listener: TcpListener) -> Result<(), Failed> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    ready(listener.local_addr()?, &strangers_headers())?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(hello)));
    }
}

async fn hello(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::new(Bytes::from_static(HELLO.as_bytes()))))
}
