//! Which paths can be read in one way only; all others are refused, each for a reason of its own.
//!
//! ```text
//! /caf%c3%a9/%7eada ── PathRules ──┬── Canonical::path   /café/~ada     what routing, policy, log and app read
//!                                  └── 400 http.path-…
//! ```
//!
//! | code | refused | who reads it otherwise | let in by |
//! |---|---|---|---|
//! | `http.path-dot-segment` | a segment `.` or `..`, plain, escaped, or with `;` behind it | whoever resolves it, before or after a rule has matched | |
//! | `http.path-encoded-slash` | `%2F` | CGI and WSGI apps: a separator; routers of raw targets: data | [`with_encoded_slashes`](PathRules::with_encoded_slashes) |
//! | `http.path-backslash` | `\`, `%5C` | browsers and Windows: a slash | [`insecure_backslashes`](PathRules::insecure_backslashes), for `%5C` |
//! | `http.path-control` | `%00` to `%1F`, `%7F` | C: the end; logs and headers: a new line | |
//! | `http.path-escape` | `%` without two hexadecimal digits | some take it as it stands, some guess | |
//! | `http.path-double-escape` | `%25` and an escaped hexadecimal digit, such as `%25%32%66` | what decodes twice; nobody else writes it | |
//! | `http.path-empty-segment` | `//` | whoever merges slashes; in the beginning of a path: another host | [`with_empty_segments`](PathRules::with_empty_segments), elsewhere than in the beginning |
//! | `http.path-delimiter` | `%3F`, `%23` | whoever decodes first and splits then | [`with_encoded_delimiters`](PathRules::with_encoded_delimiters) |
//! | `http.path-parameter` | `;`, `%3B` | Java servers cut it off, and what follows | [`with_semicolons`](PathRules::with_semicolons) |
//! | `http.path-not-utf8` | escapes that are not UTF-8 together, such as the overlong `%C0%AE` | Latin-1, or a sloppy decoder | [`with_any_bytes`](PathRules::with_any_bytes) |
//! | `http.path-too-long` | more than 8,000 bytes (414) | | [`with_max_size`](PathRules::with_max_size) |
//!
//! 1. Escapes are decoded exactly once. `%252F` is the three characters `%2F`, and stays so.
//! 2. The target stays as the client wrote it, for whoever checks a signature over it. A router that reads it does not find
//!    `/%61dmin` at `/admin`; where what it does not find goes to a fallback, and a rule lets paths in by name, the two
//!    disagree: [`with_one_spelling`](PathRules::with_one_spelling).
//! 3. Bytes are compared, not characters: upper and lower case differ, and nothing folds or normalises Unicode.
//! 4. A raw `"` `|` `^` `[` `]` `{` or `}`, which browsers send and RFC 3986 does not allow, is the same as escaped.
//! 5. The path of `OPTIONS *` is `*`. An empty path (`http://a?b`) is `/`. A fragment was cut off by hyper. The query is
//!    no part of the path; only ASCII is asked of it.
//! 6. An app that is no Rust takes the canonical path's bytes as `PATH_INFO` (CGI, WSGI) or, always UTF-8 unless other bytes
//!    were let in, as the scope's `path` (ASGI); a mount point is cut off by bytes. An upstream takes the target.
//! 7. Whatever rewrites a target behind the door judges its result: [`canonical`](PathRules::canonical).
//!
//! The door's rules are those of the most generous app behind it. `PathRules` is a gate too: put stricter ones before the
//! apps that need less. They read the target and need no door. What decides by a path asks
//! [`RequestContext::path`](enfilade_core::RequestContext::path), which refuses where there is none.
//!
//! ```
//! use enfilade_server::PathRules;
//!
//! let strict = PathRules::new();
//! assert_eq!(*strict.canonical("/caf%c3%a9").unwrap(), *"/café".as_bytes());
//! assert_eq!(strict.canonical("/public/%2e%2e/admin").unwrap_err().code(), "http.path-dot-segment");
//!
//! // A package registry: the slash in a name is no separator, and no rule takes it for one.
//! let registry = strict.with_encoded_slashes();
//! assert_eq!(*registry.canonical("/@scope%2fname").unwrap(), *b"/@scope%2Fname");
//! ```

mod fault;
mod read;

pub(super) use self::{
    fault::Fault,
    read::{Spelled, read},
};

use std::borrow::Cow;

use enfilade_core::{Gate, Pass, Rejection, Verdict};
use http::{Method, request::Parts};

/// Which unusual paths are let in; by default none. See the [module docs](self).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "rules do nothing until a server, a door or a chain has them"]
pub struct PathRules {
    max_size: usize,
    settings: u8,
}

/// One bit for each setting.
mod bit {
    pub(super) const ENCODED_SLASHES: u8 = 1;
    pub(super) const EMPTY_SEGMENTS: u8 = 1 << 1;
    pub(super) const ENCODED_DELIMITERS: u8 = 1 << 2;
    pub(super) const SEMICOLONS: u8 = 1 << 3;
    pub(super) const ANY_BYTES: u8 = 1 << 4;
    pub(super) const BACKSLASHES: u8 = 1 << 5;
    pub(super) const ONE_SPELLING: u8 = 1 << 6;
}

impl PathRules {
    /// The strict ones.
    pub const fn new() -> Self {
        // RFC 9110 §4.1: everybody should support 8,000 octets.
        Self { max_size: 8_000, settings: 0 }
    }

    /// Lets `%2F` in, for apps whose names have slashes: package registries, git hosts, message brokers.
    ///
    /// It stays `%2F` in the canonical path too, and so does not become a separator for anyone. `%252F` is refused then
    /// (`http.path-double-escape`): decoded once, it would look the same. `..` beside `%2F` is a dot segment.
    pub const fn with_encoded_slashes(self) -> Self {
        self.and(bit::ENCODED_SLASHES)
    }

    /// Lets `//` in, for apps whose names are URLs or keys of an object store: an archive, a bucket.
    ///
    /// The path keeps both slashes. In its beginning they stay refused: a redirect to such a path leads to another host.
    pub const fn with_empty_segments(self) -> Self {
        self.and(bit::EMPTY_SEGMENTS)
    }

    /// Lets `%3F` and `%23` in, for apps whose names have `?` and `#`: `/tags/c%23`.
    pub const fn with_encoded_delimiters(self) -> Self {
        self.and(bit::ENCODED_DELIMITERS)
    }

    /// Lets `;` and `%3B` in, for apps that take no parameters from a path. Not before a Java server.
    pub const fn with_semicolons(self) -> Self {
        self.and(bit::SEMICOLONS)
    }

    /// Lets escapes in that are not UTF-8, for apps that are older, or whose names are a file system's.
    pub const fn with_any_bytes(self) -> Self {
        self.and(bit::ANY_BYTES)
    }

    /// Gives equivalent targets one spelling (RFC 3986 §6.2.2), for routers that read targets as they are, such as axum's.
    ///
    /// `/%7Eada` becomes `/~ada`, `%c3` becomes `%C3`, and a raw byte that RFC 3986 does not allow is escaped. All else stays
    /// as it is written. Not before an app that checks a signature over the target's own bytes.
    pub const fn with_one_spelling(self) -> Self {
        self.and(bit::ONE_SPELLING)
    }

    /// Lets `%5C` in. An app that runs on Windows, or tells a browser to go there, takes it for a slash.
    pub const fn insecure_backslashes(self) -> Self {
        self.and(bit::BACKSLASHES)
    }

    /// The largest path, in bytes as it is sent. Default 8,000.
    pub const fn with_max_size(mut self, bytes: usize) -> Self {
        self.max_size = bytes;
        self
    }

    /// The decision alone: the canonical form of a path that begins with `/`, borrowed when it has no escape.
    ///
    /// # Errors
    ///
    /// A rejection with one of the codes in the [module docs](self).
    pub fn canonical<'a>(&self, path: &'a str) -> Result<Cow<'a, [u8]>, Rejection> {
        if !path.starts_with('/') {
            return Err(Fault::Form.into());
        }
        Ok(read(path.as_bytes(), *self)?
            .map_or(Cow::Borrowed(path.as_bytes()), |spelled| Cow::Owned(spelled.path)))
    }

    /// Says so, when something insecure is let in.
    pub(crate) fn warn(self) {
        if self.has(bit::BACKSLASHES) {
            tracing::warn!(target: "enfilade::server", "insecure: backslashes in paths are let in");
        }
    }

    const fn and(mut self, bit: u8) -> Self {
        self.settings |= bit;
        self
    }

    const fn has(self, bit: u8) -> bool {
        self.settings & bit != 0
    }
}

impl Default for PathRules {
    fn default() -> Self {
        Self::new()
    }
}

impl Gate for PathRules {
    fn enter(&self, req: &mut Parts) -> Verdict {
        match req.uri.path() {
            "*" if req.method == Method::OPTIONS => Ok(Pass::Now),
            path => self.canonical(path).map(|_| Pass::Now),
        }
    }
}
