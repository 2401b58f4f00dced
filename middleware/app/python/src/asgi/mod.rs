//! An ASGI app (version 3) as a tower service.
//!
//! ```text
//! Request ─▶ scope ─▶ asyncio.Task ── app(scope, receive, send)
//!                                        receive ◀── the request's body, frame by frame; http.disconnect
//! Response ◀── head ◀── body ◀────────── send
//! ```

mod app;
mod body;
mod call;
mod exchange;
mod message;
mod reason;
mod receive;
mod run;
mod scope;
mod send;
mod service;
mod task;

pub use self::{
    body::{AsgiBody, AsgiError},
    service::{AsgiApp, AsgiFuture},
};
