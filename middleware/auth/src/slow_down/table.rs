//! A table of failures that cannot grow: a fixed number of places, and a few that one neighbourhood shares.
//!
//! ```text
//! group (a /48, a /24, a name) ──keyed hash──▶ one set of 16 places ──▶ tag (a /64, an address, a name) ──▶ its debt
//! a newcomer to a full set takes over the least indebted place, with its debt, but may always try once
//! ```
//!
//! Debt is time: each failure adds a period, and time pays it off. So a place needs no clean-up, and one that is paid
//! off is free.

use std::{
    hash::{BuildHasher as _, Hash, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

const WAYS: usize = 16;

/// How failures are paid off.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// How long one failure takes.
    pub(super) period: Duration,
    /// So many are let go at once.
    pub(super) burst: u32,
    /// Debt grows no further than this.
    pub(super) most: Duration,
}

/// Where somebody's failures are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    set: usize,
    tag: u64,
}

pub(super) struct Table {
    sets: Box<[Mutex<[Slot; WAYS]>]>,
    /// Keyed anew for each process, so nobody can aim at another's place.
    hasher: RandomState,
    pace: Pace,
}

/// Until when the debt lasts; none at all, when that is over.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    tag: u64,
    until: Duration,
}

impl Table {
    pub(super) fn new(sets: usize, pace: Pace) -> Self {
        let sets = (0..sets.max(1)).map(|_| Mutex::default()).collect();
        Self { sets, hasher: RandomState::new(), pace }
    }

    pub(super) fn with_pace(self, pace: Pace) -> Self {
        Self { pace, ..self }
    }

    pub(super) fn pace(&self) -> Pace {
        self.pace
    }

    pub(super) fn place(&self, group: impl Hash, one: impl Hash) -> Place {
        let sets = self.sets.len() as u64;
        let set = usize::try_from(self.hasher.hash_one(group) % sets).expect("less than a length");
        Place { set, tag: self.hasher.hash_one(one) }
    }

    /// How long to wait before the next try may be judged.
    pub(super) fn wait(&self, place: Place, now: Duration) -> Duration {
        let set = self.set(place);
        let next = self.debt(&set, place, now) + self.pace.period;
        next.saturating_sub(now + self.pace.period * self.pace.burst)
    }

    /// Whether anything is on record.
    pub(super) fn is_clean(&self, place: Place, now: Duration) -> bool {
        self.debt(&self.set(place), place, now) <= now
    }

    /// Counts a failure.
    pub(super) fn charge(&self, place: Place, now: Duration) {
        let mut set = self.set(place);
        let until = (self.debt(&set, place, now) + self.pace.period).min(now + self.pace.most);
        let known = set.iter().position(|slot| slot.tag == place.tag && slot.until > now);
        let least = || set.iter().enumerate().min_by_key(|(_, slot)| slot.until).map_or(0, |(at, _)| at);
        let at = known.unwrap_or_else(least);
        set[at] = Slot { tag: place.tag, until };
    }

    /// Forgets the failures.
    pub(super) fn forget(&self, place: Place) {
        for slot in self.set(place).iter_mut().filter(|slot| slot.tag == place.tag) {
            *slot = Slot::default();
        }
    }

    /// Until when the debt lasts; `now`, if there is none.
    fn debt(&self, set: &[Slot; WAYS], place: Place, now: Duration) -> Duration {
        let live = |slot: &&Slot| slot.until > now;
        if let Some(slot) = set.iter().filter(live).find(|slot| slot.tag == place.tag) {
            return slot.until;
        }
        // A full set: who only changes the address within a neighbourhood is not new.
        let least = set.iter().map(|slot| slot.until).min().unwrap_or(now);
        least.clamp(now, now + self.pace.period * self.pace.burst.saturating_sub(1))
    }

    fn set(&self, place: Place) -> MutexGuard<'_, [Slot; WAYS]> {
        self.sets[place.set].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    fn table() -> Table {
        Table::new(4, Pace { period: secs(10), burst: 3, most: secs(100) })
    }

    #[test]
    fn failures_are_paid_off_by_time() {
        let (table, mut now) = (table(), secs(1000));
        let place = table.place(1, 1);
        for wait in [0, 0, 0, 10, 20] {
            assert_eq!(table.wait(place, now), secs(wait));
            table.charge(place, now);
        }
        now += secs(29);
        assert_eq!(table.wait(place, now), secs(1));
        now += secs(1);
        assert_eq!(table.wait(place, now), secs(0));
        now += secs(20);
        assert!(table.is_clean(place, now));
    }

    #[test]
    fn debt_has_an_end() {
        let table = table();
        let place = table.place(1, 1);
        (0..1000).for_each(|_| table.charge(place, secs(0)));
        assert_eq!(table.wait(place, secs(0)), secs(80));
        table.forget(place);
        assert!(table.is_clean(place, secs(0)));
    }

    #[test]
    fn who_changes_the_address_within_a_neighbourhood_gets_one_try_for_each() {
        let table = table();
        let now = secs(0);
        let mut tries = 0;
        for one in 0..1000 {
            let place = table.place("a /48", one);
            while table.wait(place, now).is_zero() {
                table.charge(place, now);
                tries += 1;
            }
        }
        assert!(tries <= 16 * 3 + 1000, "{tries}");
        let newcomer = table.place("a /48", "new");
        assert_eq!(table.wait(newcomer, now), secs(0), "a first try is never refused");
    }
}
