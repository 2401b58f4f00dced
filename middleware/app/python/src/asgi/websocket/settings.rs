//! What a WebSocket may cost, and when it counts as dead.
//!
//! ```text
//! max_message   16 MiB   after inflation; more is closed with 1009
//! ping          20 s     of silence, then a ping; 20 s more without a word end the connection
//! close         10 s     for the client's part of a closing handshake
//! compression   on       permessage-deflate (RFC 7692), for clients that offer it
//! ```
//!
//! ```
//! use std::time::Duration;
//!
//! use enfilade_python::WebSocketSettings;
//!
//! let chat = WebSocketSettings::new().with_max_message(64 << 10).with_ping(Some(Duration::from_secs(60)));
//! # let _ = chat;
//! ```

use std::time::Duration;

/// Limits and deadlines of WebSockets. See the [module docs](self).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "settings do nothing until an app has them"]
pub struct WebSocketSettings {
    pub(super) max_message: usize,
    pub(super) ping: Option<Duration>,
    pub(super) pong: Duration,
    pub(super) close: Duration,
    pub(super) compression: bool,
}

impl WebSocketSettings {
    /// The values of the table above.
    pub fn new() -> Self {
        Self {
            max_message: 16 << 20,
            ping: Some(Duration::from_secs(20)),
            pong: Duration::from_secs(20),
            close: Duration::from_secs(10),
            compression: true,
        }
    }

    /// Bytes of the largest message that is received, whether it comes in one frame or in many, compressed or not.
    pub fn with_max_message(self, bytes: usize) -> Self {
        Self { max_message: bytes, ..self }
    }

    /// After which silence of the client a ping is sent; `None` sends none, and a client that is gone without a word
    /// stays until the app writes to it.
    pub fn with_ping(self, interval: Option<Duration>) -> Self {
        Self { ping: interval, ..self }
    }

    /// How long a client may take to say anything at all after a ping.
    pub fn with_pong_timeout(self, timeout: Duration) -> Self {
        Self { pong: timeout, ..self }
    }

    /// How long a client may take to answer a close frame, before its connection is cut.
    pub fn with_close_timeout(self, timeout: Duration) -> Self {
        Self { close: timeout, ..self }
    }

    /// Whether permessage-deflate is agreed on with clients that offer it.
    ///
    /// It takes about 200 KiB of memory for each connection on which a compressed message was sent.
    pub fn with_compression(self, compression: bool) -> Self {
        Self { compression, ..self }
    }
}

impl Default for WebSocketSettings {
    fn default() -> Self {
        Self::new()
    }
}
