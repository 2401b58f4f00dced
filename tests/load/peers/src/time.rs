//! CPU time a request, requests a second and p99: all servers alive at once on core 0, `wrk` on core 1, rounds rotated.
//!
//! ```text
//! round 1: a b c …   round 2: b c … a   …   medians of seven; CPU ratios with their spread
//! ```

use std::process::Command;

use crate::peer::{Failed, NAMES, Peer};

const ROUNDS: usize = 7;
const SECONDS: &str = "2s";

#[derive(Clone, Copy)]
struct Round {
    cpu: f64,
    ratio: f64,
    rate: f64,
    p99: f64,
}

pub fn table() -> Result<(), Failed> {
    let peers = NAMES.map(|name| Peer::start(name, &[]));
    let peers: Vec<Peer> = peers.into_iter().collect::<Result<_, _>>()?;
    for peer in &peers {
        peer.ask(100)?;
    }
    let mut rounds: Vec<Vec<Round>> = vec![Vec::new(); peers.len()];
    for round in 0..ROUNDS {
        let mut measured: Vec<Option<Round>> = vec![None; peers.len()];
        for step in 0..peers.len() {
            let index = (round + step) % peers.len();
            measured[index] = Some(drive(&peers[index])?);
        }
        let hyper = measured[0].expect("each took part").cpu;
        for (index, measured) in measured.into_iter().enumerate() {
            let measured = measured.expect("each took part");
            rounds[index].push(Round { ratio: measured.cpu / hyper, ..measured });
        }
    }
    println!("| server | CPU µs | ÷ hyper (least to most) | requests/s | p99 µs |\n|---|---|---|---|---|");
    for (peer, rounds) in peers.iter().zip(&rounds) {
        let ratios = sorted(rounds, |round| round.ratio);
        println!(
            "| {} | {:.2} | {:.2} ({:.2} to {:.2}) | {:.0} | {:.0} |",
            peer.name,
            median(rounds, |round| round.cpu),
            ratios[ROUNDS / 2],
            ratios[0],
            ratios[ROUNDS - 1],
            median(rounds, |round| round.rate),
            median(rounds, |round| round.p99),
        );
    }
    for peer in peers {
        peer.stop()?;
    }
    Ok(())
}

fn drive(peer: &Peer) -> Result<Round, Failed> {
    let before = peer.cpu()?;
    let mut command = Command::new("taskset");
    command.args(["-c", "1", "wrk", "-t1", "-c32", "-d", SECONDS, "--latency"]);
    for header in &peer.headers {
        command.args(["-H", header]);
    }
    let output = command.arg(format!("http://127.0.0.1:{}/", peer.port)).output()?;
    let spent = peer.cpu()? - before;
    let text = String::from_utf8(output.stdout)?;
    if text.contains("Non-2xx") {
        return Err(format!("{} refused: {text}", peer.name).into());
    }
    let word = |before: &str| text.lines().find_map(|line| line.trim().strip_prefix(before)).map(str::trim);
    let total =
        text.lines().find_map(|line| line.trim().split_once(" requests in ")).ok_or("wrk said no number")?.0;
    Ok(Round {
        cpu: spent as f64 / 1_000.0 / total.parse::<f64>()?,
        ratio: 1.0,
        rate: word("Requests/sec:").ok_or("wrk said no rate")?.parse()?,
        p99: micros(word("99%").ok_or("wrk said no p99")?)?,
    })
}

/// `412.00us`, `1.20ms` or `1.00s` in microseconds.
fn micros(text: &str) -> Result<f64, Failed> {
    let split = text.find(|c: char| c.is_alphabetic()).ok_or("a time without a unit")?;
    let number: f64 = text[..split].parse()?;
    Ok(match &text[split..] {
        "us" => number,
        "ms" => number * 1e3,
        _ => number * 1e6,
    })
}

fn median(rounds: &[Round], of: impl Fn(&Round) -> f64) -> f64 {
    sorted(rounds, of)[rounds.len() / 2]
}

fn sorted(rounds: &[Round], of: impl Fn(&Round) -> f64) -> Vec<f64> {
    let mut values: Vec<f64> = rounds.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values
}
