//! The thread that looks at a file now and then: one for every kind of file that is read again.
//!
//! ```text
//! watch(name, every, look) ── park ──▶ look() ── true ──▶ park …      false: whose file it was is gone, and the thread ends
//! ```

use std::{io, thread, time::Duration};

/// Calls `look` every so often until it says that nobody needs it any more.
pub(crate) fn watch(name: &str, every: Duration, look: impl Fn() -> bool + Send + 'static) -> io::Result<()> {
    let run = move || {
        loop {
            thread::park_timeout(every);
            if !look() {
                return;
            }
        }
    };
    thread::Builder::new().name(name.to_owned()).spawn(run).map(drop)
}
