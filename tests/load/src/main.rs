//! What each link costs: `cargo run --release -p enfilade-load` prints Markdown tables for this machine.
//!
//! ```text
//! request ─▶ link ─▶ empty app        driven directly, no socket, no runtime; the bare app subtracted
//! token   ─▶ Verifier                 beside aws-lc alone, which has the key parsed and the signature decoded
//! ```
//!
//! Nanoseconds are the best of some rounds, so that what else the machine does counts least. Allocations are those of
//! one request. Instructions are counted by valgrind, where it is installed: this program runs itself under it.

#![allow(clippy::disallowed_methods)] // measuring real time is what this program is for

mod count;
mod first;
mod measure;
mod rows;

use std::{
    env,
    error::Error,
    io::{Write as _, stdout},
};

use self::rows::Row;

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    // Some kinds of credentials wait for another thread the first time.
    let _entered = runtime.enter();
    if env::args().any(|arg| arg == count::COUNTED) {
        first::all().into_iter().for_each(Row::count);
        rows::all().into_iter().for_each(Row::count);
        return Ok(());
    }
    let mut counts = count::of_all()?.into_iter();
    let mut out = stdout().lock();
    writeln!(
        out,
        "| a token seen for the first time | ns | ÷ aws-lc alone | instructions | ÷ aws-lc alone | allocations |"
    )?;
    writeln!(out, "|---|---|---|---|---|---|")?;
    for row in first::all() {
        writeln!(out, "{}", row.line(counts.next().zip(counts.next())))?;
    }
    writeln!(out, "\n| link | ns | instructions | allocations |\n|---|---|---|---|")?;
    for row in rows::all() {
        writeln!(out, "{}", row.line(counts.next().zip(counts.next())))?;
    }
    if counts.next().is_some() {
        return Err("valgrind counted more than there is".into());
    }
    Ok(())
}
