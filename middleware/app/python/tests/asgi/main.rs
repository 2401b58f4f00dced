//! ASGI apps behind the service: small ones, written by each test, on the loop's own thread and from another runtime.
//!
//! ```text
//! kit      an app from a text, the two ways to call it, virtual time
//! scope    what an app is told               receive     what it reads
//! send     what it may answer                files       by their path
//! ends     how a task ends                   leave       deadlines, hang-ups, too many at once
//! lifespan begin and end                     event_loop  what asyncio promises
//! thread   a loop on a thread of its own websocket  all of RFC 6455
//! drain    the end of a server
//! attacks  what an app or a client might try
//! ```

mod attacks;
mod drain;
mod ends;
mod event_loop;
mod files;
mod kit;
mod leave;
mod lifespan;
mod receive;
mod scope;
mod send;
mod thread;
mod websocket;
