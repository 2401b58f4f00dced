//! The browser does what Chromium does: the list in `tests/clients/cookies.txt`, which Chromium replays in `cookies.mjs`.
//!
//! ```text
//! == name                 a case: a browser with no cookies, no page open
//! at URL [status]         what answers there; lines with a colon below it are headers. Elsewhere: an empty page
//! verb …                  a step: load link post get fetch img script see kept reload back wait
//!   > … or = …            the requests that reach the server, or what is found
//! ```

use std::{
    collections::{BTreeSet, HashMap},
    convert::Infallible,
    fmt::Write as _,
    future::{Ready, ready},
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use enfilade_test::{
    ProbeBody, TestClock,
    browser::{Browser, Cookie, SameSite},
};
use http::{HeaderName, HeaderValue, Method, Request, Response};
use tower_service::Service;

const LIST: &str = include_str!("../../../clients/cookies.txt");
const NOW: u64 = 1_800_000_000;

#[test]
fn it_sends_and_keeps_what_chromium_does() {
    let cases = read(LIST);
    assert!(cases.len() >= 40, "the list is whole: {}", cases.len());
    let faults: Vec<_> = cases.iter().flat_map(replay).collect();
    assert!(faults.is_empty(), "{} differences from Chromium\n\n{}", faults.len(), faults.join("\n\n"));
}

#[derive(Default)]
struct Case {
    name: String,
    steps: Vec<Step>,
    answers: HashMap<String, Answer>,
}

struct Step {
    number: usize,
    verb: String,
    rest: String,
    want: Vec<String>,
}

#[derive(Clone)]
struct Answer {
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
}

fn read(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut last = String::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim();
        if line.is_empty() || word == "#" {
            continue;
        }
        if word == "==" {
            cases.push(Case { name: rest.to_owned(), ..Case::default() });
            continue;
        }
        let case = cases.last_mut().expect("a case begins with its name");
        match word {
            "at" => {
                let (url, status) = rest.split_once(' ').unwrap_or((rest, "200"));
                url.clone_into(&mut last);
                let answer = Answer { status: status.parse().unwrap(), headers: Vec::new() };
                case.answers.insert(last.clone(), answer);
            }
            ">" | "=" => {
                case.steps.last_mut().expect("a step before what comes of it").want.push(line.to_owned());
            }
            _ if word.ends_with(':') => {
                let headers =
                    &mut case.answers.get_mut(&last).expect("an address before its headers").headers;
                headers.push((word.trim_end_matches(':').to_owned(), written(rest)));
            }
            verb => {
                let rest = written(rest).iter().map(|byte| char::from(*byte)).collect();
                case.steps.push(Step { number, verb: verb.to_owned(), rest, want: Vec::new() });
            }
        }
    }
    cases
}

/// `\x09` and `{x*4096}` as they are meant, as bytes.
fn written(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let run = rest.strip_prefix('{').and_then(|run| run.split_once('}'));
        let run = run.and_then(|(run, after)| Some((run.split_once('*')?, after)));
        if let Some(hex) = rest.strip_prefix("\\x") {
            bytes.push(u8::from_str_radix(&hex[..2], 16).expect("two hexadecimal digits"));
            rest = &hex[2..];
        } else if let Some(((what, count), after)) = run {
            bytes.extend(what.repeat(count.parse().expect("a number")).bytes());
            rest = after;
        } else {
            bytes.extend(first.to_string().bytes());
            rest = &rest[first.len_utf8()..];
        }
    }
    bytes
}

/// The way back.
fn shown(text: &[u8]) -> String {
    let mut shown = String::new();
    for run in text.chunk_by(|a, b| a == b) {
        let char = match run[0] {
            byte @ 0x20..=0x7e => char::from(byte).to_string(),
            byte => format!("\\x{byte:02x}"),
        };
        if run.len() >= 20 && char.len() == 1 {
            let _ = write!(shown, "{{{char}*{}}}", run.len());
        } else {
            shown.push_str(&char.repeat(run.len()));
        }
    }
    shown
}

/// Every difference of one case.
fn replay(case: &Case) -> Vec<String> {
    let (time, seen) = (TestClock::at(NOW), Seen::default());
    let mut browser = Browser::new().with_clock(time.clock());
    for origin in origins(case) {
        let answers = case.answers.clone();
        browser.serve(&origin, Server { origin: origin.clone(), answers, seen: seen.clone() });
    }
    let mut faults = Vec::new();
    for step in &case.steps {
        let found = act(&mut browser, &time, step);
        let got = found.unwrap_or_else(|| std::mem::take(&mut *seen.lock().unwrap()));
        seen.lock().unwrap().clear();
        if got != step.want {
            let Step { number, verb, rest, want } = step;
            let (want, got) = (want.join("\n    "), got.join("\n    "));
            let rest = shown(rest.as_bytes());
            faults.push(format!(
                "{}, line {number}: {verb} {rest}\n  Chromium\n    {want}\n  Browser\n    {got}",
                case.name
            ));
        }
    }
    faults
}

/// Every origin that the case names, anywhere.
fn origins(case: &Case) -> BTreeSet<String> {
    let steps = case.steps.iter().flat_map(|step| step.want.iter().chain([&step.rest]));
    let words = steps.flat_map(|text| text.split(' ')).chain(case.answers.keys().map(String::as_str));
    let words = words.filter(|word| word.starts_with("http:") || word.starts_with("https:"));
    words
        .map(|url| url.split('/').take(3).collect::<Vec<_>>().join("/"))
        .map(|url| url.replace(":443", ""))
        .collect()
}

/// Does a step; `Some` for one that looks rather than asks.
fn act(browser: &mut Browser, time: &TestClock, step: &Step) -> Option<Vec<String>> {
    let rest = &*step.rest;
    match &*step.verb {
        "load" => drop(browser.visit(rest)),
        "link" => drop(browser.follow(rest)),
        "get" => drop(browser.follow(&format!("{rest}?x=1"))),
        "post" => drop(browser.post(rest, &[("x", "1")])),
        "img" => drop(browser.image(rest)),
        "reload" => drop(browser.reload()),
        "back" => drop(browser.back()),
        "fetch" => fetch(browser, rest),
        "script" => drop(browser.script_set_cookie(rest)),
        "wait" => {
            let seconds = rest.split(' ').nth(1).expect("Chromium's seconds, and ours").parse().unwrap();
            time.advance(Duration::from_secs(seconds));
        }
        "see" => return Some(vec![format!("> [{}]", browser.script_cookies())]),
        "kept" => {
            let mut kept: Vec<_> = browser.cookies().iter().map(|cookie| told(cookie)).collect();
            kept.sort();
            return Some(kept);
        }
        verb => panic!("line {}: `{verb}` is no step", step.number),
    }
    None
}

fn fetch(browser: &mut Browser, rest: &str) {
    let (url, words) = rest.split_once(' ').unwrap_or((rest, ""));
    let words: HashMap<_, _> = words.split(' ').filter_map(|word| word.split_once('=')).collect();
    let mut fetch = browser.fetch(url);
    if let Some(method) = words.get("method") {
        fetch = fetch.method(method.parse::<Method>().unwrap());
    }
    if let Some(body) = words.get("body") {
        let kind = words.get("type").unwrap_or(&"text/plain;charset=UTF-8");
        fetch = fetch.body(kind, (*body).to_owned());
    }
    match words.get("credentials") {
        Some(&"include") => fetch = fetch.with_credentials(),
        Some(&"omit") => fetch = fetch.without_credentials(),
        _ => {}
    }
    if words.get("mode") == Some(&"no-cors") {
        fetch = fetch.no_cors();
    }
    fetch.send();
}

fn told(cookie: &Cookie) -> String {
    let dot = if cookie.is_host_only() { "" } else { "." };
    let (name, value) = (cookie.name(), cookie.value());
    let mut told = format!("= {name}={value}; domain={dot}{}; path={}", cookie.domain(), cookie.path());
    if cookie.is_secure() {
        told.push_str("; secure");
    }
    if cookie.is_http_only() {
        told.push_str("; httponly");
    }
    told.push_str(match cookie.same_site() {
        Some(SameSite::Strict) => "; samesite=strict",
        Some(SameSite::Lax) => "; samesite=lax",
        Some(SameSite::None) => "; samesite=none",
        _ => "",
    });
    if let Some(end) = cookie.expires() {
        let _ = write!(told, "; max-age={}", (end - i64::try_from(NOW).unwrap() + 5) / 10 * 10);
    }
    // As Chromium tells it: a character where it is UTF-8.
    shown(&told.chars().map(|c| u8::try_from(c).unwrap_or(b'?')).collect::<Vec<_>>())
}

type Seen = Arc<Mutex<Vec<String>>>;

/// Answers as the list says, and writes down what it is asked.
struct Server {
    origin: String,
    answers: HashMap<String, Answer>,
    seen: Seen,
}

impl Service<Request<ProbeBody>> for Server {
    type Response = Response<ProbeBody>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<ProbeBody>) -> Self::Future {
        let url = format!("{}{}", self.origin, request.uri());
        self.seen.lock().unwrap().push(line(&url, &request));
        let answer = self.answers.get(&url).cloned().unwrap_or(Answer { status: 200, headers: Vec::new() });
        let mut response = Response::new(ProbeBody::from("<!doctype html><title>page</title>"));
        *response.status_mut() = answer.status.try_into().unwrap();
        let headers = response.headers_mut();
        headers.insert("cache-control", HeaderValue::from_static("no-store"));
        headers.insert("content-type", HeaderValue::from_static("text/html"));
        for (name, value) in answer.headers {
            // What `http` refuses to carry, no service of ours can send.
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                headers.append(name.parse::<HeaderName>().unwrap(), value);
            }
        }
        ready(Ok(response))
    }
}

/// A request in the list's words.
fn line(url: &str, request: &Request<ProbeBody>) -> String {
    let header = |name: &str| {
        let value = request.headers().get(name)?;
        Some(value.as_bytes().iter().map(|byte| char::from(*byte)).collect::<String>())
    };
    let mut parts = vec![format!("> {} {url} [{}]", request.method(), header("cookie").unwrap_or_default())];
    let fetched = ["site", "mode", "dest", "user"].map(|name| header(&format!("sec-fetch-{name}")));
    let fetched: Vec<_> = fetched.into_iter().flatten().collect();
    if !fetched.is_empty() {
        parts.push(fetched.join(" "));
    }
    for name in [
        "origin",
        "referer",
        "content-type",
        "access-control-request-method",
        "access-control-request-headers",
    ] {
        parts.extend(header(name).map(|value| format!("{name}: {value}")));
    }
    let bytes: Vec<u8> = parts.join(" | ").chars().map(|c| u8::try_from(c).expect("one byte each")).collect();
    format!("{}{}", shown(&bytes), body(request))
}

fn body(request: &Request<ProbeBody>) -> String {
    let copy = request.body().clone();
    let reply = enfilade_test::Drive::service(Echo(Some(copy))).get("/").send();
    if reply.body().is_empty() { String::new() } else { format!(" | body: {}", reply.text()) }
}

/// Reads a body, as the drive reads answers.
struct Echo(Option<ProbeBody>);

impl Service<Request<ProbeBody>> for Echo {
    type Response = Response<ProbeBody>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<ProbeBody>) -> Self::Future {
        ready(Ok(Response::new(self.0.take().unwrap_or_default())))
    }
}
