"""examples/door.rs: a token and a private cookie before an ASGI app, which hears of both.

    token ─▶ Auth ─▶ require ─▶ Cookies ─▶ visit ─▶ app
"""

import json
import os
import socket
import subprocess
import time
import unittest
from pathlib import Path

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from demo import BINARY, FOLDER, PATIENCE
from gateway import until

DOOR = Path(BINARY).parent / "examples" / "door"

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
        if not DOOR.exists():
            raise unittest.SkipTest("the example door is not built")
        cls.key = ec.generate_private_key(ec.SECP256R1())
        jwks = FOLDER / "door.json"
        public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(cls.key.public_key()))
        jwks.write_text(json.dumps({"keys": [{**public, "kid": "1", "alg": "ES256", "use": "sig"}]}))
        (FOLDER / "behind_door.py").write_text(APP)
        with socket.create_server(("localhost", 0)) as free:
            cls.port = free.getsockname()[1]
        env = {**os.environ, "PORT": str(cls.port), "PYTHONPATH": str(FOLDER)}
        cls.process = subprocess.Popen([DOOR, jwks, "behind_door:app"], env=env)
        cls.addClassCleanup(cls.process.kill)
        until(lambda: cls.process.poll() is not None or cls.listens())

    @classmethod
    def listens(cls) -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", cls.port)) == 0

    def ask(self, **headers: str) -> httpx.Response:
        claims = {"iss": "https://id.example", "aud": "shop", "sub": "ada", "exp": time.time() + 600}
        token = jwt.encode(claims, self.key, "ES256", {"kid": "1"})
        headers = {"Authorization": f"Bearer {token}", **headers}
        return httpx.get(f"http://localhost:{self.port}/", headers=headers, trust_env=False, timeout=PATIENCE)

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
