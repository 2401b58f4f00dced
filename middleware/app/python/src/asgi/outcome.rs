//! How an app's task ends, and what becomes of its response then.
//!
//! ```text
//! returned   before the head ─▶ 500 asgi.no-response, asgi.no-body     in the middle ─▶ the body breaks off
//! raised     before the head ─▶ 500 asgi.app-failed                    in the middle ─▶ the body breaks off
//!            after its client has gone ─▶ nothing                      after its end ─▶ the log
//! ```

use super::{
    body::AsgiError,
    exchange::{Exchange, Outgoing},
    reason,
};

impl Exchange {
    /// The app has returned.
    pub(super) fn returned(&self) {
        let mut state = self.ended();
        let code = match &mut state.outgoing {
            Outgoing::Waiting => "asgi.no-response",
            Outgoing::Started(_) => "asgi.no-body",
            Outgoing::Streaming(stream) if stream.end.is_none() => {
                stream.end = Some(Err(AsgiError("returned before the end of its response")));
                reason::log("asgi.no-end", &"the app returned before the end of its response");
                return state.wake();
            }
            _ => return,
        };
        state.outgoing =
            Outgoing::Refused(Box::new(reason::app(code, "the app returned without a response")));
        state.wake();
    }

    /// The app has raised, with a traceback unless it was told to end.
    #[cold]
    pub(super) fn failed(&self, traceback: impl FnOnce() -> Option<String>) {
        let said = traceback();
        let mut state = self.ended();
        if state.gone {
            return;
        }
        if let Some(said) = &said {
            reason::log("asgi.app-failed", said);
        }
        match &mut state.outgoing {
            Outgoing::Waiting | Outgoing::Started(_) => {
                let said = if said.is_some() {
                    "the app raised an exception"
                } else {
                    "the app's task was cancelled"
                };
                state.outgoing = Outgoing::Refused(Box::new(reason::app("asgi.app-failed", said)));
            }
            Outgoing::Streaming(stream) if stream.end.is_none() => {
                stream.end = Some(Err(AsgiError("failed in the middle of its response")));
            }
            _ => return,
        }
        state.wake();
    }
}
