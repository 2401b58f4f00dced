//! An ASGI app (version 3) as a tower service.
//!
//! ```text
//! Request ─▶ scope ─▶ asyncio.Task ── app(scope, receive, send)
//!                                        receive ◀── the request's body, frame by frame; http.disconnect
//! Response ◀── head ◀── body ◀────────── send
//!
//! Upgrade: websocket ─▶ websocket/        before the first and after the last ─▶ lifespan
//! ```

mod app;
mod body;
mod call;
mod debug;
mod exchange;
mod fields;
mod file;
mod future;
mod leave;
mod lifespan;
mod message;
mod outcome;
mod places;
mod ready;
mod reason;
mod receive;
mod registry;
mod run;
mod scope;
mod send;
mod service;
mod settings;
mod task;
mod websocket;

pub use self::{
    body::{AsgiBody, AsgiError},
    debug::AsgiDebug,
    future::AsgiFuture,
    service::AsgiApp,
    websocket::WebSocketSettings,
};
