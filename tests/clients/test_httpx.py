"""httpx over HTTP/1.1 and HTTP/2 (prior knowledge): tokens that PyJWT minted, and the browser's session by hand.

    --jwks FILE   public keys believed beside the demo's; issuer https://issuer.example, audience enfilade-demo
"""

import hmac
import json
import re
import time
import unittest
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import get_default_algorithms
from jwt.utils import base64url_encode

from demo import FOLDER, PATIENCE, Demo

ISSUER, AUDIENCE = "https://issuer.example", "enfilade-demo"


def connect(demo: Demo, **switches) -> httpx.Client:
    return httpx.Client(base_url=demo.url, timeout=PATIENCE, trust_env=False, **switches)


def clients(demo: Demo):
    """One client for each protocol; with `http1=False` httpx speaks HTTP/2 from the first byte."""
    for protocol, switches in {"HTTP/1.1": {}, "HTTP/2": {"http1": False, "http2": True}}.items():
        with connect(demo, **switches) as client:
            yield protocol, client


def claims(**changes):
    now = int(time.time())
    base = {"iss": ISSUER, "aud": AUDIENCE, "sub": "grace", "iat": now, "exp": now + 300}
    return {name: value for name, value in {**base, **changes}.items() if value is not None}


class Minted(unittest.TestCase):
    """Tokens that another implementation made."""

    @classmethod
    def setUpClass(cls):
        rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        cls.keys = {
            "RS256": rsa_key,
            "RS384": rsa_key,
            "RS512": rsa_key,
            "PS256": rsa_key,
            "ES256": ec.generate_private_key(ec.SECP256R1()),
            "ES384": ec.generate_private_key(ec.SECP384R1()),
            "EdDSA": ed25519.Ed25519PrivateKey.generate(),
        }
        cls.public = [
            {**json.loads(get_default_algorithms()[name].to_jwk(key.public_key())), "kid": name, "alg": name, "use": "sig"}
            for name, key in cls.keys.items()
        ]
        path = FOLDER / "jwks.json"
        path.write_text(json.dumps({"keys": cls.public}))
        cls.demo = Demo("--jwks", str(path))
        cls.addClassCleanup(cls.demo.stop)

    def mint(self, algorithm="ES256", headers=None, **changes):
        headers = {"kid": algorithm, **(headers or {})}
        return jwt.encode(claims(**changes), self.keys[algorithm], algorithm, headers)

    def judge(self, token: str, status: int, code: str = ""):
        for protocol, client in clients(self.demo):
            with self.subTest(protocol=protocol):
                answer = client.get("/", headers={"authorization": f"Bearer {token}"})
                self.assertEqual(answer.http_version, protocol)
                self.assertEqual(answer.status_code, status, answer.text)
                self.assertIn(code, answer.text)

    def test_every_algorithm_is_verified(self):
        for algorithm in self.keys:
            with self.subTest(algorithm=algorithm):
                self.judge(self.mint(algorithm), 200, "grace")

    def test_an_audience_may_be_one_of_several(self):
        self.judge(self.mint(aud=["other", AUDIENCE]), 200)

    def test_a_time_that_is_over_or_not_yet_come_is_refused(self):
        now = int(time.time())
        self.judge(self.mint(exp=now - 3600), 401, "auth.token-expired")
        self.judge(self.mint(nbf=now + 3600), 401, "auth.token-not-yet-valid")

    def test_claims_that_are_wrong_or_absent_are_refused(self):
        self.judge(self.mint(aud="other"), 401, "auth.token-audience")
        self.judge(self.mint(iss="https://evil.example"), 401, "auth.token-issuer")
        for claim in ["aud", "iss", "exp", "sub"]:
            with self.subTest(claim=claim):
                self.judge(self.mint(**{claim: None}), 401, "auth.token-claims")

    def test_claims_of_a_wrong_type_are_refused(self):
        # PyJWT will not sign these, so the claims are signed as bytes.
        for change in [{"exp": "tomorrow"}, {"nbf": "0"}, {"aud": 7}, {"sub": 7}]:
            with self.subTest(change=change):
                body = json.dumps(claims(**change)).encode()
                token = jwt.api_jws.encode(body, self.keys["ES256"], "ES256", {"kid": "ES256", "typ": "JWT"})
                self.judge(token, 401, "auth.token-claims")

    def test_the_algorithm_belongs_to_the_key(self):
        unsigned = jwt.encode(claims(), None, "none", {"kid": "ES256"})
        self.judge(unsigned, 401, "auth.token-algorithm")
        # The public key's text as an HMAC secret, the oldest confusion. PyJWT refuses to make it, so it is made by hand.
        text = self.keys["RS256"].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        head = {"alg": "HS256", "kid": "RS256", "typ": "JWT"}
        signed = b".".join(base64url_encode(json.dumps(part).encode()) for part in [head, claims()])
        signature = base64url_encode(hmac.digest(text, signed, "sha256"))
        self.judge(b".".join([signed, signature]).decode(), 401, "auth.token-algorithm")
        self.judge(self.mint("RS256", {"kid": "PS256"}), 401, "auth.token-")

    def test_headers_that_nobody_should_believe_are_refused(self):
        self.judge(self.mint(headers={"kid": "unknown"}), 401, "auth.token-key-unknown")
        self.judge(self.mint(headers={"crit": ["exp"]}), 401, "auth.token-critical")
        self.judge(self.mint(headers={"typ": "enfilade-session+jwt"}), 401, "auth.token-type")

    def test_what_is_no_token_is_refused(self):
        for junk in ["x", "a.b", "a.b.c.d", "..", "e30.e30.", "é" * 9]:
            with self.subTest(junk=junk):
                for _, client in clients(self.demo):
                    header = f"Bearer {junk}".encode()
                    answer = client.get("/", headers={"authorization": header})
                    self.assertIn(answer.status_code, (400, 401))


class Form(HTMLParser):
    """The first form of a page that has a field of the given kind, or a button when none is given."""

    def __init__(self, page: str, kind: str | None = None):
        super().__init__()
        self.action, self.fields, self.found, self.kind = "", {}, False, kind
        self.feed(page)
        assert self.found or kind is None, f"no form with a {kind} field:\n{page}"

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form" and not self.found:
            self.action, self.fields = attributes.get("action", ""), {}
        if tag == "input" and not self.found and attributes.get("name"):
            self.fields[attributes["name"]] = attributes.get("value", "")
            if attributes.get("type") == self.kind:
                self.found, self.password = True, attributes["name"]


def way_back(answer: httpx.Response) -> str:
    """The `next` of the page that an answer leads to."""
    [path] = parse_qs(urlsplit(answer.headers["location"]).query)["next"]
    return path


class Session(unittest.TestCase):
    """What a browser does, by hand: httpx keeps no Secure cookie on plain HTTP, so the tests carry it."""

    @classmethod
    def setUpClass(cls):
        cls.demo = Demo()
        cls.addClassCleanup(cls.demo.stop)

    page = {"accept": "text/html", "sec-fetch-mode": "navigate", "sec-fetch-site": "same-origin"}

    def form(self, client, path="/", **headers) -> Form:
        """The sign-in form that a page load leads to."""
        return Form(client.get(path, headers={**self.page, **headers}, follow_redirects=True).text, "password")

    def sign_in(self, client, user, **changes):
        form = self.form(client)
        text = next(name for name in form.fields if name != form.password and name != "next")
        data = {**form.fields, text: user.name, form.password: user.password, **changes}
        return client.post(form.action, data=data, headers={**self.page, "origin": self.demo.url})

    def test_a_page_load_leads_to_the_sign_in_page_without_basic(self):
        for protocol, client in clients(self.demo):
            with self.subTest(protocol=protocol):
                answer = client.get("/deep?x=1", headers=self.page)
                self.assertEqual(answer.status_code, 303)
                self.assertNotIn("www-authenticate", answer.headers)
                self.assertEqual(way_back(answer), "/deep?x=1")

                answer = client.get(answer.headers["location"], headers=self.page)
                self.assertEqual(answer.status_code, 200)
                self.assertIn("text/html", answer.headers["content-type"])
                policy = answer.headers["content-security-policy"]
                for rule in ["default-src 'none'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"]:
                    self.assertIn(rule, policy)
                self.assertEqual(answer.headers["x-content-type-options"], "nosniff")
                self.assertEqual(answer.headers["referrer-policy"], "same-origin")
                self.assertIn("no-store", answer.headers["cache-control"])
                self.assertEqual(Form(answer.text, "password").fields["next"], "/deep?x=1")

    def test_signing_in_sets_one_host_cookie_that_scripts_cannot_read(self):
        for protocol, client in clients(self.demo):
            with self.subTest(protocol=protocol):
                answer = self.sign_in(client, self.demo.users[0])
                self.assertEqual(answer.status_code, 303, answer.text)
                session = [c for c in answer.headers.get_list("set-cookie") if c.startswith("__Host-")]
                self.assertTrue(session, answer.headers)
                for attribute in ["httponly", "secure", "path=/", "samesite=lax"]:
                    self.assertIn(attribute, session[0].lower())
                self.assertNotIn("domain=", session[0].lower())

    def test_a_wrong_password_shows_the_page_again(self):
        for protocol, client in clients(self.demo):
            with self.subTest(protocol=protocol):
                wrong = type(self.demo.users[0])(self.demo.users[0].name, "wrong")
                answer = self.sign_in(client, wrong)
                self.assertEqual(answer.status_code, 403)
                self.assertNotIn("set-cookie", answer.headers)
                Form(answer.text, "password")

    def test_the_return_path_is_one_path_of_ours(self):
        for path, expected in {
            "/deep?x=1": "/deep?x=1",
            "//evil.example": "/",
            "/\\evil.example": "/",
            "https://evil.example/": "/",
            "/a\r\nset-cookie: x=1": "/",
            "javascript:alert(1)": "/",
            "": "/",
        }.items():
            for _, client in clients(self.demo):
                with self.subTest(path=path):
                    answer = self.sign_in(client, self.demo.users[0], next=path)
                    # The page between looks whether the cookie came back, and carries the path on.
                    self.assertEqual(urlsplit(answer.headers["location"]).netloc, "")
                    self.assertEqual(way_back(answer), expected)

    def test_a_form_from_another_site_is_refused(self):
        for origin in ["https://evil.example", "null"]:
            for protocol, client in clients(self.demo):
                with self.subTest(protocol=protocol, origin=origin):
                    headers = {**self.page, "sec-fetch-site": "cross-site", "origin": origin}
                    form = self.form(client)
                    answer = client.post(form.action, data=form.fields, headers=headers)
                    self.assertEqual(answer.status_code, 403)
                    self.assertIn("csrf.cross-site", answer.text)

    def test_a_replayed_cookie_counts_as_absent_after_sign_out(self):
        for protocol, client in clients(self.demo):
            with self.subTest(protocol=protocol):
                cookie = "; ".join(
                    c.split(";")[0] for c in self.sign_in(client, self.demo.users[0]).headers.get_list("set-cookie")
                )
                page = client.get("/", headers={**self.page, "cookie": cookie})
                self.assertEqual(page.status_code, 200)
                self.assertIn(self.demo.users[0].name, page.text)

                action = re.search(r'<form[^>]*action="([^"]*sign-?out[^"]*)"', page.text)
                self.assertIsNotNone(action, page.text)
                out = client.post(action[1], headers={**self.page, "cookie": cookie, "origin": self.demo.url})
                self.assertIn(out.status_code, (200, 303))

                replayed = client.get("/", headers={"cookie": cookie})
                self.assertEqual(replayed.status_code, 401)
                self.assertIn("auth.missing", replayed.text)
                self.assertTrue(any("max-age=0" in c.lower() for c in replayed.headers.get_list("set-cookie")))
                self.form(client, cookie=cookie)
        self.assertIn("auth.token-revoked", self.demo.log())

    def test_where_the_cookie_did_not_come_back_a_page_says_why(self):
        for protocol, client in clients(self.demo):
            with self.subTest(protocol=protocol):
                answer = self.sign_in(client, self.demo.users[0])
                client.cookies.clear()
                page = client.get(answer.headers["location"], headers=self.page, follow_redirects=True)
                self.assertIn("--insecure-plain-cookies", page.text)

    def test_plain_cookies_come_back_on_plain_http(self):
        demo, kept = Demo("--insecure-plain-cookies"), self.demo
        self.demo = demo
        try:
            for protocol, client in clients(demo):
                with self.subTest(protocol=protocol):
                    answer = self.sign_in(client, demo.users[0])
                    self.assertNotIn("secure", answer.headers["set-cookie"].lower())
                    page = client.get(answer.headers["location"], headers=self.page, follow_redirects=True)
                    self.assertEqual(page.status_code, 200)
                    self.assertIn(demo.users[0].name, page.text)
            self.assertIn("insecure_plain_cookies", demo.log())
        finally:
            self.demo = kept
            demo.stop()

    def test_a_session_cookie_is_no_bearer_token(self):
        with connect(self.demo) as client:
            value = self.sign_in(client, self.demo.users[0]).headers["set-cookie"].split("=", 1)[1].split(";")[0]
        for protocol, client in clients(self.demo):
            with self.subTest(protocol=protocol):
                self.assertEqual(client.get("/", headers={"authorization": f"Bearer {value}"}).status_code, 401)
                name = "__Host-session"
                self.assertEqual(client.get("/", headers={"cookie": f"{name}={self.demo.token}"}).status_code, 401)

    def test_a_restart_asks_to_sign_in_again(self):
        demo, kept = Demo(), self.demo
        self.demo = demo
        try:
            with connect(demo) as client:
                cookie = self.sign_in(client, demo.users[0]).headers["set-cookie"].split(";")[0]
            demo.stop()
            demo = Demo(listen=f"127.0.0.1:{demo.port}")
            with connect(demo) as client:
                self.form(client, cookie=cookie)
        finally:
            self.demo = kept
            demo.stop()
