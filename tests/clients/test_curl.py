"""curl over HTTP/1.1 and HTTP/2 (prior knowledge), and the lines that the demo offers for pasting.

    anonymous → 401 and a challenge    token → 200    tampered → 401 auth.token-signature    Basic → 200
"""

import subprocess
import unittest

from demo import PATIENCE, Demo, refused_to_start, tampered

PROTOCOLS = {"1.1": ["--http1.1"], "2": ["--http2-prior-knowledge"]}


def curl(*arguments: str) -> tuple[int, str, str, str]:
    """Status, protocol version, head and body."""
    form = "\n%{http_code} %{http_version}"
    command = ["curl", "-sS", "--max-time", str(PATIENCE), "-D", "-", "-w", form, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=2 * PATIENCE)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    answer, _, last = done.stdout.rpartition("\n")
    head, _, body = answer.replace("\r\n", "\n").partition("\n\n")
    status, version = last.split(" ")
    return int(status), version, head.lower(), body


class Curl(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.demo = Demo()
        cls.addClassCleanup(cls.demo.stop)

    def over_both(self, *arguments: str):
        for version, options in PROTOCOLS.items():
            with self.subTest(http=version):
                status, spoken, head, body = curl(*options, *arguments, self.demo.url + "/")
                self.assertEqual(spoken, version)
                yield status, head, body

    def test_an_anonymous_request_is_challenged(self):
        for status, head, body in self.over_both():
            self.assertEqual(status, 401)
            self.assertRegex(head, r"(?m)^www-authenticate: .*bearer")
            self.assertRegex(head, r"(?m)^www-authenticate: .*basic")
            self.assertRegex(head, r"(?m)^content-type: application/problem\+json")
            self.assertRegex(head, r"(?m)^cache-control: .*no-store")
            self.assertIn("auth.missing", body)

    def test_every_answer_tells_a_browser_what_it_should_know_and_nobody_who_answers(self):
        for options in [[], ["-H", f"Authorization: Bearer {self.demo.token}"], ["-H", "Host: a@b"]]:
            for _, head, _ in self.over_both(*options):
                for field in ["x-content-type-options: nosniff", "referrer-policy: ", "x-request-id: ", "date: "]:
                    self.assertEqual(head.count(f"\n{field}"), 1, f"{field}: {head}")
                self.assertRegex(head, r"(?m)^(x-frame-options: deny|content-security-policy: .*frame-ancestors 'none')")
                self.assertNotRegex(head, r"(?m)^(server|x-powered-by|strict-transport-security):")

    def test_the_demo_token_opens(self):
        for status, _, _ in self.over_both("-H", f"Authorization: Bearer {self.demo.token}"):
            self.assertEqual(status, 200)

    def test_the_scheme_is_read_in_any_case(self):
        for status, _, _ in self.over_both("-H", f"Authorization: bEARER {self.demo.token}"):
            self.assertEqual(status, 200)

    def test_a_tampered_token_is_refused_by_its_signature(self):
        for status, head, body in self.over_both("-H", f"Authorization: Bearer {tampered(self.demo.token)}"):
            self.assertEqual(status, 401)
            self.assertIn('error="invalid_token"', head)
            self.assertIn("auth.token-signature", body)

    def test_a_name_and_password_open(self):
        for user in self.demo.users:
            for status, _, body in self.over_both("-u", f"{user.name}:{user.password}"):
                self.assertEqual(status, 200)
                self.assertIn(user.name, body)

    def test_a_wrong_password_and_an_unknown_user_read_the_same(self):
        for pair in [f"{self.demo.users[0].name}:wrong", "nobody:wrong"]:
            for status, _, body in self.over_both("-u", pair):
                self.assertEqual(status, 401)
                self.assertIn("auth.bad-credentials", body)

    def test_credentials_given_twice_are_refused(self):
        header = f"Authorization: Bearer {self.demo.token}"
        for status, _, body in self.over_both("-H", header, "-H", header):
            self.assertEqual(status, 400)
            self.assertIn("auth.credentials-repeated", body)

    def test_a_token_in_the_query_is_not_read(self):
        for options in PROTOCOLS.values():
            status, *_ = curl(*options, f"{self.demo.url}/?access_token={self.demo.token}")
            self.assertEqual(status, 401)

    def test_another_host_name_is_misdirected(self):
        for status, _, _ in self.over_both("-H", "Host: rebind.example", "-u", "nobody:x"):
            self.assertEqual(status, 421)

    def test_a_head_request_has_the_same_head_and_no_body(self):
        for version, options in PROTOCOLS.items():
            with self.subTest(http=version):
                status, _, head, body = curl(*options, "--head", "-o", "/dev/null", self.demo.url + "/")
                self.assertEqual((status, body.strip()), (401, ""))
                self.assertIn("www-authenticate", head)

    def test_the_pasted_lines_do_what_they_promise(self):
        answers = []
        for line in self.demo.curl:
            done = subprocess.run(
                ["bash", "-c", f"{line} -sS -w '\\n%{{http_code}}'"], capture_output=True, text=True, timeout=PATIENCE
            )
            self.assertEqual(done.returncode, 0, f"{line}: {done.stderr}")
            body, _, status = done.stdout.rpartition("\n")
            answers.append((int(status), body))
        self.assertEqual([status for status, _ in answers[:4]], [401, 200, 401, 200])
        self.assertIn("auth.token-signature", answers[2][1])


class Start(unittest.TestCase):
    def test_a_busy_port_names_the_option_to_type(self):
        demo = Demo()
        try:
            said = refused_to_start("--listen", f"127.0.0.1:{demo.port}")
            self.assertIn("--listen", said)
            self.assertIn(str(demo.port), said)
        finally:
            demo.stop()

    def test_beyond_loopback_it_wants_to_be_told_twice(self):
        self.assertIn("--insecure-listen", refused_to_start("--listen", "0.0.0.0:0"))

    def test_a_drain_ends_well_and_the_log_keeps_the_secrets(self):
        demo = Demo()
        user = demo.users[0]
        curl(demo.url + "/?secret-query=1", "-u", f"{user.name}:{user.password}")
        curl(demo.url, "-H", f"Authorization: Bearer {demo.token}")
        curl(demo.url, "-H", f"Authorization: Bearer {tampered(demo.token)}")
        curl(demo.url, "-H", "Cookie: __Host-session=not-a-seal-at-all")
        self.assertEqual(demo.stop(), 0)
        log = demo.log()
        self.assertIn("auth.token-signature", log)
        secrets = [demo.token, demo.token.rsplit(".", 1)[1], "secret-query", "not-a-seal-at-all"]
        for secret in secrets + [user.password for user in demo.users]:
            self.assertNotIn(secret, log)
