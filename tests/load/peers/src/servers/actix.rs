//! actix-web: plain, and with a session in a cookie and an HS256 token checked by jsonwebtoken.
//!
//! ```text
//! App::route("/")          App::wrap(SessionMiddleware) ── handler: session.get, jsonwebtoken::decode
//! ```

use std::net::TcpListener;

use actix_session::{Session, SessionMiddleware, storage::CookieSessionStore};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, cookie::Key, rt::System, web};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};

use super::{HELLO, ready, sign_in, strangers_headers};
use crate::peer::Failed;

const SECRET: &[u8; 32] = b"a secret of thirty-two bytes ...";

pub fn plain(listener: TcpListener) -> Result<(), Failed> {
    let addr = listener.local_addr()?;
    Ok(System::new().block_on(async move {
        let server = HttpServer::new(|| App::new().route("/", web::get().to(async || HELLO))).workers(1);
        let server = server.listen(listener)?.run();
        ready(addr, &strangers_headers()).expect("the harness listens");
        server.await
    })?)
}

pub fn jwt(listener: TcpListener) -> Result<(), Failed> {
    let addr = listener.local_addr()?;
    let claims = Claims {
        iss: "https://id.example".into(),
        aud: "shop".into(),
        sub: "ada".into(),
        exp: 4_000_000_000,
    };
    let token = encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(SECRET))?;
    Ok(System::new().block_on(async move {
        let server = HttpServer::new(|| {
            let session = SessionMiddleware::builder(CookieSessionStore::default(), Key::from(&[7; 64]));
            App::new()
                .app_data(web::Data::new(Keys::new()))
                .wrap(session.cookie_secure(false).build())
                .route("/", web::get().to(guarded))
                .route("/sign-in", web::get().to(enter))
        });
        let server = server.workers(1).listen(listener)?.run();
        std::thread::spawn(move || {
            let cookie = sign_in(addr).expect("the server signs in");
            ready(addr, &[format!("authorization: Bearer {token}"), cookie]).expect("the harness listens");
        });
        server.await
    })?)
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    exp: u64,
}

struct Keys {
    key: DecodingKey,
    validation: Validation,
}

impl Keys {
    fn new() -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&["shop"]);
        validation.set_issuer(&["https://id.example"]);
        Self { key: DecodingKey::from_secret(SECRET), validation }
    }
}

async fn enter(session: Session) -> &'static str {
    session.insert("id", 42).expect("a number");
    HELLO
}

async fn guarded(request: HttpRequest, session: Session, keys: web::Data<Keys>) -> HttpResponse {
    let token =
        request.headers().get("authorization").and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let claims = token.and_then(|token| decode::<Claims>(token, &keys.key, &keys.validation).ok());
    match (claims, session.get::<u64>("id")) {
        (Some(claims), Ok(Some(42))) if claims.claims.sub == "ada" => HttpResponse::Ok().body(HELLO),
        _ => HttpResponse::Unauthorized().finish(),
    }
}
