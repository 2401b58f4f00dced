"""Makes a key, its key set and a token: `token_of.py DIR` writes `jwks.json`, `public.pem` and `token` there."""

import base64
import json
import sys
import time
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def text(number: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes(32, "big")).rstrip(b"=").decode()


folder = Path(sys.argv[1])
key = ec.generate_private_key(ec.SECP256R1())
point = key.public_key().public_numbers()
public = {"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "1", "x": text(point.x), "y": text(point.y)}
claims = {"iss": "https://id.example", "aud": "shop", "sub": "ada", "scope": "orders:read orders:write"}
claims |= {"iat": int(time.time()), "exp": int(time.time()) + 86_400}
(folder / "jwks.json").write_text(json.dumps({"keys": [public]}))
(folder / "public.pem").write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
(folder / "token").write_text(jwt.encode(claims, key, algorithm="ES256", headers={"kid": "1"}))
