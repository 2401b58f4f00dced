//! Why an address or a path cannot be listened on.
//!
//! ```text
//! cannot listen on 127.0.0.1:8080: address in use      cannot listen on `/run/shop.sock`: somebody answers there
//! ```

use std::{
    error::Error,
    fmt, io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

/// An address or a path that cannot be listened on.
#[derive(Debug)]
pub struct BindError {
    place: Place,
    source: io::Error,
}

#[derive(Debug)]
enum Place {
    Unresolved,
    Addr(SocketAddr),
    Path(PathBuf),
}

impl BindError {
    /// Which address; `None` when the name could not be resolved, or when it is a path.
    pub fn addr(&self) -> Option<SocketAddr> {
        match self.place {
            Place::Addr(addr) => Some(addr),
            Place::Unresolved | Place::Path(_) => None,
        }
    }

    /// Which path, of a Unix socket.
    pub fn path(&self) -> Option<&Path> {
        match &self.place {
            Place::Path(path) => Some(path),
            Place::Unresolved | Place::Addr(_) => None,
        }
    }

    /// What the system says, such as `AddrInUse`.
    pub fn kind(&self) -> io::ErrorKind {
        self.source.kind()
    }

    pub(super) fn unresolved(source: io::Error) -> Self {
        Self { place: Place::Unresolved, source }
    }

    pub(super) fn at_addr(addr: SocketAddr, source: io::Error) -> Self {
        Self { place: Place::Addr(addr), source }
    }

    pub(super) fn at_path(path: &Path, source: io::Error) -> Self {
        Self { place: Place::Path(path.to_owned()), source }
    }
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Addr(addr) => write!(f, "cannot listen on {addr}: {}", self.source),
            Place::Path(path) => write!(f, "cannot listen on `{}`: {}", path.display(), self.source),
            Place::Unresolved => {
                write!(f, "cannot find out which address to listen on: {}", self.source)
            }
        }
    }
}

impl Error for BindError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}
