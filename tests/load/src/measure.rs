//! One thing beside another: what both do by themselves, and what the second costs more.
//!
//! ```text
//! Pair { base, whole } ─▶ ns: the best of rounds in turn · allocations: of one · instructions: count.rs
//! ```

use std::{hint::black_box, time::Instant};

/// Many short rounds: the best of them is one that nobody interrupted.
const ROUNDS: u32 = 400;

/// About how long a round takes, in nanoseconds.
const ROUND: f64 = 500_000.0;

const MOST: f64 = 2_000.0;

/// Two things that can be done over and over. Each call does it once.
pub(crate) struct Pair {
    pub(crate) base: Box<dyn FnMut()>,
    pub(crate) whole: Box<dyn FnMut()>,
}

/// What base and whole cost.
pub(crate) struct Costs {
    pub(crate) ns: [f64; 2],
    pub(crate) allocations: [u64; 2],
}

impl Pair {
    pub(crate) fn costs(mut self) -> Costs {
        // What is remembered is remembered, and what is made once is made.
        (self.base)();
        (self.whole)();
        let allocations = [&mut self.base, &mut self.whole].map(|what| {
            allocation_counter::measure(|| (0..10).for_each(|_| what())).count_total.div_ceil(10)
        });
        let times = [&mut self.base, &mut self.whole].map(|what| times_for(round(what, 20)));
        let mut ns = [f64::INFINITY; 2];
        for _ in 0..ROUNDS {
            for ((best, what), times) in ns.iter_mut().zip([&mut self.base, &mut self.whole]).zip(times) {
                *best = best.min(round(what, times));
            }
        }
        Costs { ns, allocations }
    }
}

/// How long it takes once, in nanoseconds.
fn round(what: &mut dyn FnMut(), times: u32) -> f64 {
    let start = Instant::now();
    for _ in 0..times {
        black_box(&mut *what)();
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(times)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and a few thousand")]
fn times_for(ns: f64) -> u32 {
    (ROUND / ns).clamp(1.0, MOST) as u32
}
