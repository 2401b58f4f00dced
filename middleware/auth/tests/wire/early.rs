//! A refusal while the body is on its way leaves no byte of it to be read as the next request.

use std::time::Duration;

use enfilade_auth::{Auth, Bearer};
use enfilade_test::issuer::Issuer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{
    credentials::verifier,
    kit::{Site, gate, parse},
};

#[tokio::test]
async fn a_request_inside_a_refused_body_is_no_request() {
    let issuer = Issuer::new();
    let site = Site::of([gate(Auth::new(Bearer::new(verifier(&issuer))))]);
    let inner = format!(
        "GET /smuggled HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\n\r\n",
        issuer.token("ada").sign()
    );
    let chunked = format!("{:x}\r\n{inner}\r\n0\r\n\r\n", inner.len());
    for (framing, body) in [
        (format!("content-length: {}", inner.len()), &inner),
        ("content-length: 1000000".to_owned(), &inner),
        ("transfer-encoding: chunked".to_owned(), &chunked),
    ] {
        for pause in [false, true] {
            let mut stream = site.connect().await;
            let head =
                format!("POST / HTTP/1.1\r\nhost: a\r\nauthorization: Bearer x.y.z\r\n{framing}\r\n\r\n");
            stream.write_all(head.as_bytes()).await.unwrap();
            if pause {
                tokio::task::yield_now().await;
            }
            // The server may have closed already, and that is as good.
            let end = "GET /end HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
            let _ = stream.write_all(format!("{body}{end}").as_bytes()).await;
            let mut answer = Vec::new();
            let _ = tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut answer)).await;
            let text = String::from_utf8_lossy(&answer).into_owned();
            assert_eq!(parse(&answer).status, 401, "{framing}: {text}");
            assert!(!text.contains("ada") && !text.contains("HTTP/1.1 200"), "{framing}: {text}");
            assert!((1..=2).contains(&text.matches("HTTP/1.1 401").count()), "{framing}: {text}");
        }
    }
}
