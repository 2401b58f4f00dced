//! One layer adds cookies to a tonic server, for gRPC-Web pages: a private cookie says when a client first called.
//!
//! ```text
//! cargo run -p enfilade-cookie --example cookie_tonic
//! grpcurl -plaintext -v -proto health.proto localhost:3000 grpc.health.v1.Health/Check   # with gRPC's health.proto
//! ```

use enfilade_cookie::{Clock, Cookies, Jar, KeyRing};
use tonic::{Request, Response, Status, codegen::BoxStream, service::Routes, transport::Server};
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse,
    health_check_response::ServingStatus,
    health_server::{Health, HealthServer},
};

struct Checker {
    ring: KeyRing,
    clock: Clock,
}

#[tokio::main]
async fn main() -> Result<(), tonic::transport::Error> {
    let address = ([127, 0, 0, 1], 3000).into();
    Server::builder().layer(Cookies::new()).add_routes(routes()).serve(address).await
}

fn routes() -> Routes {
    Routes::new(HealthServer::new(Checker { ring: KeyRing::generate(), clock: Clock::system() }))
}

#[tonic::async_trait]
impl Health for Checker {
    type WatchStream = BoxStream<HealthCheckResponse>;

    async fn check(&self, req: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        let jar = Jar::of(req.extensions()).ok_or_else(|| Status::internal("cookie.no-jar"))?;
        let seen = jar.private(&self.ring, "first call");
        let mut response = Response::new(HealthCheckResponse { status: ServingStatus::Serving.into() });
        match seen.get("__Host-first") {
            Some(first) => {
                let seconds = self.clock.unix_seconds().saturating_sub(first.issued());
                response.metadata_mut().insert("x-seconds-since-first-call", seconds.into());
            }
            None => seen.add("__Host-first", "").map_err(|error| Status::internal(error.code()))?,
        }
        Ok(response)
    }

    async fn watch(&self, _: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        Err(Status::unimplemented("this example answers once"))
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;
    use tonic::body::Body;
    use tower::{ServiceBuilder, ServiceExt as _};

    use super::*;

    /// An empty message in its frame: not compressed, no bytes.
    const FRAME: &[u8] = &[0; 5];

    #[tokio::test]
    async fn the_second_call_is_known_by_the_cookie_of_the_first() {
        let service = ServiceBuilder::new().layer(Cookies::new()).service(routes());
        let call = async |cookie: &str| {
            let request = http::Request::post("/grpc.health.v1.Health/Check")
                .header("content-type", "application/grpc")
                .header("cookie", cookie)
                .body(Body::new(Full::from(FRAME)))
                .unwrap();
            service.clone().oneshot(request).await.unwrap()
        };
        let first = call("").await;
        let line = first.headers()["set-cookie"].to_str().unwrap();
        assert!(!first.headers().contains_key("x-seconds-since-first-call"));

        let second = call(line.split(';').next().unwrap()).await;
        assert!(second.headers().contains_key("x-seconds-since-first-call"));
        assert!(!second.headers().contains_key("set-cookie"));
    }
}
