//! What is sent: a document, or the trouble that the test asked for.
//!
//! ```text
//! HTTP/1.1, content-length, connection: close      HEAD without the body, other methods 405
//! ```

use std::{
    io::{self, Write},
    net::TcpStream,
};

use serde_json::{Value, json};

use super::{Endpoint, Trouble, listen::Shared};
use crate::issuer::{Issuer, Key};

const JSON: &str = "application/json";

pub(super) fn send(
    mut stream: &TcpStream,
    shared: &Shared,
    issuer: &Issuer,
    (method, endpoint): (&str, Endpoint),
    trouble: Option<&Trouble>,
) -> io::Result<()> {
    if trouble == Some(&Trouble::Hold) {
        shared.hold();
    }
    let (status, kind, body) = match trouble {
        _ if !matches!(method, "GET" | "HEAD") => (405, "text/plain", b"GET only".to_vec()),
        Some(Trouble::Close) => return Ok(()),
        Some(Trouble::Endless) => return endless(stream),
        Some(Trouble::Redirect(to)) => {
            let head = format!(
                "HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            );
            return stream.write_all(head.as_bytes());
        }
        Some(Trouble::Status(status)) => (*status, "text/html", b"<h1>trouble</h1>".to_vec()),
        Some(Trouble::Body(kind, body)) => (200, &**kind, body.clone()),
        _ if endpoint == Endpoint::Other => (404, "text/plain", b"not here".to_vec()),
        _ => (200, JSON, document(issuer, endpoint, trouble)),
    };
    let head = format!(
        "HTTP/1.1 {status} {}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        phrase(status),
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    if method == "HEAD" {
        return Ok(());
    }
    let (first, rest) = body.split_at(body.len() / 2);
    stream.write_all(first)?;
    match trouble {
        Some(Trouble::Truncate) => return Ok(()),
        Some(Trouble::HoldBody) => shared.hold(),
        _ => {}
    }
    stream.write_all(rest)
}

fn document(issuer: &Issuer, endpoint: Endpoint, trouble: Option<&Trouble>) -> Vec<u8> {
    let value = match endpoint {
        Endpoint::Jwks => public_keys(issuer),
        _ => discovery(issuer, trouble),
    };
    let mut text = value.to_string().into_bytes();
    if let Some(Trouble::Oversize(bytes)) = trouble {
        text.resize(text.len().max(*bytes), b' ');
    }
    text
}

fn public_keys(issuer: &Issuer) -> Value {
    let keys = issuer.keys();
    let public = keys.iter().filter(|key| !key.alg().is_shared_secret());
    json!({"keys": public.map(Key::jwk).collect::<Vec<_>>()})
}

fn discovery(issuer: &Issuer, trouble: Option<&Trouble>) -> Value {
    let url = issuer.name();
    let mut algs: Vec<_> = issuer.keys().iter().map(|key| key.alg().as_str()).collect();
    algs.dedup();
    let mut document = json!({
        "issuer": url,
        "jwks_uri": format!("{url}/jwks.json"),
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": algs,
        "code_challenge_methods_supported": ["S256"],
    });
    match trouble {
        Some(Trouble::Issuer(other)) => document["issuer"] = json!(other),
        Some(Trouble::JwksUri(other)) => document["jwks_uri"] = json!(other),
        _ => {}
    }
    document
}

fn endless(mut stream: &TcpStream) -> io::Result<()> {
    stream.write_all(
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n",
    )?;
    let chunk = [b"400\r\n", &[b' '; 1024][..], b"\r\n"].concat();
    // Ends when the client hangs up, or when we are dropped and the connection is shut.
    loop {
        stream.write_all(&chunk)?;
    }
}

fn phrase(status: u16) -> &'static str {
    let status = http::StatusCode::from_u16(status).ok();
    status.and_then(|status| status.canonical_reason()).unwrap_or("Trouble")
}
