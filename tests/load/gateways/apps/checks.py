"""The hello app behind the checks that `--auth jwt=…` makes, in Python: PyJWT, and what it said kept by token."""

import os
import time
from pathlib import Path

import jwt
from asgi_apps import hello as app

KEY = Path(os.environ["MADE"], "public.pem").read_bytes()
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
