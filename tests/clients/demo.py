"""The built demo as a test starts it: on a free port, with what it prints read back.

    demo = Demo();  demo.url  demo.users  demo.token  demo.curl  demo.log()  demo.stop()
"""

import os
import re
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

BINARY = os.path.abspath(os.environ.get("ENFILADE_BIN", "target/debug/enfilade"))
FOLDER = Path(os.environ.get("ENFILADE_CLIENTS", "target/clients"))

# Long enough for a busy machine; nothing waits for it when all is well.
PATIENCE = 60


@dataclass
class User:
    name: str
    password: str


class Demo:
    def __init__(self, *options: str, listen: str = "127.0.0.1:0"):
        self.users: list[User] = []
        self.curl: list[str] = []
        self.url = self.token = ""
        self.lines: list[str] = []
        self._log = open(FOLDER / f"demo-{time.monotonic_ns()}.log", "w+b")
        self.process = subprocess.Popen(
            [BINARY, "--listen", listen, *options],
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env={**os.environ, "NO_COLOR": "1"},
        )
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._wait_for(lambda: self.url and self.token and len(self.users) >= 2 and len(self.curl) >= 4)

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    def log(self) -> str:
        return Path(self._log.name).read_text(errors="replace")

    def stop(self) -> int:
        """Asks it to drain; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self._reader.join()
        self._log.close()
        return code

    def _read(self):
        for line in self.process.stdout:
            with self._changed:
                self._take(line.rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    def _take(self, line: str):
        self.lines.append(line)
        if found := re.match(r"\s+url\s+(http://\S+?)/?$", line):
            self.url = self.url or found[1]
        elif found := re.match(r"\s+user\s+(\S+)\s+(\S+)", line):
            self.users.append(User(found[1], found[2]))
        elif found := re.match(r"\s+token\s+(\S+)", line):
            self.token = found[1]
        elif found := re.match(r"\s+\$ (curl .*)$", line):
            self.curl.append(found[1])

    def _wait_for(self, ready):
        with self._changed:
            if self._changed.wait_for(lambda: ready() or self.process.poll() is not None, PATIENCE) and ready():
                return
        self.process.kill()
        printed = "\n".join(self.lines)
        raise AssertionError(f"the demo did not say all that it should (see demo.py). It said:\n{printed}\n{self.log()}")


def refused_to_start(*options: str) -> str:
    """What the demo says when it does not start."""
    done = subprocess.run([BINARY, *options], capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode != 0, f"it started, or said nothing was wrong: {done.stdout}"
    return done.stdout + done.stderr


def tampered(token: str) -> str:
    """The token with another signature: its first character changed, for the last may carry unused bits."""
    head, claims, signature = token.split(".")
    return ".".join([head, claims, ("A" if signature[0] != "A" else "B") + signature[1:]])
