//! The distribution tap: one process, one listener, and behind it apps of four kinds.
//!
//! ```text
//! cargo run --features python --example tap
//!
//! /old   ─▶ examples/apps/old.cgi     CGI: a process for each request
//! /shop  ─▶ examples/apps/shop.py     WSGI, on threads of its own
//! /live  ─▶ examples/apps/live.py     ASGI and its WebSockets, on the loop that the server runs on
//! others ─▶ a closure                 Rust
//! ```
//!
//! One chain stands before all of them: `curl -u ada:lovelace localhost:3000/shop/cart` is ada to each.
//! `PORT` in the environment is another port.

use std::{convert::Infallible, path::Path, sync::Arc};

use enfilade::{
    auth::{Auth, Basic, Htpasswd, StripIdentity, hash_password},
    cgi::CgiService,
    core::{
        Chain, Principal,
        chain::{Boxable as _, BoxedService},
    },
    python::{AsgiApp, Interpreter, WsgiApp},
    server::{BoxError, RequestBody, Server},
};
use http::{Request, Response};
use tower::{service_fn, util::Oneshot};

type App = BoxedService<RequestBody, Infallible>;

fn main() -> Result<(), BoxError> {
    let apps = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/apps");
    Interpreter::new().start()?.add_app_dir(&apps)?;
    // The loop of the ASGI app is this thread's, and all else runs on the reactor inside.
    AsgiApp::run("live:app", |live| async move {
        let tap = Arc::new(tap(&apps, live)?);
        let users = Htpasswd::parse(&format!("ada:{}", hash_password("lovelace")?))?;
        let (service, _plan) = Chain::new()
            .gate(StripIdentity::new())
            .gate(Auth::new(Basic::new(users)).optional())
            .build(service_fn(move |request: Request<RequestBody>| {
                Oneshot::new(tap.app(request.uri().path()).clone(), request)
            }))?;
        let port = std::env::var("PORT").unwrap_or_else(|_| "3000".into());
        Server::bind(format!("localhost:{port}")).await?.with_signals()?.serve(service).await?;
        Ok(())
    })?
}

struct Tap {
    apps: [(&'static str, App); 3],
    rest: App,
}

fn tap(apps: &Path, live: AsgiApp) -> Result<Tap, BoxError> {
    let old = CgiService::new(apps.join("old.cgi"))?.with_script_name("/old")?;
    // Threads: what waits in one of them keeps no socket waiting.
    let shop = WsgiApp::import("shop:app")?.with_script_name("/shop")?.with_threads(4);
    let live = live.with_root_path("/live")?;
    let rest = service_fn(async |request: Request<RequestBody>| {
        let who = Principal::of(request.extensions()).filter(|who| !who.is_anonymous());
        let who = who.map_or("nobody", Principal::subject);
        Ok(Response::new(format!("rust: {}, for {who}\n", request.uri().path())))
    });
    Ok(Tap {
        apps: [("/old", old.boxed()), ("/shop", shop.boxed()), ("/live", live.boxed())],
        rest: rest.boxed(),
    })
}

impl Tap {
    /// The app at or below whose path this one is.
    fn app(&self, path: &str) -> &App {
        let below =
            |at: &str| path.strip_prefix(at).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        self.apps.iter().find(|(at, _)| below(at)).map_or(&self.rest, |(_, app)| app)
    }
}
