"""A server that runs: started until it answers, driven, measured, stopped."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from tables import ALONE, Table

HERE = Path(__file__).resolve().parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", HERE.parents[2] / "target")).resolve()
MADE = TARGET / "load-gateways"
VENV = MADE / "venv"
ENFILADE = os.environ.get("ENFILADE_BIN", str(TARGET / "release/enfilade"))
DOOR = os.environ.get("DOOR_BIN", str(TARGET / "release/examples/door"))
TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class Round:
    """CPU time a request and p99 in µs, requests a second."""

    cpu: float
    rate: float
    p99: float


@dataclass
class Peer:
    """A server that answers. `started`: seconds from nothing to its first answer; `cookie`: what that one set."""

    name: str
    process: subprocess.Popen
    port: int
    started: float = 0
    cookie: str = ""
    rounds: list[Round] = field(default_factory=list)

    def tree(self) -> list[int]:
        found = [self.process.pid]
        for pid in found:
            try:
                for task in os.listdir(f"/proc/{pid}/task"):
                    found += [int(child) for child in Path(f"/proc/{pid}/task/{task}/children").read_text().split()]
            except (FileNotFoundError, ProcessLookupError):
                pass  # a CGI program that ended meanwhile is its parent's to count
        return found

    def cpu(self) -> float:
        """Seconds of user and system time of all its processes, those that have ended and were waited for included."""
        return sum(int(value) for text in self.read("stat") for value in text.rsplit(")", 1)[1].split()[11:15]) / TICK

    def memory(self, what: str) -> float:
        """`Rss` or `Pss` of all its processes, in MiB."""
        return sum(int(re.search(rf"^{what}: +(\d+)", text, re.M)[1]) for text in self.read("smaps_rollup")) / 1024

    def read(self, name: str):
        for pid in self.tree():
            try:
                yield Path(f"/proc/{pid}/{name}").read_text()
            except (FileNotFoundError, ProcessLookupError):
                pass

    def stop(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def begin(name: str, line: str, table: Table) -> Peer:
    """Starts it on core 0, and waits for its first answer."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = {"bin": VENV / "bin", "venv": VENV, "apps": HERE / "apps", "here": HERE, "made": MADE}
    words |= {"enfilade": ENFILADE, "door": DOOR, "port": port, "path": table.path}
    app = table.app.format(**words)
    line = line.format(**words, app=app)
    log = MADE / f"{name.replace(' ', '-')}.log"
    # Compiled modules stay out of the source tree, and no server pays for compiling them at each start.
    env = {**os.environ, "PYTHONPYCACHEPREFIX": str(MADE / "pycache"), "PYTHONPATH": str(HERE / "apps")}
    env |= {"ENFILADE_LOG": "warn,access=off", "MADE": str(MADE)}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    begun = time.monotonic()
    with log.open("wb") as out:
        process = subprocess.Popen(
            ["taskset", "-c", "0", "sh", "-c", line if "exec " in line else "exec " + line],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE if name == ALONE else out, stderr=out,
            cwd=HERE / "apps", start_new_session=True, env=env, text=True,
        )  # fmt: skip
    peer = Peer(name, process, port)
    if name == ALONE:
        process.stdout.readline()
        return peer
    while time.monotonic() - begun < 30 and process.poll() is None:
        if answer := first_answer(port, table):
            peer.started = time.monotonic() - begun
            peer.cookie = "".join(f"; {cookie}" for cookie in re.findall(r"(?mi)^set-cookie: ([^;\r]+)", answer))
            return peer
        time.sleep(0.001)
    sys.exit(f"{name} does not start: {log.read_text()[-2000:]}")


def first_answer(port: int, table: Table) -> str | None:
    head = f"GET {table.path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{''.join(credentials(table, ''))}\r\n"
    with socket.socket() as probe:
        probe.settimeout(10)
        if probe.connect_ex(("127.0.0.1", port)) != 0:
            return None
        try:
            probe.sendall(head.encode())
            answer = probe.recv(4096).decode("latin-1")
            return answer if answer.startswith("HTTP/1.1 200") else None
        except OSError:
            return None


def credentials(table: Table, cookie: str) -> list[str]:
    token = (MADE / "token").read_text()
    return [f"Authorization: Bearer {token}\r\n", f"Cookie: theme=dark; lang=en{cookie}\r\n"] if table.credentials else []


def drive(peer: Peer, table: Table, seconds: int) -> Round:
    """One round of one server by its client, which has core 1."""
    if peer.name == ALONE:
        peer.process.stdin.write(f"{seconds}\n")
        peer.process.stdin.flush()
        done, spent = (float(word) for word in peer.process.stdout.readline().split())
        return Round(cpu=spent * 1e6 / done, rate=done / seconds, p99=0)
    before = peer.cpu()
    done, rate, p99 = (sockets if table.client == "socket" else wrk)(peer, table, seconds)
    return Round(cpu=(peer.cpu() - before) * 1e6 / max(done, 1), rate=rate, p99=p99)


def sockets(peer: Peer, _table: Table, seconds: int) -> tuple[float, ...]:
    command = [VENV / "bin/python", HERE / "sockets.py", str(peer.port), str(seconds)]
    return tuple(float(word) for word in on_core_1(command).split())


def wrk(peer: Peer, table: Table, seconds: int) -> tuple[float, ...]:
    command = ["wrk", "-t1", f"-c{table.connections}", f"-d{seconds}s", "--latency"]
    command += ["-s", HERE / "post.lua"] if table.client == "post" else []
    command += [word for line in credentials(table, peer.cookie) for word in ("-H", line.strip())]
    said = on_core_1([*command, f"http://127.0.0.1:{peer.port}{table.path}"])
    if "Non-2xx" in said or "Socket errors" in said:
        print(f"{peer.name}: {said}", file=sys.stderr)
    number, unit = re.search(r"99% +([\d.]+)(us|ms|s)", said).groups()
    return (
        float(re.search(r"(\d+) requests in", said)[1]),
        float(re.search(r"Requests/sec: +([\d.]+)", said)[1]),
        float(number) * {"us": 1, "ms": 1e3, "s": 1e6}[unit],
    )


def on_core_1(command: list) -> str:
    return subprocess.run(["taskset", "-c", "1", *command], check=True, capture_output=True, text=True).stdout
