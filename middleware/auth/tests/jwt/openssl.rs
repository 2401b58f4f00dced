//! What openssl wrote and signed: keys in PEM, and a token by each, so that another implementation has its say.

use enfilade_auth::jwt::Algorithm;

pub(crate) const RSA: &str = "-----BEGIN PUBLIC KEY-----\n\
     MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA5Cw0Gg8RcxrTZ8IkWCjn\n\
     ZUnoOGxSQSZYQo3ISVBtDgfLGWeu41CsfkPm/VOUYObpdF9eML7epN2pIbbPxgaH\n\
     g/HHgSrUbT+VQZg4vpIfaETh409n2KKlnw7MpOU2+BVWLZ+KweZpcyDcWgqW1b98\n\
     H75YyCsAfEZrAE3id99wwQdN1pPSsfA4BhrNNNlXw84Dnp1SES1fqyKYhFDrXUH8\n\
     7n7CERFg6bdu28COnYkWDnhM4pBj84hGM1U0ENF4LVy2F8QS2z8PSCqbDUpZyDLG\n\
     WKDYq6cAQuQ6k8dM7YPSB5Z21VDvedVkD/K3/A2ZCAa7nmAvfUNtojHPLiccLcW6\n\
     qwIDAQAB\n\
     -----END PUBLIC KEY-----";

pub(crate) const P256: &str = "-----BEGIN PUBLIC KEY-----\n\
     MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE4DwSfFTj1P1Eu82gSYLJyybIxKCP\n\
     PBZ6V9BUuoDpu1wDBJS6YQNOq1QZIwndjmFW1w9a9dy8yBG5M8ZqXQqMgw==\n\
     -----END PUBLIC KEY-----";

pub(crate) const P384: &str = "-----BEGIN PUBLIC KEY-----\n\
     MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAETMr+bG/1sY8bVpvfzApzGr6S3FZ5GpJ7\n\
     253encyMGpqJ5B3sMYjJMUupMoqDaliB97VC/sz0obAiDYVHudV5Tnx6V45IFsq2\n\
     WjDY8CmBtsyh+by2w+7E/y8mSoVlfkRZ\n\
     -----END PUBLIC KEY-----";

pub(crate) const ED: &str = "-----BEGIN PUBLIC KEY-----\n\
     MCowBQYDK2VwAyEA3FkEJp6ZuXeszsSKL1BVPfO5GnSmavnX+KGOFepqkJ0=\n\
     -----END PUBLIC KEY-----";

/// Algorithm, key, token; all about Ada, by `https://id.example`, for `shop`, until 1,800,000,600.
pub(crate) const TOKENS: [(Algorithm, &str, &str); 5] = [
    (
        Algorithm::Rs256,
        RSA,
        "eyJhbGciOiAiUlMyNTYifQ.eyJpc3MiOiAiaHR0cHM6Ly9pZC5leGFtcGxlIiwgImF1ZCI6ICJzaG9wIiwgInN1YiI6ICJhZ\
     GEiLCAiZXhwIjogMTgwMDAwMDYwMH0.Mdp4jwv7ODNYAKbvUal8YXMKAkOEg0U3zHLc7S27BBPmnXCnfB2knqXQzG7327XY3\
     36lbmErUUCaZDk66_WOLKwcg3Kv_pnHj_rhpjO1x91D-Dx_E2QDxSjlHoU68mB4UjP0SMlJYlzoF7NKNrmu3Vj8ei3KRqt2W\
     taTC6VE0aTwIyQCVneEORU1VWpQCXNevEvZxDuwq7_LtcAT3AZJfObrx-pEc4jN7Mgz-grad_yl1fHxV8iaxQ18iVm3sLPV5\
     woXdjhqTIeIVAc94W_Fb7YyTYm33JMJPhU5mC30u0OidrqkEaOrFBnDuVtgGliQlmxcwGggbZV9q2LhvQYeow",
    ),
    (
        Algorithm::Ps256,
        RSA,
        "eyJhbGciOiAiUFMyNTYifQ.eyJpc3MiOiAiaHR0cHM6Ly9pZC5leGFtcGxlIiwgImF1ZCI6ICJzaG9wIiwgInN1YiI6ICJhZ\
     GEiLCAiZXhwIjogMTgwMDAwMDYwMH0.TdixmNqcneBA_wLy1GfMHEDHGLvzOjSRMdvlXQeNX-zLsAzf1Aaelbpn2h2Z2_nYZ\
     1rOpXE27bdmMBnnJuKf8Zb-EPkzsO0HG8oScYs4HtRFrgFkU3I7KVRq-QhRe0Gw81Ha_c32qlMJMRcKRGTrC9o3fMUwES9te\
     XPGphiIG1WYL1FBN5ztC2xMS8ZYIfi2_e7ssyNIA6iokZ0zojfBbzQ25UhlflaB2Q9YCHYMPZVXHlkmnq0JCbAC6hkWLz01Q\
     A_0OtWtqa40lP88lQDWXnyeTuk4QaxEW4-VIMv5lGYhcoprycuO6J1TnKdR80K706w-c_LF_DkmqvJBS3ev0Q",
    ),
    (
        Algorithm::Es256,
        P256,
        "eyJhbGciOiAiRVMyNTYifQ.eyJpc3MiOiAiaHR0cHM6Ly9pZC5leGFtcGxlIiwgImF1ZCI6ICJzaG9wIiwgInN1YiI6ICJhZ\
     GEiLCAiZXhwIjogMTgwMDAwMDYwMH0.F9hwlir1BipOSlFQVcFLmeZRRitSiEPOkSM3N71g7Qb2bbzN6qhDPRUOF1CGG_7P8\
     Kx1UnO4Ezs9x5bg_7GBuQ",
    ),
    (
        Algorithm::Es384,
        P384,
        "eyJhbGciOiAiRVMzODQifQ.eyJpc3MiOiAiaHR0cHM6Ly9pZC5leGFtcGxlIiwgImF1ZCI6ICJzaG9wIiwgInN1YiI6ICJhZ\
     GEiLCAiZXhwIjogMTgwMDAwMDYwMH0.d9wC4hkaNqZgrbFvdczRDV04JqTWYQEdv2RTN1-DEzOuq0UH9WCWroozHXwxUW3tK\
     lC5-kx0qV5rLsZ1XXavK4XV5Ps-rF0BLv2ELcmoDPabJrr9ksiyzZv59xUdbpDO",
    ),
    (
        Algorithm::EdDsa,
        ED,
        "eyJhbGciOiAiRWREU0EifQ.eyJpc3MiOiAiaHR0cHM6Ly9pZC5leGFtcGxlIiwgImF1ZCI6ICJzaG9wIiwgInN1YiI6ICJhZ\
     GEiLCAiZXhwIjogMTgwMDAwMDYwMH0.iOQepL1wi39KqnU7LDtQv6w4V8D6oe1Pn0fp5zgbiXIV0BkISj90G35AbAuSnD250\
     8bsYnnwkcAIMH99wcIiBA",
    ),
];
