//! Properties of a canonical path: decoded once, its own canonical form, and never a way up.

use enfilade_core::RequestContext;
use enfilade_server::{PathRules, StrictRequest};
use http::{Request, Uri};
use proptest::{collection::vec, prelude::*};
use tower::{Layer, ServiceExt, service_fn};

fn rules() -> impl Strategy<Value = PathRules> {
    any::<[bool; 7]>().prop_map(|[slashes, empty, delimiters, semicolons, bytes, backslashes, spelling]| {
        let mut rules = PathRules::new();
        for (wanted, let_in) in [
            (slashes, PathRules::with_encoded_slashes as fn(PathRules) -> PathRules),
            (empty, PathRules::with_empty_segments),
            (delimiters, PathRules::with_encoded_delimiters),
            (semicolons, PathRules::with_semicolons),
            (bytes, PathRules::with_any_bytes),
            (backslashes, PathRules::insecure_backslashes),
            (spelling, PathRules::with_one_spelling),
        ] {
            rules = if wanted { let_in(rules) } else { rules };
        }
        rules
    })
}

/// Mostly pieces that mean something, so that many paths pass and many nearly do.
fn path() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => prop::sample::select(vec![
            "/", ".", "..", "%2e", "%2f", "%5c", "\\", ";", "%3b", "%25", "2f", "%32", "%00", "%c3%a9", "%e9", "a",
            "A", "%61", "%41", "~", "%7e", "|", "%20", "%", "%3f", "%23", "+", ":",
        ]).prop_map(str::to_owned),
        1 => any::<u8>().prop_map(|byte| format!("%{byte:02x}")),
        1 => any::<u8>().prop_map(|byte| format!("%{byte:02X}")),
        1 => "[!-~]{1,3}",
    ];
    vec(piece, 0..9).prop_map(|pieces| format!("/{}", pieces.concat()))
}

/// The plainest decoder there is.
fn decoded(path: &str) -> Vec<u8> {
    let (mut rest, mut out) = (path.as_bytes(), Vec::new());
    while let [first, tail @ ..] = rest {
        let digits = (*first == b'%').then(|| std::str::from_utf8(&tail[..2]).unwrap());
        out.push(digits.map_or(*first, |digits| u8::from_str_radix(digits, 16).unwrap()));
        rest = if digits.is_some() { &tail[2..] } else { tail };
    }
    out
}

fn encoded(path: &[u8]) -> String {
    path.iter().fold(String::new(), |text, byte| match byte {
        b'/' => text + "/",
        byte => format!("{text}%{byte:02X}"),
    })
}

proptest! {
    #[test]
    fn what_is_accepted_was_decoded_once_and_leads_nowhere_else(path in path(), rules in rules()) {
        let Ok(canonical) = rules.canonical(&path) else { return Ok(()) };
        // A kept `%2F` is the one escape that is left.
        let slashes_kept = path.replace("%2f", "%252F").replace("%2F", "%252F");
        prop_assert_eq!(&*canonical, decoded(&slashes_kept));

        prop_assert!(canonical.starts_with(b"/"));
        prop_assert!(!canonical.iter().any(u8::is_ascii_control));
        prop_assert!(!matches!(canonical.get(1), Some(b'/' | b'\\')), "another host");
        // As everybody would split it: at escaped slashes and at backslashes, without parameters. Where none is let in,
        // `%2F` is text that was spelled `%252F`.
        let slash = if rules == rules.with_encoded_slashes() { "/" } else { "%2F" };
        let text = String::from_utf8_lossy(&canonical).replace("%2F", slash);
        for segment in text.split(['/', '\\']) {
            let name = segment.split(';').next().unwrap();
            prop_assert!(name != "." && name != "..", "{}", text);
        }
    }

    #[test]
    fn strict_rules_leave_nothing_to_split_by_and_only_utf8(path in path()) {
        let Ok(canonical) = PathRules::new().canonical(&path) else { return Ok(()) };
        let text = std::str::from_utf8(&canonical);
        prop_assert!(text.is_ok_and(|text| !text.contains(['\\', ';', '?', '#']) && !text.contains("//")));
    }

    #[test]
    fn the_canonical_of_a_canonical_path_is_the_same(path in path(), bytes in any::<bool>()) {
        let rules = if bytes { PathRules::new().with_any_bytes() } else { PathRules::new() };
        let Ok(once) = rules.canonical(&path) else { return Ok(()) };
        if once.contains(&b'%') {
            // Its escapes would be read as escaped escapes, which are refused.
            return Ok(());
        }
        let again = encoded(&once);
        let twice = rules.canonical(&again);
        prop_assert_eq!(twice.ok(), Some(once), "{}", again);
    }

    /// What a client escapes without need, or in small letters, is no other path.
    #[test]
    fn equivalent_paths_have_one_canonical_path_and_one_target(path in "/[a-z./~-]{0,12}", mask in any::<u64>()) {
        let spelled: String = path.bytes().enumerate().map(|(at, byte)| match byte {
            b'/' => "/".to_owned(),
            byte if mask >> (at * 2) & 3 == 1 => format!("%{byte:02x}"),
            byte if mask >> (at * 2) & 3 == 2 => format!("%{byte:02X}"),
            byte => char::from(byte).to_string(),
        }).collect();
        let (plain, escaped) = (PathRules::new().canonical(&path), PathRules::new().canonical(&spelled));
        match (plain, escaped) {
            (Ok(plain), Ok(escaped)) => prop_assert_eq!(plain, escaped),
            (Err(plain), Err(escaped)) => prop_assert_eq!(plain.code(), escaped.code()),
            (plain, escaped) => prop_assert!(false, "{plain:?} {escaped:?}"),
        }
        let rules = PathRules::new().with_one_spelling();
        prop_assert_eq!(through_the_door(&path, rules), through_the_door(&spelled, rules));
    }

    #[test]
    fn a_target_stays_as_it_is_unless_it_shall_have_one_spelling(path in path(), rules in rules()) {
        let Some((target, canonical)) = through_the_door(&path, rules) else { return Ok(()) };
        if rules != rules.with_one_spelling() {
            prop_assert_eq!(&target, &path);
        }
        let spelled = through_the_door(&target, rules.with_one_spelling());
        let (target, again) = spelled.expect("what passed passes again");
        prop_assert_eq!(&again, &canonical);
        let valid = target.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/%".contains(&b));
        prop_assert!(valid, "RFC 3986 allows it: {}", target);
        let again = through_the_door(&target, rules.with_one_spelling());
        prop_assert_eq!(again, Some((target, canonical)));
    }
}

/// The target that the app reads and the canonical path, when the path is let in.
fn through_the_door(path: &str, rules: PathRules) -> Option<(String, Vec<u8>)> {
    let uri = Uri::try_from(path).ok().filter(|uri| uri.path() == path)?;
    let request = Request::get(uri).header("host", "a").body(String::new()).unwrap();
    let seen = std::cell::RefCell::new(None);
    let door = StrictRequest::new().with_paths(rules).layer(service_fn(|req: Request<_>| {
        let path = RequestContext::path(req.extensions()).unwrap().to_vec();
        *seen.borrow_mut() = Some((req.uri().path().to_owned(), path));
        std::future::ready(Ok::<_, std::convert::Infallible>(http::Response::new(String::new())))
    }));
    let mut future = std::pin::pin!(door.oneshot(request));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(future.as_mut().poll(&mut cx).is_ready());
    seen.take()
}
