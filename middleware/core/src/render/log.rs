//! One line for each refusal, as many as the limit admits.
//!
//! ```text
//! INFO enfilade::refused: refused code="auth.token-expired" status=401 method=GET path=/shop request_id=9f2c-1c trace=4bf9… log="…"
//! ```
//!
//! No query, no header, no body: those may hold secrets. The path is the one that was asked for, escaped, as in an access
//! log: what the door refuses has no canonical one.

use tracing::{Level, field};

use super::{Settings, asked::RenderContext, escape::Line};
use crate::Rejection;

/// The target of the log lines: `RUST_LOG=enfilade::refused=info` shows them alone.
pub const LOG_TARGET: &str = "enfilade::refused";

/// Of a longer path only so many characters are written.
const MOST_PATH: usize = 256;

pub(super) fn write(settings: &Settings, rejection: &Rejection, context: &RenderContext<'_>) {
    // Asked before the limit, or lines that nobody reads would use it up.
    if !tracing::enabled!(target: LOG_TARGET, Level::INFO) {
        return;
    }
    let Some(left_out) = settings.limit.admit(&settings.clock) else { return };
    let path = context.path();
    let end = path.char_indices().map(|(at, _)| at).nth(MOST_PATH).unwrap_or(path.len());
    tracing::info!(
        target: LOG_TARGET,
        code = rejection.code(),
        status = rejection.status().as_u16(),
        method = field::display(context.method()),
        path = field::display(Line(&path[..end])),
        request_id = context.request_id().map(field::display),
        trace = context.trace_id().map(field::display),
        log = rejection.log().map(Line).map(field::display),
        left_out = (left_out > 0).then_some(left_out),
        "refused"
    );
}
