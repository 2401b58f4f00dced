//! The same requests through TLS, by the protocol that ALPN agreed on.
//!
//! ```text
//! ALPN http/1.1 ──▶ the HTTP/1 table      ALPN h2 ──▶ the HTTP/2 table      the certificate's names are not asked here
//! ```

use std::sync::Arc;

use enfilade_server::tls::Tls;
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::{
    ask::{Io, Socket},
    judge_http1, judge_http2, pki,
};

/// A client's way to shake hands.
pub(crate) struct Client(Arc<ClientConfig>);

impl Client {
    fn new(protocol: &str) -> Self {
        Self(Arc::new(pki::Client::new(&[protocol]).config))
    }

    pub(crate) async fn handshake(&self, io: TcpStream) -> Box<dyn Io> {
        let name = ServerName::try_from("a.example").unwrap();
        Box::new(TlsConnector::from(self.0.clone()).connect(name, io).await.unwrap())
    }
}

fn server() -> Tls {
    let folder = pki::Folder::new();
    let (certificate, key) = folder.issue("one", &["a.example"]);
    // Which hosts a certificate covers is another question, and asked in `tests/tls`.
    Tls::builder().with_certificate(certificate, key).insecure_any_host().open().unwrap()
}

#[tokio::test]
async fn every_http1_request_is_judged_alike_through_tls() {
    let socket = Socket::tls(server(), Client::new("http/1.1")).await;
    judge_http1(&socket).await;
}

#[tokio::test]
async fn every_http2_request_is_judged_alike_through_tls() {
    let socket = Socket::tls(server(), Client::new("h2")).await;
    judge_http2(&socket).await;
}
