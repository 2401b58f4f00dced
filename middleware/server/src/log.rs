//! What the server writes to the log, and how: escaped, rate-limited where a client can cause it.
//!
//! ```text
//! target `access`             one line a request: AccessLog
//! target `enfilade::refused`  one line a refusal, from the renderer in core
//! target `enfilade::server`   faults of client, app and machine: `code` says which
//! ```
//!
//! Text or JSON, and where it goes, is the business of the program's `tracing` subscriber.
//!
//! ```
//! use enfilade_server::Escaped;
//!
//! assert_eq!(Escaped("a\r\nb\u{1b}[31m\"").to_string(), r#"a\r\nb\u{1b}[31m\""#);
//! ```

use std::{
    error::Error,
    fmt::{self, Display, Write as _},
    net::IpAddr,
    time::Duration,
};

use enfilade_core::{Clock, LogLimit};

/// Text of a client's with control characters, quotes and backslashes escaped, so that it stays one field of one line.
#[derive(Clone, Copy, Debug)]
pub struct Escaped<T>(pub T);

impl<T: Display> Display for Escaped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaper(f), "{}", self.0)
    }
}

struct Escaper<'a, 'f>(&'a mut fmt::Formatter<'f>);

impl fmt::Write for Escaper<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            match c {
                ' '..='~' if c != '"' && c != '\\' => self.0.write_char(c)?,
                _ => write!(self.0, "{}", c.escape_default())?,
            }
        }
        Ok(())
    }
}

/// An error and what caused it, joined by colons.
pub(crate) struct Causes<'a>(pub(crate) &'a (dyn Error + 'static));

impl Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

/// A fault of the app or the machine.
#[cold]
pub(crate) fn fault(code: &'static str, what: &dyn Display) {
    static LIMIT: LogLimit = LogLimit::new(100, Duration::from_secs(10));
    if let Some(left_out) = LIMIT.admit(&Clock::system()) {
        let left_out = (left_out > 0).then_some(left_out);
        tracing::error!(target: "enfilade::server", code, left_out, "{}", Escaped(what));
    }
}

/// Faults of clients on their connections, where no request was ever seen: so many lines and no more.
#[derive(Debug)]
pub(crate) struct ClientFaults {
    limit: LogLimit,
    clock: Clock,
}

impl ClientFaults {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { limit: LogLimit::new(50, Duration::from_secs(10)), clock }
    }

    #[cold]
    pub(crate) fn report(&self, code: &'static str, client: Option<IpAddr>, what: &dyn Display) {
        if let Some(left_out) = self.limit.admit(&self.clock) {
            let left_out = (left_out > 0).then_some(left_out);
            let client = client.map(tracing::field::display);
            tracing::info!(target: "enfilade::server", code, client, left_out, "{}", Escaped(what));
        }
    }
}
