//! The threads: one accepts, one for each connection answers one request and closes.
//!
//! ```text
//! accept ──▶ read the head (at most 64 KiB, 10 s) ──▶ answer ──▶ close
//! drop: stopped, whoever is held goes on, every connection is shut, the accepting thread is joined
//! ```

use std::{
    io::{self, Read},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use super::{Asked, Endpoint, State, answer};
use crate::issuer::Issuer;

/// How long a client may take to ask, and a test waits for what should have happened.
const PATIENCE: Duration = Duration::from_secs(10);

const LONGEST_HEAD: usize = 64 * 1024;

/// What the test and the threads share, and the bell that rings when it changes.
#[derive(Default)]
pub(super) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    connections: Mutex<Vec<TcpStream>>,
}

/// A listener and the thread that accepts.
pub(super) struct Server {
    address: SocketAddr,
    shared: super::Shared,
    accepting: Option<JoinHandle<()>>,
}

impl Server {
    pub(super) fn bind(issuer: &Issuer) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port of 127.0.0.1");
        let address = listener.local_addr().expect("a bound listener has an address");
        let shared = super::Shared::default();
        let mut server = Self { address, shared: shared.clone(), accepting: None };
        let issuer = issuer.renamed(&server.url());
        server.accepting = Some(thread::spawn(move || accept(&listener, &shared, &issuer)));
        server
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.lock().stopped = true;
        self.shared.release();
        // Wakes the accepting thread, which then sees that it is over.
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
        for connection in self.shared.connections().drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}

impl Shared {
    /// A test that panicked while it held the lock has failed already.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn release(&self) {
        self.lock().released += 1;
        self.changed.notify_all();
    }

    /// Waits for the next release; at once when it is over.
    pub(super) fn hold(&self) {
        let mut state = self.lock();
        let released = state.released;
        state.held += 1;
        self.changed.notify_all();
        let waiting = |state: &mut State| state.released == released && !state.stopped;
        let mut state = self.changed.wait_while(state, waiting).unwrap_or_else(PoisonError::into_inner);
        state.held -= 1;
        self.changed.notify_all();
    }

    #[track_caller]
    pub(super) fn wait(&self, what: &str, done: impl Fn(&State) -> bool) {
        let waited = self.changed.wait_timeout_while(self.lock(), PATIENCE, |state| !done(state));
        let (state, result) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(
            !result.timed_out(),
            "too few {what} after {PATIENCE:?}: held {}, asked {:?}",
            state.held,
            state.asked
        );
    }

    fn connections(&self) -> MutexGuard<'_, Vec<TcpStream>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn accept(listener: &TcpListener, shared: &super::Shared, issuer: &Issuer) {
    for stream in listener.incoming() {
        if shared.lock().stopped {
            return;
        }
        let Ok(stream) = stream else { continue };
        if let Ok(twin) = stream.try_clone() {
            shared.connections().push(twin);
        }
        let (shared, issuer) = (Arc::clone(shared), issuer.clone());
        // A client that breaks off is the test's business, and no fault of ours.
        thread::spawn(move || serve(&stream, &shared, &issuer).ok());
    }
}

fn serve(mut stream: &TcpStream, shared: &Shared, issuer: &Issuer) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let Some(head) = read_head(&mut stream)? else { return Ok(()) };
    let line = head.lines().next().unwrap_or_default();
    let mut words = line.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let endpoint = endpoint(target);
    let trouble = {
        let mut state = shared.lock();
        state.asked.push(Asked { endpoint, head: head.clone() });
        state.troubles.get(&endpoint).cloned()
    };
    shared.changed.notify_all();
    let answered = answer::send(stream, shared, issuer, (method, endpoint), trouble.as_ref());
    let _ = stream.shutdown(Shutdown::Both);
    answered
}

fn endpoint(target: &str) -> Endpoint {
    match target.split('?').next().unwrap_or_default() {
        "/.well-known/openid-configuration" => Endpoint::OpenId,
        "/.well-known/oauth-authorization-server" => Endpoint::OAuth,
        "/jwks.json" => Endpoint::Jwks,
        _ => Endpoint::Other,
    }
}

/// Everything up to the empty line; `None` when the client said nothing, or too much.
fn read_head(stream: &mut &TcpStream) -> io::Result<Option<String>> {
    let mut head = Vec::new();
    let mut byte = [0; 1];
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == LONGEST_HEAD || stream.read(&mut byte)? == 0 {
            return Ok(None);
        }
        head.push(byte[0]);
    }
    Ok(Some(String::from_utf8_lossy(&head).into_owned()))
}
