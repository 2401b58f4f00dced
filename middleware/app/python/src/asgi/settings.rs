//! What can be set of an app that is served.
//!
//! ```text
//! root path · deadline to the head · grace after a hang-up · requests at once · the debug extension · WebSockets
//! ```

use std::time::Duration;

use super::websocket::WebSocketSettings;
use crate::request::Mount;

/// See the `with_` methods of [`AsgiApp`](crate::AsgiApp).
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) mount: Mount,
    /// To the head of the response.
    pub(super) deadline: Duration,
    /// From the word that the client has gone to the cancellation.
    pub(super) grace: Duration,
    pub(super) max_in_flight: usize,
    pub(super) debug: bool,
    pub(super) websocket: WebSocketSettings,
}

impl Settings {
    pub(super) fn new() -> Self {
        Self {
            mount: Mount::new(),
            deadline: Duration::from_secs(60),
            grace: Duration::from_secs(5),
            max_in_flight: 10_000,
            debug: false,
            websocket: WebSocketSettings::new(),
        }
    }
}
