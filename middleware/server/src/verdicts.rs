//! Which requests are accepted and which are refused: by us, by hyper, by h2, or not at all and by which clause.
//!
//! ```text
//! refused by us     a link's answer, with its reason code; over HTTP/1 the connection is closed
//! refused by hyper  a bare status, `http.parse` in the log; over HTTP/1 the connection is closed
//! refused by h2     the stream alone, or the connection
//! accepted          the app is asked this: method, target, body
//! ```
//!
//! The page is written by a test, which sends each request over a socket, and through TLS: an upgrade of hyper that
//! changes a verdict is seen. How to try one:
//!
//! ```
//! use enfilade_server::{Connections, Limits};
//! use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let app = tower::service_fn(async |_: http::Request<_>| {
//!     Ok::<_, std::convert::Infallible>(http::Response::new(String::new()))
//! });
//! let (mut client, server) = duplex(1024);
//! tokio::spawn(Connections::new(Limits::default()).unwrap().serve(server, None, app));
//!
//! client.write_all(b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n").await.unwrap();
//! let mut answer = String::new();
//! client.read_to_string(&mut answer).await.unwrap();
//! assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("http.host-invalid"));
//! # }
//! ```
//!
#![doc = include_str!("verdicts.md")]
