//! Run with `cargo run -p enfilade-auth --example auth_own_kind`, test with `cargo test -p enfilade-auth --examples`.
//!
//! A kind of credentials of your own: device ids that a load balancer has checked already, in a header.

use enfilade_auth::{Attempt, Auth, AuthMethod, Authenticator, Carrier, Gate, Principal, Rejection};
use http::{HeaderName, Request, StatusCode, request};

static DEVICE: HeaderName = HeaderName::from_static("x-device");

/// `x-device: till-7`. Whatever else stands there is refused: it does not fall back to another kind.
struct Device;

impl Authenticator for Device {
    fn carriers(&self) -> Vec<Carrier> {
        vec![Carrier::Header(DEVICE.clone())] // twice in one request: refused before this kind is asked
    }

    fn authenticate(&self, req: &mut request::Parts) -> Attempt {
        let Some(value) = req.headers.get(&DEVICE) else { return Attempt::Absent };
        match value.to_str().ok().filter(|id| id.starts_with("till-")) {
            Some(id) => Attempt::Proved(Principal::new(id).with_method(AuthMethod::Other("device"))),
            None => Attempt::Refused(Rejection::new(StatusCode::UNAUTHORIZED, "device.unknown")),
        }
    }
}

fn main() {
    let auth = Auth::new(Device);
    for id in ["till-7", "kiosk-1"] {
        let req = Request::get("/").header(&DEVICE, id).body(()).expect("a fixed request");
        let (mut req, ()) = req.into_parts();
        show(id, auth.enter(&mut req).err());
    }
}

#[allow(clippy::print_stdout)] // an example shows what it does
fn show(id: &str, refused: Option<Rejection>) {
    println!("{id:8} {}", refused.map_or("let in".to_owned(), |refused| refused.to_string()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_till_is_let_in_and_anything_else_is_not() {
        let code = |ids: &[&str]| {
            let (mut req, ()) = Request::new(()).into_parts();
            req.headers.extend(ids.iter().map(|id| (DEVICE.clone(), id.parse().unwrap())));
            let refused = Auth::new(Device).enter(&mut req).err();
            refused.map_or_else(
                || Principal::of(&req.extensions).unwrap().subject().to_owned(),
                |r| r.code().to_owned(),
            )
        };
        assert_eq!(code(&["till-7"]), "till-7");
        assert_eq!(code(&["kiosk-1"]), "device.unknown");
        assert_eq!(code(&["till-7", "till-8"]), "auth.credentials-repeated");
        assert_eq!(code(&[]), "auth.missing");
    }
}
