//! What the two tests share: one set of claims, one verifier.
//!
//! ```text
//! tests/two.rs      both backends, none installed: jsonwebtoken panics, enfilade-auth does not ask for one
//! tests/interop.rs  one installed: tokens go both ways between the two
//! ```

use enfilade_auth::jwt::{Verifier, VerifyingKey};
use serde_json::{Value, json};

/// Claims that pass.
pub fn claims() -> Value {
    json!({"iss": "https://id.example", "aud": "shop", "sub": "ada", "exp": 4_000_000_000_u64})
}

/// Expects them.
pub fn verifier(key: VerifyingKey) -> Verifier {
    let settings = Verifier::builder(key).with_issuer("https://id.example").with_audience("shop");
    settings.build().expect("good settings")
}
