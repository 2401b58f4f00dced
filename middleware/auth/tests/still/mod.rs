//! Time that moves only by hand, for tests that wait for sockets.

use std::sync::mpsc;

/// Paused time that stands still: tokio moves it on by itself while it waits for a socket, but not while a blocking task
/// runs. So no deadline of server or fetch depends on how slow the machine is.
pub(crate) struct Still(#[expect(dead_code, reason = "held, so that the task goes on")] mpsc::Sender<()>);

impl Still {
    pub(crate) fn hold() -> Self {
        tokio::time::pause();
        let (sender, receiver) = mpsc::channel::<()>();
        tokio::task::spawn_blocking(move || receiver.recv());
        Self(sender)
    }
}
