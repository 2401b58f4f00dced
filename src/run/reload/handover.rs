//! How a process that starts takes the listeners of the one that watches: over a Unix socket that only this user can open.
//!
//! ```text
//! Handover::give ── listeners ─▶ Taken::from      then the line stays open: its end says that it is time to drain
//! ```
//!
//! By name and not by inheritance: a descriptor of which only the number is known cannot be taken without `unsafe`, and
//! standard input is the debugger's.

use std::{
    fs::Permissions,
    io::{self, IoSlice, IoSliceMut},
    mem::MaybeUninit,
    net::TcpListener,
    os::{
        fd::{AsFd as _, OwnedFd},
        unix::{fs::PermissionsExt as _, net::UnixStream as StdStream},
    },
    path::{Path, PathBuf},
};

use enfilade_server::{Server, drain::signals};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};
use tempfile::TempDir;
use tokio::{
    io::AsyncReadExt as _,
    net::{UnixListener, UnixStream},
};

use crate::cli::Listen;

/// Listeners that one process can take at once: what the kernel passes in one message.
const MOST: usize = 253;

/// The side that keeps the listeners.
pub(super) struct Handover {
    listen: Listen,
    door: UnixListener,
    path: PathBuf,
    /// Removed in the end; nobody else may enter it.
    _folder: TempDir,
}

impl Handover {
    /// In a runtime.
    pub(super) fn new(listen: Listen) -> io::Result<Self> {
        let folder = tempfile::Builder::new().permissions(Permissions::from_mode(0o700)).tempdir()?;
        let path = folder.path().join("listeners");
        Ok(Self { listen, door: UnixListener::bind(&path)?, path, _folder: folder })
    }

    /// Where they are taken from.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives them to whoever asks next. As long as the line is open, it is to serve.
    pub(super) async fn give(&self) -> io::Result<UnixStream> {
        let (line, _) = self.door.accept().await?;
        let listeners: Vec<_> = self.listen.listeners().iter().map(|listener| listener.as_fd()).collect();
        let mut space = vec![MaybeUninit::uninit(); SendAncillaryMessage::ScmRights(&listeners).size()];
        let mut message = SendAncillaryBuffer::new(&mut space);
        message.push(SendAncillaryMessage::ScmRights(&listeners));
        // The first message of a line: it fits.
        sendmsg(&line, &[IoSlice::new(b"!")], &mut message, SendFlags::empty())?;
        Ok(line)
    }
}

/// The side that serves.
#[derive(Debug)]
pub(crate) struct Taken(StdStream);

impl Taken {
    /// Takes the listeners.
    pub(crate) fn from(path: &Path) -> io::Result<(Vec<TcpListener>, Self)> {
        let line = StdStream::connect(path)?;
        let mut space = vec![MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
        let mut message = RecvAncillaryBuffer::new(&mut space);
        recvmsg(&line, &mut [IoSliceMut::new(&mut [0])], &mut message, RecvFlags::CMSG_CLOEXEC)?;
        let mut taken = Vec::new();
        for part in message.drain() {
            if let RecvAncillaryMessage::ScmRights(descriptors) = part {
                taken.extend(descriptors.map(|one: OwnedFd| TcpListener::from(one)));
            }
        }
        Ok((taken, Self(line)))
    }

    /// Drains when the other side lets go or this process is told to end, and ends at once when it is told twice. In a
    /// runtime.
    pub(crate) fn end_with(self, server: Server) -> io::Result<Server> {
        let (first, second) = signals()?;
        let let_go = self.let_go()?;
        let told = async move {
            tokio::select! {
                () = first => {}
                () = let_go => {}
            }
        };
        Ok(server.with_graceful_shutdown(told).with_immediate_shutdown(second))
    }

    fn let_go(self) -> io::Result<impl Future<Output = ()> + Send> {
        self.0.set_nonblocking(true)?;
        let mut line = UnixStream::from_std(self.0)?;
        // One byte has come with the listeners; no other does before the end.
        Ok(async move { drop(line.read(&mut [0]).await) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn listeners_are_taken_and_the_end_of_the_line_is_seen() {
        let any = ["127.0.0.1:0".parse().unwrap(), "127.0.0.1:0".parse().unwrap()];
        let listen = Listen::bind(&any, false).unwrap();
        let addrs = listen.addrs().unwrap();
        let handover = Handover::new(listen).unwrap();
        let path = handover.path().to_owned();
        let taking = tokio::task::spawn_blocking(move || Taken::from(&path).unwrap());
        let line = handover.give().await.unwrap();
        let (listeners, taken) = taking.await.unwrap();
        let found: Vec<_> = listeners.iter().map(|one| one.local_addr().unwrap()).collect();
        assert_eq!(found, addrs);

        let mut let_go = tokio_test::task::spawn(taken.let_go().unwrap());
        assert!(let_go.poll().is_pending());
        drop(line);
        let_go.await;
    }
}
