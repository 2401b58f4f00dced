//! `response-unchanged`: status, headers and extensions of the inner response come out as they were.
//!
//! ```text
//! 404 · x-law: 1, 2 · set-cookie: a, b · vary · extension ──▶ the same, and perhaps more headers
//! HEAD ── 200 · content-length: 42 · no body               ──▶ 42 still
//! ```
//!
//! **Why.** The app's answer is the app's. Two `Set-Cookie` fields are two cookies, so a layer that *inserts* where it
//! should *append* signs somebody out; a lost `Vary` lets a cache give one user's page to another. Extensions carry
//! what inner links tell outer ones. The answer to HEAD has no body, and the length of the one that GET would have.
//!
//! **How it is broken.** `Response::new(body)` with the status copied; `headers.insert(SET_COOKIE, …)`;
//! `content-length` out of the body's `size_hint`. A layer that refuses HEAD is not asked about it.
//!
//! **How to keep it.** Change the response in place; append. A layer whose purpose is another answer excepts this law.
//!
//! ```
//! use enfilade_test::{Law, Laws, laws::Mutant};
//!
//! let report = Laws::of(Mutant::RebuildsTheResponse).check();
//! assert_eq!(report.broken(), [Law::ResponseUnchanged]);
//! ```

use http::{HeaderMap, Method};

use super::case::{Case, Checked, MakeRequest, Subject};
use crate::{Answer, Probe};

#[derive(Clone, Copy, Debug, PartialEq)]
struct Mark(u32);

const FIELDS: [(&str, &str); 5] = [
    ("x-law", "1"),
    ("x-law", "2"),
    ("set-cookie", "a=1; Path=/law"),
    ("set-cookie", "b=2; Path=/law"),
    ("vary", "x-law"),
];

pub(super) async fn check(subject: &Subject) -> Checked {
    for status in [200, 201, 204, 206, 301, 304, 400, 404, 500, 503] {
        comes_out(subject, &subject.request, status).await?;
    }
    for request in &subject.also {
        comes_out(subject, request, 200).await?;
    }
    length_of_head(subject).await
}

async fn comes_out(subject: &Subject, head: &MakeRequest, status: u16) -> Checked {
    let answer = Answer::status(status).extension(Mark(7));
    let answer = FIELDS.iter().fold(answer, |answer, (name, value)| answer.header(name, value));
    let case = Case::new(subject, Probe::ok().respond(answer));
    let mut a = case.instance();
    case.ready(&mut a).await?;
    case.did(format!(
        "the probe answers {status} with `x-law` and `set-cookie` twice each, `vary`, and an extension"
    ));
    let request = head().map(|()| "".into());
    let flight = case.call(&mut a, request);
    let response = case.response(flight).await?;
    let found = response.status();
    case.expect(found == status, &status.to_string(), || found.as_u16().to_string())?;
    let headers = response.headers();
    for name in ["x-law", "set-cookie", "vary"] {
        let expected: Vec<_> = FIELDS.iter().filter(|field| field.0 == name).map(|field| field.1).collect();
        let kept = expected.iter().all(|value| values(headers, name).contains(value));
        case.expect(kept, &format!("`{name}`: {expected:?}"), || format!("{:?}", values(headers, name)))?;
    }
    let marked = response.extensions().get() == Some(&Mark(7));
    case.expect(marked, "the extension", || "it is gone".to_owned())
}

async fn length_of_head(subject: &Subject) -> Checked {
    let answer = Answer::ok().header("content-length", "42").header("vary", "x-law");
    let case = Case::new(subject, Probe::ok().respond(answer));
    let mut a = case.instance();
    case.ready(&mut a).await?;
    case.did("the probe answers HEAD with `content-length: 42`, `vary: x-law`, and no body");
    let mut request = case.request("");
    *request.method_mut() = Method::HEAD;
    let flight = case.call(&mut a, request);
    let answered = case.answer(flight).await?;
    let (Ok(response), false) = (answered, case.probe.requests().is_empty()) else { return Ok(()) };
    let found = values(response.headers(), "content-length");
    case.expect(found == ["42"], "`content-length: 42`", || format!("{found:?}"))?;
    let found = values(response.headers(), "vary");
    case.expect(found.contains(&"x-law"), "`vary: x-law`", || format!("{found:?}"))
}

fn values<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect()
}
