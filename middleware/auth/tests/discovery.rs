//! Discovery: whose metadata is believed, where it may send us, and whom TLS proves; several issuers at once.
//!
//! ```text
//! Issuer ── serve() ──▶ metadata ─ issuer equal? ─▶ jwks_uri ─▶ keys       https: a server of this file's own
//! ```

#![allow(clippy::unwrap_used)] // a helper of a test fails the test

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use enfilade_auth::{
    Auth, Bearer, ConfigError, Gate, Pass, Principal,
    jwt::{Issuers, JwksUrl, TokenFault, Verifier},
};
use enfilade_test::issuer::{Endpoint, Issuer, Served, Trouble};
use http::Request;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinHandle,
};

fn builder(issuer: &Issuer, keys: JwksUrl) -> Verifier {
    Verifier::builder(keys).with_issuer(issuer.name()).with_audience(issuer.audience()).build().unwrap()
}

async fn why(builder: enfilade_auth::jwt::JwksUrlBuilder) -> String {
    let error = builder.start().await.unwrap_err();
    assert!(matches!(error, ConfigError::KeySource { .. }), "{error}");
    error.to_string()
}

#[tokio::test]
async fn an_issuer_is_found_by_either_kind_of_metadata() {
    let served = Issuer::new().serve();
    let issuer = served.issuer();
    for keys in [JwksUrl::openid(issuer.name()), JwksUrl::oauth(issuer.name())] {
        let verifier = builder(issuer, keys.start().await.unwrap());
        assert_eq!(verifier.verify(&issuer.token("ada").sign()).unwrap().subject(), "ada");
    }
    assert_eq!((served.count(Endpoint::OpenId), served.count(Endpoint::OAuth)), (1, 1));
}

#[tokio::test]
async fn metadata_about_any_other_issuer_is_refused() {
    let served = Issuer::new().serve();
    let name = served.issuer().name().to_owned();
    let others = [
        format!("{name}/"),
        name.to_uppercase(),
        name.replace("127.0.0.1", "localhost"),
        format!("{name}/tenant"),
        "https://id.example".to_owned(),
        String::new(),
    ];
    for other in others {
        for (endpoint, builder) in
            [(Endpoint::OpenId, JwksUrl::openid(&*name)), (Endpoint::OAuth, JwksUrl::oauth(&*name))]
        {
            served.trouble(endpoint, Trouble::Issuer(other.clone()));
            let error = why(builder).await;
            assert!(error.contains("it is about the issuer"), "{other}: {error}");
        }
    }
    assert_eq!(served.count(Endpoint::Jwks), 0, "its keys were never asked for");
}

#[tokio::test]
async fn metadata_sends_us_to_no_forbidden_place() {
    let served = Issuer::new().serve();
    let name = served.issuer().name().to_owned();
    for uri in [
        "http://id.example/jwks.json",
        "http://169.254.169.254/latest/meta-data",
        "http://[::ffff:127.0.0.1]/",
        "https://ada:pw@id.example/jwks.json",
        "file:///etc/passwd",
        "/jwks.json",
        "",
    ] {
        served.trouble(Endpoint::OpenId, Trouble::JwksUri(uri.to_owned()));
        let error = why(JwksUrl::openid(&*name)).await;
        assert!(error.contains("jwks_uri"), "{uri}: {error}");
    }
    served.trouble(
        Endpoint::OpenId,
        Trouble::Redirect(format!("{name}/.well-known/oauth-authorization-server")),
    );
    assert!(why(JwksUrl::openid(&*name)).await.contains("status 302"));
    assert_eq!((served.count(Endpoint::OAuth), served.count(Endpoint::Jwks)), (0, 0));
}

#[tokio::test]
async fn metadata_that_is_malformed_is_refused() {
    let served = Issuer::new().serve();
    let name = served.issuer().name().to_owned();
    let keys = served.jwks_url();
    let json = "application/json";
    for (kind, body, expected) in [
        (json, "[]".to_owned(), "not one JSON object"),
        (json, "{".to_owned(), "not one JSON object"),
        (
            json,
            format!(r#"{{"issuer":"{name}","issuer":"{name}","jwks_uri":"{keys}"}}"#),
            "not one JSON object",
        ),
        (json, format!(r#"{{"jwks_uri":"{keys}"}}"#), "`issuer` is missing"),
        (json, format!(r#"{{"issuer":["{name}"],"jwks_uri":"{keys}"}}"#), "`issuer` is missing"),
        (json, format!(r#"{{"issuer":"{name}"}}"#), "`jwks_uri` is missing"),
        (json, format!(r#"{{"issuer":"{name}","jwks_uri":null}}"#), "`jwks_uri` is missing"),
        ("text/html", format!(r#"{{"issuer":"{name}","jwks_uri":"{keys}"}}"#), "content type"),
        ("application/jwk-set+json", format!(r#"{{"issuer":"{name}","jwks_uri":"{keys}"}}"#), "content type"),
    ] {
        served.trouble(Endpoint::OpenId, Trouble::Body(kind.to_owned(), body.clone().into_bytes()));
        let error = why(JwksUrl::openid(&*name)).await;
        assert!(error.contains(expected), "{body}: {error}");
    }
}

/// A certificate authority of its own, and a server on loopback under a certificate for `names`.
struct Tls {
    address: SocketAddr,
    ca_file: PathBuf,
    _task: JoinHandle<()>,
}

impl Tls {
    async fn serve(label: &str, names: &[&str], answers: Vec<(&'static str, String)>) -> Self {
        let mut ca = rcgen::CertificateParams::new(Vec::new()).unwrap();
        ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let ca_key = rcgen::KeyPair::generate().unwrap();
        let ca_cert = ca.self_signed(&ca_key).unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        let names: Vec<_> = names.iter().map(ToString::to_string).collect();
        let signer = rcgen::Issuer::new(ca, ca_key);
        let cert = rcgen::CertificateParams::new(names).unwrap().signed_by(&key, &signer).unwrap();
        let ca_file = std::env::temp_dir().join(format!("enfilade-ca-{label}-{}.pem", std::process::id()));
        std::fs::write(&ca_file, ca_cert.pem()).unwrap();

        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![cert.der().clone()],
                PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
            )
            .unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let mut head = [0; 1024];
                let length = stream.read(&mut head).await.unwrap_or_default();
                let head = String::from_utf8_lossy(&head[..length]).into_owned();
                let found = answers.iter().find(|(path, _)| head.starts_with(&format!("GET {path} ")));
                let body = found.map_or("", |(_, body)| &**body).replace("PORT", &address.port().to_string());
                let answer = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                );
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        Self { address, ca_file, _task: task }
    }

    fn url(&self, host: &str, path: &str) -> String {
        format!("https://{host}:{}{path}", self.address.port())
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.ca_file);
    }
}

#[tokio::test]
async fn https_believes_the_named_authority_and_the_name_on_the_certificate_and_nobody_else() {
    let issuer = Issuer::new();
    let jwks = || vec![("/jwks.json", issuer.jwks().to_string())];
    let good = Tls::serve("good", &["localhost", "127.0.0.1"], jwks()).await;
    let other = Tls::serve("other", &["localhost"], jwks()).await;
    let misnamed = Tls::serve("misnamed", &["id.example"], jwks()).await;

    for host in ["localhost", "127.0.0.1"] {
        let keys =
            JwksUrl::at(good.url(host, "/jwks.json")).with_ca_file(&good.ca_file).start().await.unwrap();
        let verifier = builder(&issuer, keys);
        assert_eq!(verifier.verify(&issuer.token("ada").sign()).unwrap().subject(), "ada");
    }
    for (address, ca_file) in [
        (other.url("localhost", "/jwks.json"), &good.ca_file),
        (misnamed.url("localhost", "/jwks.json"), &misnamed.ca_file),
        (misnamed.url("127.0.0.1", "/jwks.json"), &misnamed.ca_file),
    ] {
        let error = why(JwksUrl::at(address).with_ca_file(ca_file)).await;
        assert!(error.contains("no TLS"), "{error}");
    }
}

#[tokio::test]
async fn an_issuer_on_https_sends_nobody_to_plain_http_on_this_machine() {
    let inside = Issuer::new().serve();
    let metadata = format!(r#"{{"issuer":"https://localhost:PORT","jwks_uri":"{}"}}"#, inside.jwks_url());
    let tls = Tls::serve("ssrf", &["localhost"], vec![("/.well-known/openid-configuration", metadata)]).await;
    let error = why(JwksUrl::openid(tls.url("localhost", "")).with_ca_file(&tls.ca_file)).await;
    assert!(error.contains("may not name plain http"), "{error}");
    assert!(inside.requests().is_empty());
}

#[tokio::test]
async fn a_file_without_certificates_stops_the_start() {
    let path = std::env::temp_dir().join(format!("enfilade-ca-empty-{}.pem", std::process::id()));
    for content in ["", "oops", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        std::fs::write(&path, content).unwrap();
        let error = JwksUrl::at("https://localhost/").with_ca_file(&path).start().await.unwrap_err();
        assert!(matches!(error, ConfigError::File { .. }), "{content}: {error}");
    }
    std::fs::remove_file(path).unwrap();
}

async fn ask(auth: &Auth, token: &str) -> String {
    let req = Request::get("/").header("authorization", format!("Bearer {token}"));
    let (mut req, ()) = req.body(()).unwrap().into_parts();
    let verdict = match auth.enter(&mut req) {
        Ok(Pass::Later(later)) => later.enter(&mut req).await,
        verdict => verdict,
    };
    match verdict {
        Ok(_) => Principal::of(&req.extensions).unwrap().issuer().unwrap().to_owned(),
        Err(refused) => refused.code().to_owned(),
    }
}

async fn two() -> (Served, Served, Auth) {
    let (a, b) = (Issuer::named("https://a.example").serve(), Issuer::named("https://b.example").serve());
    let mut verifiers = Vec::new();
    for served in [&a, &b] {
        let keys = JwksUrl::openid(served.issuer().name()).start().await.unwrap();
        verifiers.push(builder(served.issuer(), keys));
    }
    let auth = Auth::new(Bearer::of_issuers(Issuers::new(verifiers).unwrap()));
    (a, b, auth)
}

#[tokio::test]
async fn each_issuer_speaks_for_itself_and_for_nobody_else() {
    let (a, b, auth) = two().await;
    let (a, b) = (a.issuer(), b.issuer());
    for _ in 0..2 {
        assert_eq!(ask(&auth, &a.token("ada").sign()).await, a.name());
        assert_eq!(ask(&auth, &b.token("ada").sign()).await, b.name());
    }
    // The ids of their keys are the same; the keys are not.
    let posing = a.token("ada").claim("iss", b.name()).sign();
    assert_eq!(ask(&auth, &posing).await, "auth.token-signature");
    let token = a.token("ada");
    for (token, code) in [
        (token.clone().without("iss").sign(), "auth.token-claims"),
        (token.clone().claim("iss", 1).sign(), "auth.token-claims"),
        (token.clone().claim("iss", serde_json::json!([a.name()])).sign(), "auth.token-claims"),
        (token.clone().claim("iss", "https://evil.example").sign(), "auth.token-issuer"),
        (token.clone().claim("iss", format!("{}/", a.name())).sign(), "auth.token-issuer"),
        (token.clone().raw_claim_first("iss", "\"x\"").sign(), "auth.token-malformed"),
        ("x".to_owned(), "auth.token-malformed"),
        ("..".to_owned(), "auth.token-malformed"),
        ("a".repeat(20_000), "auth.token-malformed"),
        (a.token("ada").expires_at(1).sign(), "auth.token-expired"),
    ] {
        assert_eq!(ask(&auth, &token).await, code, "{token:.80}");
    }
}

#[tokio::test]
async fn a_token_of_an_issuer_that_is_not_listed_fetches_nothing() {
    let (a, b, auth) = two().await;
    let stranger = Issuer::new().serve();
    for _ in 0..50 {
        assert_eq!(ask(&auth, &stranger.issuer().token("eve").sign()).await, "auth.token-issuer");
        let unknown =
            stranger.issuer().token("eve").header("kid", "unknown").header("jku", stranger.jwks_url());
        assert_eq!(ask(&auth, &unknown.sign()).await, "auth.token-issuer");
    }
    assert!(stranger.requests().is_empty());
    assert_eq!((a.count(Endpoint::Jwks), b.count(Endpoint::Jwks)), (1, 1));
}

#[tokio::test]
async fn one_issuer_that_is_down_takes_no_other_with_it() {
    let b = Issuer::named("https://b.example").serve();
    let down = Issuer::named("https://a.example").serve();
    down.trouble(Endpoint::OpenId, Trouble::Close);
    let lame = JwksUrl::openid(down.issuer().name()).start_without_keys().unwrap();
    let keys = JwksUrl::openid(b.issuer().name()).start().await.unwrap();
    let issuers = Issuers::new([builder(down.issuer(), lame), builder(b.issuer(), keys)]).unwrap();
    let auth = Auth::new(Bearer::of_issuers(issuers));
    assert_eq!(ask(&auth, &down.issuer().token("ada").sign()).await, "auth.keys-unavailable");
    assert_eq!(ask(&auth, &b.issuer().token("ada").sign()).await, b.issuer().name());
}

#[tokio::test]
async fn issuers_that_cannot_be_told_apart_are_no_setting() {
    let served = Issuer::new().serve();
    let verifier = async || builder(served.issuer(), JwksUrl::at(served.jwks_url()).start().await.unwrap());
    let any = Verifier::builder(JwksUrl::at(served.jwks_url()).start().await.unwrap());
    let any = any.insecure_any_issuer().with_audience("shop").build().unwrap();
    for wrong in [vec![], vec![verifier().await, verifier().await], vec![verifier().await, any]] {
        assert!(matches!(Issuers::new(wrong), Err(ConfigError::Verifier { setting: "issuers", .. })));
    }
    let one = Issuers::new([verifier().await]).unwrap();
    assert_eq!(one.verify("a.b.c").unwrap_err().fault(), TokenFault::Malformed);
}
