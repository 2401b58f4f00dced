//! The set itself: places by issuer and id, counted by user, freed when both clocks say that they are over.
//!
//! ```text
//! put ── known? changed ── user has as many as one can? OfOneUser ── no room? Full ── a place, due at its end
//! prune ── what is due, once each: free, or due again
//! ```

use std::{
    collections::{BTreeMap, HashMap, HashSet, hash_map::Entry},
    sync::Arc,
    time::Duration,
};

use enfilade_core::Clock;

use super::{MAX_LEEWAY, RevocationError};

pub(super) struct Set {
    capacity: usize,
    most_of_one_user: usize,
    len: usize,
    /// Both by issuer: what is asked for is found without a copy.
    issuers: HashMap<Box<str>, Issuer>,
    /// What to look at, by the second of the monotonic clock from which on it may have expired.
    due: BTreeMap<u64, Vec<Name>>,
}

/// Issuer and id.
type Name = (Box<str>, Arc<str>);

#[derive(Default)]
struct Issuer {
    places: HashMap<Arc<str>, Place>,
    /// The ids of the places that each subject reserved.
    subjects: HashMap<Arc<str>, HashSet<Arc<str>>>,
}

struct Place {
    revoked: bool,
    /// By the wall clock, in seconds since 1970, leeway included.
    ends: u64,
    /// Its place in [`Set::due`]; nowhere when it stays for ever.
    due: Option<u64>,
    reserved_by: Option<Arc<str>>,
}

/// What asks for a place.
#[derive(Clone, Copy)]
pub(super) struct New<'a> {
    /// A token without issuer and one whose issuer is "" cannot both be: the verifier refuses an empty `iss`.
    pub(super) issuer: &'a str,
    pub(super) id: &'a str,
    pub(super) expires: Option<u64>,
    /// The subject; `None`: it is not reserved, but revoked.
    pub(super) reserved_by: Option<&'a str>,
}

impl Set {
    pub(super) fn new(capacity: usize, most_of_one_user: usize) -> Self {
        Self { capacity, most_of_one_user, len: 0, issuers: HashMap::new(), due: BTreeMap::new() }
    }

    pub(super) fn set_most_of_one_user(&mut self, most: usize) {
        self.most_of_one_user = most;
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn has_room(&self) -> bool {
        self.len < self.capacity
    }

    pub(super) fn is_revoked(&self, issuer: &str, id: &str) -> bool {
        self.issuers.get(issuer).and_then(|issuer| issuer.places.get(id)).is_some_and(|place| place.revoked)
    }

    /// Takes a place, or changes the one taken; whether that made it a revoked one.
    pub(super) fn put(&mut self, clock: &Clock, new: New<'_>) -> Result<bool, RevocationError> {
        let ends = new.expires.map_or(u64::MAX, |expires| expires.saturating_add(MAX_LEEWAY.as_secs()));
        let revoked = new.reserved_by.is_none();
        if let Some(place) = self.issuers.get_mut(new.issuer).and_then(|issuer| issuer.places.get_mut(new.id))
        {
            let is_new = revoked && !place.revoked;
            place.revoked |= revoked;
            place.ends = place.ends.max(ends);
            return Ok(is_new);
        }
        self.admit(clock, &new)?;
        let issuer = self.issuers.entry(new.issuer.into()).or_default();
        let id: Arc<str> = new.id.into();
        let reserved_by = new.reserved_by.map(|subject| issuer.reserve(subject, &id));
        let due = due(clock, ends);
        issuer.places.insert(id.clone(), Place { revoked, ends, due, reserved_by });
        self.len += 1;
        if let Some(due) = due {
            self.due.entry(due).or_default().push((new.issuer.into(), id));
        }
        Ok(revoked)
    }

    /// Gives a place back, unless it is a revoked one.
    pub(super) fn release(&mut self, issuer: &str, id: &str) {
        let place = self.issuers.get(issuer).and_then(|issuer| issuer.places.get(id));
        let Some(due) = place.filter(|place| !place.revoked).map(|place| place.due) else { return };
        self.free(issuer, id);
        let Some((due, names)) = due.and_then(|due| Some((due, self.due.get_mut(&due)?))) else { return };
        names.retain(|(of, name)| **of != *issuer || **name != *id);
        // An empty one would promise a place that does not become free.
        if names.is_empty() {
            self.due.remove(&due);
        }
    }

    /// Frees what has expired and says how many of it were revoked; each place is looked at once, when it is due.
    pub(super) fn prune(&mut self, clock: &Clock) -> usize {
        let (now, monotonic) = (clock.unix_seconds(), clock.monotonic().as_secs());
        let mut freed = 0;
        while let Some(first) = self.due.first_entry().filter(|first| *first.key() <= monotonic) {
            for (issuer, id) in first.remove() {
                let places = self.issuers.get_mut(&issuer).map(|issuer| &mut issuer.places);
                let Some(place) = places.and_then(|places| places.get_mut(&id)) else { continue };
                // The wall clock went back, or the place was prolonged: both clocks must say that it is over.
                if place.ends > now {
                    place.due = due(clock, place.ends);
                    if let Some(due) = place.due {
                        self.due.entry(due).or_default().push((issuer, id));
                    }
                    continue;
                }
                freed += usize::from(place.revoked);
                self.free(&issuer, &id);
            }
        }
        freed
    }

    /// Whether there is room for one more, of its user too.
    fn admit(&self, clock: &Clock, new: &New<'_>) -> Result<(), RevocationError> {
        let now = clock.monotonic().as_secs();
        let wait = |due: u64| Duration::from_secs(due.saturating_sub(now));
        if let (Some(issuer), Some(subject)) = (self.issuers.get(new.issuer), new.reserved_by) {
            let ids = issuer.subjects.get(subject);
            if ids.map_or(0, HashSet::len) >= self.most_of_one_user {
                let places = ids.into_iter().flatten().filter_map(|id| issuer.places.get(id));
                let free_in = places.filter_map(|place| place.due).min().map(wait);
                return Err(RevocationError::OfOneUser { free_in });
            }
        }
        if self.has_room() {
            return Ok(());
        }
        Err(RevocationError::Full { free_in: self.due.keys().next().copied().map(wait) })
    }

    fn free(&mut self, of: &str, id: &str) {
        let Some(issuer) = self.issuers.get_mut(of) else { return };
        self.len -= usize::from(issuer.free(id));
        if issuer.places.is_empty() {
            self.issuers.remove(of);
        }
    }
}

impl Issuer {
    /// Counts a place for this subject, and returns its one copy of the name.
    fn reserve(&mut self, subject: &str, id: &Arc<str>) -> Arc<str> {
        let subject =
            self.subjects.get_key_value(subject).map_or_else(|| subject.into(), |(known, _)| known.clone());
        self.subjects.entry(subject.clone()).or_default().insert(id.clone());
        subject
    }

    fn free(&mut self, id: &str) -> bool {
        let Some(place) = self.places.remove(id) else { return false };
        if let Some(Entry::Occupied(mut ids)) = place.reserved_by.map(|subject| self.subjects.entry(subject))
        {
            ids.get_mut().remove(id);
            if ids.get().is_empty() {
                ids.remove();
            }
        }
        true
    }
}

/// From which second of the monotonic clock on a place may have expired; never, when it stays for ever.
fn due(clock: &Clock, ends: u64) -> Option<u64> {
    let left = ends.saturating_sub(clock.unix_seconds());
    (ends != u64::MAX).then(|| clock.monotonic().as_secs().saturating_add(left).saturating_add(1))
}
