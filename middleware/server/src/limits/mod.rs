//! How much and how long: every limit with its safe default.
//!
//! ```text
//! accept ─head_timeout─▶ first request head ▶ body: body_timeout without a byte, min_body_rate in all ▶ response:
//! write_timeout without a client that takes it ▶ idle_timeout ▶ next head
//! ```
//!
//! ```
//! use enfilade_server::Limits;
//!
//! let limits = Limits::default().with_max_body_size(64 << 20).with_max_in_flight(200);
//! assert!(limits.check().is_ok());
//! assert!(limits.with_max_in_flight(0).check().is_err());
//! ```
//!
//! # What stops a flood
//!
//! Each line is a test of `tests/floods` or `tests/attacks`: the server's memory stays flat, other clients are served.
//!
//! | attack | what stops it | with a setting here? |
//! |---|---|---|
//! | many streams | refused over the limit; 1,024 refusals and other errors end the connection | `max_streams` |
//! | "made you reset" (CVE-2025-8671) | the same 1,024 | `max_error_resets` |
//! | rapid reset (CVE-2023-44487) in bursts | more than 20 that were reset before they were looked at | `max_pending_resets` |
//! | rapid reset, one by one | **nothing**: each costs what a request costs, and the app is stopped | **no knob** |
//! | SETTINGS, PING | the next is read once the answer has left; unread answers: `idle_timeout`, `head_timeout` | no, h2's own |
//! | `PRIORITY`, `WINDOW_UPDATE`, unknown kinds | **nothing** but `idle_timeout`: they are dropped or added up | **no knob** |
//! | empty DATA, tiny DATA | more than 100; a budget of half the connection's window (1 MiB) | `connection_window` |
//! | CONTINUATION (CVE-2024-27316), HPACK bomb, crumbs | 5 frames, 16 KiB of fields (431), four times as much | `max_header_size` |
//! | trailers | the same over HTTP/2; 16 KiB over HTTP/1 | no, hyper's own |
//! | bodies without an end | the limits below; ahead of the app at most 1 MiB of a connection, all streams together | `max_body_size`, `body_timeout`, `min_body_rate`, both windows |
//! | zero windows, slow readers | the stream is reset, the HTTP/1 connection cut | `write_timeout` |
//! | pipelines | one request after the other; 64 KiB are read ahead | no |
//! | connections | wait in the system's queue; no descriptors left: accepting rests half a second | `max_connections` |
//! | slow or silent clients | the deadlines of the picture above | `head_timeout`, `idle_timeout` |
//! | clients that vanish while the app waits | TCP asks after a silent minute, four times; over HTTP/2 a ping, if asked for | `keep_alive` |
//!
//! Those of HTTP/2 alone are in [`Http2Limits`].
//!
//! Nothing here counts by client: put a limit by address before the server, or a link behind it, where that matters.

mod http2;

pub use self::http2::Http2Limits;

use std::{error::Error, fmt, time::Duration};

/// The server's limits. See the [module docs](self).
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "limits do nothing until they are given to a server"]
pub struct Limits {
    pub(crate) head_timeout: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) body_timeout: Duration,
    pub(crate) min_body_rate: u64,
    pub(crate) write_timeout: Duration,
    pub(crate) max_header_size: usize,
    pub(crate) max_body_size: u64,
    pub(crate) max_in_flight: usize,
    pub(crate) max_connections: usize,
    pub(crate) max_streams: u32,
    pub(crate) http2: Http2Limits,
}

/// The `SETTINGS_MAX_HEADER_LIST_SIZE` of HTTP/2: more would let a HPACK bomb and 10,000 cookie crumbs in.
pub(crate) const MAX_HEADER_LIST: usize = 16 << 10;

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            body_timeout: Duration::from_secs(30),
            min_body_rate: 1 << 10,
            write_timeout: Duration::from_secs(30),
            max_header_size: MAX_HEADER_LIST,
            max_body_size: 2 << 20,
            max_in_flight: 1024,
            max_connections: 4096,
            max_streams: 100,
            http2: Http2Limits::default(),
        }
    }
}

impl Limits {
    /// From accept to the end of the first request head, and from a later head's first byte to its end.
    /// Default 10 s.
    pub fn with_head_timeout(mut self, span: Duration) -> Self {
        self.head_timeout = span;
        self
    }

    /// How long a connection may rest between requests. Default 60 s.
    pub fn with_idle_timeout(mut self, span: Duration) -> Self {
        self.idle_timeout = span;
        self
    }

    /// How long a request's body may make no progress while the app waits for it. Default 30 s.
    pub fn with_body_timeout(mut self, span: Duration) -> Self {
        self.body_timeout = span;
        self
    }

    /// Bytes a second that a request's body must make in the end. Default 1 KiB.
    ///
    /// All the time that the app waits for a body is at most `body_timeout`, and a second for each such
    /// share that came. 0 asks for none: needed by apps whose clients send a few bytes now and then over hours.
    pub fn with_min_body_rate(mut self, bytes_per_second: u64) -> Self {
        self.min_body_rate = bytes_per_second;
        self
    }

    /// How long a client may take nothing of a response, or of the response's last frame, which has a second more for
    /// each KiB. Default 30 s. Then the HTTP/2 stream is reset, the HTTP/1 connection cut.
    ///
    /// Only a response that waits for the client is late. One that waits for the app, such as a long poll or a stream
    /// of events without news, never is. Pings, settings and other streams are no progress.
    pub fn with_write_timeout(mut self, span: Duration) -> Self {
        self.write_timeout = span;
        self
    }

    /// Bytes of a request's head, request line included. Default 16 KiB, which stays the most over HTTP/2.
    ///
    /// hyper has two limits of its own besides: 100 fields over HTTP/1 (431) and a target of 65,534 bytes (414).
    pub fn with_max_header_size(mut self, bytes: usize) -> Self {
        self.max_header_size = bytes;
        self
    }

    /// Bytes of a request's body. Default 2 MiB.
    pub fn with_max_body_size(mut self, bytes: u64) -> Self {
        self.max_body_size = bytes;
        self
    }

    /// Requests at once, over all connections; idle connections never count. Default 1024.
    pub fn with_max_in_flight(mut self, requests: usize) -> Self {
        self.max_in_flight = requests;
        self
    }

    /// Connections at once; more wait in the system's queue. Default 4096.
    pub fn with_max_connections(mut self, connections: usize) -> Self {
        self.max_connections = connections;
        self
    }

    /// Streams at once on one HTTP/2 connection. Default 100, a tenth of `max_in_flight`.
    pub fn with_max_streams(mut self, streams: u32) -> Self {
        self.max_streams = streams;
        self
    }

    /// What else an HTTP/2 connection may take and cost.
    pub fn with_http2(mut self, http2: Http2Limits) -> Self {
        self.http2 = http2;
        self
    }

    /// Whether the server can work with these.
    ///
    /// # Errors
    ///
    /// The first setting that cannot work, and what to set instead.
    pub fn check(&self) -> Result<(), ConfigError> {
        let spans = [
            ("head_timeout", self.head_timeout),
            ("idle_timeout", self.idle_timeout),
            ("body_timeout", self.body_timeout),
            ("write_timeout", self.write_timeout),
        ];
        let pings = self.http2.keep_alive.map(|(every, answer_within)| {
            [("http2.keep_alive", every), ("http2.keep_alive's answer", answer_within)]
        });
        for (setting, span) in spans.into_iter().chain(pings.into_iter().flatten()) {
            if span.is_zero() || span > YEAR {
                return Err(ConfigError::Timeout { setting });
            }
        }
        let counts = [
            ("max_header_size", self.max_header_size, 1 << 10, 1 << 20),
            ("max_in_flight", self.max_in_flight, 1, usize::MAX),
            ("max_connections", self.max_connections, 1, tokio::sync::Semaphore::MAX_PERMITS),
            ("max_streams", self.max_streams as usize, 1, usize::MAX),
        ];
        for (setting, given, least, most) in counts.into_iter().chain(self.http2.counts()) {
            if given < least || given > most {
                return Err(ConfigError::OutOfRange { setting, given, least, most });
            }
        }
        Ok(())
    }
}

const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A setting that cannot work.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// A timeout of nothing, or of more than a year.
    Timeout {
        /// Which.
        setting: &'static str,
    },
    /// A number too small or too large.
    OutOfRange {
        /// Which.
        setting: &'static str,
        /// What was given.
        given: usize,
        /// The least that works.
        least: usize,
        /// The most that works.
        most: usize,
    },
    /// A host name that is none.
    HostName {
        /// As it was given.
        name: String,
    },
    /// No host name at all: nothing could ever be answered.
    NoHosts,
    /// A trusted peer that is no network, or everybody.
    TrustedPeer {
        /// As it was given.
        given: String,
    },
    /// No trusted peer at all: nothing would ever be believed.
    NoTrustedPeers,
    /// A response header that cannot be sent, or would be misunderstood.
    ResponseHeader {
        /// Its name, as it was given.
        name: String,
        /// Its value, as it was given.
        given: String,
        /// What to do.
        fix: &'static str,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout { setting } => {
                write!(f, "`{setting}` must be longer than nothing and at most a year")
            }
            Self::OutOfRange { setting, given, least, most: usize::MAX } => {
                write!(f, "`{setting}` is {given}: set at least {least}")
            }
            Self::OutOfRange { setting, given, least, most } => {
                write!(f, "`{setting}` is {given}: set {least} to {most}")
            }
            Self::HostName { name } => {
                write!(
                    f,
                    "`{name}` is no host: write a name or an address, perhaps with a port, such as `[::1]:8080`"
                )
            }
            Self::TrustedPeer { given } => write!(
                f,
                "`{given}` is no trusted peer: write an address, a network such as `10.0.0.0/8` that begins at its first \
                 address and is not everybody, or `unix:`"
            ),
            Self::NoTrustedPeers => {
                f.write_str("no trusted peer is named: name the proxies, or trust nobody")
            }
            Self::ResponseHeader { name, given, fix } => {
                write!(f, "`{}: {}` cannot be sent: {fix}", name.escape_debug(), given.escape_debug())
            }
            Self::NoHosts => f.write_str("no allowed host is named: name at least one"),
        }
    }
}

impl Error for ConfigError {}
