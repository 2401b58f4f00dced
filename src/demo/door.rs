//! The sign-in link: answers its own three paths and lets everything else through.
//!
//! ```text
//! GET  /sign-in    the form, or on to `next` for who is signed in already
//! POST /sign-in    name and password ─▶ session cookie ─▶ 303 /check?next=…      wrong: the form again, 403
//! GET  /check      the cookie came back ─▶ 303 next      it did not: what to do about it
//! POST /sign-out   the token is revoked, the cookie removed ─▶ 303 /sign-in
//! ```
//!
//! `csrf` stands before it: another site can neither sign anybody in (login CSRF) nor out.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use enfilade_auth::{Basic, ReturnPath, jwt::CookieToken};
use enfilade_cookie::Jar;
use enfilade_core::{AuthMethod, Body, Next, Principal, Rejection, RequestContext};
use http::{HeaderValue, Method, Request, Response, StatusCode, header, request};
use tower::{BoxError, Service};

use super::{app::private, form::SignInForm, pages, users::Users};

/// What the sign-in link needs.
pub struct Door {
    /// Judges names and passwords.
    pub passwords: Basic<Users>,
    /// Keeps who is signed in.
    pub sessions: CookieToken,
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Door(..)")
    }
}

/// The link, for [`from_fn_with`](enfilade_core::from_fn_with).
pub async fn sign_in<S, B, R>(
    door: Arc<Door>,
    req: Request<B>,
    next: Next<S>,
) -> Result<Response<Body<R>>, S::Error>
where
    S: Service<Request<B>, Response = Response<R>>,
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>>,
{
    let answered = match RequestContext::path(req.extensions()) {
        Ok(b"/sign-in") => door.at_sign_in(req).await,
        Ok(b"/sign-out") => door.at_sign_out(&req.into_parts().0),
        Ok(b"/check") => at_check(&req.into_parts().0),
        Err(unjudged) => Err(unjudged),
        Ok(_) => return Ok(next.run(req).await?.map(Body::app)),
    };
    Ok(answered.map_or_else(Rejection::into_response, |page| page.map(Body::from)))
}

type Answer = Result<Response<Bytes>, Rejection>;

impl Door {
    async fn at_sign_in<B>(&self, req: Request<B>) -> Answer
    where
        B: http_body::Body<Data = Bytes, Error: Into<BoxError>>,
    {
        let (req, body) = req.into_parts();
        match req.method {
            Method::GET | Method::HEAD => {
                let next = next_of(&req);
                if is_signed_in(&req) {
                    return Ok(see_other(next.as_str()));
                }
                Ok(pages::sign_in(StatusCode::OK, next.as_str(), "", None))
            }
            Method::POST => {
                let form = SignInForm::read(&req.headers, body).await?;
                self.judge(&req, &form).await
            }
            _ => Err(not_allowed("GET, HEAD, POST")),
        }
    }

    /// What the user can mend comes back as the form; the rest is refused as everywhere.
    async fn judge(&self, req: &request::Parts, form: &SignInForm) -> Answer {
        let who = match self.passwords.verify(&form.name, &form.password).await {
            Ok(who) => who,
            Err(refused) if refused.status() == StatusCode::UNAUTHORIZED => {
                let problem = Some("The name or the password is wrong.");
                // 403, not 401: a 401 must offer a challenge, and a form is none (RFC 9110 §15.5.2).
                let mut page = pages::sign_in(StatusCode::FORBIDDEN, form.next.as_str(), &form.name, problem);
                // For the renderer, which logs it as every refusal, and leaves a page that is there alone.
                page.extensions_mut().insert(refused);
                return Ok(page);
            }
            Err(refused) => return Err(refused),
        };
        let jar = Jar::require(&req.extensions)?;
        self.sessions.sign_in(&jar, &who)?;
        Ok(see_other(&format!("/check?next={}", encode(form.next.as_str()))))
    }

    fn at_sign_out(&self, req: &request::Parts) -> Answer {
        if req.method != Method::POST {
            return Err(not_allowed("POST"));
        }
        let jar = Jar::require(&req.extensions)?;
        self.sessions.sign_out(&jar)?;
        // A program signs out with its token: that counts no more either.
        if let Some(who) = Principal::of(&req.extensions).filter(|who| who.method() == AuthMethod::Bearer) {
            self.sessions.revocations().revoke(who).map_err(|error| not_signed_out(&error))?;
        }
        Ok(see_other("/sign-in"))
    }
}

/// Where a sign-in leads: did the cookie come back?
fn at_check(req: &request::Parts) -> Answer {
    if !matches!(req.method, Method::GET | Method::HEAD) {
        return Err(not_allowed("GET, HEAD"));
    }
    let next = next_of(req);
    Ok(if is_signed_in(req) { see_other(next.as_str()) } else { pages::check(next.as_str()) })
}

fn is_signed_in(req: &request::Parts) -> bool {
    Principal::of(&req.extensions).is_some_and(|who| !who.is_anonymous())
}

/// The way back that the query names; the front page when there is none, or two.
fn next_of(req: &request::Parts) -> ReturnPath {
    let query = req.uri.query().unwrap_or_default();
    let mut found = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "next");
    match (found.next(), found.next()) {
        (Some((_, next)), None) => ReturnPath::parse(&next),
        _ => ReturnPath::parse("/"),
    }
}

fn see_other(path: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let location = HeaderValue::try_from(path).unwrap_or(HeaderValue::from_static("/"));
    response.headers_mut().insert(header::LOCATION, location);
    private(&mut response);
    response
}

/// A path as the value of a query parameter.
pub(super) fn encode(path: &str) -> String {
    form_urlencoded::byte_serialize(path.as_bytes()).collect()
}

/// Nothing is called signed out that could come back.
fn not_signed_out(error: &dyn std::error::Error) -> Rejection {
    Rejection::new(StatusCode::SERVICE_UNAVAILABLE, "sign-out.full")
        .with_header(header::RETRY_AFTER, HeaderValue::from_static("60"))
        .with_detail("the token still counts: try again in a minute")
        .with_log(error.to_string())
}

fn not_allowed(methods: &'static str) -> Rejection {
    Rejection::new(StatusCode::METHOD_NOT_ALLOWED, "sign-in.method")
        .with_header(header::ALLOW, HeaderValue::from_static(methods))
        .with_detail("this page does not take that method")
}
