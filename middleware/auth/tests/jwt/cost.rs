//! What a request with a remembered token costs in allocations, so that a change which adds one is seen.

use allocation_counter::measure;
use enfilade_auth::Revocations;
use enfilade_test::TestClock;

use crate::{NOW, issuer, trusting};

#[test]
fn a_remembered_token_costs_no_allocation() {
    let clock = TestClock::at(NOW);
    let issuer = issuer(&clock);
    let revocations = Revocations::with_clock(10, clock.clock());
    let verifier = trusting(&issuer, &clock).with_revocation(revocations.clone()).build().unwrap();
    let token = issuer.token("ada").sign();
    let first = measure(|| assert!(verifier.verify(&token).is_ok())).count_total;
    assert!(first > 0, "the counter counts");
    assert_eq!(measure(|| assert!(verifier.verify(&token).is_ok())).count_total, 0);
    revocations.revoke_id(None, "another", None).unwrap();
    assert_eq!(
        measure(|| assert!(verifier.verify(&token).is_ok())).count_total,
        0,
        "also when something is revoked"
    );
}
