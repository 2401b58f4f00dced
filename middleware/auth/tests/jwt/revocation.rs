//! The revocation set: bounded, never forgetful, and free again when what it holds has expired.

use std::time::Duration;

use enfilade_auth::{
    Principal,
    revocation::{RevocationCheck, RevocationError, Revocations},
};
use enfilade_test::TestClock;

const NOW: u64 = 1_800_000_000;

fn token(issuer: &str, id: &str, expires: u64) -> Principal {
    Principal::new("ada").with_issuer(issuer).with_credential_id(id).with_expires(expires)
}

#[test]
fn a_full_set_refuses_and_forgets_nothing() {
    let clock = TestClock::at(NOW);
    let set = Revocations::with_clock(2, clock.clock());
    let [a, b, c] = ["a", "b", "c"].map(|id| token("i", id, NOW + 100));
    set.revoke(&a).unwrap();
    set.revoke(&b).unwrap();
    set.revoke(&b).unwrap();
    assert_eq!((set.len(), set.has_room()), (2, false));
    let full = Err(RevocationError::Full { free_in: Some(Duration::from_secs(401)) });
    assert_eq!(set.revoke(&c), full);
    assert_eq!(set.revoke(&token("other", "a", NOW)), full, "also with a new issuer");
    assert_eq!(set.reserve(&token("i", "d", NOW + 100)), full);
    assert!(set.is_revoked(&a) && set.is_revoked(&b) && !set.is_revoked(&c));
    assert!(!set.is_revoked(&token("other", "a", NOW)) && !set.is_revoked(&Principal::new("ada")));

    // A token is accepted up to five minutes after its expiry, where clocks differ; so long it is kept.
    clock.advance(Duration::from_secs(100 + 299));
    assert!(!set.has_room());
    assert!(set.is_revoked(&a));
    clock.advance(Duration::from_secs(3));
    assert!(set.has_room());
    assert_eq!(set.len(), 0);
    assert!(!set.is_revoked(&a));
    set.revoke(&c).unwrap();
}

#[test]
fn a_reserved_place_is_there_for_its_sign_out() {
    let clock = TestClock::at(NOW);
    let set = Revocations::with_clock(2, clock.clock());
    set.reserve(&token("i", "a", NOW + 100)).unwrap();
    set.reserve(&token("i", "b", NOW + 100)).unwrap();
    assert!(!set.is_revoked(&token("i", "a", NOW + 100)));
    assert!(matches!(set.reserve(&token("i", "c", NOW + 100)), Err(RevocationError::Full { .. })));
    set.revoke(&token("i", "a", NOW + 100)).unwrap();
    assert!(set.is_revoked(&token("i", "a", NOW + 100)));

    set.release(Some("i"), "a");
    assert!(set.is_revoked(&token("i", "a", NOW + 100)), "what was revoked stays");
    set.release(Some("i"), "b");
    set.release(Some("i"), "never there");
    set.release(None, "b");
    assert_eq!(set.len(), 1);
    set.reserve(&token("i", "a", NOW + 100)).unwrap();
    assert!(set.is_revoked(&token("i", "a", NOW + 100)), "and is not reserved back to life");
    clock.advance(Duration::from_secs(1000));
    assert!(set.is_empty());
}

#[test]
fn one_user_reserves_so_many_places_and_can_always_revoke() {
    let clock = TestClock::at(NOW);
    let set = Revocations::with_clock(5, clock.clock()).with_most_of_one_user(2);
    set.reserve(&token("i", "a", NOW + 100)).unwrap();
    set.revoke(&token("i", "a", NOW + 100)).unwrap();
    set.reserve(&token("i", "b", NOW + 50)).unwrap();
    let refused = Err(RevocationError::OfOneUser { free_in: Some(Duration::from_secs(351)) });
    assert_eq!(set.reserve(&token("i", "c", NOW + 100)), refused);
    set.reserve(&token("i", "b", NOW + 50)).expect("it has its place");
    set.reserve(&token("other", "c", NOW + 100)).expect("the other issuer's");
    set.revoke(&token("i", "c", NOW + 100)).expect("revoking is never refused for that");
    set.release(Some("i"), "b");
    set.reserve(&token("i", "d", NOW + 100)).expect("the place that was given back");
    assert_eq!(set.len(), 4);
    clock.advance(Duration::from_secs(401));
    assert!(set.is_empty());
    set.reserve(&token("i", "e", NOW + 1000)).unwrap();
    set.reserve(&token("i", "f", NOW + 1000)).unwrap();
    assert_eq!(set.reserve(&Principal::new("ada")), Err(RevocationError::Unnamed));
}

#[test]
fn a_wall_clock_that_jumps_ahead_and_back_brings_nothing_back() {
    let clock = TestClock::at(NOW);
    let set = Revocations::with_clock(10, clock.clock());
    let ada = token("i", "a", NOW + 3600);
    set.revoke(&ada).unwrap();
    clock.set_unix(NOW + 1_000_000);
    assert_eq!(set.len(), 1, "only one of the two clocks says that it is over");
    clock.set_unix(NOW);
    assert!(set.is_revoked(&ada));

    clock.advance(Duration::from_secs(3600 + 290));
    clock.set_unix(NOW);
    clock.advance(Duration::from_secs(30));
    assert_eq!(set.len(), 1, "set back: the token would still be accepted");
    assert!(set.is_revoked(&ada));
    clock.advance(Duration::from_secs(2 * 3600));
    assert_eq!(set.len(), 0);
}

#[test]
fn the_later_of_two_expiries_counts_and_none_is_for_ever() {
    let clock = TestClock::at(NOW);
    let set = Revocations::with_clock(10, clock.clock());
    set.revoke_id(None, "twice", Some(NOW)).unwrap();
    set.revoke_id(None, "twice", Some(NOW + 10_000)).unwrap();
    set.revoke_id(None, "for ever", None).unwrap();
    set.revoke_id(None, "huge", Some(u64::MAX)).unwrap();
    clock.advance(Duration::from_secs(5000));
    assert_eq!(set.len(), 3);
    clock.advance(Duration::from_secs(10_000));
    assert_eq!(set.len(), 2);
    let nameless = Principal::new("ada").with_credential_id("for ever");
    assert!(set.is_revoked(&nameless) && set.is_revoked(&nameless.with_issuer("")));
}

#[test]
fn many_threads_revoke_and_ask_at_once() {
    let set = Revocations::new(1000);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let set = set.clone();
            scope.spawn(move || {
                for n in 0..250 {
                    let token = token("i", &format!("{thread}-{n}"), u64::MAX);
                    assert!(!set.is_revoked(&token));
                    set.revoke(&token).unwrap();
                    assert!(set.is_revoked(&token));
                }
            });
        }
    });
    assert_eq!((set.len(), set.has_room()), (1000, false));
    assert_eq!(set.revoke(&Principal::new("by password")), Err(RevocationError::Unnamed));
}
