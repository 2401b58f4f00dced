//! Any `Cookie` and any `Set-Cookie` line at the link: read or hidden one by one, and passed on.

use enfilade_cookie::{Cookies, Jar, SetCookie};
use enfilade_core::{Gates, Pass, gate_fn};
use enfilade_test::{Answer, Probe, ProbeBody, assert_passed, assert_set_cookie, drive, enter, strategies};
use http::Request;
use proptest::prelude::*;

proptest! {
    #[test]
    fn no_request_is_refused_or_fails_for_its_cookies(request in strategies::hostile_request()) {
        let fields: Vec<_> = request.headers().get_all("cookie").iter().cloned().collect();
        let passed = enter(&Cookies::new(), request).passed();
        let jar = Jar::of(&passed.request().extensions).expect("the link made it");
        for (name, value) in jar.iter() {
            let found = |field: &http::HeaderValue| contains(field.as_bytes(), name.as_bytes()) && contains(field.as_bytes(), value);
            prop_assert!(fields.iter().any(found), "{} was made up", name);
        }
    }

    #[test]
    fn what_clients_send_is_read(fields in strategies::cookies()) {
        let mut request = Request::new(ProbeBody::new());
        request.headers_mut().extend(fields.iter().cloned());
        let (jar, emit) = Jar::enter(&mut request.into_parts().0);
        std::mem::forget(emit);
        let lines = fields.iter().map(|(_, field)| field.to_str().expect("visible ASCII"));
        let sent: Vec<_> = lines.flat_map(|line| line.split("; ")).filter_map(|pair| pair.split_once('=')).collect();
        let read: Vec<_> = jar.iter().map(|(name, value)| (name, std::str::from_utf8(value).expect("as sent"))).collect();
        prop_assert_eq!(read, sent);
        prop_assert_eq!(jar.hidden(), 0);
    }

    #[test]
    fn any_line_of_the_apps_passes_beside_ours(line in strategies::hostile_set_cookie()) {
        let theme = gate_fn("theme", |req| {
            Jar::require(&req.extensions)?.add(SetCookie::new("__Host-ours", "1"))?;
            Ok(Pass::Now)
        });
        let mut answer = http::Response::new(ProbeBody::new());
        answer.headers_mut().append("set-cookie", line.clone());
        let probe = Probe::ok().respond(Answer::from(answer));
        let reply = drive(Gates::of(Cookies::new()).gate(theme), &probe).get("/").send();
        assert_passed!(reply);
        assert_set_cookie!(reply, "__Host-ours" = "1"; Path = "/", Secure, HttpOnly);
        prop_assert!(reply.headers().get_all("set-cookie").iter().any(|one| one == line));
    }
}

fn contains(whole: &[u8], part: &[u8]) -> bool {
    part.is_empty() || whole.windows(part.len()).any(|window| window == part)
}
