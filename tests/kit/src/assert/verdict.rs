//! Whether a link refused, with which status and reason code, or let the request pass.
//!
//! ```text
//! assert_refused!(reply | response | verdict | entered, 401, "auth.token-expired")     assert_passed!(reply | …)
//! ```

use enfilade_core::{Pass, Rejection, Verdict};
use http::Response;

use super::table::Table;
use crate::{Reply, drive::Entered};

/// Asserts that a link of ours refused, with this status and this reason code.
///
/// It takes a [`Reply`], an [`http::Response`], a gate's [`Verdict`] or an [`Entered`] gate.
///
/// ```
/// use enfilade_core::{Gate, Rejection, gate_fn};
/// use enfilade_test::assert_refused;
/// use http::StatusCode;
///
/// let shut = gate_fn("shut", |_| Err(Rejection::new(StatusCode::FORBIDDEN, "shut.always")));
/// let (mut parts, ()) = http::Request::new(()).into_parts();
/// assert_refused!(shut.enter(&mut parts), 403, "shut.always");
/// ```
///
/// A failure says what came instead, with the words that only the log may read:
///
/// ```text
/// expected a refusal
///             expected            found
///     status  401                 401
///   ≠ code    auth.token-expired  auth.token-malformed
///                        ^^^^^^^             ^^^^^^^^^
///     log                         two dots expected
/// ```
#[macro_export]
macro_rules! assert_refused {
    ($decided:expr, $status:expr, $code:expr $(,)?) => {
        $crate::assert::refused(&$decided, $status, $code)
    };
}

/// Asserts that no link of ours refused, and that the answer is a success or has the status named.
///
/// ```
/// use enfilade_test::{Drive, Probe, assert_passed};
///
/// let mut app = Drive::service(Probe::ok().respond(204).respond(404).service());
/// assert_passed!(app.get("/").send());
/// assert_passed!(app.get("/nothing").send(), 404);
/// ```
#[macro_export]
macro_rules! assert_passed {
    ($decided:expr $(,)?) => {
        $crate::assert::passed(&$decided, None)
    };
    ($decided:expr, $status:expr $(,)?) => {
        $crate::assert::passed(&$decided, Some($status))
    };
}

/// Whatever tells how a link decided.
pub trait Judged {
    /// The status, when there is an answer already.
    fn status(&self) -> Option<u16>;

    /// The refusal, if it is one.
    fn rejection(&self) -> Option<&Rejection>;

    /// Whether it is not decided yet: a gate that waits ([`Pass::Later`]) neither passed nor refused.
    fn waits(&self) -> bool {
        false
    }

    /// The first words of a body, to tell what an unexpected answer says.
    fn says(&self) -> Option<&str> {
        None
    }
}

impl Judged for Reply {
    fn status(&self) -> Option<u16> {
        Some(self.status().as_u16())
    }

    fn rejection(&self) -> Option<&Rejection> {
        self.rejection()
    }

    fn says(&self) -> Option<&str> {
        std::str::from_utf8(self.body()).ok().filter(|text| !text.is_empty())
    }
}

impl<B> Judged for Response<B> {
    fn status(&self) -> Option<u16> {
        Some(self.status().as_u16())
    }

    fn rejection(&self) -> Option<&Rejection> {
        self.extensions().get()
    }
}

impl Judged for Verdict {
    fn status(&self) -> Option<u16> {
        self.as_ref().err().map(|rejection| rejection.status().as_u16())
    }

    fn rejection(&self) -> Option<&Rejection> {
        self.as_ref().err()
    }

    fn waits(&self) -> bool {
        matches!(self, Ok(Pass::Later(_)))
    }
}

impl Judged for Entered {
    fn status(&self) -> Option<u16> {
        self.rejection().map(|rejection| rejection.status().as_u16())
    }

    fn rejection(&self) -> Option<&Rejection> {
        self.rejection()
    }
}

/// The check behind [`assert_refused!`].
///
/// # Panics
///
/// If the decision was another.
#[track_caller]
pub fn refused(decided: &impl Judged, status: u16, code: &str) {
    let found = decided.rejection().map_or(nothing(decided), Rejection::code);
    let mut table = Table::default();
    table.compare("status", &status.to_string(), &shown(decided.status()));
    table.compare("code", code, found);
    tell(&mut table, decided);
    table.check("expected a refusal");
}

/// The check behind [`assert_passed!`].
///
/// # Panics
///
/// If the decision was another.
#[track_caller]
pub fn passed(decided: &impl Judged, status: Option<u16>) {
    let expected = status.map_or("a success".to_owned(), |status| status.to_string());
    let other = match (decided.status(), status) {
        (found, Some(_)) => found != status,
        (Some(found), None) => !(200..300).contains(&found),
        (None, None) => false,
    };
    let refused = decided.rejection().map(Rejection::code);
    let mut table = Table::default();
    table.row("status", &expected, &shown(decided.status()), other);
    table.row("code", "", refused.unwrap_or(nothing(decided)), refused.is_some() || decided.waits());
    tell(&mut table, decided);
    table.check("expected a pass");
}

fn shown(status: Option<u16>) -> String {
    status.map_or("no answer yet".to_owned(), |status| status.to_string())
}

fn nothing(decided: &impl Judged) -> &'static str {
    if decided.waits() { "not decided: `enter` it" } else { "not refused by a link of ours" }
}

fn tell(table: &mut Table, decided: &impl Judged) {
    if let Some(rejection) = decided.rejection() {
        for (name, text) in [("detail", Some(rejection.detail())), ("log", rejection.log())] {
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                table.tell(name, text);
            }
        }
    } else if let Some(text) = decided.says() {
        table.tell("body", text);
    }
}
