//! The identity headers that the common proxies and gateways use.
//!
//! ```text
//! PREFIXES   whatever begins so      NAMES   these and no more      KEPT   none of them all the same
//! ```

/// How identity headers begin; a whole name is its own beginning.
pub(super) const PREFIXES: [&str; 35] = [
    "auth-",                      // AUTH_TYPE, AUTH_USER of CGI and IIS
    "cf-access-",                 // Cloudflare Access
    "client-cert",                // RFC 9440
    "l5d-client-id",              // Linkerd
    "remote-",                    // REMOTE_USER of CGI; Remote-Groups of Authelia
    "ssl-client-",                // nginx and Apache examples
    "tailscale-user-",            // Tailscale Serve
    "x-amzn-mtls-",               // AWS load balancers: X-Amzn-Mtls-Clientcert
    "x-amzn-oidc-",               // AWS load balancers
    "x-anonymous-consumer",       // Kong
    "x-apigateway-api-userinfo",  // Google API Gateway
    "x-arr-clientcert",           // Azure App Service
    "x-auth-",                    // oauth2-proxy: X-Auth-Request-User
    "x-authenticated-",           // Kong
    "x-authentik-",               // authentik
    "x-client-cert",              // HAProxy examples
    "x-consumer-",                // Kong
    "x-credential-identifier",    // Kong
    "x-endpoint-api-userinfo",    // Google Cloud Endpoints
    "x-forwarded-",               // X-Forwarded-User, -Email, -Groups, -Client-Cert …
    "x-goog-authenticated-user-", // Google IAP
    "x-goog-iap-jwt-assertion",   // Google IAP
    "x-jwt-assertion",            // WSO2
    "x-ms-client-principal",      // Azure App Service
    "x-original-user",            // Apache mod_rewrite examples
    "x-pomerium-",                // Pomerium
    "x-proxy-user",               // examples
    "x-remote-",                  // Kubernetes front proxy: X-Remote-User, -Group, -Extra-
    "x-ssl-cert",                 // nginx examples
    "x-ssl-client-",              // nginx examples
    "x-token-user-",              // Caddy security
    "x-user-info",                // APISIX
    "x-userinfo",                 // APISIX, Kong
    "x-vouch-",                   // Vouch
    "x-webauth-",                 // Grafana
];

/// Identity headers that begin like what apps call their own: only these names, not what begins so.
pub(super) const NAMES: [&str; 16] = [
    "x-client-dn", // nginx examples
    "x-client-s-dn",
    "x-client-subject-dn",
    "x-client-verify",
    "x-email", // Authelia, Caddy and Traefik examples, as all below
    "x-group",
    "x-groups",
    "x-roles",
    "x-user",
    "x-user-email",
    "x-user-groups",
    "x-user-id",
    "x-user-name",
    "x-user-role",
    "x-user-roles",
    "x-username",
];

/// What begins like one of those and tells of the connection, not of a user.
pub(super) const KEPT: [&str; 9] = [
    "x-forwarded-by",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-proto",
    "x-forwarded-scheme",
    "x-forwarded-server",
    "x-forwarded-ssl",
];
