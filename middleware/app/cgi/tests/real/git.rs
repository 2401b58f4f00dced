//! `git http-backend`, which nobody here wrote, behind the server and Basic auth, with git itself as the client.
//!
//! ```text
//! git ── Server ── Auth (Basic) ── CgiService ── git http-backend ── a bare repository
//! ```

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

use enfilade_auth::{Auth, Basic, Htpasswd, hash_password};
use enfilade_cgi::{CgiService, Unsized};
use enfilade_core::Chain;
use enfilade_server::{Limits, Server};
use tokio::task::spawn_blocking;

use crate::home::Home;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs git: ./tests/run rust installs it"]
async fn a_repository_is_cloned_and_pushed_to_and_the_reflog_knows_by_whom() {
    let backend = backend();
    let home = Home::new("git");
    home.git(&["init", "--quiet", "--bare", "--initial-branch=main", "srv/shop.git"]);
    home.git(&["-C", "srv/shop.git", "config", "core.logAllRefUpdates", "true"]);
    let served = tokio::spawn(serve(backend, home.0.join("srv")));
    let addr = served.await.expect("it binds");

    let work = move || {
        let url = |user: &str| format!("http://{user}@{addr}/git/shop.git");
        assert!(!home.try_git(&["clone", &url("ada:wrong"), "refused"]).status.success());
        assert!(!home.try_git(&["clone", &url("bob:horse"), "refused"]).status.success());

        home.git(&["clone", "--quiet", &url("ada:horse"), "one"]);
        home.commit("one", "small", b"tea\n".to_vec());
        home.git(&["-C", "one", "push", "--quiet", "origin", "HEAD:main"]);
        // More than http.postBuffer, so that git sends it chunked; bytes that no compression makes small.
        home.commit("one", "large", noise(3 << 20));
        home.git(&["-C", "one", "push", "--quiet", "origin", "HEAD:main"]);

        home.git(&["clone", "--quiet", &url("ada:horse"), "two"]);
        assert!(fs::read(home.0.join("two/large")).expect("cloned") == noise(3 << 20));
        home.git(&["-C", "two", "fsck", "--strict"]);
        let log = fs::read_to_string(home.0.join("srv/shop.git/logs/refs/heads/main")).expect("a reflog");
        assert_eq!(log.matches("ada <ada@http.127.0.0.1>").count(), 2, "{log}");
    };
    spawn_blocking(work).await.expect("git is content");
}

async fn serve(backend: PathBuf, root: PathBuf) -> SocketAddr {
    let hash = hash_password("horse").expect("a hash");
    let users = Htpasswd::parse(&format!("ada:{hash}")).expect("a user");
    let cgi = CgiService::new(backend)
        .and_then(|cgi| cgi.with_script_name("/git"))
        .and_then(|cgi| cgi.with_env("GIT_PROJECT_ROOT", root))
        .and_then(|cgi| cgi.with_env("GIT_HTTP_EXPORT_ALL", "1"))
        .expect("a script and its settings")
        .with_unsized(Unsized::Stream);
    let auth = Auth::new(Basic::new(users)).with_realm("git");
    let (app, _) = Chain::new().gate(auth).build(cgi).expect("an order that works");
    let server = Server::bind("127.0.0.1:0").await.expect("a free port");
    let addr = server.local_addrs()[0];
    tokio::spawn(server.with_limits(Limits::default().with_max_body_size(64 << 20)).serve(app));
    addr
}

fn backend() -> PathBuf {
    let told = Command::new("git").arg("--exec-path").output().expect("git is installed");
    let folder = String::from_utf8(told.stdout).expect("a folder");
    Path::new(folder.trim()).join("git-http-backend")
}

fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}
