//! One GET of one small JSON document: by one connection, with every limit, and trusting nobody on the way.
//!
//! ```text
//! resolve ▸ connect ▸ TLS ▸ GET ▸ 200? ▸ content type? ▸ body up to the limit      all of it within the deadline
//! ```
//!
//! 1. No redirect is followed, no proxy of the environment is asked, no compression is offered, no cookie is sent.
//! 2. A connection for each fetch: every few minutes one is cheaper than a pool that keeps it open.
//! 3. The TLS provider is given explicitly; whatever the program has installed for itself does not matter.

use std::{io, net::SocketAddr, path::Path, pin::pin, sync::Arc};

use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Empty};
use hyper::{
    body::{Bytes, Incoming},
    client::conn::http1,
};
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
};
use tokio_rustls::TlsConnector;

use super::url::Url;
use crate::ConfigError;

/// What came instead of the document. Holds nothing of what was sent.
pub(super) type Trouble = String;

/// What a document may be.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// A JWK set (RFC 7517 §8.5).
    Keys,
    /// Metadata of an issuer.
    Metadata,
}

impl Kind {
    fn is_named_by(self, content_type: &str) -> bool {
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("application/json")
            || (matches!(self, Self::Keys) && essence.eq_ignore_ascii_case("application/jwk-set+json"))
    }
}

/// Fetches documents.
pub(super) struct Fetcher {
    tls: Option<TlsConnector>,
    most: usize,
}

impl Fetcher {
    /// For addresses that need no TLS: loopback.
    pub(super) fn plain(most: usize) -> Self {
        Self { tls: None, most }
    }

    /// Trusts the certificates of this file, or those that the system trusts.
    pub(super) fn with_tls(most: usize, ca_file: Option<&Path>) -> Result<Self, ConfigError> {
        let roots = match ca_file {
            Some(path) => roots_of(path)?,
            None => system_roots()?,
        };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider has the suites of both versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { tls: Some(TlsConnector::from(Arc::new(config))), most })
    }

    /// The document there. The caller sets the deadline.
    pub(super) async fn get(&self, url: &Url, kind: Kind) -> Result<String, Trouble> {
        let stream = connect(url).await.map_err(|error| format!("cannot connect: {error}"))?;
        if !url.is_https() {
            return self.ask(stream, url, kind).await;
        }
        let tls = self.tls.as_ref().ok_or("https was not set up")?;
        let name = ServerName::try_from(url.host().to_owned()).map_err(|_| "no name for a certificate")?;
        let stream = tls.connect(name, stream).await.map_err(|error| format!("no TLS: {error}"))?;
        self.ask(stream, url, kind).await
    }

    async fn ask<S>(&self, stream: S, url: &Url, kind: Kind) -> Result<String, Trouble>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let shake = http1::Builder::new().max_buf_size(16 * 1024).handshake(TokioIo::new(stream));
        let (mut sender, connection) = shake.await.map_err(words)?;
        let request = Request::get(url.target())
            .header(header::HOST, url.host_header())
            .header(header::ACCEPT, "application/json, application/jwk-set+json")
            .header(header::USER_AGENT, concat!("enfilade/", env!("CARGO_PKG_VERSION")))
            .header(header::CONNECTION, "close")
            .body(Empty::<Bytes>::new())
            .map_err(words)?;
        let exchange = async {
            let response = sender.send_request(request).await.map_err(words)?;
            self.read(response, kind).await
        };
        let (mut exchange, mut connection) = (pin!(exchange), pin!(connection));
        let mut is_open = true;
        loop {
            tokio::select! {
                biased;
                document = &mut exchange => return document,
                // It ends before the last of the body was read; what went wrong is told by the exchange.
                _ = &mut connection, if is_open => is_open = false,
            }
        }
    }

    async fn read(&self, response: Response<Incoming>, kind: Kind) -> Result<String, Trouble> {
        let (head, mut body) = response.into_parts();
        if head.status != StatusCode::OK {
            // A redirect too: whoever could send one could send us anywhere.
            return Err(format!("status {}", head.status.as_u16()));
        }
        let content_type = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if !content_type.is_some_and(|value| kind.is_named_by(value)) {
            return Err("the content type is not application/json".to_owned());
        }
        if head.headers.contains_key(header::CONTENT_ENCODING) {
            return Err("the document is compressed, which was not asked for".to_owned());
        }
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(words)?.into_data() else { continue };
            if bytes.len() + data.len() > self.most {
                return Err(format!("the document is longer than {} bytes", self.most));
            }
            bytes.extend_from_slice(&data);
        }
        String::from_utf8(bytes).map_err(|_| "the document is not UTF-8".to_owned())
    }
}

/// Plain http goes to this machine, whatever its resolver says.
async fn connect(url: &Url) -> io::Result<TcpStream> {
    let may_reach = |address: &SocketAddr| url.is_https() || address.ip().is_loopback();
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address that may be asked");
    for address in lookup_host((url.host(), url.port())).await?.filter(may_reach) {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn words(error: impl std::error::Error) -> Trouble {
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{error}{cause}")
}

fn roots_of(path: &Path) -> Result<RootCertStore, ConfigError> {
    let error = |source| ConfigError::File { path: path.to_owned(), source };
    let wrong = |what: &str| error(io::Error::new(io::ErrorKind::InvalidData, what.to_owned()));
    let pem = std::fs::read(path).map_err(error)?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|_| wrong("this is not PEM"))?;
        roots.add(certificate).map_err(|_| wrong("a certificate is malformed"))?;
    }
    // Without this line an empty file would be a fetcher that trusts nobody, found out much later.
    if roots.is_empty() { Err(wrong("there is no certificate in it")) } else { Ok(roots) }
}

fn system_roots() -> Result<RootCertStore, ConfigError> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (taken, _left_out) = roots.add_parsable_certificates(found.certs);
    if taken == 0 {
        let problem = "the system trusts no certificate: install its CA certificates, or name a file of them";
        return Err(ConfigError::KeySource { from: "https".to_owned(), problem: problem.to_owned() });
    }
    Ok(roots)
}
