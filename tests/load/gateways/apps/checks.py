"""The hello app behind the checks of `--auth jwt=…` and of `examples/door.rs`, in Python.

`hello`        PyJWT, and what it said kept by token
`hello_again`  the same, and a cookie that only this process can read or make
"""

import base64
import os
import time
from pathlib import Path

import jwt
from asgi_apps import hello as app
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY = Path(os.environ["MADE"], "public.pem").read_bytes()
COOKIE = b"__Host-visit"
SEAL = AESGCM(AESGCM.generate_key(256))
MOST = 4096
seen: dict[bytes, dict] = {}


async def hello(scope, receive, send):
    if scope["type"] == "lifespan":
        return await app(scope, receive, send)
    given = [value for name, value in scope["headers"] if name == b"authorization"]
    claims = verified(given[0][7:]) if len(given) == 1 and given[0][:7].lower() == b"bearer " else None
    if claims is None:
        await send({"type": "http.response.start", "status": 401, "headers": [(b"www-authenticate", b"Bearer")]})
        return await send({"type": "http.response.body"})
    scope.setdefault("state", {})["user"] = claims["sub"]
    await app(scope, receive, send)


async def hello_again(scope, receive, send):
    visit = opened(scope["headers"]) if scope["type"] == "http" else None
    if visit is not None:
        scope.setdefault("state", {})["visit"] = visit
        return await hello(scope, receive, send)

    async def with_cookie(message):
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], (b"set-cookie", sealed(b"1"))]}
        await send(message)

    await hello(scope, receive, with_cookie)


def opened(headers: list[tuple[bytes, bytes]]) -> bytes | None:
    for name, value in headers:
        if name == b"cookie":
            for pair in value.split(b"; "):
                key, _, text = pair.partition(b"=")
                if key == COOKIE:
                    try:
                        raw = base64.urlsafe_b64decode(text)
                        return SEAL.decrypt(raw[:12], raw[12:], COOKIE)
                    except (ValueError, InvalidTag):
                        return None
    return None


def sealed(value: bytes) -> bytes:
    nonce = os.urandom(12)
    text = base64.urlsafe_b64encode(nonce + SEAL.encrypt(nonce, value, COOKIE))
    return COOKIE + b"=" + text + b"; Path=/; Secure; HttpOnly"


def verified(token: bytes) -> dict | None:
    """The claims of a good signature are remembered; whether they hold now is asked each time."""
    claims = seen.get(token)
    if claims is None:
        try:
            claims = jwt.decode(token, KEY, algorithms=["ES256"], audience="shop", issuer="https://id.example")
        except jwt.InvalidTokenError:
            return None
        if len(seen) == MOST:
            seen.clear()
        seen[token] = claims
    now = time.time()
    return claims if claims.get("nbf", now) <= now < claims["exp"] else None
