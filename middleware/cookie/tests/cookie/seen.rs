//! What was opened before is opened as if it had not been: the same value, or the same reason against it.
//!
//! ```text
//! any seal, perhaps changed · any use · any time · any change of keys ──┬─▶ a ring that remembers ──┐
//!                                                                       └─▶ a ring made for it ─────┴─▶ equal?
//! ```

use std::{iter, thread, time::Duration};

use enfilade_cookie::{Jar, Key, KeyRing, Profile, Unopened};
use enfilade_test::TestClock;
use proptest::{prelude::*, sample::Index};

use crate::{jar, pair, set_by};

const NOW: u64 = 1_800_000_000;
const NAMES: [&str; 4] = ["a", "b", "ab", "__Host-a"];
const PURPOSES: [&str; 2] = ["p", "pa"];

/// What is bound to a seal, as places in lists.
#[derive(Clone, Copy, Debug)]
struct Used {
    private: bool,
    name: usize,
    purpose: usize,
    profile: usize,
}

#[derive(Clone, Debug)]
enum Step {
    /// Opens a seal as it was made, or by another use, or with a byte of it changed or its end cut off.
    Open { seal: Index, used: Option<Used>, changed: Option<(Index, u8)>, cut: usize, at: u64 },
    /// Key number so many is the first from now on.
    Rotate(u8),
    /// These two are all from now on.
    Replace(u8),
}

fn profiles() -> [Profile; 5] {
    [
        Profile::insecure_plain(),
        Profile::host(),
        Profile::secure(),
        Profile::insecure_plain().with_path("/x"),
        Profile::insecure_plain().with_domain("example.com"),
    ]
}

fn key(number: u8) -> Key {
    Key::from_bytes(&std::array::from_fn::<u8, 64, _>(|at| number ^ u8::try_from(at).unwrap())).unwrap()
}

fn open(ring: &KeyRing, used: Used, wire: &str) -> Result<(Vec<u8>, u64, u64), Unopened> {
    let (name, profile) = (NAMES[used.name], &profiles()[used.profile]);
    let jar: Jar = jar(&[&format!("{name}={wire}")]);
    let view = if used.private { Jar::private } else { Jar::signed };
    let view = view(&jar, ring, PURPOSES[used.purpose]).with_profile(profile);
    view.open(name).map(|opened| {
        let (issued, expires) = (opened.issued(), opened.expires());
        (opened.into_bytes(), issued, expires)
    })
}

/// The wire of a value that was sealed for a use; none, where the name does not go with the profile.
fn seal(ring: &KeyRing, used: Used, length: usize, lifetime: u64) -> Option<String> {
    let profile = profiles()[used.profile].clone().with_max_age(Duration::from_secs(lifetime));
    let mut sealed = false;
    let lines = set_by(&[], |jar| {
        let view = if used.private { Jar::private } else { Jar::signed };
        let added = view(jar, ring, PURPOSES[used.purpose])
            .with_profile(&profile)
            .add(NAMES[used.name], "v".repeat(length));
        sealed = added.is_ok();
        Ok(())
    });
    sealed.then(|| pair(&lines[0]).split_once('=').unwrap().1.to_owned())
}

fn used() -> impl Strategy<Value = Used> {
    (any::<bool>(), 0..NAMES.len(), 0..PURPOSES.len(), 0..profiles().len())
        .prop_map(|(private, name, purpose, profile)| Used { private, name, purpose, profile })
}

fn step() -> impl Strategy<Value = Step> {
    let changed = prop::option::weighted(0.2, (any::<Index>(), 1..=u8::MAX));
    let cut = prop_oneof![8 => Just(0_usize), 1 => 1..20_usize];
    let at = prop::sample::select(&[NOW, NOW + 59, NOW + 60, NOW + 3600, NOW - 300, NOW - 301][..]);
    let open = (any::<Index>(), prop::option::weighted(0.3, used()), changed, cut, at);
    prop_oneof![
        20 => open.prop_map(|(seal, used, changed, cut, at)| Step::Open { seal, used, changed, cut, at }),
        1 => (0..4_u8).prop_map(Step::Rotate),
        1 => (0..4_u8).prop_map(Step::Replace),
    ]
}

proptest! {
    #[test]
    fn a_ring_that_remembers_opens_what_a_new_one_does(
        asked in prop::collection::vec((used(), prop_oneof![Just(1), 60..68_usize, 100..220_usize], prop::sample::select(&[60, 3600][..])), 1..6),
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let time = TestClock::at(NOW);
        let new = |numbers: &[u8]| KeyRing::new(numbers.iter().map(|number| key(*number))).unwrap().with_clock(time.clock());
        let mut numbers = vec![0_u8, 1];
        let ring = new(&numbers);
        let seals = asked.iter().filter_map(|(used, length, lifetime)| Some((*used, seal(&ring, *used, *length, *lifetime)?)));
        let seals: Vec<_> = seals.collect();
        for step in steps {
            match step {
                Step::Open { seal, used, changed, cut, at } if !seals.is_empty() => {
                    let (own, wire) = seal.get(&seals);
                    let mut wire = wire.clone().into_bytes();
                    if let Some((place, bits)) = changed {
                        // Stays one that a field may have.
                        let place = place.index(wire.len());
                        wire[place] ^= bits & 0b111;
                    }
                    wire.truncate(wire.len().saturating_sub(cut));
                    let wire = String::from_utf8(wire).unwrap();
                    if !wire.bytes().all(|b| b.is_ascii_graphic() && b != b';') {
                        continue;
                    }
                    time.set_unix(at);
                    let used = used.unwrap_or(*own);
                    prop_assert_eq!(open(&ring, used, &wire), open(&new(&numbers), used, &wire));
                }
                Step::Open { .. } => {}
                Step::Rotate(number) => {
                    ring.rotate(key(number));
                    numbers.retain(|known| *known != number);
                    numbers.insert(0, number);
                }
                Step::Replace(number) => {
                    numbers = vec![number, number + 1];
                    ring.replace(numbers.iter().map(|number| key(*number))).unwrap();
                }
            }
        }
    }
}

#[test]
fn many_threads_that_meet_in_few_slots_each_read_their_own() {
    let ring = KeyRing::generate();
    let used = Used { private: true, name: 3, purpose: 0, profile: 1 };
    // More seals than there are slots, so that each is put out by others all the time.
    let seals: Vec<_> = (0..1200).map(|at| (at % 60, seal(&ring, used, at % 60, 3600).unwrap())).collect();
    thread::scope(|scope| {
        for at in 0..4 {
            let (ring, seals) = (&ring, &seals);
            let order = iter::successors(Some(at * 7), |at| Some(at + 13)).take(4 * seals.len());
            scope.spawn(move || {
                for (length, wire) in order.map(|at| &seals[at % seals.len()]) {
                    assert_eq!(open(ring, used, wire).unwrap().0, "v".repeat(*length).into_bytes());
                }
            });
        }
    });
}
