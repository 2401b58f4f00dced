//! The Wycheproof vectors for JWS and JWK, all of them; `ENFILADE_VECTORS` names the folder that holds them.
//!
//! ```text
//! ENFILADE_VECTORS=/path/to/vectors cargo test -p enfilade-auth --test jwt vectors
//! ```

#![expect(clippy::print_stdout, reason = "whoever runs it should see that it was skipped")]

use std::{env, fs, path::Path};

use enfilade_auth::jwt::{KeySet, VerifyingKey};
use serde_json::Value;

/// Labelled valid, and refused by a strict verifier: a PS384 token under a PS256 key (346, 350), ES512, which is
/// not offered (347, 351), and a `?` inside the base64url (372, 373).
const STRICTER: [u64; 6] = [346, 347, 350, 351, 372, 373];

/// Labelled invalid for a padding that the file has lost: byte for byte the valid vector 357, under the same key.
const TWINS_OF_357: [u64; 2] = [367, 370];

#[test]
fn every_signature_vector_is_judged_right() {
    let Some(groups) = groups("json_web_signature_test.json") else { return };
    let (mut judged, mut accepted, mut valid_357) = (0, 0, String::new());
    for group in &groups {
        let jwk = group.get("public").filter(|key| !key.is_null()).unwrap_or(&group["private"]);
        let keys = VerifyingKey::from_jwk(&jwk.to_string()).map(KeySet::from);
        for test in group["tests"].as_array().unwrap() {
            let id = test["tcId"].as_u64().unwrap();
            let token = test["jws"].as_str().map_or_else(|| test["jws"].to_string(), str::to_owned);
            if id == 357 {
                valid_357.clone_from(&token);
            }
            let is_twin = TWINS_OF_357.contains(&id);
            assert!(!is_twin || token == valid_357, "{id} is another token now: judge it by its label");
            let expected = is_twin || (test["result"] == "valid" && !STRICTER.contains(&id));
            let passed = keys.as_ref().is_ok_and(|keys| keys.verify_jws(&token).is_ok());
            assert_eq!(passed, expected, "{id}: {}", test["comment"]);
            judged += 1;
            accepted += u32::from(passed);
        }
    }
    assert_eq!((judged, accepted), (401, 42));
}

#[test]
fn every_key_set_vector_is_judged_right() {
    let Some(groups) = groups("json_web_key_test.json") else { return };
    let mut judged = 0;
    for group in &groups {
        let set = group.get("public").filter(|set| !set.is_null()).unwrap_or(&group["private"]);
        let keys = KeySet::from_jwks(&set.to_string());
        for test in group["tests"].as_array().unwrap() {
            let token = test["jws"].as_str().unwrap();
            let passed = keys.as_ref().is_ok_and(|keys| keys.verify_jws(token).is_ok());
            assert_eq!(passed, test["result"] == "valid", "{}: {}", test["tcId"], test["comment"]);
            judged += 1;
        }
    }
    assert_eq!(judged, 26);
}

fn groups(file: &str) -> Option<Vec<Value>> {
    let Some(folder) = env::var_os("ENFILADE_VECTORS") else {
        println!("skipped: ENFILADE_VECTORS does not name the folder with {file}");
        return None;
    };
    let text = fs::read_to_string(Path::new(&folder).join(file)).expect("the vectors can be read");
    let json: Value = serde_json::from_str(&text).expect("the vectors are JSON");
    Some(json["testGroups"].as_array().expect("groups").clone())
}
