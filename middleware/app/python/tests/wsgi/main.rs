//! WSGI apps behind the service: small ones, written by each test, called inline and on a pool.
//!
//! ```text
//! kit      an app from a text, and the two ways to call it
//! environ  what an app is told               input    what it reads
//! answers  what it may answer                streams  chunk by chunk, and no more than asked for
//! ends     exceptions                         pool     threads, places, deadlines, what waits
//! kept     from one request to the next       leaks    what stays when one is over
//! wire     behind our server, byte for byte
//! ```

mod answers;
mod ends;
mod environ;
mod input;
mod kept;
mod kit;
mod leaks;
mod pool;
mod streams;
mod wire;
