//! All listeners of a server, accepted from in turn; one that fails rests alone.
//!
//! ```text
//! tcp ─┐            ┌─ gone already ─▶ the next
//! tls ─┼─▶ accept ──┤
//! unix ┘            └─ no descriptors, no memory ─▶ server.accept in the log, that one rests half a second
//! ```

use std::{
    fmt,
    future::poll_fn,
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use enfilade_core::ClientAddr;
use tokio::time::{Sleep, sleep};

use super::{
    Listener,
    socket::{Bound, Socket},
};
use crate::{connection::Door, log};

/// How long a listener rests when the system has no more descriptors or memory.
const RECOVERY: Duration = Duration::from_millis(500);

/// The listeners of one server.
#[derive(Debug, Default)]
pub(crate) struct Listeners {
    all: Vec<Turn>,
    doors: Vec<Door>,
    /// Which is asked first: a busy one must not starve the others.
    first: usize,
}

/// A connection, and by which of the [doors](Listeners::doors) it came.
pub(crate) struct Accepted {
    pub(crate) io: Socket,
    pub(crate) client: Option<ClientAddr>,
    pub(crate) door: usize,
}

struct Turn {
    bound: Bound,
    door: usize,
    rest: Option<Pin<Box<Sleep>>>,
}

impl Listeners {
    pub(crate) fn add(&mut self, listener: Listener) {
        let door = self.doors.len();
        self.doors.push(listener.door);
        self.all.extend(listener.bound.into_iter().map(|bound| Turn { bound, door, rest: None }));
    }

    pub(crate) fn doors(&self) -> &[Door] {
        &self.doors
    }

    pub(crate) fn local_addrs(&self) -> Vec<SocketAddr> {
        self.all.iter().filter_map(|turn| turn.bound.local_addr()).collect()
    }

    /// The next connection, from whichever has one.
    pub(crate) async fn accept(&mut self) -> Accepted {
        poll_fn(|cx| {
            let count = self.all.len();
            for at in 0..count {
                let at = (self.first + at) % count;
                if let Poll::Ready(accepted) = self.all[at].poll_accept(cx) {
                    self.first = at + 1;
                    return Poll::Ready(accepted);
                }
            }
            Poll::Pending
        })
        .await
    }
}

impl Turn {
    /// Errors are logged, and waited out where waiting helps.
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<Accepted> {
        loop {
            if let Some(rest) = &mut self.rest {
                ready!(rest.as_mut().poll(cx));
                self.rest = None;
            }
            match ready!(self.bound.poll_accept(cx)) {
                Ok((io, client)) => return Poll::Ready(Accepted { io, client, door: self.door }),
                // It was gone before it was accepted: the next one may be waiting.
                Err(error) if is_of_the_connection(&error) => {}
                Err(error) => {
                    log::fault("server.accept", &error);
                    self.rest = Some(Box::pin(sleep(RECOVERY)));
                }
            }
        }
    }
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bound.fmt(f)
    }
}

fn is_of_the_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}
