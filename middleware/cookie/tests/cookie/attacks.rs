//! What attackers and odd clients send, and what apps are talked into sending.

use std::time::Duration;

use enfilade_cookie::{CookieError, Jar, KeyRing, Profile, SameSite, SetCookie, Unopened};
use proptest::prelude::*;

use crate::{jar, pair, set_by};

/// N36 of the research: an odd-cased prefix, or a second one from a subdomain.
#[test]
fn a_forged_host_cookie_is_nobodys() {
    let ring = KeyRing::generate();
    let set = set_by(&[], |jar| jar.private(&ring, "p").add("__Host-sid", "mine"));
    let good = pair(&set[0]);
    let reason = |cookies: &[&str]| jar(cookies).private(&ring, "p").open("__Host-sid").map(drop);

    let misspelt = good.replace("__Host-", "__hOsT-");
    assert_eq!(reason(&[&misspelt]), Err(Unopened::Absent));
    assert_eq!(jar(&[&misspelt]).get("__hOsT-sid"), None);
    assert_eq!(jar(&[&misspelt]).hidden(), 1);
    // Beside the good one the forgery changes nothing.
    assert_eq!(reason(&[&misspelt, good]), Ok(()));

    assert_eq!(reason(&["__Host-sid=forged", good]), Err(Unopened::Duplicated));
    assert_eq!(reason(&[good, "__Host-sid=forged"]), Err(Unopened::Duplicated));
    assert_eq!(jar(&[good, "__Host-sid=forged"]).get("__Host-sid"), None);
    // The same twice says the same.
    assert_eq!(reason(&[good, good]), Ok(()));
}

#[test]
fn the_first_of_other_names_counts_and_the_rest_is_seen() {
    let jar = jar(&["sid=mine; sid=tossed"]);
    assert_eq!(jar.text("sid"), Some("mine"));
    assert!(jar.is_duplicated("sid") && !jar.is_duplicated("other"));
    assert_eq!(jar.all("sid").collect::<Vec<_>>(), [&b"mine"[..], b"tossed"]);
}

/// N35 of the research: absent, never an error.
#[test]
fn whatever_is_done_to_a_seal_it_counts_as_absent() {
    let ring = KeyRing::generate();
    let set = set_by(&[], |jar| jar.private(&ring, "p").add("__Host-sid", "mine"));
    let wire = pair(&set[0]).strip_prefix("__Host-sid=").unwrap();
    let mixed = format!("{}{}", &wire[..40], &wire[..40]);
    let forgeries = [
        "",
        "x",
        "=",
        "....",
        &wire[1..],
        &wire[..wire.len() - 4],
        &wire[..20],
        &format!("{wire}="),
        &format!("\"{wire}\""),
        &mixed,
        &"A".repeat(4000),
        &"A".repeat(20_000),
    ];
    for forged in forgeries {
        let jar = jar(&[&format!("__Host-sid={forged}")]);
        assert!(jar.private(&ring, "p").get("__Host-sid").is_none(), "{forged}");
        assert!(jar.signed(&ring, "p").get("__Host-sid").is_none(), "{forged}");
    }
}

#[test]
fn nothing_that_a_user_types_becomes_an_attribute_or_a_header() {
    let jar = jar(&[]);
    let values =
        ["a; Domain=evil.example", "a\r\nSet-Cookie: b=1", "a\nb", "a\0", "a,b", "a b", "\"a", "\u{e4}"];
    for value in values {
        assert_eq!(jar.add(SetCookie::new("__Host-a", value)), Err(CookieError::Value), "{value:?}");
    }
    for name in ["", "a;b", "a=b", "n; HttpOnly", "a b", "a\r\n", "\u{e4}"] {
        let plain = SetCookie::new(name, "1").with_profile(Profile::insecure_plain());
        assert_eq!(jar.add(plain), Err(CookieError::Name), "{name:?}");
    }
    for profile in
        [Profile::secure().with_path("/; Domain=evil.example"), Profile::secure().with_path("/\r\n")]
    {
        let cookie = SetCookie::new("__Secure-a", "1").with_profile(profile);
        assert_eq!(jar.add(cookie), Err(CookieError::Attribute { attribute: "Path" }));
    }
    for domain in ["evil.example; HttpOnly", "", "a b", "a\n"] {
        let cookie = SetCookie::new("__Secure-a", "1").with_profile(Profile::secure().with_domain(domain));
        assert_eq!(jar.add(cookie), Err(CookieError::Attribute { attribute: "Domain" }));
    }
}

#[test]
fn a_name_and_a_profile_must_fit() {
    let cases = [
        ("a", Profile::host(), false),
        ("__Host-a", Profile::host(), true),
        ("__Host-Http-a", Profile::host(), true),
        ("__host-a", Profile::host(), false),
        ("__Secure-a", Profile::host(), false),
        ("__Secure-a", Profile::secure(), true),
        ("__Http-a", Profile::secure(), true),
        ("__SECURE-a", Profile::secure(), false),
        ("__Host-a", Profile::secure(), false),
        ("a", Profile::insecure_plain(), true),
        ("__Host-a", Profile::insecure_plain(), false),
        ("__hOsT-a", Profile::insecure_plain(), false),
        ("__secure-a", Profile::insecure_plain(), false),
        ("__Http-a", Profile::insecure_plain(), false),
    ];
    for (name, profile, fits) in cases {
        let judged = profile.check(name);
        assert_eq!(judged.is_ok(), fits, "{name} {judged:?}");
        assert!(fits || matches!(judged, Err(CookieError::Prefix { .. })));
    }
    assert_eq!(Profile::host().name("a"), "__Host-a");
    assert_eq!(Profile::secure().name("a"), "__Secure-a");
    assert_eq!(Profile::insecure_plain().name("a"), "a");
}

#[test]
fn attributes_that_browsers_refuse_together_are_refused_here() {
    let refused = [
        ("__Host-a", Profile::host().with_path("/x")),
        ("__Host-a", Profile::host().with_domain("example.com")),
        ("__Host-Http-a", Profile::host().insecure_readable_by_scripts()),
        ("__Http-a", Profile::secure().insecure_readable_by_scripts()),
        ("a", Profile::insecure_plain().with_same_site(SameSite::None)),
        ("a", Profile::insecure_plain().partitioned()),
    ];
    for (name, profile) in refused {
        assert_eq!(profile.check(name), Err(CookieError::Combination), "{profile:?}");
    }
    let taken = [
        ("a", Profile::insecure_plain().with_secure().with_same_site(SameSite::None)),
        ("a", Profile::insecure_plain().with_secure().partitioned()),
        ("__Host-a", Profile::host().with_same_site(SameSite::Strict)),
    ];
    for (name, profile) in taken {
        assert_eq!(profile.check(name), Ok(()), "{profile:?}");
    }
}

#[test]
fn sizes_and_lifetimes_are_what_browsers_take() {
    let line = |value: usize| SetCookie::new("__Host-a", "x".repeat(value)).to_header_value();
    let attributes = "__Host-a=; Path=/; Secure; HttpOnly; SameSite=Lax".len();
    assert!(line(4096 - attributes).is_ok());
    assert_eq!(line(4097 - attributes), Err(CookieError::TooLong { bytes: 4097 }));
    let days = |days: u64| SetCookie::new("__Host-a", "").with_max_age(Duration::from_secs(days * 86_400));
    assert!(days(400).to_header_value().unwrap().to_str().unwrap().contains("Max-Age=34560000"));
    assert_eq!(days(401).to_header_value(), Err(CookieError::Lifetime));
}

/// tower-cookies decodes what it reads and does not encode what it writes.
#[test]
fn a_value_is_neither_decoded_nor_unquoted_nor_expanded() {
    for value in ["%3B%20Domain=evil.example", "a+b%20c", "${SECRET}", "{env.SECRET}", "\"quoted\"", "%00"] {
        assert_eq!(jar(&[&format!("a={value}")]).text("a"), Some(value));
        let plain = SetCookie::new("a", value).with_profile(Profile::insecure_plain());
        assert!(plain.to_header_value().unwrap().to_str().unwrap().starts_with(&format!("a={value}; ")));
    }
}

/// A subdomain can set cookies for its parent: whatever it tosses, a seal is bound to what it cannot reach.
#[test]
fn a_cookie_tossed_from_a_subdomain_opens_nothing() {
    let ring = KeyRing::generate();
    let seal = |name: &str, profile: &Profile| {
        let set = set_by(&[], |jar| jar.private(&ring, "p").with_profile(profile).add(name, "tossed"));
        pair(&set[0]).split_once('=').unwrap().1.to_owned()
    };
    // Sealed by this very service, for a cookie that subdomains share, and brought under the name of one they do not.
    let shared = Profile::secure().with_domain("example.com");
    let tossed = seal("__Secure-sid", &shared);
    let opened = |cookie: String| jar(&[&cookie]).private(&ring, "p").open("__Host-sid").map(drop);
    assert_eq!(opened(format!("__Host-sid={tossed}")), Err(Unopened::Invalid));
    // Another part of the site, another path: the same.
    let other = seal("__Secure-sid", &Profile::secure().with_path("/other"));
    let here = jar(&[&format!("__Secure-sid={other}")]);
    let view = here.private(&ring, "p");
    let secure = Profile::secure();
    assert_eq!(view.with_profile(&secure).open("__Secure-sid").unwrap_err(), Unopened::Invalid);
}

/// What is bound has no two readings: a name's end is not a domain's start, and a path is not a domain.
#[test]
fn no_two_places_have_the_same_seal() {
    let ring = KeyRing::generate();
    let long = "x".repeat(140);
    let places = [
        ("__Secure-a", Profile::secure()),
        ("__Secure-ab", Profile::secure()),
        ("__Secure-a", Profile::secure().with_path("/b")),
        ("__Secure-a", Profile::secure().with_domain("b")),
        ("__Secure-a", Profile::secure().with_domain("b").with_path("/b")),
        ("__Secure-a", Profile::secure().with_domain("b.b").with_path("/")),
        ("__Secure-a", Profile::secure().with_path("/").with_domain("bb")),
        (&*format!("__Secure-{long}"), Profile::secure()),
        (&*format!("__Secure-{long}x"), Profile::secure()),
        (&*format!("__Secure-{long}"), Profile::secure().with_path("/x")),
    ]
    .map(|(name, profile)| (name.to_owned(), profile));
    for view in [Jar::signed, Jar::private] {
        for (at, (name, profile)) in places.iter().enumerate() {
            let set = set_by(&[], |jar| view(jar, &ring, "p").with_profile(profile).add(name, "v"));
            let (_, wire) = pair(&set[0]).split_once('=').unwrap();
            for (other, (name, profile)) in places.iter().enumerate() {
                let jar = jar(&[&format!("{name}={wire}")]);
                let opened = view(&jar, &ring, "p").with_profile(profile).open(name).is_ok();
                assert_eq!(opened, at == other, "{at} {other}");
            }
        }
    }
}

/// A signed value follows what is bound: its start must not pass for the end of a path.
#[test]
fn nothing_moves_between_the_place_and_the_value() {
    let ring = KeyRing::generate();
    let at = |path: &'static str| Profile::secure().with_path(path);
    let set = set_by(&[], |jar| jar.signed(&ring, "p").with_profile(&at("/x")).add("__Secure-a", "yz"));
    let (_, wire) = pair(&set[0]).split_once("=yz").unwrap();
    for (path, value) in [("/xy", "z"), ("/xyz", ""), ("/", "xyz"), ("/x", "y"), ("/x", "yzz")] {
        let jar = jar(&[&format!("__Secure-a={value}{wire}")]);
        let profile = at(path);
        let view = jar.signed(&ring, "p").with_profile(&profile);
        assert_eq!(view.open("__Secure-a").unwrap_err(), Unopened::Invalid, "{path} {value}");
    }
}

/// N35: whoever forges learns nothing from what comes back: each forgery is as absent as none at all.
#[test]
fn a_forged_cookie_gets_what_no_cookie_gets() {
    let ring = KeyRing::generate();
    let set = set_by(&[], |jar| jar.private(&ring, "p").add("__Host-sid", "mine"));
    let good = pair(&set[0]);
    let elsewhere = good.replace(|c: char| c.is_ascii_digit(), "A");
    let answer = |cookies: &[&str]| {
        set_by(cookies, |jar| {
            assert!(jar.private(&ring, "p").get("__Host-sid").is_none());
            Ok(())
        })
    };
    for forged in [&good[..30], &elsewhere, "__Host-sid=x", "__Host-sid=", "__Host-sid=a; __Host-sid=b"] {
        assert_eq!(answer(&[forged]), answer(&[]), "{forged}");
    }
}

/// oauth2-proxy#2383: cookies that pile up until every server refuses their owner (431).
#[test]
fn cookies_of_many_attempts_end_at_the_jars_limit_and_can_still_be_removed() {
    let brought: Vec<_> = (0..40).map(|at| format!("__Host-state-{at}={}", "x".repeat(160))).collect();
    let (jar, _emit) = Jar::enter(&mut crate::request(&[&brought.join("; ")]));
    assert!(matches!(
        jar.add(SetCookie::new("__Host-state-40", "x".repeat(160))),
        Err(CookieError::JarFull { .. })
    ));
    for at in 0..40 {
        jar.remove(&format!("__Host-state-{at}"), &Profile::host()).unwrap();
    }
    jar.add(SetCookie::new("__Host-state-40", "x".repeat(160))).unwrap();
}

#[test]
fn no_value_is_shown_by_debug() {
    let jar = jar(&["sid=secret"]);
    let line = SetCookie::new("__Host-a", "secret").to_header_value().unwrap();
    let shown = format!("{jar:?} {:?} {line:?}", SetCookie::new("__Host-a", "secret"));
    assert!(shown.contains("sid") && !shown.contains("secret"), "{shown}");
}

proptest! {
    #[test]
    fn no_text_escapes_its_cookie(
        name in "([a-zA-Z;= \r\n.]{0,9}|.{0,5})",
        value in "([a-z;=,\" \r\n]{0,12}|.{0,9})",
        path in "(/[a-z;= \r\n]{0,9}|.{0,9})",
        domain in "([a-z;=. \r\n]{0,9}|.{0,9})",
    ) {
        let profiles = [
            Profile::host(),
            Profile::secure().with_path(path.clone()).with_domain(domain.clone()),
            Profile::insecure_plain(),
        ];
        for profile in profiles {
            let name = profile.name(&name);
            let cookie = SetCookie::new(name.clone(), value.clone()).with_profile(profile.clone());
            let Ok(line) = cookie.to_header_value() else { continue };
            let line = line.to_str().unwrap();
            let attributes: Vec<_> = line.split("; ").skip(1).map(|part| part.split('=').next().unwrap()).collect();
            let known = ["Path", "Domain", "Secure", "HttpOnly", "SameSite"];
            prop_assert!(attributes.iter().all(|attribute| known.contains(attribute)), "{}", line);
            prop_assert_eq!(pair(line), format!("{name}={value}"));
            // And what was written is read.
            let jar: Jar = jar(&[pair(line)]);
            prop_assert_eq!(jar.text(&name), Some(&*value));
        }
    }
}
