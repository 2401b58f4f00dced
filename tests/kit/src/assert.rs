//! Assertions on what a layer or a gate decided, with messages that show what it decided instead.
//!
//! ```text
//! assert_refused!(reply | response | verdict, 401, "auth.token-expired")     assert_passed!(reply | …)
//! ```

use enfilade_core::{Rejection, Verdict};
use http::Response;

use crate::Reply;

/// Asserts that a link of ours refused, with this status and this reason code.
///
/// It takes a [`Reply`], an [`http::Response`] or a gate's [`Verdict`].
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
#[macro_export]
macro_rules! assert_refused {
    ($decided:expr, $status:expr, $code:expr $(,)?) => {
        $crate::refused(&$decided, $status, $code)
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
        $crate::passed(&$decided, None)
    };
    ($decided:expr, $status:expr $(,)?) => {
        $crate::passed(&$decided, Some($status))
    };
}

/// Whatever tells how a link decided.
pub trait Judged {
    /// The status, when there is an answer already.
    fn status(&self) -> Option<u16>;
    /// The refusal, if it is one.
    fn rejection(&self) -> Option<&Rejection>;
}

impl Judged for Reply {
    fn status(&self) -> Option<u16> {
        Some(self.status().as_u16())
    }

    fn rejection(&self) -> Option<&Rejection> {
        self.rejection()
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
}

/// The check behind [`assert_refused!`].
///
/// # Panics
///
/// If the decision was another.
#[track_caller]
pub fn refused(decided: &impl Judged, status: u16, code: &str) {
    let found = decided.rejection().map(Rejection::code);
    let right = found == Some(code) && decided.status() == Some(status);
    assert!(right, "expected a refusal: {status} {code}\n     it was: {}", describe(decided));
}

/// The check behind [`assert_passed!`].
///
/// # Panics
///
/// If the decision was another.
#[track_caller]
pub fn passed(decided: &impl Judged, status: Option<u16>) {
    let expected = status.map_or("a success".to_owned(), |status| status.to_string());
    let right = decided.rejection().is_none()
        && match (decided.status(), status) {
            (found, Some(_)) => found == status,
            (Some(found), None) => (200..300).contains(&found),
            (None, None) => true,
        };
    assert!(right, "expected a pass: {expected}\n  it was: {}", describe(decided));
}

fn describe(decided: &impl Judged) -> String {
    match (decided.rejection(), decided.status()) {
        (Some(rejection), status) => format!("{} {rejection:?}", status.unwrap_or_default()),
        (None, Some(status)) => format!("{status}, not refused by a link of ours"),
        (None, None) => "a pass".to_owned(),
    }
}
