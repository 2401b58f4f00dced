//! Raw requests over real sockets, each with its verdict: refused by us, refused by hyper or h2, or accepted by a clause.
//!
//! ```text
//! http1, http2 (tables) ──▶ TCP, TLS with ALPN ──▶ answer, reason code ──▶ the verdict of the table ──▶ src/verdicts.md
//! ```
//!
//! 1. The page that the crate's documentation shows is compared with the tables; `ENFILADE_UPDATE=1` writes it anew.
//! 2. Nothing waits for time to pass: what happens to a connection is asked of it, by one more request or a PING.
//! 3. hyper's and h2's verdicts are pinned, so that an upgrade which changes one is seen.

#![allow(
    clippy::unwrap_used,
    reason = "a test may fail; the setting in .clippy.toml reaches test functions only"
)]

#[allow(dead_code, clippy::unused_async, reason = "shared with the tests of the server")]
#[path = "../server/kit.rs"]
mod kit;
#[cfg(feature = "tls")]
#[allow(dead_code, reason = "shared with the tests of TLS")]
#[path = "../tls/pki.rs"]
mod pki;

mod ask;
#[allow(dead_code, reason = "shared with the floods")]
mod frames;
mod http1;
mod http2;
mod page;
#[cfg(feature = "tls")]
mod tls;
mod verdict;

use self::{
    ask::{Socket, ask_http1, ask_http2},
    verdict::differs,
};

#[tokio::test]
async fn every_raw_http1_request_has_its_verdict_over_tcp() {
    judge_http1(&Socket::tcp().await).await;
}

#[tokio::test]
async fn every_raw_http2_request_has_its_verdict_over_tcp() {
    judge_http2(&Socket::tcp().await).await;
}

/// Asks the whole table of HTTP/1.
async fn judge_http1(socket: &Socket) {
    let mut wrong = Vec::new();
    for (group, rows) in http1::GROUPS {
        for (name, raw, verdict, _) in rows {
            let seen = ask_http1(socket, raw).await;
            wrong.extend(differs(&format!("{group}: {name}"), *verdict, &seen));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// Asks the whole table of HTTP/2.
async fn judge_http2(socket: &Socket) {
    let mut wrong = Vec::new();
    for (group, rows) in http2::GROUPS {
        for (name, parts, verdict, _) in rows {
            let seen = ask_http2(socket, parts).await;
            wrong.extend(differs(&format!("{group}: {name}"), *verdict, &seen));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
