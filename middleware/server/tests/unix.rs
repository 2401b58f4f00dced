//! Unix sockets: whose path it is, who may connect, who is at the other end, what is left at the end.
//!
//! ```text
//! Listener::unix(path, mode) ──▶ Server ──▶ the socket is gone
//! ```

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    reason = "a test may fail; the setting in .clippy.toml reaches test functions only"
)]

use std::{
    env, fs, io,
    os::unix::{
        fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink},
        net::UnixListener as StdListener,
    },
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicUsize, Ordering},
};

use enfilade_core::{ClientAddr, RequestContext};
use enfilade_server::{BindError, Listener, RequestBody, Server, Trust};
use http::{Request, Response};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    sync::oneshot,
};
use tower::service_fn;

struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("enfilade-unix-{}-{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = env::temp_dir().join(name);
        fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Says who the client and the peer are.
async fn who(req: Request<RequestBody>) -> Result<Response<String>, std::convert::Infallible> {
    let canonical = RequestContext::of(req.extensions()).and_then(RequestContext::canonical).unwrap();
    let text = |addr: Option<ClientAddr>| match addr {
        Some(ClientAddr::Unix(peer)) => format!("unix {} {} {:?}", peer.uid, peer.gid, peer.pid),
        Some(addr) => addr.to_string(),
        None => "nobody".to_owned(),
    };
    Ok(Response::new(format!(
        "<{} | {} | {}>",
        text(canonical.client()),
        text(canonical.peer()),
        canonical.scheme()
    )))
}

async fn ask(path: &Path, lines: &str) -> String {
    let mut stream = UnixStream::connect(path).await.unwrap();
    let request = format!("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{lines}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn kind(result: Result<Listener, BindError>) -> io::ErrorKind {
    result.unwrap_err().kind()
}

#[tokio::test]
async fn a_request_comes_in_and_its_peer_is_known_and_nothing_is_left() {
    let folder = Folder::new();
    let path = folder.at("shop.sock");
    let (stop, stopped) = oneshot::channel::<()>();
    let server = Server::on([Listener::unix(&path, 0o660).unwrap()]).with_graceful_shutdown(async {
        let _ = stopped.await;
    });
    assert!(server.local_addrs().is_empty());
    let serving = tokio::spawn(server.serve(service_fn(who)));

    let own = fs::metadata(&folder.0).unwrap();
    let me = format!("unix {} {} Some({})", own.uid(), own.gid(), process::id());
    let answer = ask(&path, "X-Forwarded-For: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\n").await;
    assert!(answer.contains(&format!("<{me} | {me} | http>")), "{answer}");

    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
    assert!(!path.exists());
}

#[tokio::test]
async fn a_unix_peer_speaks_for_others_only_where_it_is_listed() {
    let folder = Folder::new();
    let lines = "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n";
    for (name, peers, client) in [
        ("a", &["unix:"][..], "<203.0.113.9 | unix"),
        ("b", &["127.0.0.1", "::1"], "<unix"),
        ("c", &["127.0.0.1", "unix:"], "<203.0.113.9 | unix"),
    ] {
        let listener = Listener::unix(folder.at(name), 0o600).unwrap();
        let server = Server::on([listener.with_trust(Trust::x_forwarded(peers).unwrap())]);
        let serving = tokio::spawn(server.serve(service_fn(who)));
        let answer = ask(&folder.at(name), lines).await;
        assert!(answer.contains(client), "{peers:?}: {answer}");
        serving.abort();
    }
}

#[tokio::test]
async fn only_whom_the_mode_lets_can_connect() {
    let folder = Folder::new();
    for mode in [0o600, 0o660, 0o666, 0o000] {
        let listener = Listener::unix(folder.at("s"), mode).unwrap();
        let found = fs::symlink_metadata(folder.at("s")).unwrap();
        assert!(found.file_type().is_socket());
        assert_eq!(found.permissions().mode() & 0o7777, mode);
        drop(listener);
    }
    assert_eq!(kind(Listener::unix(folder.at("s"), 0o1777)), io::ErrorKind::InvalidInput);
    assert!(!folder.at("s").exists());
}

#[tokio::test]
async fn a_socket_that_was_left_behind_is_replaced_and_one_in_use_is_not() {
    let folder = Folder::new();
    let path = folder.at("s");
    // Dropping a std listener leaves its file, as a crash does.
    drop(StdListener::bind(&path).unwrap());
    assert!(path.exists());
    let first = Listener::unix(&path, 0o600).unwrap();

    let error = Listener::unix(&path, 0o600).unwrap_err();
    assert_eq!((error.kind(), error.path(), error.addr()), (io::ErrorKind::AddrInUse, Some(&*path), None));
    assert!(error.to_string().contains("another server answers"), "{error}");
    assert!(path.exists(), "the one in use stays");
    drop(first);
    assert!(!path.exists());
}

#[tokio::test]
async fn what_is_no_socket_is_never_removed_and_a_link_never_followed() {
    let folder = Folder::new();
    fs::write(folder.at("file"), "precious").unwrap();
    fs::create_dir(folder.at("folder")).unwrap();
    drop(StdListener::bind(folder.at("stale")).unwrap());
    for (link, to) in [("to-file", "file"), ("to-stale", "stale"), ("to-nothing", "nothing")] {
        symlink(folder.at(to), folder.at(link)).unwrap();
    }
    for name in ["file", "folder", "to-file", "to-stale", "to-nothing"] {
        assert_eq!(kind(Listener::unix(folder.at(name), 0o600)), io::ErrorKind::AlreadyExists, "{name}");
        assert!(fs::symlink_metadata(folder.at(name)).is_ok(), "{name} is still there");
    }
    assert_eq!(fs::read_to_string(folder.at("file")).unwrap(), "precious");
    assert!(folder.at("stale").exists() && !folder.at("nothing").exists());
}

#[tokio::test]
async fn a_path_that_cannot_be_a_socket_is_an_error_that_names_it() {
    let folder = Folder::new();
    assert_eq!(kind(Listener::unix(folder.at("none/s"), 0o600)), io::ErrorKind::NotFound);
    assert_eq!(kind(Listener::unix(Path::new("\0abstract"), 0o600)), io::ErrorKind::InvalidInput);
    let long = folder.at(&"x".repeat(200));
    let error = Listener::unix(&long, 0o600).unwrap_err();
    assert!(error.to_string().contains("xxx"), "{error}");
}

#[tokio::test]
async fn the_end_of_one_server_does_not_remove_the_socket_of_the_next() {
    let folder = Folder::new();
    let path = folder.at("s");
    let old = Listener::unix(&path, 0o600).unwrap();
    // Somebody made room by hand, and a new server took the place.
    fs::remove_file(&path).unwrap();
    let new = Listener::unix(&path, 0o600).unwrap();
    drop(old);
    assert!(path.exists());
    drop(new);
    assert!(!path.exists());
}

#[tokio::test]
async fn a_socket_of_a_supervisor_is_served_and_left_to_it() {
    let folder = Folder::new();
    let path = folder.at("s");
    let listener = Listener::from_unix(StdListener::bind(&path).unwrap()).unwrap();
    let serving = tokio::spawn(Server::on([listener]).serve(service_fn(who)));
    assert!(ask(&path, "").await.contains("<unix"));
    serving.abort();
    let _ = serving.await;
    assert!(path.exists());
}
