//! The issuer alone: its tokens by an independent decoding, its list by its table, its endpoints over plain sockets.

#![allow(clippy::unwrap_used)] // a helper of a test fails the test

use std::{
    collections::BTreeMap,
    env, fs,
    io::{Read, Write},
    net::TcpStream,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use aws_lc_rs::signature::{self, ParsedPublicKey, RsaPublicKeyComponents, VerificationAlgorithm};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use enfilade_test::{
    TestClock,
    issuer::{Alg, Endpoint, Hostile, Issuer, Key, Served, Target, Trouble},
};
use serde_json::{Value, json};

const NOW: u64 = 1_800_000_000;

fn issuer() -> Issuer {
    Issuer::new().with_clock(TestClock::at(NOW).clock())
}

fn decoded(part: &str) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()
}

fn json_of(part: &str) -> Value {
    serde_json::from_slice(&decoded(part)).unwrap()
}

fn parts(token: &str) -> [&str; 3] {
    token.split('.').collect::<Vec<_>>().try_into().unwrap()
}

/// Whether the JWK's key made this signature: by the JWK's own members, not by what the issuer remembers.
fn checks(jwk: &Value, token: &str) -> bool {
    let (input, signature) = token.rsplit_once('.').unwrap();
    let (input, signature) = (input.as_bytes(), decoded(signature));
    let number = |name: &str| decoded(jwk[name].as_str().unwrap());
    let alg = jwk["alg"].as_str().unwrap();
    let hash = match alg {
        "HS256" => Some(aws_lc_rs::hmac::HMAC_SHA256),
        "HS384" => Some(aws_lc_rs::hmac::HMAC_SHA384),
        "HS512" => Some(aws_lc_rs::hmac::HMAC_SHA512),
        _ => None,
    };
    if let Some(hash) = hash {
        let key = aws_lc_rs::hmac::Key::new(hash, &number("k"));
        return aws_lc_rs::hmac::verify(&key, input, &signature).is_ok();
    }
    let rsa = match alg {
        "RS256" => Some(&signature::RSA_PKCS1_2048_8192_SHA256),
        "RS384" => Some(&signature::RSA_PKCS1_2048_8192_SHA384),
        "RS512" => Some(&signature::RSA_PKCS1_2048_8192_SHA512),
        "PS256" => Some(&signature::RSA_PSS_2048_8192_SHA256),
        "PS384" => Some(&signature::RSA_PSS_2048_8192_SHA384),
        "PS512" => Some(&signature::RSA_PSS_2048_8192_SHA512),
        _ => None,
    };
    if let Some(rsa) = rsa {
        let numbers = RsaPublicKeyComponents { n: number("n"), e: number("e") };
        return numbers.to_parsed_public_key(rsa).unwrap().verify_sig(input, &signature).is_ok();
    }
    let curve: &'static dyn VerificationAlgorithm = match (alg, jwk["crv"].as_str().unwrap()) {
        ("ES256", "P-256") => &signature::ECDSA_P256_SHA256_FIXED,
        ("ES384", "P-384") => &signature::ECDSA_P384_SHA384_FIXED,
        ("ES512", "P-521") => &signature::ECDSA_P521_SHA512_FIXED,
        ("ES256K", "secp256k1") => &signature::ECDSA_P256K1_SHA256_FIXED,
        ("EdDSA", "Ed25519") => {
            let key = ParsedPublicKey::new(&signature::ED25519, number("x")).unwrap();
            return key.verify_sig(input, &signature).is_ok();
        }
        other => panic!("{other:?}"),
    };
    let point = [vec![4], number("x"), number("y")].concat();
    ParsedPublicKey::new(curve, point).unwrap().verify_sig(input, &signature).is_ok()
}

#[test]
fn every_algorithms_token_is_what_its_jwk_checks() {
    for alg in Alg::ALL {
        let issuer = issuer().with_alg(alg);
        let token = issuer.token("ada").scope("read write").sign();
        let jwk = issuer.jwks()["keys"][0].clone();
        assert!(checks(&jwk, &token), "{alg}");
        let [header, payload, _] = parts(&token);
        let id = format!("{}-1", alg.as_str().to_lowercase());
        assert_eq!(json_of(header), json!({"typ": "at+jwt", "alg": alg.as_str(), "kid": id}));
        let mut claims = json_of(payload);
        let id = claims.as_object_mut().unwrap().remove("jti").unwrap();
        assert!(id.as_str().unwrap().starts_with("token-"));
        let expected = json!({
            "iss": "https://id.example", "aud": "shop", "sub": "ada", "iat": NOW, "exp": NOW + 3600,
            "scope": "read write",
        });
        assert_eq!(claims, expected);
        assert!(!checks(&issuer.impostor().jwks()["keys"][0], &token), "{alg}: another key");
    }
}

/// The example of RFC 7515 appendix A.1, whose signature has one value only.
#[test]
fn the_rfcs_own_example_comes_out_byte_for_byte() {
    let secret = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
    let key = Key::from_secret(Alg::Hs256, decoded(secret));
    let token = issuer().with_key(key).token("joe");
    let token = token
        .header_bytes("{\"typ\":\"JWT\",\r\n \"alg\":\"HS256\"}")
        .payload_bytes("{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}")
        .sign();
    assert_eq!(
        token,
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
         eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
         dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    );
}

#[test]
fn a_public_key_is_the_same_in_pem_der_and_jwk() {
    for alg in Alg::ALL.into_iter().filter(|alg| !alg.is_shared_secret()) {
        let key = issuer().with_alg(alg).key();
        let pem = key.public_pem().unwrap();
        let text: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let der = key.public_der().unwrap();
        assert_eq!(BASE64_STANDARD.decode(text).unwrap(), der, "{alg}");
        let jwk = key.jwk();
        let number = decoded(jwk["n"].as_str().or(jwk["x"].as_str()).unwrap());
        let holds = |whole: &[u8]| whole.windows(number.len()).any(|window| window == number);
        assert!(holds(&der) && holds(&key.public_bytes().unwrap()), "{alg}");
        assert!(key.secret().is_none() && pem.lines().all(|line| line.len() <= 64));
    }
    let secret = issuer().with_alg(Alg::Hs384).key();
    assert_eq!(secret.secret().unwrap().len(), 48);
    assert!(secret.public_pem().is_none() && secret.public_der().is_none());
    assert!(!format!("{secret:?}").contains(secret.jwk()["k"].as_str().unwrap()));
}

#[test]
fn every_part_of_a_token_can_be_set_left_out_doubled_and_spoiled() {
    let issuer = issuer();
    let token = issuer
        .token("ada")
        .claims(&json!({"aud": ["a", "b"], "sub": 7}))
        .without("jti")
        .without("iat")
        .without("exp")
        .raw_claim("sub", "\"eve\"")
        .raw_claim_first("\\u0069ss", "nonsense")
        .typ("JWT")
        .header("crit", json!(["x"]))
        .raw_header("kid", "1")
        .raw_header_first("alg", "\"none\"");
    assert_eq!(
        token.header_text(),
        r#"{"alg":"none","typ":"JWT","alg":"ES256","kid":"es256-1","crit":["x"],"kid":1}"#
    );
    assert_eq!(
        token.claims_text(),
        r#"{"\u0069ss":nonsense,"iss":"https://id.example","aud":["a","b"],"sub":7,"sub":"eve"}"#
    );
    let signed = token.sign();
    let [header, payload, _] = parts(&signed);
    assert_eq!(decoded(header), token.header_text().as_bytes());
    assert_eq!(decoded(payload), token.claims_text().as_bytes());
    assert!(token.unsigned().ends_with('.'));

    let other = Issuer::named("https://other.example").with_alg(Alg::EdDsa).key();
    let by_other = issuer.token("ada").key(&other);
    assert_eq!(by_other.header_text(), r#"{"typ":"at+jwt","alg":"EdDSA","kid":"eddsa-1"}"#);
    assert!(checks(&other.jwk(), &by_other.sign()));
    let forged = issuer.token("ada").without_header("kid").forged_by(&other);
    assert_eq!(forged.header_text(), r#"{"typ":"at+jwt","alg":"ES256"}"#);
    assert!(checks(&other.jwk(), &forged.sign()));
}

#[test]
fn keys_belong_to_the_name_and_rotate_one_by_one() {
    let (one, two) = (Issuer::new(), Issuer::new());
    assert_eq!(one.jwks(), two.jwks());
    let other = Issuer::named("https://other.example");
    assert_eq!(one.key().id(), other.key().id());
    assert_ne!(one.jwks(), other.jwks());

    let twin = one.clone();
    let first = one.key();
    assert_eq!(one.rotate().id(), "es256-2");
    assert_eq!(twin.keys().len(), 2, "clones share their keys");
    assert_eq!(two.keys().len(), 1, "others of the name do not");
    assert!(checks(&one.jwks()["keys"][1], &one.token("ada").sign()));
    assert!(checks(&one.jwks()["keys"][0], &one.token("ada").key(&first).sign()));
    let forged = one.impostor();
    assert_eq!(forged.keys().iter().map(Key::id).collect::<Vec<_>>(), ["es256-1", "es256-2"]);
    assert_ne!(forged.jwks(), one.jwks());

    let retired = one.retire();
    assert_eq!((retired.len(), retired[0].id()), (1, "es256-1"));
    assert_eq!(one.keys().iter().map(Key::id).collect::<Vec<_>>(), ["es256-2"]);

    let several = Issuer::new().and_alg(Alg::EdDsa).and_alg(Alg::Es384);
    several.rotate();
    several.retire();
    assert_eq!(several.keys().iter().map(Key::id).collect::<Vec<_>>(), ["eddsa-1", "es384-1", "es256-2"]);
    assert!(checks(&several.jwks()["keys"][1], &several.token_by(Alg::Es384, "ada").sign()));
}

#[test]
fn names_of_hostile_tokens_are_unique_and_so_are_tokens() {
    for alg in KINDS.map(|(_, alg)| alg).into_iter().chain([Alg::Es512, Alg::Ps256]) {
        let issuer = issuer().with_alg(alg);
        let mut seen = BTreeMap::new();
        for Hostile { name, token, why, code, .. } in issuer.hostile() {
            assert!(!why.is_empty() && code.starts_with("auth.token-"), "{name}");
            assert_eq!(name.split('/').count(), 2, "{name}");
            if let Some(other) = seen.insert(token, name.clone()) {
                panic!("{alg}: {name} is the same token as {other}");
            }
        }
        let mut names: Vec<_> = seen.into_values().collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count, "{alg}");
    }
}

/// Or a verifier that only checks signatures would refuse it for another reason than the one that is named.
#[test]
fn what_only_its_fault_can_refuse_is_signed_by_the_issuers_own_key() {
    let groups = [
        "crit",
        "typ",
        "iss",
        "sub",
        "aud",
        "exp",
        "nbf",
        "iat",
        "auth_time",
        "jti",
        "acr",
        "amr",
        "scope",
        "scp",
        "roles",
        "duplicate",
        "bound",
        "payload",
    ];
    let signed_by_us = |name: &str| {
        let (group, what) = name.split_once('/').unwrap();
        groups.contains(&group)
            || (group == "header" && what != "deep-nesting")
            || (group == "b64" && what != "payload-in-plain-text")
            || (group == "base64" && (what.ends_with("in-header") || what.ends_with("in-payload")))
            || (group == "none" && what.ends_with("-and-a-signature"))
            || (group == "confusion" && what.contains("-signature-called-"))
            || (group == "huge" && what != "one-part" && what != "signature")
    };
    for (kind, alg) in KINDS {
        let issuer = issuer().with_alg(alg);
        let jwk = issuer.key().jwk();
        let judged = issuer.hostile().into_iter().filter(|token| signed_by_us(&token.name));
        let wrong: Vec<_> =
            judged.clone().filter(|token| !checks(&jwk, &token.token)).map(|token| token.name).collect();
        assert!(wrong.is_empty(), "{kind}: {wrong:?}");
        assert!(judged.count() > 300, "{kind}");
        for token in issuer.edge_but_good() {
            let by = json_of(parts(&token.token)[0])["alg"] == "Ed25519" || checks(&jwk, &token.token);
            assert!(by, "{kind}: {}", token.name);
        }
        for token in issuer.hostile() {
            let forged = ["embedded/", "stranger/", "signature/", "kid/dev-null"];
            if forged.iter().any(|group| token.name.starts_with(group))
                && token.code != "auth.token-malformed"
            {
                assert!(!checks(&jwk, &token.token), "{kind}: {} is not forged", token.name);
            }
        }
    }
}

#[test]
fn a_list_made_with_the_machines_clock_keeps_away_from_the_edges() {
    let issuer = Issuer::new();
    let now = enfilade_core::Clock::system().unix_seconds();
    let inside = issuer.edge_but_good();
    let inside = inside.iter().find(|token| token.name == "exp/just-inside-the-leeway").unwrap();
    let expires = json_of(parts(&inside.token)[1])["exp"].as_u64().unwrap();
    assert!((now - 31..=now - 20).contains(&expires), "{expires}, {now}");
}

#[test]
fn a_target_moves_the_edges() {
    let target = Target::new().with_leeway(std::time::Duration::from_secs(5)).with_max_bytes(4096);
    let of = |name: &str| issuer().hostile_for(&target).into_iter().find(|token| token.name == name).unwrap();
    assert_eq!(json_of(parts(&of("exp/at-the-edge").token)[1])["exp"], NOW - 5);
    assert_eq!(json_of(parts(&of("nbf/just-beyond-the-leeway").token)[1])["nbf"], NOW + 6);
    assert!((4097..=4098).contains(&of("huge/just-too-long").token.len()));
    let good = issuer().edge_but_good_for(&target);
    let longest = good.iter().find(|token| token.name == "huge/as-long-as-may-be").unwrap();
    assert!((4095..=4096).contains(&longest.token.len()));
}

#[test]
fn what_a_verifier_got_wrong_is_shown_all_at_once() {
    let issuer = issuer();
    let judge = |token: &str| (!token.ends_with('.')).then_some("auth.token-signature");
    let shown = catch_unwind(AssertUnwindSafe(|| issuer.assert_refuses_hostile(judge)));
    let shown = *shown.unwrap_err().downcast::<String>().unwrap();
    for line in [
        "none/lower-case                               auth.token-algorithm      a pass",
        "exp/at-the-edge                               auth.token-expired        auth.token-signature",
        "aud/one-in-an-array                           a pass                    auth.token-signature",
    ] {
        let words: Vec<_> = line.split_whitespace().collect();
        let found = shown.lines().any(|shown| {
            let mut shown = shown.split_whitespace();
            words.iter().all(|word| shown.next() == Some(*word))
        });
        assert!(found, "{line}\n{shown}");
    }
}

/// The table in the docs of `issuer::hostile` is the list. `ENFILADE_TABLES=write` writes it anew.
#[test]
fn the_table_in_the_docs_is_the_list() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/issuer/hostile/list.md");
    let table = table();
    if env::var_os("ENFILADE_TABLES").is_some_and(|what| what == "write") {
        fs::write(&path, &table).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap();
    let fix = "ENFILADE_TABLES=write cargo test -p enfilade-test --features issuer --test issuer";
    assert!(written == table, "{} is not what the list says. Write it anew:\n  {fix}", path.display());
}

/// The kinds of keys, and an algorithm of each.
const KINDS: [(&str, Alg); 4] =
    [("EC", Alg::Es256), ("RSA", Alg::Rs256), ("Ed25519", Alg::EdDsa), ("secret", Alg::Hs256)];

fn table() -> String {
    let mut rows: Vec<(String, &str, &str, Vec<&str>)> = Vec::new();
    for (kind, alg) in KINDS {
        for token in issuer().with_alg(alg).hostile_for(&Target::new().with_types(["at+jwt"])) {
            match rows.iter_mut().find(|row| (&row.0, row.1) == (&token.name, token.code)) {
                Some(row) => row.3.push(kind),
                None => rows.push((token.name, token.code, token.why, vec![kind])),
            }
        }
    }
    // A kind's own tokens stand behind the others of their group.
    let groups: Vec<String> = rows.iter().map(|row| row.0.split('/').next().unwrap().to_owned()).collect();
    let first = |group: &str| groups.iter().position(|known| known == group);
    rows.sort_by_key(|row| first(row.0.split('/').next().unwrap()));
    let lines: Vec<_> = rows
        .iter()
        .map(|(name, code, why, kinds)| {
            let kinds = if kinds.len() == KINDS.len() { "all".to_owned() } else { kinds.join(", ") };
            format!("| `{name}` | `{code}` | {why} | {kinds} |\n")
        })
        .collect();
    format!(
        "{} tokens; `typ/any-jwt`, `typ/absent` and the ID token for the same audience are bad only where `JWT` is \
         not accepted.\n\n| token | code | why | keys |\n|---|---|---|---|\n{}",
        rows.len(),
        lines.concat()
    )
}

/// One request as curl writes it, and the whole answer.
fn curl(served: &Served, request: &str) -> String {
    String::from_utf8(raw(served, request)).unwrap()
}

fn raw(served: &Served, request: &str) -> Vec<u8> {
    let mut stream = ask(served, request);
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    answer
}

fn ask(served: &Served, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(served.address()).unwrap();
    let host = served.address();
    write!(stream, "{request} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: curl/8.14.1\r\nAccept: */*\r\n\r\n")
        .unwrap();
    stream
}

fn body(answer: &str) -> Value {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"), "{head}");
    assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{head}");
    serde_json::from_str(body).unwrap()
}

#[test]
fn discovery_leads_to_the_keys_and_the_keys_check_the_tokens() {
    let served = issuer().and_alg(Alg::EdDsa).serve();
    let issuer = served.issuer();
    assert_eq!(issuer.name(), format!("http://{}", served.address()));
    for path in ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"] {
        let document = body(&curl(&served, &format!("GET {path}")));
        assert_eq!(document["issuer"], issuer.name());
        assert_eq!(document["jwks_uri"], served.jwks_url());
        assert_eq!(document["id_token_signing_alg_values_supported"], json!(["ES256", "EdDSA"]));
    }
    let keys = body(&curl(&served, "GET /jwks.json?x=1"));
    assert!(checks(&keys["keys"][0], &issuer.token("ada").sign()));
    assert_eq!(json_of(parts(&issuer.token("ada").sign())[1])["iss"], issuer.name());

    issuer.rotate();
    assert_eq!(body(&curl(&served, "GET /jwks.json"))["keys"].as_array().unwrap().len(), 3);
    assert_eq!(served.count(Endpoint::Jwks), 2);
    assert_eq!((served.count(Endpoint::OpenId), served.count(Endpoint::OAuth)), (1, 1));
    assert!(served.requests()[2].head.contains("User-Agent: curl/8.14.1\r\n"));
}

#[test]
fn only_reading_and_only_public_keys() {
    let served = issuer().with_alg(Alg::Hs256).serve();
    assert_eq!(body(&curl(&served, "GET /jwks.json")), json!({"keys": []}));
    assert!(curl(&served, "GET /token").starts_with("HTTP/1.1 404 "));
    assert!(curl(&served, "POST /jwks.json").starts_with("HTTP/1.1 405 "));
    let head = curl(&served, "HEAD /jwks.json");
    assert!(head.starts_with("HTTP/1.1 200 ") && head.ends_with("\r\n\r\n"), "{head}");
    assert_eq!(served.count(Endpoint::Other), 1);
}

#[test]
fn trouble_comes_as_it_was_asked_for_and_goes() {
    let served = issuer().serve();
    let get = |trouble: Trouble| {
        served.trouble(Endpoint::Jwks, trouble);
        curl(&served, "GET /jwks.json")
    };
    let right = served.issuer().jwks().to_string();
    assert!(get(Trouble::Status(500)).starts_with("HTTP/1.1 500 Internal Server Error\r\n"));
    assert!(
        get(Trouble::Redirect("http://evil.example/".into()))
            .contains("\r\nlocation: http://evil.example/\r\n")
    );
    assert_eq!(get(Trouble::Close), "");
    let cut = get(Trouble::Truncate);
    assert!(cut.contains(&format!("content-length: {}\r\n", right.len())));
    assert!(cut.ends_with(&right[..right.len() / 2]));
    let long = get(Trouble::Oversize(3 << 20));
    assert_eq!(body(&long), served.issuer().jwks());
    assert_eq!(long.split_once("\r\n\r\n").unwrap().1.len(), 3 << 20);
    let html = get(Trouble::Body("text/html".into(), b"<h1>sign in</h1>".to_vec()));
    assert!(html.contains("content-type: text/html\r\n") && html.ends_with("<h1>sign in</h1>"));

    served.trouble(Endpoint::OpenId, Trouble::Issuer("https://evil.example".into()));
    assert_eq!(
        body(&curl(&served, "GET /.well-known/openid-configuration"))["issuer"],
        "https://evil.example"
    );
    served.trouble(Endpoint::OpenId, Trouble::JwksUri("http://evil.example/".into()));
    assert_eq!(
        body(&curl(&served, "GET /.well-known/openid-configuration"))["jwks_uri"],
        "http://evil.example/"
    );

    served.recover();
    assert_eq!(body(&curl(&served, "GET /jwks.json")), served.issuer().jwks());
}

#[test]
fn an_endless_body_ends_when_the_client_hangs_up() {
    let served = issuer().serve();
    served.trouble(Endpoint::Jwks, Trouble::Endless);
    let mut stream = ask(&served, "GET /jwks.json");
    let mut much = vec![0; 1 << 20];
    stream.read_exact(&mut much).unwrap();
    assert!(
        much.starts_with(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n"
        )
    );
}

#[test]
fn what_is_held_comes_when_it_is_released() {
    let served = issuer().serve();
    served.trouble(Endpoint::Jwks, Trouble::Hold);
    let (mut one, mut two) = (ask(&served, "GET /jwks.json"), ask(&served, "GET /jwks.json"));
    served.wait_for_held(2);
    assert_eq!((served.held(), served.count(Endpoint::Jwks)), (2, 2));
    served.release();
    for stream in [&mut one, &mut two] {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert_eq!(body(&answer), served.issuer().jwks());
    }

    served.trouble(Endpoint::Jwks, Trouble::HoldBody);
    let mut stream = ask(&served, "GET /jwks.json");
    served.wait_for_held(1);
    let mut first = [0; 64];
    stream.read_exact(&mut first).unwrap();
    assert!(first.starts_with(b"HTTP/1.1 200 OK"));
    served.release();
    served.wait_for(Endpoint::Jwks, 3);
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    assert!(rest.ends_with("]}"));
}

#[test]
fn dropping_it_lets_everybody_go_and_frees_the_port() {
    let served = issuer().serve();
    served.trouble(Endpoint::Jwks, Trouble::Hold);
    let mut held = ask(&served, "GET /jwks.json");
    let mut silent = TcpStream::connect(served.address()).unwrap();
    served.wait_for_held(1);
    let address = served.address();
    drop(served);
    let mut rest = Vec::new();
    let _ = held.read_to_end(&mut rest);
    assert_eq!(silent.read(&mut [0; 1]).unwrap_or(0), 0);
    assert!(TcpStream::connect(address).is_err(), "nobody listens any more");
}
