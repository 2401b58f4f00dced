"""Memory of `enfilade run`: what 10,000 idle connections cost, and that it is flat over a million requests.

    python tests/apps/memory.py [--requests 1000000] [--connections 10000]

    asgi, wsgi, cgi (a hundredth of the requests) ─▶ RSS at the start, with all idle, after each fifth of the requests

It fails when an idle connection gets no answer, or when the last four fifths add more than 1 MiB and a byte for each
request. ENFILADE_BIN names the binary, of `--features python` and --release; needs `wrk` and as many descriptors.
"""

import argparse
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APPS = ROOT / "tests/apps/small"
BINARY = os.environ.get("ENFILADE_BIN", str(ROOT / "target/release/enfilade"))
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
SCRIPT = "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nhello\\n'\n"


class Server:
    def __init__(self, app: str, *options: str):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = [BINARY, "run", app, "--listen", f"127.0.0.1:{self.port}", *options, "--max-connections", "20000"]
        environment = {**os.environ, "ENFILADE_LOG": "warn,access=off"}
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
        while True:
            assert self.process.poll() is None, "it does not start"
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    break
            time.sleep(0.05)
        self.burst(1000)

    def kib(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])

    def burst(self, least: int):
        """At least this many requests over 32 connections."""
        done = 0
        while done < least:
            command = ["wrk", "-t1", "-c32", "-d2s", f"http://127.0.0.1:{self.port}/"]
            said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            assert "Non-2xx" not in said, said
            done += int(re.search(r"(\d+) requests in", said)[1])

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def ask(client: socket.socket):
    client.sendall(REQUEST)
    data = b""
    while b"hello" not in data:
        more = client.recv(4096)
        assert more, "an idle connection was closed"
        data += more


def idle(server: Server, count: int):
    before, clients = server.kib(), []
    for _ in range(count):
        client = socket.create_connection(("127.0.0.1", server.port), timeout=30)
        ask(client)
        clients.append(client)
    during = server.kib()
    started = time.monotonic()
    for client in clients[:: max(1, count // 100)]:
        ask(client)
    answered = (time.monotonic() - started) * 10
    for client in clients:
        client.close()
    each = (during - before) * 1024 // count
    print(f"{count} idle: {before} KiB before, {during} KiB with them, {each} bytes each; they answer in {answered:.2f} ms")


def flat(server: Server, requests: int) -> bool:
    sizes = []
    for _ in range(5):
        server.burst(requests // 5)
        sizes.append(server.kib())
    grown = sizes[-1] - sizes[0]
    print(f"{requests} requests: {' '.join(map(str, sizes))} KiB after each fifth", flush=True)
    return grown <= 1024 + requests // 1024


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--connections", type=int, default=10_000)
    arguments = parser.parse_args()
    wanted = arguments.connections + 100
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(wanted, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "hello.cgi"
        script.write_text(SCRIPT)
        script.chmod(0o755)
        python = ["--app-dir", str(APPS)]
        kinds = [
            ("asgi", ["asgi_apps:hello", "--interface", "asgi", *python], arguments.requests),
            ("wsgi", ["wsgi_apps:hello", "--interface", "wsgi", "--threads", "1", *python], arguments.requests),
            ("cgi", [str(script)], arguments.requests // 100),
        ]
        passed = []
        for name, options, requests in kinds:
            print(f"── {name}", flush=True)
            server = Server(*options)
            try:
                if name == "asgi":
                    idle(server, arguments.connections)
                passed.append(flat(server, requests))
            finally:
                server.stop()
    print(f"memory: {passed.count(True)} passed, {passed.count(False)} failed, 0 skipped")
    return 1 if False in passed else 0


if __name__ == "__main__":
    sys.exit(main())
