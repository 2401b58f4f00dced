//! The demo behind the real server, asked over HTTP/1.1 and HTTP/2: what is true of the chain is true on the wire.
//!
//! ```text
//! Drive ─▶ Wire: hyper's client ══ pipe ══ Connections ─▶ the demo's chain
//!                     answer ◀── with the refusal that the chain left on it, which no wire carries
//! ```

use std::{
    convert::Infallible,
    future::{Ready, ready},
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use bytes::Bytes;
use enfilade::{
    core::Rejection,
    server::{Connections, Limits, RequestBody},
};
use enfilade_test::ProbeBody;
use http::{Request, Response, Uri, Version, header::HOST, uri::Scheme};
use http_body::Body;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::duplex,
    runtime::{Builder, Runtime},
};
use tower::{BoxError, Service, ServiceExt as _};

/// A service at the other end of a pipe; each request has a connection of its own.
#[derive(Clone)]
pub(crate) struct Wire<S> {
    runtime: Arc<Runtime>,
    connections: Connections,
    version: Version,
    service: S,
}

impl<S> Wire<S> {
    pub(crate) fn new(service: S, version: Version) -> Self {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let connections = runtime.block_on(async { Connections::new(Limits::default()).unwrap() });
        Self { runtime: Arc::new(runtime), connections, version, service }
    }
}

impl<S, B> Service<Request<ProbeBody>> for Wire<S>
where
    S: Service<Request<RequestBody>, Response = Response<B>, Error: Into<BoxError> + Send, Future: Send>
        + Clone
        + Send
        + 'static,
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, req: Request<ProbeBody>) -> Self::Future {
        ready(Ok(self.runtime.block_on(self.ask(req))))
    }
}

impl<S, B> Wire<S>
where
    S: Service<Request<RequestBody>, Response = Response<B>, Error: Into<BoxError> + Send, Future: Send>
        + Clone
        + Send
        + 'static,
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    async fn ask(&self, req: Request<ProbeBody>) -> Response<Full<Bytes>> {
        let (head, body) = req.into_parts();
        let mut req = Request::from_parts(head, Full::new(body.collect().await.unwrap().to_bytes()));
        let refused = Arc::new(Mutex::new(None));
        let noted = refused.clone();
        let service = self.service.clone().map_response(move |response: Response<B>| {
            *noted.lock().unwrap() = response.extensions().get::<Rejection>().cloned();
            response
        });
        let (client, server) = duplex(64 << 10);
        let peer = "127.0.0.1:5000".parse().map(enfilade::core::ClientAddr::Tcp).unwrap();
        tokio::spawn(self.connections.serve(server, Some(peer), service));
        let io = TokioIo::new(client);
        let response = if self.version == Version::HTTP_2 {
            let (mut sender, connection) = conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
            tokio::spawn(connection);
            to_http2(&mut req);
            sender.send_request(req).await
        } else {
            let (mut sender, connection) = conn::http1::handshake(io).await.unwrap();
            tokio::spawn(connection);
            sender.send_request(req).await
        };
        let (mut head, body) = response.expect("an answer").into_parts();
        assert_eq!(head.version, self.version);
        if let Some(rejection) = refused.lock().unwrap().take() {
            head.extensions.insert(rejection);
        }
        Response::from_parts(head, Full::new(body.collect().await.unwrap().to_bytes()))
    }
}

/// With `:scheme` and `:authority` in the place of `Host`.
fn to_http2<B>(req: &mut Request<B>) {
    *req.version_mut() = Version::HTTP_2;
    let host = req.headers_mut().remove(HOST).expect("a client names its host");
    let mut parts = req.uri().clone().into_parts();
    (parts.scheme, parts.authority) = (Some(Scheme::HTTP), Some(host.as_bytes().try_into().unwrap()));
    *req.uri_mut() = Uri::from_parts(parts).unwrap();
}
