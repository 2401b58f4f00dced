//! Everything before the app: sockets, chain, server. It makes no runtime, so that an app may bring its own.
//!
//! ```text
//! Gateway::bind(args) ─▶ sockets ── serve(app), on whatever runtime polls it ──▶ chain ─▶ banner ─▶ server
//! ```

use std::net::SocketAddr;

use bytes::Bytes;
use enfilade_core::{Clock, Plan, chain::Boxable};
use enfilade_server::{Limits, RequestBody, SecurityHeaders, Server};
use http_body::Body;
use tower::BoxError;

#[cfg(feature = "python")]
use super::reload::Taken;
use super::{
    Credentials,
    banner::Banner,
    chain::{self, Parts, Service},
};
use crate::cli::{Listen, RunArgs};

/// Bound sockets, and the settings of what is to stand between them and an app.
#[derive(Debug)]
#[must_use = "a gateway does nothing until it serves an app"]
pub struct Gateway {
    args: RunArgs,
    listen: Listen,
    #[cfg(feature = "python")]
    taken: Option<Taken>,
}

/// A chain around an app, with what was made for it.
#[derive(Debug)]
pub struct Built<B, E> {
    /// The very service that is served.
    pub service: Service<B, E>,
    /// Its picture.
    pub plan: Plan,
    /// Users and a token to print.
    pub credentials: Credentials,
}

impl Gateway {
    /// Binds the sockets: what needs no app and no runtime fails here.
    ///
    /// # Errors
    ///
    /// When an address cannot be listened on.
    pub fn bind(args: &RunArgs) -> Result<Self, BoxError> {
        #[cfg(feature = "python")]
        if let Some(path) = &args.python.reloaded {
            let (listeners, taken) = Taken::from(path)?;
            return Ok(Self { args: args.clone(), listen: Listen::taken(listeners), taken: Some(taken) });
        }
        Ok(Self {
            args: args.clone(),
            listen: Listen::of(&args.server)?,
            #[cfg(feature = "python")]
            taken: None,
        })
    }

    /// Serves the app until the process is told to stop: a future to await on a tokio runtime with I/O and time, of
    /// one thread or of many. `what` is said about the app at the start.
    ///
    /// # Errors
    ///
    /// When a file or a setting cannot be used.
    pub async fn serve<S, E>(self, app: S, what: &str) -> Result<(), BoxError>
    where
        S: Boxable<RequestBody, E>,
        E: Into<BoxError> + Send + Sync + 'static,
    {
        let Self { args, listen, .. } = self;
        let addrs = listen.addrs()?;
        args.server.warn_of_exposure(&addrs);
        let url = args.server.url(&addrs);
        let Built { service, plan, credentials } = build(&args, &addrs, &Clock::system(), app)?;
        if credentials.auth.is_none() {
            tracing::warn!(target: "enfilade", "no --auth: nobody is asked who they are, every request is anonymous");
        }
        let limits = Limits::default()
            .with_max_body_size(args.max_body)
            .with_max_connections(args.max_connections as usize);
        let server = Server::on(listen.into_listeners(&args.server)?)
            .with_limits(limits)
            .with_security_headers(args.server.with_hsts(SecurityHeaders::new())?)
            .with_signals()?;
        #[cfg(feature = "python")]
        let server = match self.taken {
            Some(taken) => taken.end_with(server)?,
            None => server,
        };
        Banner { args: &args, plan: &plan, what, url: &url, addrs: &addrs, credentials: &credentials }
            .print()?;
        server.serve(service).await?;
        Ok(())
    }
}

/// The chain around `app` with everything that was made for this run, for any request body: a test drives it without a
/// socket.
///
/// # Errors
///
/// When a file or a setting cannot be used.
pub fn build<B, E, S>(
    args: &RunArgs,
    addrs: &[SocketAddr],
    clock: &Clock,
    app: S,
) -> Result<Built<B, E>, BoxError>
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    E: Send + Sync + 'static,
    S: Boxable<B, E>,
{
    let credentials = Credentials::new(args, &args.server.url(addrs), addrs, clock)?;
    let parts = Parts {
        hosts: args.server.hosts(addrs)?,
        auth: credentials.auth.clone(),
        ambient: credentials.ambient,
    };
    let (service, plan) = chain::around(parts, app)?;
    Ok(Built { service, plan, credentials })
}
