"""Python's servers beside ours: one worker of each on core 0, all alive at once, clients on core 1, rounds rotated.

    python3 tests/load/python/run.py [asgi-hello wsgi-hello …] [--rounds 7] [--seconds 2]

CPU time a request is of the server's whole tree of processes; its ratio to ours has its spread beside it. It makes a
virtual environment under target/load-python, and needs `wrk`, `taskset`, a C compiler and libev's headers (for bjoern),
and target/release/enfilade, built with `--features python` (ENFILADE_BIN names another).
"""

import argparse
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
VENV = TARGET / "load-python"
ENFILADE = os.environ.get("ENFILADE_BIN", str(TARGET / "release/enfilade"))
TICK = os.sysconf("SC_CLK_TCK")

ASGI = {
    "enfilade": "{enfilade} run {app} --interface asgi --listen 127.0.0.1:{port} --venv {venv} --app-dir {apps}",
    "granian uvloop": "{bin}/granian --interface asgi --loop uvloop --no-ws --port {port} --workers 1 {app}",
    "granian asyncio": "{bin}/granian --interface asgi --loop asyncio --no-ws --port {port} --workers 1 {app}",
    "uvicorn": "{bin}/uvicorn --loop uvloop --http httptools --no-access-log --log-level warning --port {port} {app}",
    "gunicorn asgi": "{bin}/gunicorn --worker-class asgi --workers 1 --bind 127.0.0.1:{port} --log-level warning {app}",
}
SOCKETS = {name: line.replace("--no-ws", "--ws") for name, line in ASGI.items()}
WSGI = {
    "enfilade": "{enfilade} run {app} --interface wsgi --threads 1 --listen 127.0.0.1:{port} --venv {venv} --app-dir {apps}",
    "bjoern": "{bin}/python -c 'import bjoern,sys,importlib as i;m,a=\"{app}\".split(\":\");bjoern.run(getattr(i.import_module(m),a),\"127.0.0.1\",{port})'",
    "granian": "{bin}/granian --interface wsgi --port {port} --workers 1 {app}",
    "gunicorn sync": "{bin}/gunicorn --workers 1 --bind 127.0.0.1:{port} --log-level warning {app}",
    "gunicorn gthread": "{bin}/gunicorn --worker-class gthread --threads 4 --workers 1 --bind 127.0.0.1:{port} --log-level warning {app}",
}
TABLES = {
    "asgi-hello": (ASGI, "asgi_apps:hello", "get"),
    "asgi-echo": (ASGI, "asgi_apps:echo", "post"),
    "asgi-fastapi": (ASGI, "fastapi_page:app", "get"),
    "asgi-django": (ASGI, "django_page:asgi", "get"),
    "websocket-echo": (SOCKETS, "asgi_apps:sockets", "socket"),
    "wsgi-hello": (WSGI, "wsgi_apps:hello", "get"),
    "wsgi-flask": (WSGI, "flask_page:app", "get"),
    "wsgi-django": (WSGI, "django_page:wsgi", "get"),
}


@dataclass
class Round:
    cpu: float
    rate: float
    p99: float
    ratio: float = 1.0


@dataclass
class Peer:
    """A server that runs, with what was measured of it."""

    name: str
    process: subprocess.Popen
    port: int
    started: float
    rounds: list[Round] = field(default_factory=list)

    def tree(self) -> list[int]:
        found = [self.process.pid]
        for pid in found:
            for task in Path(f"/proc/{pid}/task").glob("*/children"):
                found += [int(child) for child in task.read_text().split()]
        return found

    def cpu(self) -> float:
        """Seconds of user and system time, children that have ended included."""
        fields = [Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split() for pid in self.tree()]
        return sum(int(value) for each in fields for value in each[11:15]) / TICK

    def memory(self) -> float:
        """Proportional set size in MiB."""
        rollups = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in self.tree()]
        return sum(int(re.search(r"^Pss: +(\d+)", text, re.M)[1]) for text in rollups) / 1024

    def stop(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def start(name: str, line: str, app: str) -> Peer:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = {"bin": VENV / "bin", "venv": VENV, "apps": HERE / "apps", "app": app, "port": port, "enfilade": ENFILADE}
    log = open(TARGET / f"load-python-{name.replace(' ', '-')}.log", "wb")
    begun = time.monotonic()
    process = subprocess.Popen(
        ["taskset", "-c", "0", "sh", "-c", "exec " + line.format(**words)],
        stdout=log, stderr=log, cwd=HERE / "apps", start_new_session=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "", "ENFILADE_LOG": "warn,access=off"},
    )  # fmt: skip
    while time.monotonic() - begun < 30:
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return Peer(name, process, port, time.monotonic() - begun)
        time.sleep(0.002)
    sys.exit(f"{name} does not start: {Path(log.name).read_text()[-2000:]}")


def drive(peer: Peer, how: str, seconds: int) -> Round:
    """One round of one server by one kind of client."""
    before = peer.cpu()
    if how == "socket":
        command = [VENV / "bin/python", HERE / "sockets.py", str(peer.port), str(seconds)]
        said = subprocess.run(["taskset", "-c", "1", *command], check=True, capture_output=True, text=True).stdout
        done, rate, p99 = (float(word) for word in said.split())
    else:
        command = ["wrk", "-t1", "-c32", f"-d{seconds}s", "--latency"]
        command += ["-s", HERE / "post.lua"] if how == "post" else []
        command += [f"http://127.0.0.1:{peer.port}/"]
        said = subprocess.run(["taskset", "-c", "1", *command], check=True, capture_output=True, text=True).stdout
        if "Non-2xx" in said or "Socket errors" in said:
            print(f"{peer.name}: {said}", file=sys.stderr)
        done = float(re.search(r"(\d+) requests in", said)[1])
        rate = float(re.search(r"Requests/sec: +([\d.]+)", said)[1])
        number, unit = re.search(r"99% +([\d.]+)(us|ms|s)", said).groups()
        p99 = float(number) * {"us": 1, "ms": 1e3, "s": 1e6}[unit]
    return Round(cpu=(peer.cpu() - before) * 1e6 / max(done, 1), rate=rate, p99=p99)


def table(name: str, rounds: int, seconds: int, only: list[str]):
    servers, app, how = TABLES[name]
    peers = [start(server, line, app) for server, line in servers.items() if not only or server in only]
    try:
        for peer in peers:
            drive(peer, how, 1)
        for turn in range(rounds):
            for step in range(len(peers)):
                peer = peers[(turn + step) % len(peers)]
                peer.rounds.append(drive(peer, how, seconds))
        for peer in peers:
            for mine, ours in zip(peer.rounds, peers[0].rounds):
                mine.ratio = ours.cpu / mine.cpu
        print(f"\n### {name}\n\n| server | CPU µs | ours ÷ it (least to most) | requests/s | p99 µs | MiB | start ms |")
        print("|---|---|---|---|---|---|---|")
        for peer in peers:
            middle = lambda what: statistics.median(getattr(each, what) for each in peer.rounds)
            ratios = sorted(each.ratio for each in peer.rounds)
            print(
                f"| {peer.name} | {middle('cpu'):.1f} | {middle('ratio'):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}) "
                f"| {middle('rate'):.0f} | {middle('p99'):.0f} | {peer.memory():.0f} | {peer.started * 1e3:.0f} |",
                flush=True,
            )
    finally:
        for peer in peers:
            peer.stop()


def environment():
    wanted = (HERE / "requirements.txt").read_text()
    made = VENV / "requirements.txt"
    if not made.exists() or made.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)
        subprocess.run([VENV / "bin/pip", "install", "--quiet", "-r", HERE / "requirements.txt"], check=True)
        made.write_text(wanted)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="*", help=", ".join(TABLES))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--only", action="append", default=[], help="a server; ours comes first in each table")
    arguments = parser.parse_args()
    environment()
    for name in arguments.tables or TABLES:
        table(name, arguments.rounds, arguments.seconds, arguments.only)


if __name__ == "__main__":
    main()
