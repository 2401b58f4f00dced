//! What an HTTP/2 connection may take and cost: all that hyper has a setting for.
//!
//! ```text
//! client ──▶ frames ≤ max_frame ──▶ stream_window, in all connection_window ──▶ app ──▶ max_send_buffer ──▶ client
//!            resets: max_pending_resets, max_error_resets          silence: keep_alive
//! ```
//!
//! ```
//! use std::time::Duration;
//!
//! use enfilade_server::{Http2Limits, Limits};
//!
//! let http2 = Http2Limits::default()
//!     .with_stream_window(256 << 10)
//!     .with_keep_alive(Duration::from_secs(30), Duration::from_secs(10));
//! assert!(Limits::default().with_http2(http2).check().is_ok());
//! ```
//!
//! Streams at once and the size of heads are [`Limits::with_max_streams`](super::Limits::with_max_streams) and
//! [`Limits::with_max_header_size`](super::Limits::with_max_header_size). hyper's adaptive window is left out: it would
//! raise both windows by what a client makes it measure.

use std::time::Duration;

use hyper::server::conn::http2::Builder;
use hyper_util::rt::TokioTimer;

/// Limits of HTTP/2 alone. See the [module docs](self).
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "limits do nothing until they are given to a server"]
pub struct Http2Limits {
    max_pending_resets: usize,
    max_error_resets: usize,
    stream_window: u32,
    connection_window: u32,
    max_frame: u32,
    header_table: u32,
    max_send_buffer: usize,
    pub(super) keep_alive: Option<(Duration, Duration)>,
}

/// The largest window (RFC 9113 §6.9.1).
const MAX_WINDOW: usize = (1 << 31) - 1;

/// As it is where nobody says anything (RFC 9113 §6.5.2).
const HEADER_TABLE: u32 = 4 << 10;

impl Default for Http2Limits {
    fn default() -> Self {
        Self {
            max_pending_resets: 20,
            max_error_resets: 1024,
            stream_window: 1 << 20,
            connection_window: 1 << 20,
            max_frame: 16 << 10,
            header_table: HEADER_TABLE,
            max_send_buffer: 400 << 10,
            keep_alive: None,
        }
    }
}

impl Http2Limits {
    /// Streams that were reset before they were looked at; more end the connection (CVE-2023-44487). Default 20.
    pub fn with_max_pending_resets(mut self, streams: usize) -> Self {
        self.max_pending_resets = streams;
        self
    }

    /// Streams that this side reset for an error of the client's; more end the connection (CVE-2025-8671).
    /// Default 1,024.
    pub fn with_max_error_resets(mut self, streams: usize) -> Self {
        self.max_error_resets = streams;
        self
    }

    /// Bytes of one request's body ahead of the app. Default 1 MiB.
    pub fn with_stream_window(mut self, bytes: u32) -> Self {
        self.stream_window = bytes;
        self
    }

    /// Bytes of all bodies of a connection ahead of the app. Default 1 MiB; 65,535 are the least that HTTP/2 knows.
    pub fn with_connection_window(mut self, bytes: u32) -> Self {
        self.connection_window = bytes;
        self
    }

    /// Bytes of a frame that is read. Default 16 KiB, the least that HTTP/2 knows; the most is 16 MiB less one.
    pub fn with_max_frame(mut self, bytes: u32) -> Self {
        self.max_frame = bytes;
        self
    }

    /// Bytes of the table that a client's heads are compressed by (RFC 7541 §4.2). Default 4 KiB.
    pub fn with_header_table(mut self, bytes: u32) -> Self {
        self.header_table = bytes;
        self
    }

    /// Bytes of one response that are kept for a client that does not take them. Default 400 KiB.
    pub fn with_max_send_buffer(mut self, bytes: usize) -> Self {
        self.max_send_buffer = bytes;
        self
    }

    /// Asks a silent client now and then whether it is there, and lets it go when it does not say so in time. Default
    /// never: TCP asks after a silent minute. Before a proxy that answers for its clients, or one that forgets silent
    /// connections, this does what TCP cannot.
    pub fn with_keep_alive(mut self, every: Duration, answer_within: Duration) -> Self {
        self.keep_alive = Some((every, answer_within));
        self
    }

    /// Name, value, least and most of each number.
    pub(super) fn counts(&self) -> [(&'static str, usize, usize, usize); 7] {
        [
            ("http2.max_pending_resets", self.max_pending_resets, 1, usize::MAX),
            ("http2.max_error_resets", self.max_error_resets, 1, usize::MAX),
            ("http2.stream_window", self.stream_window as usize, 1, MAX_WINDOW),
            ("http2.connection_window", self.connection_window as usize, 65_535, MAX_WINDOW),
            ("http2.max_frame", self.max_frame as usize, 16 << 10, (16 << 20) - 1),
            ("http2.header_table", self.header_table as usize, 0, 1 << 20),
            // hyper's own bound.
            ("http2.max_send_buffer", self.max_send_buffer, 1, u32::MAX as usize),
        ]
    }

    pub(crate) fn apply<E>(&self, builder: &mut Builder<E>) {
        builder
            .max_pending_accept_reset_streams(self.max_pending_resets)
            .max_local_error_reset_streams(self.max_error_resets)
            .initial_stream_window_size(self.stream_window)
            .initial_connection_window_size(self.connection_window)
            .max_frame_size(self.max_frame)
            // What HTTP/2 begins with need not be said.
            .header_table_size((self.header_table != HEADER_TABLE).then_some(self.header_table))
            .max_send_buf_size(self.max_send_buffer);
        if let Some((every, answer_within)) = self.keep_alive {
            builder.timer(TokioTimer::new()).keep_alive_interval(every).keep_alive_timeout(answer_within);
        }
    }
}
