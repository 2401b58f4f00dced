//! The demonstration: keys, users and a token made at start, the whole chain, one server.
//!
//! ```text
//! Args ─▶ listen ─▶ identity (keys, users, verifier) ─▶ chain ─▶ banner ─▶ serve … drain
//! ```

mod app;
pub(crate) mod banner;
mod door;
mod form;
mod identity;
mod pages;
pub(crate) mod tokens;
mod users;

pub use self::{
    app::App,
    door::{Door, sign_in},
    identity::Identity,
    users::{DemoUser, Users},
};

pub(crate) use self::identity::LOOK_EVERY;

use std::{net::SocketAddr, sync::Arc};

use bytes::Bytes;
use enfilade_auth::{Auth, Authenticator};
use enfilade_cookie::{Cookies, Profile};
use enfilade_core::{Clock, Plan};
use enfilade_server::{SecurityHeaders, Server};
use tower::BoxError;

use self::banner::Banner;
use crate::{
    chain::{self, DemoService},
    cli::{Args, Listen, is_exposed},
};

/// Runs the demo until it is told to stop.
///
/// # Errors
///
/// When an address, a file or a setting cannot be used; the message says what to do.
pub fn run(args: &Args) -> Result<(), BoxError> {
    let listen = Listen::of(&args.server)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(args, listen))
}

async fn serve(args: &Args, listen: Listen) -> Result<(), BoxError> {
    let addrs = listen.addrs()?;
    args.server.warn_of_exposure(&addrs);
    if args.insecure_plain_cookies {
        tracing::warn!(target: "enfilade", "insecure_plain_cookies: cookies have neither `Secure` nor `__Host-`");
    }
    let url = args.server.url(&addrs);
    let (service, plan, identity) = build(args, &addrs, &Clock::system())?;
    // The pages say themselves what they may load.
    let headers = args.server.with_hsts(SecurityHeaders::new().with_frames_denied())?;
    let server =
        Server::on(listen.into_listeners(&args.server)?).with_security_headers(headers).with_signals()?;
    Banner {
        plan: &plan,
        url: &url,
        addrs: &addrs,
        unix: args.server.unix.as_deref(),
        certificate: args.server.tls_cert.as_deref(),
        users: &identity.printed,
        token: identity.token.as_deref(),
        exposed: is_exposed(&addrs),
    }
    .print()?;
    server.serve(service).await?;
    Ok(())
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
    let url = args.server.url(addrs);
    let identity = Identity::new(args, &url, is_exposed(addrs), clock)?;
    let app = App::new(clock.clone(), identity.ring.clone(), profile(args));
    let door = Door { passwords: identity.passwords.clone(), sessions: identity.sessions.clone() };
    let parts = chain::Parts {
        hosts: args.server.hosts(addrs)?,
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
