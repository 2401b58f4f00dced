//! Guessing made slow: what counts, what resets, who has to wait and who never has to; no oracle, bounded memory.
//!
//! ```text
//! Basic, counted ── Guarded(SlowDown) ── Auth      time: TestClock for what is counted, tokio's, paused, for delays
//! ```

#![allow(clippy::unwrap_used)] // a helper of a test fails the test

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use enfilade_auth::{
    Attempt, Auth, Authenticator, Basic, Carrier, Gate, Htpasswd, Pass, Principal, Rejection, SlowDown,
    slow_down::Guarded,
};
use enfilade_core::{Canonical, ClientAddr, RequestContext};
use enfilade_test::TestClock;
use http::{Request, StatusCode, header::AUTHORIZATION, request, uri::Scheme};
use tokio::time::Instant;

const HERE: &str = "203.0.113.9:4000";

/// `Authorization: Pair NAME:PASSWORD`; the password `right` is right, for `nobody` none is; `busy` is not judged.
#[derive(Clone, Default)]
struct Pair {
    hashes: Arc<AtomicUsize>,
    at_once: bool,
}

impl Authenticator for Pair {
    fn carriers(&self) -> Vec<Carrier> {
        vec![Carrier::Scheme("Pair")]
    }

    fn authenticate(&self, req: &mut request::Parts) -> Attempt {
        let Some(value) = req.headers.get(AUTHORIZATION) else { return Attempt::Absent };
        let (name, password) = str::from_utf8(value.as_bytes()).unwrap()[5..].split_once(':').unwrap();
        let (name, password) = (name.to_owned(), password.to_owned());
        let hashes = self.hashes.clone();
        let judge = move || {
            hashes.fetch_add(1, Ordering::Relaxed);
            match &*password {
                "right" if name != "nobody" => Attempt::Proved(Principal::new(name)),
                "busy" => Attempt::Refused(Rejection::new(StatusCode::SERVICE_UNAVAILABLE, "auth.busy")),
                _ => Attempt::Refused(Rejection::new(StatusCode::UNAUTHORIZED, "auth.bad-credentials")),
            }
        };
        if self.at_once { judge() } else { Attempt::later(async move { judge() }) }
    }

    fn claimed_name(&self, req: &request::Parts) -> Option<String> {
        let value = req.headers.get(AUTHORIZATION)?;
        let (name, _) = str::from_utf8(value.as_bytes()).ok()?[5..].split_once(':')?;
        Some(name.to_owned())
    }
}

struct House {
    time: TestClock,
    slow_down: SlowDown,
    pair: Pair,
    auth: Auth,
}

impl House {
    fn new() -> Self {
        Self::with(Pair::default())
    }

    fn with(pair: Pair) -> Self {
        let time = TestClock::at(1_800_000_000);
        let slow_down = SlowDown::new().with_clock(time.clock());
        let guarded: Guarded<Pair> = slow_down.around(pair.clone());
        Self { auth: Auth::new(guarded), time, slow_down, pair }
    }

    /// The word and how long it took, in milliseconds.
    async fn ask(&self, from: &str, pair: &str) -> (String, u64) {
        let started = Instant::now();
        let (word, _) = self.whole(from, pair).await;
        (word, u64::try_from(started.elapsed().as_millis()).unwrap())
    }

    async fn whole(&self, from: &str, pair: &str) -> (String, Option<u64>) {
        let mut req = parts(Some(from));
        req.headers.insert(AUTHORIZATION, format!("Pair {pair}").parse().unwrap());
        let verdict = match self.auth.enter(&mut req) {
            Ok(Pass::Later(later)) => later.enter(&mut req).await,
            verdict => verdict,
        };
        match verdict {
            Ok(_) => (Principal::of(&req.extensions).unwrap().subject().to_owned(), None),
            Err(refused) => {
                let after = refused
                    .headers()
                    .get("retry-after")
                    .map(|value| value.to_str().unwrap().parse().unwrap());
                (refused.code().to_owned(), after)
            }
        }
    }

    async fn fail(&self, from: &str, name: &str, times: usize) {
        for _ in 0..times {
            self.ask(from, &format!("{name}:wrong")).await;
        }
    }

    fn hashes(&self) -> usize {
        self.pair.hashes.load(Ordering::Relaxed)
    }
}

fn parts(from: Option<&str>) -> request::Parts {
    let (mut req, ()) = Request::get("/").body(()).unwrap().into_parts();
    if let Some(from) = from {
        let client = ClientAddr::Tcp(from.parse().unwrap());
        RequestContext::begin(&mut req.extensions, Canonical::new(Scheme::HTTPS, None, Some(client)));
    }
    req
}

#[tokio::test(start_paused = true)]
async fn a_name_is_delayed_after_five_failures_and_never_refused() {
    let house = House::new();
    for _ in 0..5 {
        assert_eq!(house.ask(HERE, "ada:wrong").await, ("auth.bad-credentials".into(), 0));
    }
    assert_eq!(house.ask(HERE, "ada:wrong").await, ("auth.bad-credentials".into(), 3000));
    assert_eq!(house.ask(HERE, "bob:wrong").await.1, 0, "another name is not delayed");
    // From everywhere: a botnet guesses at ada for an hour, and ada comes in all the same.
    for net in 0..100 {
        house.fail(&format!("198.51.{net}.1:1"), "ada", 3).await;
    }
    assert_eq!(house.ask("192.0.2.1:1", "ada:right").await, ("ada".into(), 3000));
    assert_eq!(house.ask(HERE, "ada:right").await, ("ada".into(), 0), "the right password cleared her name");
}

#[tokio::test(start_paused = true)]
async fn a_network_is_refused_after_twenty_failures_until_time_has_paid_them_off() {
    let house = House::new();
    for guess in 0..20 {
        house.fail(HERE, &format!("user-{guess}"), 1).await;
    }
    assert_eq!(house.whole(HERE, "eve:wrong").await, ("auth.slow-down".into(), Some(5)));
    assert_eq!(house.hashes(), 20, "what is refused costs no hash");
    house.time.advance(Duration::from_millis(3_999));
    assert_eq!(house.whole(HERE, "eve:wrong").await.1, Some(2), "rounded up");
    house.time.advance(Duration::from_secs(1));
    assert_eq!(house.whole(HERE, "eve:wrong").await.1, Some(1), "never zero");
    house.time.advance(Duration::from_millis(1));
    assert_eq!(house.whole(HERE, "eve:wrong").await, ("auth.bad-credentials".into(), None));
    assert_eq!(house.whole(HERE, "eve:wrong").await.0, "auth.slow-down", "one every five seconds");
    house.time.advance(Duration::from_secs(100));
    house.fail(HERE, "eve", 20).await;
    assert_eq!(house.whole("203.0.113.10:1", "ada:right").await.0, "ada", "the neighbour is another one");
}

#[tokio::test(start_paused = true)]
async fn the_wall_clock_changes_nothing() {
    let house = House::new();
    house.fail(HERE, "ada", 20).await;
    house.time.jump_ahead(Duration::from_secs(86_400));
    assert_eq!(house.whole(HERE, "ada:right").await.0, "auth.slow-down");
}

#[tokio::test(start_paused = true)]
async fn a_refused_network_does_not_learn_whether_the_password_was_right() {
    for at_once in [false, true] {
        let house = House::with(Pair { at_once, ..Pair::default() });
        house.fail(HERE, "eve", 20).await;
        let wrong = house.whole(HERE, "ada:wrong").await;
        assert_eq!(
            house.whole(HERE, "ada:right").await,
            wrong,
            "also one that is remembered, at_once {at_once}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn neither_the_wait_nor_the_word_says_who_exists() {
    let house = House::new();
    for _ in 0..8 {
        let (known, unknown) = (house.ask(HERE, "ada:wrong").await, house.ask(HERE, "nobody:wrong").await);
        assert_eq!(known, unknown);
    }
}

#[tokio::test(start_paused = true)]
async fn spellings_of_one_name_share_its_failures() {
    let house = House::new();
    for name in ["ada", "Ada", "ADA", " ada ", "aDa"] {
        house.fail(HERE, name, 1).await;
    }
    assert_eq!(house.ask(HERE, "adA:wrong").await.1, 3000);
    for names in [
        ["Sara", "SARA", "\u{17f}ara", "\u{17f}ARA", " sara"],
        ["stra\u{df}e", "STRASSE", "strasse", "STRA\u{1e9e}E", "Stra\u{df}e"],
        ["σοφός", "ΣΟΦΌΣ", "σοφόσ", "Σοφός", "σΟΦΌς"],
        ["kate", "KATE", "\u{212a}ate", "Kate", "\u{212a}ATE"],
    ] {
        let house = House::new();
        for name in names {
            house.fail(HERE, name, 1).await;
        }
        assert_eq!(house.ask(HERE, &format!("{}:wrong", names[0])).await.1, 3000, "{names:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_guesser_s_own_account_does_not_clear_its_network() {
    let house = House::new();
    let mut judged = 0;
    for guess in 0..100 {
        house.ask(HERE, "eve:right").await;
        let (word, _) = house.ask(HERE, &format!("user-{guess}:wrong")).await;
        judged += usize::from(word == "auth.bad-credentials");
    }
    assert_eq!(judged, 20);
}

#[tokio::test(start_paused = true)]
async fn only_failures_count() {
    let house = House::new();
    for _ in 0..200 {
        assert_eq!(house.ask(HERE, "ada:right").await, ("ada".into(), 0));
        assert_eq!(house.ask(HERE, "ada:busy").await, ("auth.busy".into(), 0));
    }
    // A page's fifty requests at once are no attack.
    let many = (0..50).map(|_| house.ask(HERE, "ada:right"));
    for one in many {
        assert_eq!(one.await.0, "ada");
    }
    let mut without = parts(Some(HERE));
    assert_eq!(house.auth.enter(&mut without).unwrap_err().code(), "auth.missing");
    assert_eq!(house.ask(HERE, "ada:wrong").await.1, 0);
}

#[tokio::test(start_paused = true)]
async fn a_hang_up_while_it_waits_is_judged_by_nobody_and_gives_its_place_back() {
    let house = House::new();
    house.fail(HERE, "ada", 5).await;
    let hashes = house.hashes();
    for _ in 0..100 {
        let hung_up = tokio::time::timeout(Duration::from_secs(1), house.ask(HERE, "ada:wrong")).await;
        assert!(hung_up.is_err());
    }
    assert_eq!(house.hashes(), hashes);
    assert_eq!(house.ask(HERE, "ada:right").await, ("ada".into(), 3000));
}

#[tokio::test(start_paused = true)]
async fn one_network_cannot_take_all_the_places_and_a_clean_one_is_never_shut_out() {
    let house = Arc::new(House::new());
    house.fail("198.51.100.1:1", "ada", 6).await;
    let spawn = |from: String| {
        let house = house.clone();
        tokio::spawn(async move { house.whole(&from, "ada:wrong").await })
    };
    let of_one: Vec<_> = (0..40).map(|_| spawn("198.51.100.1:1".to_owned())).collect();
    tokio::task::yield_now().await;
    let mut refused = 0;
    for one in of_one {
        refused += usize::from(one.await.unwrap() == ("auth.slow-down".to_owned(), Some(3)));
    }
    assert_eq!(refused, 8, "32 of one network");

    house.fail("198.51.100.77:1", "ada", 6).await;
    let botnet: Vec<_> = (0..1100).map(|net| spawn(format!("10.{}.{}.1:1", net / 250, net % 250))).collect();
    tokio::task::yield_now().await;
    assert_eq!(house.whole("192.0.2.1:1", "ada:right").await.0, "ada", "all places are taken");
    for one in botnet {
        one.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn an_ipv6_network_is_one_whatever_address_it_takes() {
    let house = House::new();
    for guess in 0..20 {
        house.fail(&format!("[2001:db8:1:2::{guess:x}]:1"), &format!("user-{guess}"), 1).await;
    }
    assert_eq!(house.whole("[2001:db8:1:2:ffff::1]:1", "x:wrong").await.0, "auth.slow-down");
    assert_eq!(house.whole("[2001:db8:1:3::1]:1", "x:wrong").await.0, "auth.bad-credentials");
    // A mapped address is the IPv4 address.
    house.fail("203.0.113.50:1", "eve", 20).await;
    assert_eq!(house.whole("[::ffff:203.0.113.50]:1", "x:wrong").await.0, "auth.slow-down");
}

#[tokio::test(start_paused = true)]
async fn a_site_that_walks_through_its_addresses_gets_no_twenty_for_each() {
    let house = House::with(Pair { at_once: true, ..Pair::default() });
    let mut judged = 0;
    for net in 0..2000 {
        for guess in 0..20 {
            let (word, _) =
                house.ask(&format!("[2001:db8:1:{net:x}::1]:1"), &format!("{net}-{guess}:wrong")).await;
            judged += usize::from(word == "auth.bad-credentials");
        }
    }
    assert!(judged <= 16 * 20 + 2000, "{judged} of 40000");
}

#[tokio::test(start_paused = true)]
async fn a_form_counts_in_the_same_table() {
    let house = House::new();
    let judge = async |name: &'static str, password: &str| {
        let right = password == "right";
        let refusal = || Rejection::new(StatusCode::UNAUTHORIZED, "auth.bad-credentials");
        let word = async move { if right { Ok(Principal::new(name)) } else { Err(refusal()) } };
        let req = parts(Some(HERE));
        house.slow_down.guard(&req, name, word).await.map_err(|refused| refused.code())
    };
    for _ in 0..5 {
        assert_eq!(judge("ada", "wrong").await.unwrap_err(), "auth.bad-credentials");
    }
    assert_eq!(house.ask(HERE, "ada:wrong").await.1, 3000);
    house.fail(HERE, "eve", 14).await;
    assert_eq!(judge("ada", "right").await.unwrap_err(), "auth.slow-down");
}

#[tokio::test(start_paused = true)]
async fn without_the_door_it_is_a_fault_and_never_a_pass() {
    let house = House::new();
    let mut req = parts(None);
    req.headers.insert(AUTHORIZATION, "Pair ada:right".parse().unwrap());
    let refused = house.auth.enter(&mut req).unwrap_err();
    assert_eq!((refused.status().as_u16(), refused.code()), (500, "auth.no-client-address"));
}

#[tokio::test]
async fn basic_is_guarded_by_the_name_that_it_claims() {
    let users = Htpasswd::parse("ada:$2y$10$KH61y1gdM/IG8GSr0tiC3u.zNJcTO6IvGILKq3dx5UlxoVfY6dbXK").unwrap();
    let basic = Basic::new(users);
    let mut req = parts(Some(HERE));
    assert_eq!(basic.claimed_name(&req), None);
    req.headers.insert(AUTHORIZATION, "Basic YWRhOnNlY3JldA==".parse().unwrap());
    assert_eq!(basic.claimed_name(&req).as_deref(), Some("ada"));
    req.headers.insert(AUTHORIZATION, "Basic !".parse().unwrap());
    assert_eq!(basic.claimed_name(&req), None);
}
