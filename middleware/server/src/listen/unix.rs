//! Unix sockets: bound where nobody else is, opened by whom the mode lets, removed at the end.
//!
//! ```text
//! what is at the path?   nothing ─▶ bind        a link, a file ─▶ error
//!                        a socket ─▶ does anybody answer?   yes ─▶ error: in use     no ─▶ remove, bind
//! ```
//!
//! 1. The folder is locked (`flock`) from the look to the bind: two servers that start at once cannot remove each
//!    other's socket.
//! 2. The mode is set before anybody can connect: a socket that is bound and does not listen yet refuses.
//! 3. At the end the path is removed only while it still is the socket that was bound.

use std::{
    fs::{self, File, Permissions},
    io,
    os::unix::{
        fs::{FileTypeExt, MetadataExt, PermissionsExt},
        net::{UnixListener as StdListener, UnixStream as StdStream},
    },
    path::{Path, PathBuf},
};

use socket2::{Domain, SockAddr, Socket, Type};
use tokio::net::UnixListener;

use super::{BACKLOG, socket::Bound};

pub(super) fn bind(path: &Path, mode: u32) -> io::Result<Bound> {
    if mode & !0o777 != 0 {
        return Err(invalid("the mode is at most 0o777"));
    }
    // A name that begins so would be an abstract socket, which has no mode: anybody could connect.
    if path.as_os_str().as_encoded_bytes().contains(&0) {
        return Err(invalid("a path holds no NUL"));
    }
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let lock = File::open(folder)?;
    lock.lock()?;
    make_room(path)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(&SockAddr::unix(path)?)?;
    let placed = Placed::of(path)?;
    fs::set_permissions(path, Permissions::from_mode(mode))?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(Bound::Unix(UnixListener::from_std(socket.into())?, Some(placed)))
}

pub(super) fn from_std(listener: StdListener) -> io::Result<Bound> {
    listener.set_nonblocking(true)?;
    Ok(Bound::Unix(UnixListener::from_std(listener)?, None))
}

/// Removes a socket that its server has left behind, and nothing else.
fn make_room(path: &Path) -> io::Result<()> {
    let kind = match fs::symlink_metadata(path) {
        Ok(found) => found.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if kind.is_symlink() {
        return Err(in_the_way("a symbolic link is there, and is not followed"));
    }
    if !kind.is_socket() {
        return Err(in_the_way("a file is there that is no socket"));
    }
    match StdStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
        Ok(_) => Err(io::Error::new(io::ErrorKind::AddrInUse, "another server answers there")),
        // It cannot be asked, so it may be alive.
        Err(error) => Err(io::Error::new(io::ErrorKind::AddrInUse, format!("a socket is there ({error})"))),
    }
}

fn in_the_way(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::AlreadyExists, what)
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what)
}

/// The file of a socket, removed when dropped.
#[derive(Debug)]
pub(super) struct Placed {
    path: PathBuf,
    file: (u64, u64),
}

impl Placed {
    fn of(path: &Path) -> io::Result<Self> {
        // The folder that it is now: the program may change its own later.
        let path = std::path::absolute(path)?;
        let file = identity(&path)?;
        Ok(Self { path, file })
    }
}

impl Drop for Placed {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|file| file == self.file) {
            // Nobody is left to tell.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let found = fs::symlink_metadata(path)?;
    Ok((found.dev(), found.ino()))
}
