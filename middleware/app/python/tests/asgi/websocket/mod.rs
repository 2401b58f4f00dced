//! WebSockets of an app behind our server, over a pipe in memory, with frames written by hand.
//!
//! ```text
//! client      a client, its handshake, its frames
//! handshakes  yes, no, and what is none            talks   messages, fragments, controls, compression
//! faults      what a client may not say            ends    who closes, silence, the drain, slow ones
//! ```

mod client;
mod ends;
mod faults;
mod handshakes;
mod talks;

use self::client::Client;

/// Sends back what it receives, and notes all of it.
const ECHO: &str = "
told = []
async def app(scope, receive, send):
    await without_lifespan(scope)
    assert await receive() == {'type': 'websocket.connect'}
    await send({'type': 'websocket.accept'})
    while True:
        message = await receive()
        told.append(dict(message))
        if message['type'] == 'websocket.disconnect':
            return
        message['type'] = 'websocket.send'
        await send(message)
";
