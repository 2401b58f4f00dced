//! Guessing is slow by the address of the connection, whatever else the requests say of themselves.

use std::time::Duration;

use enfilade_auth::{ApiKey, Auth, KeyFile, NewKey, SlowDown};

use crate::kit::{BOTH, Site, gate};

#[tokio::test]
async fn who_guesses_keys_is_slowed_down_whatever_the_requests_say() {
    for wire in BOTH {
        let (mine, other) = (NewKey::new("ci").make().unwrap(), NewKey::new("ci").make().unwrap());
        let keys = ApiKey::new(KeyFile::parse(mine.line()).unwrap());
        // An hour for each failure, so that no machine is slow enough to pay one off.
        let slow_down = SlowDown::new().with_network_limit(3, Duration::from_secs(3600));
        let site = Site::of([gate(Auth::new(slow_down.around(keys)))]);
        let disguises: [&[(&str, &str)]; 6] = [
            &[("x-forwarded-for", "192.0.2.1")],
            &[("forwarded", "for=192.0.2.2")],
            &[("x-real-ip", "192.0.2.3")],
            &[("client-ip", "192.0.2.4"), ("true-client-ip", "192.0.2.5")],
            &[("user-agent", "ELB-HealthChecker/2.0")],
            &[],
        ];
        assert_eq!(site.ask(wire, &[("x-api-key", mine.key())]).await.word(), "ci", "{wire:?}");
        for (at, disguise) in disguises.into_iter().enumerate() {
            // The key before and behind: the order of the fields changes nothing.
            let key = [("x-api-key", other.key())];
            let fields = if at % 2 == 0 { [disguise, &key].concat() } else { [&key[..], disguise].concat() };
            let answer = site.ask(wire, &fields).await;
            let expected = if at < 3 { "auth.bad-credentials" } else { "auth.slow-down" };
            assert_eq!(answer.word(), expected, "{wire:?}: {fields:?}");
            assert_eq!(answer.headers.contains_key("retry-after"), at >= 3);
        }
        let right = site.ask(wire, &[("x-api-key", mine.key())]).await;
        assert_eq!(
            (right.status, &*right.word()),
            (429, "auth.slow-down"),
            "not even told whether it was right"
        );
        assert_eq!(site.ask(wire, &[]).await.word(), "auth.missing", "who shows nothing has guessed nothing");
    }
}
