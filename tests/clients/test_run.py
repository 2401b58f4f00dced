"""curl against `enfilade run` with a CGI script behind it: who gets an answer of it, and what stops the start.

    run ./show.cgi --auth demo ─▶ 401, 200 with REMOTE_USER    a bad target ─▶ exit code 78, and what to do
"""

import os
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from demo import BINARY, PATIENCE

SHOW = """#!/bin/sh
printf 'Content-Type: text/plain\\n\\n'
[ "$REQUEST_METHOD" = HEAD ] && exit
echo "$REQUEST_METHOD $SCRIPT_NAME $PATH_INFO ${REMOTE_USER-nobody} ${AUTH_TYPE-none} $GREETING"
exec cat
"""

# Says its number, then ends when the test lets it.
SLOW = """#!/bin/sh
printf 'Content-Type: text/plain\\n\\n'
echo $$
while [ ! -e go ]; do sleep 0.05; done
echo end
"""


def until(holds):
    """Waits for what another process does."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it did not come to hold"
        time.sleep(0.05)


def has_ended(pid: int) -> bool:
    """Also when nobody is there to reap it."""
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return True


class Gateway:
    """`enfilade run` with options of a test's own, once it listens."""

    def __init__(self, folder: Path, script: str, *options: str):
        self.log = folder / "log"
        with open(self.log, "wb") as log:
            command = [BINARY, "run", str(folder / script), "--listen", "127.0.0.1:0", *options]
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        self.printed = []
        for line in self.process.stdout:
            self.printed.append(line.strip())
            if "Ctrl-C ends it" in line:
                break
        self.url = self.said("url")
        assert self.url, f"it did not start: {self.printed} {self.log.read_text()}"

    def said(self, name: str) -> str | None:
        return next((line.split(maxsplit=1)[1] for line in self.printed if line.startswith(f"{name} ")), None)

    def curl(self, *arguments: str, path: str = "/") -> tuple[int, str]:
        """The status and the answer."""
        form = ["-w", "\n%{http_code}", "--max-time", str(PATIENCE), "-sS"]
        done = subprocess.run(["curl", *form, *arguments, self.url + path], capture_output=True, text=True)
        body, _, status = done.stdout.rpartition("\n")
        assert done.returncode == 0, f"{done.returncode}: {done.stderr}"
        return int(status), body

    def listens(self) -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", int(self.url.rsplit(":", 1)[1]))) == 0

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.stdout.close()
        return self.process.wait(PATIENCE)


class Case(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        self.script("show.cgi", SHOW)

    def script(self, name: str, text: str, mode: int = 0o755) -> Path:
        path = self.folder / name
        path.write_text(text)
        path.chmod(mode)
        return path

    def run_app(self, *options: str, script: str = "show.cgi") -> Gateway:
        gateway = Gateway(self.folder, script, *options)
        self.addCleanup(gateway.stop)
        return gateway


class Run(Case):
    def test_who_proves_to_be_somebody_gets_the_scripts_answer_and_nobody_else(self):
        gateway = self.run_app("--auth", "demo", "--env", "GREETING=hello")
        name, password, _ = gateway.said("user").split()
        token = gateway.said("token")
        for version in ["--http1.1", "--http2-prior-knowledge"]:
            with self.subTest(version=version):
                forged = [version, "-H", "Remote-User: root", "-H", "Remote_User: root", "-H", "Auth-Type: root"]
                status, answer = gateway.curl(*forged)
                self.assertEqual(status, 401)
                self.assertIn("auth.missing", answer)
                status, answer = gateway.curl(*forged, "-u", f"{name}:{password}", path="/may")
                self.assertEqual((status, answer), (200, f"GET  /may {name} Basic hello\n"))
                bearer = ["-H", f"Authorization: Bearer {token}"]
                status, answer = gateway.curl(*forged, *bearer, "--data-binary", "tea", path="/may")
                self.assertEqual((status, answer), (200, "POST  /may robot Bearer hello\ntea"))
        self.assertEqual(gateway.stop(), 0)
        for secret in [password, token]:
            self.assertNotIn(secret, gateway.log.read_text())

    def test_the_pasted_lines_do_what_they_promise(self):
        gateway = self.run_app("--auth", "demo")
        statuses = []
        for line in [line[2:] for line in gateway.printed if line.startswith("$ curl ")]:
            command = ["bash", "-c", f"{line} -sS -o /dev/null -w '%{{http_code}}'"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
            self.assertEqual(done.returncode, 0, f"{line}: {done.stderr}")
            statuses.append(done.stdout[-3:])
        self.assertEqual(statuses, ["401", "200", "200"])

    def test_without_auth_everybody_is_nobody_and_the_log_says_so_once(self):
        gateway = self.run_app("--script-name", "/show")
        self.assertEqual(gateway.curl("-u", "ada:x", path="/show/a%20b"), (200, "GET /show /a b nobody none \n"))
        self.assertEqual(gateway.curl(path="/other")[0], 404)
        self.assertEqual(gateway.curl("--head", path="/show")[0], 200)
        self.assertEqual(gateway.curl("-H", "Host: evil.example", path="/show")[0], 421)
        self.assertEqual(gateway.stop(), 0)
        self.assertEqual(gateway.log.read_text().count("no --auth"), 1)

    def test_uploads_arrive_whole_or_are_refused(self):
        gateway = self.run_app("--max-body", "3000000")
        upload = self.folder / "upload"
        upload.write_bytes(os.urandom(2_900_000))
        back = self.folder / "back"
        status, _ = gateway.curl("--data-binary", f"@{upload}", "-o", str(back))
        self.assertEqual(status, 200)
        self.assertEqual(back.read_bytes().split(b"\n", 1)[1], upload.read_bytes())
        with upload.open("ab") as more:
            more.write(bytes(200_000))
        self.assertEqual(gateway.curl("--data-binary", f"@{upload}", "-o", str(back))[0], 413)

    def test_a_script_that_says_nothing_is_a_bad_gateway(self):
        self.script("silent.cgi", "#!/bin/sh\n")
        status, answer = self.run_app(script="silent.cgi").curl()
        self.assertEqual(status, 502)
        self.assertIn("cgi.no-answer", answer)

    def slow(self) -> tuple[Gateway, subprocess.Popen, int]:
        """A gateway that drains while a script runs, its client, and the script's number."""
        self.script("slow.cgi", SLOW)
        gateway = self.run_app(script="slow.cgi")
        command = ["curl", "-sSN", "--max-time", str(PATIENCE), gateway.url]
        client = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        pid = int(client.stdout.readline())
        gateway.process.send_signal(signal.SIGTERM)
        until(lambda: not gateway.listens())
        return gateway, client, pid

    def test_a_drain_lets_a_long_answer_end(self):
        gateway, client, _ = self.slow()
        self.assertIsNone(gateway.process.poll())
        (self.folder / "go").touch()
        self.assertEqual(client.communicate(timeout=PATIENCE)[0], "end\n")
        self.assertEqual((client.returncode, gateway.process.wait(PATIENCE)), (0, 0))

    def test_a_second_signal_ends_it_at_once_and_its_scripts_too(self):
        gateway, client, pid = self.slow()
        gateway.process.send_signal(signal.SIGTERM)
        self.assertEqual(gateway.process.wait(PATIENCE), 0)
        client.communicate(timeout=PATIENCE)
        self.assertNotEqual(client.returncode, 0, "the answer broke off")
        until(lambda: has_ended(pid))


class Start(Case):
    def refused(self, *arguments: str) -> str:
        """What it says when it does not start: as configuration, exit code 78."""
        done = subprocess.run([BINARY, "run", *arguments], capture_output=True, text=True, timeout=PATIENCE, cwd=self.folder)
        self.assertEqual(done.returncode, 78, done.stdout + done.stderr)
        return done.stderr

    def test_what_is_no_app_stops_it(self):
        self.script("closed.cgi", SHOW, 0o644)
        for app, says in [
            ("./missing.cgi", "No such file"),
            ("missing", "MODULE:ATTR"),
            ("./closed.cgi", "chmod +x"),
            (".", "no file"),
        ]:
            with self.subTest(app=app):
                self.assertIn(says, self.refused(app))

    def test_what_cannot_work_names_the_option(self):
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        busy = f"127.0.0.1:{taken.getsockname()[1]}"
        for options, says in [
            (["--listen", busy], busy),
            (["--listen", "0.0.0.0:80"], "--insecure-listen"),
            (["--auth", "basic=missing", "--listen", "127.0.0.1:0"], "missing"),
            (["--auth", "jwt=missing", "--listen", "127.0.0.1:0"], "--issuer"),
            (["--auth", "demo", "--listen", "0.0.0.0:0", "--insecure-listen"], "--auth demo"),
            (["--env", "REMOTE_USER=root"], "--env REMOTE_USER"),
        ]:
            with self.subTest(options=options):
                self.assertIn(says, self.refused("./show.cgi", *options))

    def test_a_command_line_that_is_none_is_a_usage_error(self):
        for arguments in [[], ["./show.cgi", "--auth", "x"], ["./show.cgi", "--env", "x"], ["./show.cgi", "--deadline", "0"]]:
            with self.subTest(arguments=arguments):
                done = subprocess.run([BINARY, "run", *arguments], capture_output=True, timeout=PATIENCE, cwd=self.folder)
                self.assertEqual(done.returncode, 2)
