//! When a connection is asked whether it lives, when it is given up, and when its server ends.
//!
//! ```text
//! Silence ── nothing heard for `ping` ──▶ a ping, Pong ── nothing heard for `pong` ──▶ dead
//! Closing ── `close` has passed ──▶ dead
//! ```
//!
//! What is heard sets a flag and no timer: a message costs no look at the clock.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use http::Extensions;
use tokio::time::{Instant, Sleep, sleep};

use super::WebSocketSettings;

pub(super) struct Lifetime {
    settings: WebSocketSettings,
    sleep: Option<Pin<Box<Sleep>>>,
    wait: Wait,
    heard: bool,
    ending: Option<Ending>,
}

/// Done when the server begins to drain.
pub(super) type Ending = Pin<Box<dyn Future<Output = ()> + Send>>;

#[derive(Clone, Copy, PartialEq)]
enum Wait {
    Silence,
    Pong,
    Closing,
}

/// What a timer says.
#[derive(Debug, PartialEq)]
pub(super) enum Due {
    Ping,
    Dead,
}

impl Lifetime {
    /// On the loop's runtime.
    pub(super) fn new(settings: WebSocketSettings, ending: Option<Ending>) -> Self {
        let sleep = settings.ping.map(|interval| Box::pin(sleep(interval)));
        Self { settings, sleep, wait: Wait::Silence, heard: false, ending }
    }

    /// The client has said something, or has taken something, or was not listened to.
    pub(super) fn heard(&mut self) {
        self.heard = true;
    }

    /// A close frame has been sent; the deadline is that of the first.
    pub(super) fn closing(&mut self) {
        if self.wait != Wait::Closing {
            self.wait = Wait::Closing;
            self.arm(self.settings.close);
        }
    }

    pub(super) fn poll_due(&mut self, cx: &mut Context<'_>) -> Poll<Due> {
        loop {
            let Some(sleep) = &mut self.sleep else { return Poll::Pending };
            ready!(sleep.as_mut().poll(cx));
            match (self.wait, std::mem::take(&mut self.heard)) {
                (Wait::Closing, _) | (Wait::Pong, false) => {
                    self.sleep = None;
                    return Poll::Ready(Due::Dead);
                }
                (Wait::Silence, false) => {
                    self.wait = Wait::Pong;
                    self.arm(self.settings.pong);
                    return Poll::Ready(Due::Ping);
                }
                (Wait::Silence | Wait::Pong, true) => {
                    self.wait = Wait::Silence;
                    self.arm(self.settings.ping.unwrap_or(self.settings.pong));
                }
            }
        }
    }

    /// Whether the server has begun to drain; said once.
    pub(super) fn poll_ending(&mut self, cx: &mut Context<'_>) -> bool {
        let ended = self.ending.as_mut().is_some_and(|ending| ending.as_mut().poll(cx).is_ready());
        if ended {
            self.ending = None;
        }
        ended
    }

    fn arm(&mut self, span: Duration) {
        match &mut self.sleep {
            Some(timer) => timer.as_mut().reset(Instant::now() + span),
            None => self.sleep = Some(Box::pin(sleep(span))),
        }
    }
}

/// Of the server that a handshake came in by, if it is one of ours; others do not say.
pub(super) fn ending(extensions: &Extensions) -> Option<Ending> {
    let draining = enfilade_server::Draining::of(extensions)?;
    Some(Box::pin(async move { draining.begun().await }))
}
