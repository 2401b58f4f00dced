//! The demonstration: keys, users and a token made at start, the whole chain, one server.
//!
//! ```text
//! Args ─▶ listen ─▶ identity (keys, users, verifier) ─▶ chain ─▶ banner ─▶ serve … drain
//! ```

mod app;
mod banner;
mod door;
mod form;
mod identity;
mod pages;
mod tokens;
mod users;

pub use self::{
    app::App,
    door::{Door, sign_in},
    identity::Identity,
    users::{DemoUser, Users},
};

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use enfilade_auth::{Auth, Authenticator};
use enfilade_cookie::{Cookies, Profile};
use enfilade_core::{Clock, Plan};
use enfilade_server::{AllowedHosts, ConfigError, SecurityHeaders, Server, security_headers::Hsts};
use tower::BoxError;

use self::banner::Banner;
use crate::{
    chain::{self, DemoService},
    cli::{Args, Listen, host_of, is_loopback, literal},
};

/// Runs the demo until it is told to stop.
///
/// # Errors
///
/// When an address, a file or a setting cannot be used; the message says what to do.
pub fn run(args: &Args) -> Result<(), BoxError> {
    let listen = Listen::bind(&args.listen, args.insecure_listen || args.tls_cert.is_some())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(args, listen))
}

async fn serve(args: &Args, listen: Listen) -> Result<(), BoxError> {
    let addrs = listen.addrs()?;
    warn_of_what_is_insecure(args, &addrs);
    let url = url(args, &addrs);
    let (service, plan, identity) = build(args, &addrs, &Clock::system())?;
    let server =
        Server::on(listen.into_listeners(args)?).with_security_headers(headers(args)?).with_signals()?;
    Banner {
        plan: &plan,
        url: &url,
        addrs: &addrs,
        unix: args.unix.as_deref(),
        certificate: args.tls_cert.as_deref(),
        users: &identity.printed,
        token: identity.token.as_deref(),
        exposed: is_exposed(&addrs),
    }
    .print()?;
    server.serve(service).await?;
    Ok(())
}

/// What a browser should know of every answer; the pages say themselves what they may load.
fn headers(args: &Args) -> Result<SecurityHeaders, ConfigError> {
    let headers = SecurityHeaders::new().with_frames_denied();
    match args.hsts {
        Some(seconds) => headers.with_hsts(Hsts::new(Duration::from_secs(seconds))),
        None => Ok(headers),
    }
}

/// The demo's chain around its app, with everything that was made for this run: the very service that is served,
/// for any request body, so that a test drives it without a socket.
///
/// # Errors
///
/// When a file or a setting cannot be used.
pub fn build<B>(
    args: &Args,
    addrs: &[SocketAddr],
    clock: &Clock,
) -> Result<(impl DemoService<B> + use<B>, Plan, Identity), BoxError>
where
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let (parts, identity) = parts(args, addrs, clock)?;
    let (service, plan) = chain::build(parts)?;
    Ok((service, plan, identity))
}

/// What the demo's links are made of.
///
/// # Errors
///
/// When a file or a setting cannot be used.
pub fn parts(args: &Args, addrs: &[SocketAddr], clock: &Clock) -> Result<(chain::Parts, Identity), BoxError> {
    let url = url(args, addrs);
    let identity = Identity::new(args, &url, is_exposed(addrs), clock)?;
    let app = App::new(clock.clone(), identity.ring.clone(), profile(args));
    let door = Door { passwords: identity.passwords.clone(), sessions: identity.sessions.clone() };
    let parts = chain::Parts {
        hosts: AllowedHosts::new(names(addrs, &args.host))?,
        auth: auth(&identity, &url, clock)?,
        // The sealed session is between the browser and this chain: the app never sees it.
        cookies: Cookies::new().reserve([identity.sessions.cookie_name()])?,
        door: Arc::new(door),
        app: Arc::new(app),
        clock: clock.clone(),
    };
    Ok((parts, identity))
}

/// A token, a key for programs where there are some, a name and password, or the session cookie that the sign-in page
/// sets.
fn auth(identity: &Identity, realm: &str, clock: &Clock) -> Result<Auth, BoxError> {
    let mut kinds: Vec<Arc<dyn Authenticator>> = vec![
        Arc::new(identity.tokens.clone()),
        Arc::new(identity.passwords.clone()),
        Arc::new(identity.sessions.clone()),
    ];
    if let Some(keys) = &identity.keys {
        kinds.push(Arc::new(keys.clone()));
    }
    Ok(Auth::any_of(kinds).with_realm(realm).with_clock(clock.clone()).optional().with_login("/sign-in")?)
}

fn profile(args: &Args) -> Profile {
    if args.insecure_plain_cookies { Profile::insecure_plain() } else { Profile::host() }
}

/// What to type into a browser.
fn url(args: &Args, addrs: &[SocketAddr]) -> String {
    let first = addrs.first().copied().unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0)));
    format!("{}://{}:{}", args.scheme(), host_of(first), first.port())
}

/// The names that the demo answers to, on any port: forwarded ports (ssh, containers) change it.
fn names(addrs: &[SocketAddr], given: &[String]) -> Vec<String> {
    let own = ["localhost", "127.0.0.1", "[::1]"].map(str::to_owned);
    let listened = addrs.iter().filter(|addr| !addr.ip().is_unspecified()).map(|addr| literal(*addr));
    own.into_iter().chain(listened).chain(given.iter().cloned()).collect()
}

/// Whether other machines can reach one of these.
fn is_exposed(addrs: &[SocketAddr]) -> bool {
    addrs.iter().any(|addr| !is_loopback(*addr))
}

fn warn_of_what_is_insecure(args: &Args, addrs: &[SocketAddr]) {
    if is_exposed(addrs) && args.tls_cert.is_none() {
        tracing::warn!(target: "enfilade", "insecure_listen: other machines can reach this, over plain HTTP");
    }
    if args.insecure_plain_cookies {
        tracing::warn!(target: "enfilade", "insecure_plain_cookies: cookies have neither `Secure` nor `__Host-`");
    }
}
