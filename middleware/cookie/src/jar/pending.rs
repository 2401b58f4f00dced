//! What the response will set: one entry per key, within what the jar may take.
//!
//! ```text
//! put(entry) ── more than the limit, and more than before? refuse ── same (name, domain, path, partition)? replace
//! ```

use std::time::Duration;

use http::HeaderValue;

use super::received::PER_COOKIE;
use crate::{CookieError, Profile, set_cookie};

/// Lines beyond this number are refused, removals included: no response needs more.
const LINES_MAX: usize = 64;

/// A cookie to be set, or to be removed.
#[derive(Debug)]
pub(super) struct Entry {
    name: Box<str>,
    domain: Option<Box<str>>,
    path: Box<str>,
    partitioned: bool,
    /// What it takes of the next request's header; nothing when it is removed.
    size: usize,
    line: HeaderValue,
}

impl Entry {
    pub(super) fn set(
        name: &str,
        value: &str,
        profile: &Profile,
        max_age: Option<Duration>,
    ) -> Result<Self, CookieError> {
        let line = set_cookie::line(name, value, profile, max_age)?;
        // A cookie whose time is over is one that goes.
        let kept = max_age.is_none_or(|age| age.as_secs() > 0);
        let size = if kept { name.len() + 1 + value.len() + PER_COOKIE } else { 0 };
        Ok(Self::new(name, profile, size, line))
    }

    pub(super) fn remove(name: &str, profile: &Profile) -> Result<Self, CookieError> {
        Ok(Self::new(name, profile, 0, set_cookie::removal(name, profile)?))
    }

    fn new(name: &str, profile: &Profile, size: usize, line: HeaderValue) -> Self {
        Self {
            name: name.into(),
            // Browsers compare domains without case (RFC 6265 §5.2.3).
            domain: profile.domain().map(|domain| domain.to_ascii_lowercase().into()),
            path: profile.path().into(),
            partitioned: profile.is_partitioned(),
            size,
            line,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn domain(&self) -> Option<&str> {
        self.domain.as_deref()
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn is_partitioned(&self) -> bool {
        self.partitioned
    }

    pub(super) fn into_line(self) -> HeaderValue {
        self.line
    }

    fn same_key(&self, other: &Self) -> bool {
        self.name == other.name
            && self.domain == other.domain
            && self.path == other.path
            && self.partitioned == other.partitioned
    }
}

/// The entries of one response, in the order in which they were put.
#[derive(Debug, Default)]
pub(super) struct Pending {
    entries: Vec<Entry>,
    /// What they will take of the next request's header.
    set: usize,
    /// What the request brought under their names: each of these replaces or removes it.
    gone: usize,
}

/// What the request brought, as far as a new cookie's size is judged by it.
pub(super) trait Brought {
    /// What all of it takes.
    fn size(&self) -> usize;
    /// What the first cookie of that name takes; nothing when there is none.
    fn size_of(&self, name: &str) -> usize;
}

impl Pending {
    /// Takes an entry in, in the place of one with the same key.
    ///
    /// What makes the jar smaller is always taken, or a user whose jar is too full could not even sign out.
    pub(super) fn put(
        &mut self,
        entry: Entry,
        brought: &impl Brought,
        limit: usize,
    ) -> Result<(), CookieError> {
        let at = self.entries.iter().position(|known| known.same_key(&entry));
        if at.is_none() && self.entries.len() == LINES_MAX {
            return Err(CookieError::TooMany);
        }
        let set = self.set - at.map_or(0, |at| self.entries[at].size) + entry.size;
        let gone = self.gone + if self.names(&entry.name) { 0 } else { brought.size_of(&entry.name) };
        if set + self.gone > self.set + gone {
            let bytes = brought.size().saturating_sub(gone) + set;
            if bytes > limit {
                return Err(CookieError::JarFull { bytes, limit });
            }
        }
        if let Some(at) = at {
            self.entries.remove(at);
        }
        self.entries.push(entry);
        (self.set, self.gone) = (set, gone);
        Ok(())
    }

    /// Whether that name is set or removed already, under any key.
    pub(super) fn names(&self, name: &str) -> bool {
        self.entries.iter().any(|entry| *entry.name == *name)
    }

    pub(super) fn into_entries(self) -> Vec<Entry> {
        self.entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nothing;

    impl Brought for Nothing {
        fn size(&self) -> usize {
            0
        }

        fn size_of(&self, _: &str) -> usize {
            0
        }
    }

    struct Full;

    impl Brought for Full {
        fn size(&self) -> usize {
            500
        }

        fn size_of(&self, name: &str) -> usize {
            if name == "__Host-a" { 100 } else { 0 }
        }
    }

    fn entry(name: &str, value: &str) -> Entry {
        Entry::set(name, value, &Profile::host(), None).unwrap()
    }

    #[test]
    fn a_jar_is_full_before_a_server_refuses_its_owner() {
        let mut pending = Pending::default();
        pending.put(entry("__Host-a", "1"), &Nothing, 100).unwrap();
        let full = pending.put(entry("__Host-b", &"x".repeat(50)), &Nothing, 100).unwrap_err();
        assert_eq!(full, CookieError::JarFull { bytes: 48 + 97, limit: 100 });
        assert!(!pending.names("__Host-b"));
        // The one that is there already may change its value.
        pending.put(entry("__Host-a", "2"), &Nothing, 100).unwrap();
    }

    #[test]
    fn what_makes_a_full_jar_smaller_is_taken() {
        let mut pending = Pending::default();
        pending.put(entry("__Host-a", "smaller"), &Full, 200).unwrap();
        let bigger = entry("__Host-a", &"x".repeat(300));
        assert!(matches!(pending.put(bigger, &Full, 200), Err(CookieError::JarFull { .. })));
        pending.put(Entry::remove("__Host-a", &Profile::host()).unwrap(), &Full, 200).unwrap();
        pending.put(Entry::remove("__Host-b", &Profile::host()).unwrap(), &Full, 200).unwrap();
        assert_eq!(pending.into_entries().len(), 2);
    }

    #[test]
    fn a_key_is_name_domain_path_and_partition() {
        let with = |profile: Profile| Entry::set("__Secure-a", "1", &profile, None).unwrap();
        let profiles = [
            Profile::secure(),
            Profile::secure().with_path("/x"),
            Profile::secure().with_domain("example.com"),
            Profile::secure().with_domain("EXAMPLE.com"),
            Profile::secure().partitioned(),
        ];
        let mut pending = Pending::default();
        for profile in profiles {
            pending.put(with(profile), &Nothing, 10_000).unwrap();
        }
        assert_eq!(pending.into_entries().len(), 4, "case of a domain makes no difference");
    }

    #[test]
    fn the_number_of_lines_is_bounded() {
        let mut pending = Pending::default();
        let put = |pending: &mut Pending, at: usize| {
            let removal = Entry::remove(&format!("__Host-{at}"), &Profile::host()).unwrap();
            pending.put(removal, &Nothing, 10)
        };
        for at in 0..LINES_MAX {
            put(&mut pending, at).unwrap();
        }
        assert_eq!(put(&mut pending, LINES_MAX), Err(CookieError::TooMany));
    }
}
