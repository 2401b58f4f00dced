//! `response-unchanged`: status, headers and extensions of the inner response come out as they were.
//!
//! ```text
//! 404 · x-law: 1, 2 · set-cookie: a, b · extension ──▶ the same, and perhaps more headers
//! ```
//!
//! **Why.** The app's answer is the app's. Two `Set-Cookie` fields are two cookies, so a layer that *inserts* where it
//! should *append* signs somebody out. Extensions carry what inner links tell outer ones.
//!
//! **How it is broken.** `Response::new(body)` with the status copied; `headers.insert(SET_COOKIE, …)`.
//!
//! **How to keep it.** Change the response in place; append. A layer whose purpose is another answer excepts this law.
//!
//! ```
//! use enfilade_test::{Law, Laws, laws::Mutant};
//!
//! let report = Laws::of(Mutant::RebuildsTheResponse).check();
//! assert_eq!(report.broken(), [Law::ResponseUnchanged]);
//! ```

use http::HeaderMap;

use super::case::{Case, Checked, Subject};
use crate::{Answer, Probe};

#[derive(Clone, Copy, Debug, PartialEq)]
struct Mark(u32);

const FIELDS: [(&str, &str); 4] =
    [("x-law", "1"), ("x-law", "2"), ("set-cookie", "a=1; Path=/law"), ("set-cookie", "b=2; Path=/law")];

pub(super) async fn check(subject: &Subject) -> Checked {
    for status in [200, 201, 204, 206, 301, 304, 400, 404, 500, 503] {
        comes_out(subject, status).await?;
    }
    Ok(())
}

async fn comes_out(subject: &Subject, status: u16) -> Checked {
    let answer = Answer::status(status).extension(Mark(7));
    let answer = FIELDS.iter().fold(answer, |answer, (name, value)| answer.header(name, value));
    let case = Case::new(subject, Probe::ok().respond(answer));
    let mut a = case.instance();
    case.ready(&mut a).await?;
    case.did(format!(
        "the probe answers {status} with `x-law` and `set-cookie` twice each, and an extension"
    ));
    let request = case.request("");
    let flight = case.call(&mut a, request);
    let response = case.response(flight).await?;
    let found = response.status();
    case.expect(found == status, &status.to_string(), || found.as_u16().to_string())?;
    let headers = response.headers();
    for name in ["x-law", "set-cookie"] {
        let expected: Vec<_> = FIELDS.iter().filter(|field| field.0 == name).map(|field| field.1).collect();
        let kept = expected.iter().all(|value| values(headers, name).contains(value));
        case.expect(kept, &format!("`{name}`: {expected:?}"), || format!("{:?}", values(headers, name)))?;
    }
    let marked = response.extensions().get() == Some(&Mark(7));
    case.expect(marked, "the extension", || "it is gone".to_owned())
}

fn values<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect()
}
