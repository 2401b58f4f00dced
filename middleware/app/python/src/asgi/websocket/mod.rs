//! WebSockets (RFC 6455) of an ASGI app, on the loop's thread.
//!
//! ```text
//! handshake ─▶ websocket.connect ─▶ the app says ─┬─ accept ────▶ 101, then frames both ways
//!                                                 ├─ close ─────▶ 403
//!                                                 └─ http.response ▶ a response of its own
//!
//! socket ─▶ Connection ─ Decoder ─▶ queue ─▶ receive        bounded: a slow app stops the reading
//! socket ◀─ Connection ◀──── bytes ◀ Encoder ◀─ send        bounded: a slow client makes `send` wait
//! ```

mod accept;
mod call;
mod channel;
mod connection;
mod decode;
mod deflate;
mod encode;
mod handshake;
mod lifetime;
mod message;
mod scope;
mod service;
mod settings;

pub use self::settings::WebSocketSettings;
pub(super) use self::{handshake::is_handshake, service::call};
