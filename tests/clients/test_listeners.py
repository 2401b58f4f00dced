"""curl over TLS with HTTP/1.1 and HTTP/2, over a Unix socket, and behind a proxy that is trusted or is not.

    https → h2 by ALPN    a renewed certificate → shown    plain HTTP on the TLS port → no answer    --unix-socket → 401
"""

import json
import os
import signal
import socket
import ssl
import stat
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from demo import BINARY, PATIENCE, refused_to_start


def issue(folder: Path, *names: str) -> None:
    """Writes cert.pem and key.pem, signed by itself; each whole or not at all."""
    alternatives = ",".join(f"IP:{name}" if name[0].isdigit() else f"DNS:{name}" for name in names)
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=demo", "-addext", f"subjectAltName={alternatives}"]
    command += ["-keyout", folder / "key.next", "-out", folder / "cert.next"]
    subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE)
    for part in ["cert", "key"]:
        os.replace(folder / f"{part}.next", folder / f"{part}.pem")


def curl(*arguments: str) -> tuple[int, str, str]:
    """curl's exit code, and status and version of the answer; its body."""
    form = "\n%{http_code} %{http_version}"
    command = ["curl", "-sS", "--max-time", str(PATIENCE), "-w", form, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=2 * PATIENCE)
    body, _, last = done.stdout.rpartition("\n")
    return done.returncode, last, body


class Server:
    """The demo with options of a test's own; `port` once it listens."""

    def __init__(self, folder: Path, *options: str):
        self.log = folder / "log"
        with open(self.log, "wb") as log:
            command = [BINARY, "--listen", "127.0.0.1:0", "--log", "json", *options]
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        self.printed = []
        for line in self.process.stdout:
            self.printed.append(line.strip())
            if "Ctrl-C ends it" in line:
                break
        url = next((line.split()[1] for line in self.printed if line.startswith("url ")), None)
        assert url, f"it did not start: {self.printed} {self.log.read_text()}"
        self.port = int(url.rsplit(":", 1)[1])
        self.token = next(line.split()[1] for line in self.printed if line.startswith("token "))

    def lines(self, target: str) -> list[dict]:
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line["target"] == target]

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.stdout.close()
        return self.process.wait(PATIENCE)


def until(holds):
    """Waits for what another process does."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it did not come to hold"
        time.sleep(0.05)


class Case(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def serve(self, *options: str) -> Server:
        server = Server(self.folder, *options)
        self.addCleanup(server.stop)
        return server


class Tls(Case):
    def serve_tls(self, *options: str) -> Server:
        issue(self.folder, "localhost", "127.0.0.1")
        self.certificate = str(self.folder / "cert.pem")
        return self.serve("--tls-cert", self.certificate, "--tls-key", str(self.folder / "key.pem"), *options)

    def test_both_protocols_are_agreed_upon_and_both_versions_of_tls(self):
        server = self.serve_tls()
        opens = ["--cacert", self.certificate, "-H", f"Authorization: Bearer {server.token}"]
        for offered, version in [([], "2"), (["--http2"], "2"), (["--http1.1"], "1.1"), (["--no-alpn"], "1.1")]:
            for tls in [["--tls-max", "1.2"], ["--tlsv1.3"]]:
                for host in ["localhost", "127.0.0.1"]:
                    with self.subTest(offered=offered, tls=tls, host=host):
                        code, last, _ = curl(*opens, *offered, *tls, f"https://{host}:{server.port}/")
                        self.assertEqual((code, last), (0, f"200 {version}"))

    def test_old_versions_a_foreign_certificate_and_plain_http_get_nothing(self):
        server = self.serve_tls()
        url = f"localhost:{server.port}/"
        old = ["--tls-max", "1.1", "--ciphers", "DEFAULT:@SECLEVEL=0"]
        self.assertNotEqual(curl("--cacert", self.certificate, *old, f"https://{url}")[0], 0)
        self.assertEqual(curl(f"https://{url}")[0], 60, "nobody has signed it")
        code, last, body = curl("--http0.9", f"http://{url}")
        self.assertTrue(code != 0 or "200" not in last and "<html" not in body, (code, last, body))
        until(lambda: any(line.get("code") == "tls.handshake" for line in server.lines("enfilade::server")))

    def test_another_name_is_misdirected(self):
        server = self.serve_tls("--host", "evil.example")
        for version in ["--http1.1", "--http2"]:
            arguments = ["--cacert", self.certificate, version, "-H", "Host: evil.example"]
            code, last, body = curl(*arguments, f"https://localhost:{server.port}/")
            self.assertEqual((code, last.split()[0]), (0, "421"), body)
            self.assertIn("http.host-uncovered", body)

    def test_https_is_asked_for_again_only_where_it_is_spoken(self):
        server = self.serve_tls("--hsts", "600", "--unix", str(self.folder / "socket"))
        over = [f"https://localhost:{server.port}/"], ["--unix-socket", str(self.folder / "socket"), "http://localhost/"]
        for arguments, times in zip(over, [1, 0]):
            code, _, answer = curl("--cacert", self.certificate, "-D", "-", *arguments)
            self.assertEqual((code, answer.lower().count("strict-transport-security: max-age=600\n")), (0, times), answer)

    def test_a_renewed_certificate_is_shown_without_a_restart_and_a_bad_one_is_not(self):
        server = self.serve_tls()
        shown = lambda: ssl.get_server_certificate(("127.0.0.1", server.port), timeout=PATIENCE)
        self.assertEqual(shown(), Path(self.certificate).read_text())
        Path(self.certificate).write_text("oops")
        until(lambda: any(line.get("code") == "tls.reload-failed" for line in server.lines("enfilade::server")))
        self.assertIn("BEGIN CERTIFICATE", shown())
        issue(self.folder, "localhost", "new.example")
        until(lambda: shown() == Path(self.certificate).read_text())

    def test_a_key_of_another_certificate_stops_the_start(self):
        issue(self.folder, "localhost")
        certificate = (self.folder / "cert.pem").read_text()
        issue(self.folder, "localhost")
        (self.folder / "cert.pem").write_text(certificate)
        options = ["--tls-cert", str(self.folder / "cert.pem"), "--tls-key", str(self.folder / "key.pem")]
        self.assertIn("does not belong to", refused_to_start("--listen", "127.0.0.1:0", *options))
        self.assertIn("--tls-key", refused_to_start("--listen", "127.0.0.1:0", *options[:2]))

    def test_the_pasted_lines_do_what_they_promise(self):
        server = self.serve_tls()
        statuses = []
        for line in [line[2:] for line in server.printed if line.startswith("$ curl ")]:
            command = ["bash", "-c", f"{line} -sS -o /dev/null -w '%{{http_code}}'"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
            self.assertEqual(done.returncode, 0, f"{line}: {done.stderr}")
            statuses.append(done.stdout[-3:])
        self.assertEqual(statuses, ["401", "200", "401", "200"])


class Unix(Case):
    def test_the_socket_answers_to_its_user_and_is_gone_at_the_end(self):
        path = self.folder / "demo.sock"
        server = self.serve("--unix", str(path), "--unix-mode", "640")
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o640)
        for version, spoken in [("--http1.1", "1.1"), ("--http2-prior-knowledge", "2")]:
            over = [version, "--unix-socket", str(path)]
            self.assertEqual(curl(*over, "http://localhost/")[1], f"401 {spoken}")
            opens = ["-H", f"Authorization: Bearer {server.token}"]
            self.assertEqual(curl(*over, *opens, "http://localhost/")[1], f"200 {spoken}")
        self.assertEqual(server.lines("access")[0]["client"], f"unix:{os.getuid()}")
        self.assertEqual(server.stop(), 0)
        self.assertFalse(path.exists())

    def test_a_socket_left_by_a_crash_is_replaced_and_one_in_use_stops_the_start(self):
        path = self.folder / "demo.sock"
        left = socket.socket(socket.AF_UNIX)
        left.bind(str(path))
        left.close()
        server = self.serve("--unix", str(path))
        self.assertIn("another server answers", refused_to_start("--listen", "127.0.0.1:0", "--unix", str(path)))
        self.assertTrue(path.exists())
        server.process.kill()
        server.process.wait(PATIENCE)
        self.assertTrue(path.exists(), "nobody was left to remove it")
        again = self.serve("--unix", str(path))
        self.assertEqual(curl("--unix-socket", str(path), "http://localhost/")[1], "401 1.1")
        self.assertEqual(again.stop(), 0)


class Proxy(Case):
    FIELDS = ["-H", "X-Forwarded-For: 6.6.6.6, 203.0.113.9", "-H", "Forwarded: for=198.51.100.7"]

    def client(self, *options: str) -> str:
        server = self.serve(*options)
        curl(*self.FIELDS, f"http://127.0.0.1:{server.port}/")
        until(lambda: server.lines("access"))
        return server.lines("access")[0]["client"]

    def test_nobody_is_believed_unless_named(self):
        self.assertEqual(self.client(), "127.0.0.1")
        self.assertEqual(self.client("--trust-proxy", "10.0.0.0/8"), "127.0.0.1")
        self.assertEqual(self.client("--trust-proxy", "unix:"), "127.0.0.1")

    def test_a_trusted_proxy_is_believed_in_its_own_language(self):
        self.assertEqual(self.client("--trust-proxy", "127.0.0.1"), "203.0.113.9")
        options = ["--trust-proxy", "127.0.0.0/8", "--proxy-fields", "forwarded"]
        self.assertEqual(self.client(*options), "198.51.100.7")

    def test_a_proxy_that_is_everybody_or_no_address_stops_the_start(self):
        for peer in ["0.0.0.0/0", "proxy.example", "10.0.0.5/8"]:
            said = refused_to_start("--listen", "127.0.0.1:0", "--trust-proxy", peer)
            self.assertIn(peer, said)
