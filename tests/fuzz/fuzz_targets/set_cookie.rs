//! A cookie that may be set comes back as it was, beside the app's own lines, whatever those are.
//!
//! ```text
//! name, value, path NL app's lines ── Jar::add, Emit ──▶ the app's lines that have other names ‖ ours, once, last
//! ```
#![no_main]

use enfilade_cookie::{Jar, Profile, SetCookie};
use http::{HeaderValue, Request, Response};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let mut lines = text.split('\n');
    let [name, value, path] = [(); 3].map(|()| lines.next().unwrap_or_default().to_owned());
    let profile = Profile::insecure_plain().with_path(path.clone());
    let cookie = SetCookie::new(name.clone(), value.clone()).with_profile(profile);
    let Ok(line) = cookie.to_header_value() else { return };
    let written = line.to_str().expect("visible ASCII");
    let mut parts = written.split("; ");
    assert_eq!(parts.next().and_then(|pair| pair.split_once('=')), Some((name.as_str(), value.as_str())));
    assert!(parts.clone().any(|part| part == format!("Path={path}")), "{written}");
    let known = ["Path", "HttpOnly", "SameSite", "Secure"];
    assert!(parts.all(|part| known.contains(&part.split('=').next().unwrap_or_default())), "{written}");

    let mut request = Request::new(()).into_parts().0;
    let (jar, emit) = Jar::enter(&mut request);
    if jar.add(cookie).is_err() {
        return;
    }
    let mut response = Response::new(()).into_parts().0;
    let theirs: Vec<_> = lines.filter_map(|line| HeaderValue::from_str(line).ok()).collect();
    for line in &theirs {
        response.headers.append("set-cookie", line.clone());
    }
    emit.expect("this was the first to ask").run(&mut response);
    let mut sent: Vec<_> = response.headers.get_all("set-cookie").iter().cloned().collect();
    assert_eq!(sent.pop().as_ref(), Some(&line), "ours is last");
    let mut kept = sent.iter().peekable();
    for line in &theirs {
        if kept.peek().is_some_and(|next| *next == line) {
            kept.next();
        } else {
            let pair = line.as_bytes().split(|b| *b == b';').next().unwrap_or_default();
            // A browser sends `=sid=1` back as `sid=1`, and so it counts as `sid`.
            let named = pair.iter().position(|b| !b" \t=".contains(b)).unwrap_or(pair.len());
            let given = pair[named..].split(|b| *b == b'=').next().unwrap_or_default();
            assert_eq!(given.trim_ascii(), name.as_bytes(), "a line of another name was left out: {line:?}");
        }
    }
    assert!(kept.next().is_none(), "nothing that the app did not say");

    request = Request::new(()).into_parts().0;
    let pair = HeaderValue::from_str(&format!("{name}={value}")).expect("part of a field");
    request.headers.insert("cookie", pair);
    assert_eq!(Jar::enter(&mut request).0.text(&name), Some(value.as_str()));
});
