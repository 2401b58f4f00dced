//! The web app at the end of the demo's chain: an ordinary service that finds everything in the request.
//!
//! ```text
//! GET /   a page for browsers: who you are, how you proved it, how often you came; JSON for programs: the first two
//! else    the app's own 404 or 405
//! ```

use std::{fmt, sync::OnceLock};

use bytes::Bytes;
use enfilade_cookie::{Jar, KeyRing, Profile};
use enfilade_core::{Clock, Plan, Principal, RequestContext, Trail, render::Format};
use http::{HeaderValue, Method, Response, StatusCode, header, request};

use super::pages;

/// The demo's app. It knows its chain's plan only once the chain around it is built.
pub struct App {
    clock: Clock,
    ring: KeyRing,
    visits: Profile,
    plan: OnceLock<Plan>,
}

impl App {
    /// `visits` is the profile of the counter's cookie, which `ring` seals.
    pub fn new(clock: Clock, ring: KeyRing, visits: Profile) -> Self {
        Self { clock, ring, visits, plan: OnceLock::new() }
    }

    /// Tells the app which chain stands around it.
    pub fn set_plan(&self, plan: Plan) {
        // Set once, by the one who builds the chain.
        let _ = self.plan.set(plan);
    }

    /// Answers.
    pub fn answer(&self, req: &request::Parts) -> Response<Bytes> {
        match RequestContext::path(&req.extensions) {
            Ok(b"/") => {}
            Ok(_) => return plain(StatusCode::NOT_FOUND, "not found\n"),
            Err(unjudged) => return unjudged.into_response(),
        }
        if !matches!(req.method, Method::GET | Method::HEAD) {
            let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        let who = Principal::of(&req.extensions).cloned().expect("`require` stands right before the app");
        match Format::negotiate(req.headers.get_all(header::ACCEPT).iter().map(HeaderValue::as_bytes)) {
            Format::Html => self.page(req, &who),
            _ => json(&who),
        }
    }

    fn page(&self, req: &request::Parts, who: &Principal) -> Response<Bytes> {
        let visits = self.count_visit(req);
        pages::home(who, visits, &self.picture(req), self.clock.unix_seconds())
    }

    /// One more than the sealed counter says; a counter that cannot be opened starts again.
    fn count_visit(&self, req: &request::Parts) -> u64 {
        let Some(jar) = Jar::of(&req.extensions) else { return 1 };
        let name = self.visits.name("visits");
        let counter = jar.private(&self.ring, "visits").with_profile(&self.visits);
        let before = counter.get(&name).and_then(|opened| opened.text()?.parse::<u64>().ok()).unwrap_or(0);
        let visits = before.saturating_add(1);
        // A full jar costs a visitor one count, and nothing else.
        let _ = counter.add(&name, visits.to_string());
        visits
    }

    fn picture(&self, req: &request::Parts) -> String {
        let Some(plan) = self.plan.get() else { return String::new() };
        let marks = Trail::of(&req.extensions).map(|trail| trail.marks(plan)).unwrap_or_default();
        plan.to_html(&marks)
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("plan", &self.plan.get()).finish_non_exhaustive()
    }
}

fn json(who: &Principal) -> Response<Bytes> {
    let answer = serde_json::json!({
        "subject": who.subject(),
        "method": who.method().as_str(),
        "issuer": who.issuer(),
        "scopes": who.scopes().collect::<Vec<_>>(),
        "roles": who.roles().collect::<Vec<_>>(),
        "expires": who.expires(),
    });
    let mut response = Response::new(Bytes::from(format!("{answer:#}\n")));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    private(&mut response);
    response
}

fn plain(status: StatusCode, text: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(text.as_bytes()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    private(&mut response);
    response
}

/// For one client alone, and not to be kept.
pub(super) fn private(response: &mut Response<Bytes>) {
    let headers = response.headers_mut();
    // `no-store`: Back after sign-out shows nothing private.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("accept, authorization, cookie"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}
