//! WSGI apps behind the service: small ones, written by each test, called inline and on a pool.
//!
//! ```text
//! kit      an app from a text, and the two ways to call it
//! environ  what an app is told               input    what it reads
//! answers  what it may answer                streams  chunk by chunk, and no more than asked for
//! ends     exceptions                         pool     threads, places, deadlines, what waits
//! ```

mod answers;
mod ends;
mod environ;
mod input;
mod kit;
mod pool;
mod streams;
