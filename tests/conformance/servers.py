"""The servers by name: how each is started, stopped and asked, with a folder in which the apps leave notes.

    Server (a name, an interface, a command) ── start(app) ─▶ Running: port, folder, log; connect(), get(path), notes(id)
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from wire import PATIENCE, Answer, Wire

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
VENV = Path(os.environ.get("ENFILADE_CONFORMANCE", TARGET / "conformance"))
ENFILADE = os.environ.get("ENFILADE_BIN", str(TARGET / "release/enfilade"))

START = "{enfilade} run {app} --listen 127.0.0.1:{port} --app-dir {apps} --venv {venv} --max-body 268435456"


@dataclass(frozen=True)
class Server:
    name: str
    interface: str
    command: str
    # The package whose version stands below the table.
    package: str = ""

    @property
    def ours(self) -> bool:
        return self.name.startswith("enfilade")


SERVERS = [
    Server("enfilade", "asgi", START + " --interface asgi"),
    Server("granian", "asgi", "{bin}/granian --interface asgi --ws --port {port} --workers 1 {app}", "granian"),
    Server(
        "gunicorn", "asgi", "{bin}/gunicorn --worker-class asgi --workers 1 --bind 127.0.0.1:{port} {app}", "gunicorn"
    ),
    Server(
        "uvicorn h11", "asgi", "{bin}/uvicorn --loop asyncio --http h11 --ws wsproto --port {port} {app}", "uvicorn"
    ),
    Server(
        "uvicorn httptools",
        "asgi",
        "{bin}/uvicorn --loop uvloop --http httptools --ws websockets-sansio --port {port} {app}",
        "uvicorn",
    ),
    Server("enfilade 1 thread", "wsgi", START + " --interface wsgi --threads 1"),
    Server("enfilade 4 threads", "wsgi", START + " --interface wsgi --threads 4"),
    Server(
        "granian", "wsgi", "{bin}/granian --interface wsgi --port {port} --workers 1 --blocking-threads 4 {app}", "granian"
    ),
    Server(
        "gunicorn",
        "wsgi",
        "{bin}/gunicorn --worker-class gthread --threads 4 --workers 1 --bind 127.0.0.1:{port} {app}",
        "gunicorn",
    ),
    Server("bjoern", "wsgi", "{bin}/python {here}/run_bjoern.py {port} {app}", "bjoern"),
    Server(
        "enfilade",
        "cgi",
        "{enfilade} run {folder}/{app} --script-name /{app} --listen 127.0.0.1:{port} --document-root {folder}/files"
        " --max-body 268435456",
    ),
    Server("lighttpd", "cgi", "lighttpd -D -f {folder}/lighttpd.conf", "lighttpd"),
]


@dataclass
class Running:
    """A server that runs one app."""

    server: Server
    app: str
    port: int = 0
    process: subprocess.Popen | None = None
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="conformance-")))

    def start(self, wait: bool = True) -> "Running":
        self.port = free_port()
        copy_scripts(self.folder, self.port)
        words = {"bin": VENV / "bin", "venv": VENV, "apps": HERE / "apps", "app": self.app, "port": self.port}
        line = self.server.command.format(**words, enfilade=ENFILADE, here=HERE, folder=self.folder)
        self.process = subprocess.Popen(
            line.split(), stdout=self.log.open("wb"), stderr=subprocess.STDOUT, cwd=HERE / "apps",
            env={**os.environ, "NOTES": str(self.folder), "SECRET": "of the server", "PYTHONDONTWRITEBYTECODE": "1"},
            start_new_session=True,
        )  # fmt: skip
        if wait and not self.listens():
            said = self.said()
            self.stop()
            raise RuntimeError(f"{self.server.name} does not start: {said[-1500:]}")
        return self

    def listens(self) -> bool:
        deadline = time.monotonic() + 30
        while self.process.poll() is None and time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return True
            time.sleep(0.02)
        return False

    def stop(self) -> int:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            code = self.process.wait(10)
        except subprocess.TimeoutExpired:
            code = -9
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        return code

    def clear(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def connect(self, patience: float = PATIENCE) -> Wire:
        return Wire(self.port, patience)

    def ask(self, *lines: str, body: bytes = b"", to_head: bool = False) -> Answer:
        """One request on a connection of its own."""
        with self.connect() as wire:
            wire.send(*lines, body=body)
            return wire.answer(to_head=to_head)

    def get(self, path: str, *fields: str) -> Answer:
        return self.ask(f"GET {self.at(path)} HTTP/1.1", "HOST", *fields)

    def at(self, path: str) -> str:
        return f"/{self.app}{path}" if self.server.interface == "cgi" else path

    def seen(self, *lines: str, body: bytes = b"") -> dict:
        """What the app was told of a request to `/seen`."""
        answer = self.ask(*lines, body=body)
        assert answer.status == 200, f"{answer.status} {answer.body[:200]!r}"
        return json.loads(answer.body)

    def notes(self, name: str) -> list[str]:
        """What the app wrote down under this name."""
        try:
            return (self.folder / name).read_text().split()
        except FileNotFoundError:
            return []

    def until(self, holds, what: str):
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < deadline, what
            time.sleep(0.02)

    def until_note(self, name: str, word: str):
        self.until(lambda: word in self.notes(name), f"the app never noted {word!r}: {self.notes(name)}")

    def settles(self, name: str) -> int:
        """How many notes there are when half a second brings no more."""
        before = -1
        while (now := len(self.notes(name))) != before:
            before = now
            time.sleep(0.5)
        return now

    def go(self, name: str):
        """Lets an app go on that waits for this."""
        (self.folder / f"go-{name}").touch()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def copy_scripts(folder: Path, port: int):
    """The CGI scripts, started by this Python, and lighttpd's configuration for them."""
    (folder / "files").mkdir(exist_ok=True)
    for script in (HERE / "apps").glob("*.cgi"):
        there = folder / script.name
        there.write_text(script.read_text().replace("#!/usr/bin/env python3", f"#!{sys.executable}"))
        there.chmod(0o755)
    (folder / "other.cgi").symlink_to("app.cgi")
    settings = (HERE / "lighttpd.conf").read_text().replace("FOLDER", str(folder)).replace("PORT", str(port))
    (folder / "lighttpd.conf").write_text(settings)
