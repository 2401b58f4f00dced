//! Instructions and allocations a request, one after the other over one connection.
//!
//! ```text
//! callgrind:   warm up ─▶ set to zero ─▶ 1,000 requests ─▶ sum ÷ 1,000        what a server does at its start is left out
//! allocations: (after 1,300 requests − after 300) ÷ 1,000
//! ```

use std::{fs, process::Command};

use crate::peer::{Failed, NAMES, Peer};

pub const FEW: u32 = 300;
pub const MANY: u32 = 1_300;

/// All servers, or those that are named.
pub fn table(names: &[&str]) -> Result<(), Failed> {
    println!("| server | instructions | ÷ hyper | allocations | more than hyper |\n|---|---|---|---|---|");
    let mut base = None;
    for name in NAMES.into_iter().filter(|name| names.is_empty() || names.contains(name)) {
        let instructions = instructions(name)?;
        let allocations = (allocations(name, MANY)? - allocations(name, FEW)?) as f64 / f64::from(MANY - FEW);
        let (of_hyper, allocated) = *base.get_or_insert((instructions, allocations));
        let ratio = instructions as f64 / of_hyper as f64;
        if name == "nginx" {
            println!("| {name} | {instructions} | {ratio:.2} | not counted | |");
        } else {
            println!(
                "| {name} | {instructions} | {ratio:.2} | {allocations:.1} | {:.1} |",
                allocations - allocated
            );
        }
    }
    println!();
    Ok(())
}

/// Random numbers for keys take a different number of instructions each time: so the start must not be counted.
fn instructions(name: &'static str) -> Result<u64, Failed> {
    let file = output(name);
    let out = format!("--callgrind-out-file={file}");
    let peer = Peer::start(name, &["valgrind", "-q", "--tool=callgrind", &out])?;
    peer.ask(FEW)?;
    zero(peer.id())?;
    peer.ask(MANY - FEW)?;
    peer.stop()?;
    Ok(sum(&file)? / u64::from(MANY - FEW))
}

/// Where callgrind writes what it counted: two harnesses at once need a `TMPDIR` each.
pub fn output(name: &str) -> String {
    std::env::temp_dir().join(format!("enfilade-peers.{name}.callgrind")).display().to_string()
}

/// Sets a process's counters to zero.
pub fn zero(process: u32) -> Result<(), Failed> {
    let zeroed = Command::new("callgrind_control").args(["-z", &process.to_string()]).output()?;
    if !zeroed.status.success() {
        return Err(format!("callgrind_control: {}", String::from_utf8_lossy(&zeroed.stderr)).into());
    }
    Ok(())
}

/// All instructions that a process counted, as it wrote them at its end.
pub fn sum(file: &str) -> Result<u64, Failed> {
    let text = fs::read_to_string(file)?;
    let line = text.lines().find_map(|line| line.strip_prefix("summary: ").or(line.strip_prefix("totals: ")));
    Ok(line.ok_or("callgrind wrote no sum")?.trim().parse()?)
}

fn allocations(name: &'static str, requests: u32) -> Result<u64, Failed> {
    let peer = Peer::start(name, &[])?;
    peer.ask(requests)?;
    peer.stop()
}
