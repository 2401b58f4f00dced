"""curl against `enfilade run` with a CGI script behind it: who gets an answer of it, and what stops the start.

    run ./show.cgi --auth demo ─▶ 401, 200 with REMOTE_USER    a bad target ─▶ exit code 78, and what to do
"""

import os
import signal
import socket
import subprocess

from demo import BINARY, PATIENCE
from gateway import Case, Gateway, has_ended, until

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


class Script(Case):
    def setUp(self):
        super().setUp()
        self.script("show.cgi", SHOW)

    def script(self, name: str, text: str, mode: int = 0o755):
        self.file(name, text, mode)

    def run_script(self, *options: str, script: str = "./show.cgi") -> Gateway:
        return self.run_app(script, *options)


class Run(Script):
    def test_who_proves_to_be_somebody_gets_the_scripts_answer_and_nobody_else(self):
        gateway = self.run_script("--auth", "demo", "--env", "GREETING=hello")
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
        gateway = self.run_script("--auth", "demo")
        statuses = []
        for line in [line[2:] for line in gateway.printed if line.startswith("$ curl ")]:
            command = ["bash", "-c", f"{line} -sS -o /dev/null -w '%{{http_code}}'"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
            self.assertEqual(done.returncode, 0, f"{line}: {done.stderr}")
            statuses.append(done.stdout[-3:])
        self.assertEqual(statuses, ["401", "200", "200"])

    def test_without_auth_everybody_is_nobody_and_the_log_says_so_once(self):
        gateway = self.run_script("--script-name", "/show")
        self.assertEqual(gateway.curl("-u", "ada:x", path="/show/a%20b"), (200, "GET /show /a b nobody none \n"))
        self.assertEqual(gateway.curl(path="/other")[0], 404)
        self.assertEqual(gateway.curl("--head", path="/show")[0], 200)
        self.assertEqual(gateway.curl("-H", "Host: evil.example", path="/show")[0], 421)
        self.assertEqual(gateway.curl("--http1.0", "-H", "Host: localhost", path="/show")[0], 200)
        self.assertEqual(gateway.curl("--http1.0", "-H", "Host:", path="/show")[0], 421)
        self.assertEqual(gateway.curl("-H", "Host:", path="/show")[0], 400)
        self.assertEqual(gateway.stop(), 0)
        self.assertEqual(gateway.log.read_text().count("no --auth"), 1)

    def test_uploads_arrive_whole_or_are_refused(self):
        gateway = self.run_script("--max-body", "3000000")
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
        status, answer = self.run_script(script="./silent.cgi").curl()
        self.assertEqual(status, 502)
        self.assertIn("cgi.no-answer", answer)

    def slow(self) -> tuple[Gateway, subprocess.Popen, int]:
        """A gateway that drains while a script runs, its client, and the script's number."""
        self.script("slow.cgi", SLOW)
        gateway = self.run_script(script="./slow.cgi")
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


class Start(Script):
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
