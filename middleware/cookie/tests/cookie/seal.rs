//! The seal: what it binds, when it ends, and that no changed bit passes.

use std::time::Duration;

use enfilade_cookie::{CookieError, Jar, Key, KeyRing, Opened, Profile, Sealed, Unopened};
use enfilade_test::TestClock;
use proptest::prelude::*;

use crate::{jar, lines, pair, request, set_by};

const NOW: u64 = 1_800_000_000;

type View = for<'a> fn(&'a Jar, &'a KeyRing, &'a str) -> Sealed<'a>;
const VIEWS: [View; 2] = [Jar::signed, Jar::private];

fn ring() -> (KeyRing, TestClock) {
    let time = TestClock::at(NOW);
    (KeyRing::generate().with_clock(time.clock()), time)
}

fn seal(view: View, ring: &KeyRing, value: &str) -> String {
    let lines = set_by(&[], |jar| view(jar, ring, "purpose").add("__Host-a", value));
    pair(&lines[0]).to_owned()
}

#[test]
fn a_sealed_value_comes_back_with_its_times() {
    let (ring, time) = ring();
    for view in VIEWS {
        time.set_unix(NOW);
        let cookie = seal(view, &ring, "value");
        time.set_unix(NOW + 60);
        let jar = jar(&[&cookie]);
        let opened = view(&jar, &ring, "purpose").open("__Host-a").unwrap();
        assert_eq!((opened.text(), opened.issued(), opened.expires()), (Some("value"), NOW, NOW + 86_400));
        assert_eq!(opened.into_bytes(), b"value");
    }
}

#[test]
fn a_private_value_may_be_any_bytes_and_shows_none_of_them() {
    let (ring, _) = ring();
    let bytes: Vec<u8> = (0..=255).collect();
    let set = set_by(&[], |jar| jar.private(&ring, "p").add("__Host-a", &bytes));
    let opened = jar(&[pair(&set[0])]).private(&ring, "p").get("__Host-a").unwrap();
    assert_eq!(opened.bytes(), bytes);
    assert_ne!(
        seal(Jar::private, &ring, "same"),
        seal(Jar::private, &ring, "same"),
        "a nonce of its own each time"
    );
    assert!(!seal(Jar::private, &ring, "legible").contains("legible"));
}

#[test]
fn a_signed_value_is_legible_and_must_be_a_cookie_value() {
    let (ring, _) = ring();
    assert!(seal(Jar::signed, &ring, "a.b=c").starts_with("__Host-a=a.b=c."));
    for value in [&b"a;b"[..], b"a b", b"\xff", "ä".as_bytes()] {
        let jar = jar(&[]);
        assert_eq!(jar.signed(&ring, "p").add("__Host-a", value), Err(CookieError::Value), "{value:?}");
    }
}

#[test]
fn a_seal_is_good_for_one_use_only() {
    let (ring, time) = ring();
    for view in VIEWS {
        let cookie = seal(view, &ring, "value");
        let open = |cookie: &str, ring: &KeyRing, purpose: &str, name: &str, profile: &Profile| {
            let jar = jar(&[cookie]);
            view(&jar, ring, purpose).with_profile(profile).open(name).map(drop)
        };
        let host = Profile::host();
        assert_eq!(open(&cookie, &ring, "purpose", "__Host-a", &host), Ok(()));
        assert_eq!(open(&cookie, &ring, "purposes", "__Host-a", &host), Err(Unopened::Invalid));
        let renamed = cookie.replace("__Host-a=", "__Host-b=");
        assert_eq!(open(&renamed, &ring, "purpose", "__Host-b", &host), Err(Unopened::Invalid));
        let profiles = [
            Profile::secure(),
            Profile::insecure_plain(),
            Profile::secure().with_path("/x"),
            Profile::secure().with_domain("example.com"),
        ];
        for profile in profiles {
            assert_eq!(open(&cookie, &ring, "purpose", "__Host-a", &profile), Err(Unopened::Invalid));
        }
        let elsewhere = KeyRing::generate().with_clock(time.clock());
        assert_eq!(open(&cookie, &elsewhere, "purpose", "__Host-a", &host), Err(Unopened::KeyUnknown));
        // What only says how the browser treats the cookie may change without a new sign-in.
        let attributes = Profile::host().with_max_age(Duration::from_secs(9)).insecure_readable_by_scripts();
        assert_eq!(open(&cookie, &ring, "purpose", "__Host-a", &attributes), Ok(()));
    }
}

#[test]
fn one_view_never_opens_the_others_seal() {
    let (ring, _) = ring();
    for [sealing, opening] in [VIEWS, [Jar::private as View, Jar::signed]] {
        let jar = jar(&[&seal(sealing, &ring, "value")]);
        assert_eq!(opening(&jar, &ring, "purpose").open("__Host-a").unwrap_err(), Unopened::Invalid);
    }
}

#[test]
fn a_seal_ends_with_its_cookie_and_not_before() {
    let (ring, time) = ring();
    let hour = Profile::host().with_max_age(Duration::from_secs(3600));
    for (profile, lifetime) in [(Profile::host(), 86_400), (hour, 3600)] {
        for view in VIEWS {
            time.set_unix(NOW);
            let set = set_by(&[], |jar| view(jar, &ring, "p").with_profile(&profile).add("__Host-a", "v"));
            let jar = jar(&[pair(&set[0])]);
            let open = || view(&jar, &ring, "p").with_profile(&profile).open("__Host-a").map(drop);
            let expectations = [
                (NOW, Ok(())),
                (NOW + lifetime - 1, Ok(())),
                (NOW + lifetime, Err(Unopened::Expired)),
                (u64::MAX, Err(Unopened::Expired)),
                (NOW - 300, Ok(())),
                (NOW - 301, Err(Unopened::NotYetValid)),
            ];
            for (at, expected) in expectations {
                // The furthest that a system's clock can show.
                time.set_unix(at.min(i64::MAX as u64 / 2));
                assert_eq!(open(), expected, "{at}");
            }
        }
    }
}

#[test]
fn what_was_opened_before_is_forgotten_with_its_key() {
    let (ring, _) = ring();
    for view in VIEWS {
        let jar = jar(&[&seal(view, &ring, "value")]);
        let open = || view(&jar, &ring, "purpose").open("__Host-a").map(Opened::into_bytes);
        for _ in 0..3 {
            assert_eq!(open(), Ok(b"value".to_vec()));
        }
        ring.rotate(Key::generate());
        assert_eq!(open(), Ok(b"value".to_vec()), "an older key opens");
        ring.replace([Key::generate()]).unwrap();
        assert_eq!(open(), Err(Unopened::KeyUnknown));
    }
}

#[test]
fn what_is_sealed_again_ends_when_it_did_before() {
    let (ring, time) = ring();
    let hour = Profile::host().with_max_age(Duration::from_secs(3600));
    let set = set_by(&[], |jar| jar.private(&ring, "p").with_profile(&hour).add("__Host-a", "v"));
    ring.rotate(Key::generate());
    time.set_unix(NOW + 600);
    let (jar, emit) = Jar::enter(&mut request(&[pair(&set[0])]));
    assert!(jar.private(&ring, "p").with_profile(&hour).get("__Host-a").is_some());
    let again = lines(emit.unwrap());
    assert!(again[0].contains("Max-Age=3000;"), "{again:?}");
    let jar = crate::jar(&[pair(&again[0])]);
    let opened = jar.private(&ring, "p").with_profile(&hour).get("__Host-a").unwrap();
    assert_eq!((opened.issued(), opened.expires()), (NOW, NOW + 3600));
}

#[test]
fn what_is_too_long_or_lives_too_long_is_not_sealed() {
    let (ring, _) = ring();
    let jar = jar(&[]);
    let private = jar.private(&ring, "p");
    assert_eq!(private.add("__Host-a", vec![0; 2900]), Ok(()));
    assert!(matches!(private.add("__Host-a", vec![0; 3000]), Err(CookieError::TooLong { .. })));
    let days = |days: u64| Profile::host().with_max_age(Duration::from_secs(days * 86_400));
    assert_eq!(private.with_profile(&days(400)).add("__Host-a", ""), Ok(()));
    assert_eq!(private.with_profile(&days(401)).add("__Host-a", ""), Err(CookieError::Lifetime));
}

/// The format, pinned: what this opens was sealed when the format was made.
#[test]
fn what_was_sealed_once_opens_for_ever() {
    let key = Key::from_bytes(b"a key of thirty-two known bytes!").unwrap();
    let ring = KeyRing::new([key]).unwrap().with_clock(TestClock::at(NOW).clock());
    let shop = Profile::secure().with_domain("example.com").with_path("/shop");
    let host = Profile::host();
    let kept: [(View, &Profile, &str, &str); 4] = [
        (
            Jar::signed,
            &host,
            "__Host-a",
            "value.ATPHICYAa0nSAAABUYC5K2rxZwxzbSMx2kzmJ1zr1pb_zL_LMbiRwcDXPLPOcA",
        ),
        (Jar::private, &host, "__Host-a", "ATPHICYAa0nSAAABUYB2D4R3gb99EWsVIDokYQ0moX8F8ER13X_0kCjiEc8xxbc"),
        (
            Jar::signed,
            &shop,
            "__Secure-a",
            "value.ATPHICYAa0nSAAABUYC4HUxOnBENAZeRgVRPJ5Qf4SJ3cAiNKPJ-0_-ttwft_Q",
        ),
        (
            Jar::private,
            &shop,
            "__Secure-a",
            "ATPHICYAa0nSAAABUYCOllEsDjI6_lagaTuAJjNTGnpmBLk_eGPdPnTXLdJ9kpg",
        ),
    ];
    for (view, profile, name, wire) in kept {
        let jar = jar(&[&format!("{name}={wire}")]);
        let opened = view(&jar, &ring, "kept").with_profile(profile).open(name).unwrap();
        assert_eq!((opened.text(), opened.issued()), (Some("value"), NOW), "{name}");
    }
}

proptest! {
    #[test]
    fn any_value_comes_back(value in prop::collection::vec(any::<u8>(), 0..600)) {
        let (ring, _) = ring();
        let set = set_by(&[], |jar| jar.private(&ring, "p").add("__Host-a", &value));
        let opened = jar(&[pair(&set[0])]).private(&ring, "p").get("__Host-a").unwrap();
        prop_assert_eq!(opened.bytes(), value);
    }

    #[test]
    fn no_changed_bit_and_no_cut_passes(value in "[a-z.]{0,40}", at in any::<prop::sample::Index>(), bit in 0..8) {
        let (ring, _) = ring();
        for view in VIEWS {
            let cookie = seal(view, &ring, &value);
            let (_, wire) = cookie.split_once('=').unwrap();
            let at = at.index(wire.len());
            let mut changed = wire.as_bytes().to_vec();
            changed[at] ^= 1_u8 << bit;
            let mut doubled = wire.as_bytes().to_vec();
            doubled.insert(at, wire.as_bytes()[at]);
            for forged in [&changed[..], &doubled, &wire.as_bytes()[..at]] {
                let mut line = b"__Host-a=".to_vec();
                line.extend_from_slice(forged);
                // What ends the cookie (`;`), or cannot stand in a header, is another forgery or none.
                let Ok(line) = http::HeaderValue::from_bytes(&line) else { continue };
                let mut req = request(&[]);
                req.headers.insert("cookie", line);
                let (jar, _emit) = Jar::enter(&mut req);
                prop_assert!(view(&jar, &ring, "purpose").get("__Host-a").is_none());
            }
        }
    }

    #[test]
    fn no_bytes_open(wire in "[A-Za-z0-9_.-]{0,200}") {
        let (ring, _) = ring();
        for view in VIEWS {
            let jar = jar(&[&format!("__Host-a={wire}")]);
            prop_assert!(view(&jar, &ring, "purpose").open("__Host-a").is_err());
        }
    }
}
