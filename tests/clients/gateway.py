"""`enfilade run`, and programs of `examples/`, as a test starts them: on a free port.

    Example.of(case, name, *arguments) ─▶ Example:  url  port
    class Case:  self.folder  self.file(name, text)  self.run_app(app, *options) ─▶ Gateway:  url  said(name)  curl(…)  stop()
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


class Example:
    """A program of `examples/` that takes its port from `PORT`, once it listens or has ended."""

    def __init__(self, program: Path, *arguments: str | Path, **environment: str):
        with socket.create_server(("localhost", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"http://localhost:{self.port}"
        env = {**os.environ, "PORT": str(self.port), **environment}
        self.process = subprocess.Popen([program, *arguments], env=env)
        until(lambda: self.process.poll() is not None or self.listens())

    @classmethod
    def of(cls, case: type[unittest.TestCase], name: str, *arguments: str | Path, **environment: str) -> "Example":
        """For all tests of a case, which is skipped where it is not built."""
        program = Path(BINARY).parent / "examples" / name
        if not program.exists():
            raise unittest.SkipTest(f"the example {name} is not built")
        example = cls(program, *arguments, **environment)
        case.addClassCleanup(example.process.kill)
        return example

    def listens(self) -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0


class Gateway:
    """`enfilade run` with options of a test's own, once it listens."""

    def __init__(self, folder: Path, app: str, *options: str, new_session: bool = False, **environment: str):
        self.log = folder / "log"
        with open(self.log, "wb") as log:
            command = [BINARY, "run", app, "--listen", "127.0.0.1:0", *options]
            self.process = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=folder,
                env={**os.environ, **environment},
                start_new_session=new_session,
            )
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
    """A folder of its own, and what runs in it until the test's end."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def file(self, name: str, text: str, mode: int = 0o644) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path

    def run_app(self, app: str, *options: str, **settings) -> Gateway:
        gateway = Gateway(self.folder, app, *options, **settings)
        self.addCleanup(gateway.stop)
        return gateway

    def refused(self, *arguments: str, code: int = 78, **environment: str) -> str:
        """What it says when it does not start."""
        command = [BINARY, "run", *arguments]
        environment = {**os.environ, **environment}
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE, cwd=self.folder, env=environment
        )
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stderr
