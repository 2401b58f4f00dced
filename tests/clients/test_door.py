"""examples/door.rs: a token and a private cookie before an ASGI app, which hears of both.

    token ─▶ Auth ─▶ require ─▶ Cookies ─▶ visit ─▶ app
"""

import json
import time
import unittest

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from demo import FOLDER, PATIENCE
from gateway import Example

APP = """
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    user = scope["state"]["principal"]["subject"]
    visits = [value.decode() for name, value in scope["headers"] if name == b"x-visit"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": f"{user} {visits}".encode()})
"""


class Door(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.key = ec.generate_private_key(ec.SECP256R1())
        jwks = FOLDER / "door.json"
        public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(cls.key.public_key()))
        jwks.write_text(json.dumps({"keys": [{**public, "kid": "1", "alg": "ES256", "use": "sig"}]}))
        (FOLDER / "behind_door.py").write_text(APP)
        cls.door = Example.of(cls, "door", jwks, "behind_door:app", PYTHONPATH=str(FOLDER))

    def ask(self, **headers: str) -> httpx.Response:
        claims = {"iss": "https://id.example", "aud": "shop", "sub": "ada", "exp": time.time() + 600}
        token = jwt.encode(claims, self.key, "ES256", {"kid": "1"})
        headers = {"Authorization": f"Bearer {token}", **headers}
        return httpx.get(self.door.url, headers=headers, trust_env=False, timeout=PATIENCE)

    def test_the_app_hears_who_it_is_and_which_visit(self):
        first = self.ask()
        cookie = first.headers["set-cookie"].split(";")[0]
        again = self.ask(Cookie=cookie)
        self.assertEqual(first.text, again.text)
        self.assertRegex(first.text, r"^ada \['\d+'\]$")
        self.assertNotIn("set-cookie", again.headers)

    def test_no_visit_can_be_made_up(self):
        mine = self.ask().headers["set-cookie"].split(";")[0]
        for made_up in {"X-Visit": "99"}, {"Cookie": "__Host-visit=99"}, {"Cookie": mine[:-2] + "AA"}:
            with self.subTest(made_up=made_up):
                answer = self.ask(**made_up)
                self.assertNotIn("99", answer.text)
                self.assertIn("set-cookie", answer.headers)

    def test_without_a_token_nobody_is_let_in(self):
        answer = self.ask(Authorization="Bearer 99")
        self.assertEqual(answer.status_code, 401)
        self.assertNotIn("set-cookie", answer.headers)
