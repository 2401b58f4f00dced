//! Where new ids come from: a counter of the process, drawn from sixteen numbers at a time.
//!
//! ```text
//! AtomicU64 ── draw ──▶ 10 … 1f of one connection      one allocation holds the sixteen texts
//! ```

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use bytes::Bytes;
use enfilade_core::RequestId;
use http::HeaderValue;

/// The last digits of the numbers in a draw: its texts differ in nothing else, and are equally long.
const DRAWN: &[u8; 16] = b"0123456789abcdef";

/// A process's counter, and what this clone has drawn from it. A clone begins with nothing drawn.
#[derive(Debug)]
pub(super) struct Numbers {
    counter: Arc<Counter>,
    number: u64,
    texts: Bytes,
    length: usize,
}

#[derive(Debug)]
struct Counter {
    process: u64,
    drawn: AtomicU64,
}

impl Numbers {
    pub(super) fn new() -> Self {
        // The standard library's hash keys are random for each process; an id has to differ, not to be secret.
        Self::of(RandomState::new().build_hasher().finish(), 1)
    }

    fn of(process: u64, drawn: u64) -> Self {
        Self::from(Arc::new(Counter { process, drawn: AtomicU64::new(drawn) }))
    }

    fn from(counter: Arc<Counter>) -> Self {
        Self { counter, number: 0, texts: Bytes::new(), length: 0 }
    }

    /// The next id and its text.
    pub(super) fn next(&mut self) -> (RequestId, HeaderValue) {
        if self.texts.is_empty() {
            self.draw();
        }
        let id = RequestId::new(self.counter.process, self.number);
        self.number += 1;
        // The last text is not cut off a rest but is the rest, so that nothing is held when all are given.
        let text = self.texts.split_to(self.length);
        (id, HeaderValue::from_maybe_shared(text).expect("hexadecimal digits and a hyphen"))
    }

    #[cold]
    fn draw(&mut self) {
        self.number = self.counter.drawn.fetch_add(1, Relaxed).wrapping_mul(DRAWN.len() as u64);
        let first = RequestId::new(self.counter.process, self.number).text();
        let (same, _) = first.as_bytes().split_at(first.len() - 1);
        self.length = first.len();
        let mut texts = Vec::with_capacity(self.length * DRAWN.len());
        for last in DRAWN {
            texts.extend_from_slice(same);
            texts.push(*last);
        }
        self.texts = texts.into();
    }
}

impl Clone for Numbers {
    fn clone(&self) -> Self {
        Self::from(self.counter.clone())
    }
}

/// The text of an id that came from elsewhere.
#[cold]
pub(super) fn value(id: RequestId) -> HeaderValue {
    HeaderValue::from_str(&id.text()).expect("hexadecimal digits and hyphens")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_and_its_text_are_the_same_over_many_draws_and_none_comes_twice() {
        let mut one = Numbers::of(0x9f2c, 0xfff);
        let mut other = one.clone();
        let mut seen = std::collections::HashSet::new();
        for at in 0..100 {
            let (id, text) = if at % 3 == 0 { other.next() } else { one.next() };
            assert_eq!(text.to_str().unwrap(), &*id.text());
            assert!(seen.insert(id), "{id} twice");
        }
        assert!(
            seen.contains(&RequestId::new(0x9f2c, 0xffff)) && seen.contains(&RequestId::new(0x9f2c, 0x10000))
        );
    }

    #[test]
    fn a_clone_holds_nothing_of_what_was_drawn() {
        let mut numbers = Numbers::new();
        numbers.next();
        assert!(!numbers.texts.is_empty() && numbers.clone().texts.is_empty());
        for _ in 1..DRAWN.len() {
            numbers.next();
        }
        assert!(numbers.texts.is_empty());
    }
}
