//! Run with `cargo run -p enfilade-core --example link_gate`, test with `cargo test -p enfilade-core --examples`.
//!
//! A link as a gate: one method. It refuses what comes from a country that is closed, and tells the client
//! on the way back where it was seen.

use enfilade_core::{Gate, Gates, Pass, Rejection, Verdict};
use http::{HeaderValue, Request, Response, StatusCode, request};
use tower::{ServiceBuilder, ServiceExt};

/// Refuses requests whose `x-country` is closed.
struct Border {
    closed: &'static [&'static str],
}

impl Gate for Border {
    fn enter(&self, req: &mut request::Parts) -> Verdict {
        let country = req.headers.get("x-country").cloned().unwrap_or(HeaderValue::from_static("nowhere"));
        if self.closed.iter().any(|closed| country == closed) {
            return Err(
                Rejection::new(StatusCode::FORBIDDEN, "border.closed").with_detail("this border is closed")
            );
        }
        Ok(Pass::then(move |res| {
            res.headers.insert("x-seen-in", country);
        }))
    }
}

fn main() {
    let gates = Gates::of(Border { closed: &["atlantis"] });
    let service = ServiceBuilder::new()
        .layer(gates)
        .service_fn(async |_: Request<()>| Ok::<_, std::convert::Infallible>(Response::new(())));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime without I/O");
    for country in ["utopia", "atlantis"] {
        let req = Request::get("/").header("x-country", country).body(()).expect("a fixed request");
        let Ok(res) = runtime.block_on(service.clone().oneshot(req));
        show(country, &res);
    }
}

#[allow(clippy::print_stdout)] // an example shows what it does
fn show(country: &str, res: &Response<()>) {
    let code = res.extensions().get::<Rejection>().map_or("", Rejection::code);
    println!("{country:10} {} {code}", res.status());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(country: &'static str) -> request::Parts {
        let (mut req, ()) = Request::new(()).into_parts();
        req.headers.insert("x-country", HeaderValue::from_static(country));
        req
    }

    #[test]
    fn a_closed_border_refuses() {
        let refused = Border { closed: &["atlantis"] }.enter(&mut from("atlantis")).unwrap_err();
        assert_eq!(refused.code(), "border.closed");
    }

    #[test]
    fn an_open_one_says_where_the_client_was_seen() {
        let pass = Border { closed: &[] }.enter(&mut from("utopia")).unwrap();
        let (mut res, ()) = Response::new(()).into_parts();
        let _ = pass.leave(&mut res);
        assert_eq!(res.headers["x-seen-in"], "utopia");
    }
}
