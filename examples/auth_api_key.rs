//! Run with `cargo run -p enfilade-auth --example auth_api_key`, test with `cargo test -p enfilade-auth --examples`.
//!
//! API keys for programs: made once, kept as a hash, judged in `x-api-key`, and a policy for what they may do.

use enfilade_auth::{ApiKey, Auth, Chain, KeyFile, NewKey, policy::require, policy::scope};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Bytes;
use tower::{Service, ServiceExt as _};

type Outcome = Result<StatusCode, Box<dyn std::error::Error + Send + Sync>>;

/// Asks for the orders with this key, if there is one.
async fn ask(keys: &KeyFile, key: Option<&str>) -> Outcome {
    let app = tower::service_fn(async |_: Request<()>| {
        Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::from("orders")))
    });
    let (mut service, _plan) = Chain::new()
        .gate(Auth::new(ApiKey::new(keys.clone()))) // `.watched(…)` on a file takes changes while it runs
        .gate(require(scope("orders:read")))
        .build(app)?;
    let mut req = Request::get("/orders");
    if let Some(key) = key {
        req = req.header("x-api-key", key);
    }
    Ok(service.ready().await?.call(req.body(())?).await?.status())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let reader = NewKey::new("report").with_scopes(["orders:read"]).with_expires("2100-01-01").make()?;
    let writer = NewKey::new("import").with_scopes(["orders:write"]).make()?;
    // This is what stands in the file; `enfilade key new` writes such a line.
    let keys = KeyFile::parse(&format!("# who may call us\n{}\n{}\n", reader.line(), writer.line()))?;
    for (name, key) in [("report", Some(reader.key())), ("import", Some(writer.key())), ("nobody", None)] {
        show(name, ask(&keys, key).await?);
    }
    Ok(())
}

#[allow(clippy::print_stdout)] // an example shows what it does
fn show(name: &str, status: StatusCode) {
    println!("{name:8} {status}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_key_opens_what_its_scopes_say() {
        let reader = NewKey::new("report").with_scopes(["orders:read"]).make().unwrap();
        let writer = NewKey::new("import").with_scopes(["orders:write"]).make().unwrap();
        let keys = KeyFile::parse(&format!("{}\n{}", reader.line(), writer.line())).unwrap();
        for (key, expected) in
            [(Some(reader.key()), 200), (Some(writer.key()), 403), (Some("enf_guess"), 401), (None, 401)]
        {
            assert_eq!(ask(&keys, key).await.unwrap(), expected);
        }
    }
}
