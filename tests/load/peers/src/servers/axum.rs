//! axum: plain, and with sessions and a signed-in user by axum-login over tower-sessions.
//!
//! ```text
//! Router::route("/")          Router::route("/") ◀─ login_required! ◀─ AuthManagerLayer ◀─ SessionManagerLayer
//! ```

use std::{convert::Infallible, net::TcpListener};

use axum::{Router, routing::get, serve::ListenerExt as _};
use axum_login::{
    AuthManagerLayerBuilder, AuthSession, AuthUser, AuthnBackend, login_required,
    tower_sessions::SessionManagerLayer,
};
use tower_sessions_memory_store::MemoryStore;

use super::{HELLO, ready, sign_in, strangers_headers};
use crate::peer::Failed;

pub async fn plain(listener: TcpListener) -> Result<(), Failed> {
    let app = Router::new().route("/", get(async || HELLO));
    let listener = tokio::net::TcpListener::from_std(listener)?;
    ready(listener.local_addr()?, &strangers_headers())?;
    Ok(axum::serve(nodelay(listener), app).await?)
}

pub async fn login(listener: TcpListener) -> Result<(), Failed> {
    let sessions = SessionManagerLayer::new(MemoryStore::default()).with_secure(false);
    let app = Router::new()
        .route("/", get(async || HELLO))
        .route_layer(login_required!(Users))
        .route("/sign-in", get(enter))
        .layer(AuthManagerLayerBuilder::new(Users, sessions).build());
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let addr = listener.local_addr()?;
    std::thread::spawn(move || {
        let cookie = sign_in(addr).expect("the server signs in");
        let token = strangers_headers().swap_remove(0);
        ready(addr, &[token, cookie]).expect("the harness listens");
    });
    Ok(axum::serve(nodelay(listener), app).await?)
}

fn nodelay(listener: tokio::net::TcpListener) -> impl axum::serve::Listener<Addr = std::net::SocketAddr> {
    listener.tap_io(|stream| stream.set_nodelay(true).expect("a socket that was just accepted"))
}

async fn enter(mut session: AuthSession<Users>) -> &'static str {
    session.login(&Ada).await.expect("the store is in memory");
    HELLO
}

#[derive(Clone, Debug)]
struct Ada;

impl AuthUser for Ada {
    type Id = u64;

    fn id(&self) -> u64 {
        1
    }

    fn session_auth_hash(&self) -> &[u8] {
        b"of a password"
    }
}

#[derive(Clone, Debug)]
struct Users;

impl AuthnBackend for Users {
    type User = Ada;
    type Credentials = ();
    type Error = Infallible;

    async fn authenticate(&self, (): ()) -> Result<Option<Ada>, Infallible> {
        Ok(Some(Ada))
    }

    async fn get_user(&self, _: &u64) -> Result<Option<Ada>, Infallible> {
        Ok(Some(Ada))
    }
}
