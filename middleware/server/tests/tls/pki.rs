//! Certificates made on the spot, and a client that believes exactly them.
//!
//! ```text
//! Folder ─ issue("shop", ["shop.example"]) ─▶ shop.pem, shop.key
//! Client ─ connect(connections, name) ─▶ TlsStream over a pipe
//! ```

use std::{
    env, fs, io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use enfilade_core::ClientAddr;
use enfilade_server::{Connections, Limits, tls::Tls};
use rcgen::{CertificateParams, KeyPair};
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, aws_lc_rs::default_provider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use tokio::io::{DuplexStream, duplex};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tower::service_fn;

use crate::kit::echo;

/// A folder that is removed at the end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("enfilade-tls-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Whole or not at all, as whoever watches it sees it.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        fs::write(self.at("next"), text).unwrap();
        fs::rename(self.at("next"), self.at(name)).unwrap();
        self.at(name)
    }

    /// Writes `stem.pem` and `stem.key`.
    pub(crate) fn issue(&self, stem: &str, names: &[&str]) -> (PathBuf, PathBuf) {
        let (certificate, key) = issue(names);
        (self.write(&format!("{stem}.pem"), certificate), self.write(&format!("{stem}.key"), key))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A certificate for these names and its key, both PEM.
pub(crate) fn issue(names: &[&str]) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let certificate = CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
    (certificate.pem(), key.serialize_pem())
}

/// TLS with one certificate for these names.
pub(crate) fn tls(names: &[&str]) -> Tls {
    let folder = Folder::new();
    let (certificate, key) = folder.issue("one", names);
    Tls::open(certificate, key).unwrap()
}

/// Connections of a server with this TLS.
pub(crate) fn server(tls: Tls) -> Connections {
    Connections::new(Limits::default()).unwrap().with_tls(tls)
}

/// The client's end of a connection to the echo app.
pub(crate) fn pipe(connections: &Connections) -> DuplexStream {
    let (client, server) = duplex(1 << 16);
    let peer = ClientAddr::Tcp("192.0.2.1:5000".parse().unwrap());
    tokio::spawn(connections.serve(server, Some(peer), service_fn(echo)));
    client
}

/// How a client shakes hands.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) config: ClientConfig,
}

impl Client {
    pub(crate) fn new(protocols: &[&str]) -> Self {
        Self::of(protocols, &[&rustls::version::TLS13, &rustls::version::TLS12])
    }

    pub(crate) fn of(protocols: &[&str], versions: &[&'static rustls::SupportedProtocolVersion]) -> Self {
        let provider = Arc::new(default_provider());
        let mut config = ClientConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(versions)
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anyone(provider)))
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Self { config }
    }

    /// Asks for a name, or for none.
    pub(crate) async fn connect(
        &self,
        connections: &Connections,
        name: Option<&str>,
    ) -> io::Result<TlsStream<DuplexStream>> {
        let mut config = self.config.clone();
        config.enable_sni = name.is_some();
        let name = ServerName::try_from(name.unwrap_or("none.example").to_owned()).unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, pipe(connections)).await
    }
}

/// The names on the certificate that the server showed.
pub(crate) fn shown(stream: &TlsStream<DuplexStream>) -> Vec<String> {
    let certificates = stream.get_ref().1.peer_certificates().unwrap();
    let parsed = webpki::EndEntityCert::try_from(&certificates[0]).unwrap();
    parsed.valid_dns_names().map(str::to_owned).collect()
}

/// Believes any certificate, but no wrong signature: the tests look at which one it is.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
