"""The soak, by hand: the demo at half load among clients that stall, reset, trickle, overrun and lie.

    python3 tests/clients/soak.py --minutes 20        ENFILADE_BIN names the binary; a release build is meant

Honest clients check that each answer belongs to its request: who they are (an API key of their own) and a word that
they made up for this one request come back. Memory and descriptors of the server are looked at every second. It fails
when an answer is another's, when an honest client is refused or cut, when memory or descriptors grow after the first
third, and when descriptors are left after everybody has gone. The standard library is enough.
"""

import argparse
import asyncio
import contextlib
import logging
import os
import random
import re
import signal
import socket
import ssl
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

BINARY = os.environ.get("ENFILADE_BIN", "target/release/enfilade")
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

# Above each of the server's deadlines, with room for a busy machine.
PATIENCE = 120

# What allocators keep, and what the log's counters and the caches of tokens may still fill.
SLACK_KIB, SLACK_SHARE = 8 * 1024, 0.10


class Server:
    """One demo, plain or with TLS."""

    def __init__(self, folder: Path, keys: Path, tls: bool):
        options = ["--listen", "127.0.0.1:0", "--api-keys", str(keys), "--host", "localhost"]
        if tls:
            command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
            command += ["-days", "2", "-subj", "/CN=soak", "-addext", "subjectAltName=DNS:localhost"]
            command += ["-keyout", folder / "key.pem", "-out", folder / "cert.pem"]
            subprocess.run(command, check=True, capture_output=True)
            options += ["--tls-cert", str(folder / "cert.pem"), "--tls-key", str(folder / "key.pem")]
        self.tls = tls
        self.log = folder / ("tls.log" if tls else "plain.log")
        # Only what is wrong: the access log of twenty minutes is nobody's to read.
        environment = {**os.environ, "NO_COLOR": "1", "ENFILADE_LOG": "warn,access=off"}
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [BINARY, *options], stdout=subprocess.PIPE, stderr=log, text=True, env=environment
            )
        found = None
        for line in self.process.stdout:
            found = found or re.match(r"\s+url\s+https?://\S+?:(\d+)/?$", line)
            if "Ctrl-C ends it" in line:
                break
        assert found, f"the demo did not start: {self.log.read_text()}"
        self.port = int(found[1])
        # One for each protocol: a context is asked for its protocols when the socket is there, long after it was set.
        self.contexts = {alpn: trusting(alpn) for alpn in ("http/1.1", "h2")}
        self.samples: list[tuple[float, int, int]] = []

    def look(self) -> tuple[int, int]:
        """Resident memory in KiB, and open descriptors."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        memory = int(re.search(r"VmRSS:\s+(\d+)", status)[1])
        return memory, len(os.listdir(f"/proc/{self.process.pid}/fd"))

    async def connect(self, tls: bool | None = None, alpn: str = "http/1.1"):
        secure = self.tls if tls is None else tls
        if not secure:
            return await asyncio.open_connection("127.0.0.1", self.port)
        context = self.contexts[alpn]
        return await asyncio.open_connection("127.0.0.1", self.port, ssl=context, server_hostname="localhost")

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


def trusting(alpn: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols([alpn])
    return context


@dataclass
class Tally:
    honest: int = 0
    attacks: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    over: bool = False

    def fault(self, what: str):
        self.faults.append(what)
        if len(self.faults) <= 20:
            print(f"FAULT {what}", flush=True)


@dataclass
class Pace:
    """How long an honest client rests between requests: nothing while the full load is found, then half of it."""

    pause: float = 0.0


# ── honest clients ──────────────────────────────────────────────────────────────────────────────────────────────


async def answer(reader: asyncio.StreamReader, head_only: bool) -> tuple[int, dict[str, str], str]:
    """One answer, by its own framing."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    status, *lines = head.rstrip("\r\n").split("\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    length = 0 if head_only else int(fields.get("content-length", "0"))
    assert "transfer-encoding" not in fields, f"the demo's answers have lengths: {head}"
    return int(status.split(" ")[1]), fields, (await reader.readexactly(length)).decode()


class Honest:
    """One client: keeps its connections for a while, sends one request or a few in a row, checks each answer."""

    def __init__(self, server: Server, name: str, key: str, pace: Pace, tally: Tally):
        self.server, self.name, self.key, self.pace, self.tally = server, name, key, pace, tally

    async def run(self):
        while not self.tally.over:
            try:
                await self.connection()
            except Exception as error:
                self.tally.fault(f"{self.name}: {type(error).__name__}: {error}")
                await asyncio.sleep(1)

    async def connection(self):
        reader, writer = await self.server.connect()
        try:
            for _ in range(random.randint(1, 60)):
                if self.tally.over:
                    return
                row = [self.request() for _ in range(random.choice([1, 1, 1, 2, 5]))]
                writer.write(b"".join(raw for raw, _, _ in row))
                for raw, head_only, check in row:
                    status, fields, body = await asyncio.wait_for(answer(reader, head_only), PATIENCE)
                    self.tally.honest += 1
                    if not check(status, fields, body):
                        what = raw.split(b"\r\n", 1)[0].decode()
                        self.tally.fault(f"{self.name}: {what} got another's answer: {status} {fields} {body[:300]!r}")
                if self.pace.pause:
                    await asyncio.sleep(self.pace.pause * random.uniform(0.5, 1.5) * len(row))
        finally:
            writer.close()
            with contextlib.suppress(OSError, ssl.SSLError):
                await writer.wait_closed()

    def request(self):
        """A request, whether its answer has no body, and what the answer must be."""
        word = f"/soak-{uuid.uuid4().hex}"
        key = f"X-Api-Key: {self.key}\r\n"

        def raw(method, target, fields="", body=""):
            length = f"Content-Length: {len(body)}\r\n" if body else ""
            host = f"Host: localhost:{self.server.port}\r\n"
            return f"{method} {target} HTTP/1.1\r\n{host}{fields}{length}\r\n{body}".encode()

        def mine(body):
            return set(re.findall(r"/soak-[0-9a-f]{32}", body)) == {word}

        kinds = [
            # Who am I?
            (raw("GET", "/", key + "Accept: application/json\r\n"), False,
             lambda s, f, b: s == 200 and re.findall(r'"subject": "([^"]*)"', b) == [self.name]),
            # Signed in already: back to where I came from.
            (raw("GET", f"/sign-in?next={word}", key), False,
             lambda s, f, b: s == 303 and f.get("location") == word),
            # Nobody: a form that remembers where I came from.
            (raw("GET", f"/sign-in?next={word}", "Accept: text/html\r\n"), False,
             lambda s, f, b: s == 200 and mine(b) and self.name not in b),
            # No body, whatever its length says.
            (raw("HEAD", "/", key), True, lambda s, f, b: s == 200 and b == ""),
            # Refused, with a body that nobody reads.
            (raw("POST", word, "Content-Type: text/plain\r\n", "x" * random.randint(1, 5000)), False,
             lambda s, f, b: s in (401, 403) and self.name not in b),
        ]
        return random.choice(kinds)


# ── clients that misbehave ──────────────────────────────────────────────────────────────────────────────────────


class Attack:
    """Each method is one attack on one connection; it ends when the server ends it, or by itself."""

    def __init__(self, server: Server, tally: Tally):
        self.server, self.tally = server, tally
        self.kinds = [getattr(self, name) for name in dir(self) if name.startswith("by_")]

    async def run(self):
        while not self.tally.over:
            kind = random.choice(self.kinds)
            name = kind.__name__.removeprefix("by_")
            try:
                await asyncio.wait_for(kind(), PATIENCE)
            except (OSError, EOFError, ssl.SSLError, asyncio.IncompleteReadError):
                pass
            except asyncio.TimeoutError:
                self.tally.fault(f"{name} was left alone for more than {PATIENCE} s")
            self.tally.attacks[name] = self.tally.attacks.get(name, 0) + 1
            await asyncio.sleep(random.uniform(0, 0.2))

    @contextlib.asynccontextmanager
    async def open(self, **how):
        reader, writer = await self.server.connect(**how)
        try:
            yield reader, writer
        finally:
            writer.transport.abort()

    async def to_the_end(self, reader):
        while came := await reader.read(65536):
            if b'"subject": "client-' in came:
                self.tally.fault(f"a stranger was told of {came[:300]!r}")

    def head(self, method="GET", path="/", *fields):
        return "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: localhost:{self.server.port}", *fields, "", ""]).encode()

    async def by_silence(self):
        async with self.open() as (reader, _):
            await self.to_the_end(reader)

    async def by_half_a_head(self):
        async with self.open() as (reader, writer):
            writer.write(self.head()[: random.randint(1, 30)])
            await self.to_the_end(reader)

    async def by_a_trickle_of_a_head(self):
        async with self.open() as (reader, writer):
            writer.write(self.head()[:-2])
            end = asyncio.ensure_future(self.to_the_end(reader))
            while not end.done():
                writer.write(b"X: y\r\n")
                await asyncio.wait([end], timeout=1)
            await end

    async def by_a_trickle_of_a_body(self):
        async with self.open() as (reader, writer):
            writer.write(self.head("POST", "/sign-in", "Content-Type: application/x-www-form-urlencoded", "Content-Length: 5000"))
            end = asyncio.ensure_future(self.to_the_end(reader))
            while not end.done():
                writer.write(b"x")
                await asyncio.wait([end], timeout=1)
            await end

    async def by_a_reset_in_a_body(self):
        async with self.open() as (_, writer):
            writer.write(self.head("POST", "/sign-in", "Content-Length: 100000") + b"x" * random.randint(0, 5000))
            await writer.drain()
            raw = writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    async def by_a_length_that_is_too_short(self):
        async with self.open() as (reader, writer):
            writer.write(self.head("POST", "/sign-in", "Content-Length: 3") + b"x" * 500 + self.head())
            await self.to_the_end(reader)

    async def by_a_length_that_is_too_long(self):
        async with self.open() as (_, writer):
            writer.write(self.head("POST", "/sign-in", "Content-Length: 5000") + b"x")
            await writer.drain()
            await asyncio.sleep(random.uniform(0, 1))

    async def by_two_framings(self):
        async with self.open() as (reader, writer):
            writer.write(self.head("POST", "/", "Content-Length: 5", "Transfer-Encoding: chunked") + b"0\r\n\r\n" + self.head())
            await self.to_the_end(reader)

    async def by_chunks_that_lie(self):
        async with self.open() as (reader, writer):
            chunk = random.choice([b"5\r\nabcdefgh\r\n", b"-1\r\n", b"fffffffffffffffff\r\n", b"1;" + b"x" * 20000, b"zz\r\n"])
            writer.write(self.head("POST", "/sign-in", "Transfer-Encoding: chunked") + chunk)
            await self.to_the_end(reader)

    async def by_a_body_that_is_too_large(self):
        async with self.open() as (reader, writer):
            writer.write(self.head("POST", "/sign-in", "Transfer-Encoding: chunked"))
            end = asyncio.ensure_future(self.to_the_end(reader))
            while not end.done():
                writer.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
                await asyncio.wait([end, asyncio.ensure_future(writer.drain())], timeout=1)
            await end

    async def by_answers_that_are_not_read(self):
        async with self.open() as (_, writer):
            writer.transport.pause_reading()
            writer.transport.set_write_buffer_limits(high=1)
            with contextlib.suppress(asyncio.TimeoutError):
                for _ in range(2000):
                    writer.write(self.head("GET", "/sign-in", "Accept: text/html"))
                    await asyncio.wait_for(writer.drain(), 5)
            await asyncio.sleep(random.uniform(0, 20))

    async def by_half_a_goodbye(self):
        async with self.open(tls=False) as (reader, writer):
            writer.write(self.head())
            writer.write_eof()
            await self.to_the_end(reader)

    async def by_a_pipeline_that_is_left(self):
        async with self.open() as (_, writer):
            writer.write(self.head() * random.randint(2, 200))
            await writer.drain()

    async def by_garbage(self):
        async with self.open(tls=False) as (reader, writer):
            writer.write(random.choice([os.urandom(300), b"\x16\x03\x01\x02\0\x01\0", b"\r\n" * 1000, b"\0" * 5000, PREFACE]))
            await self.to_the_end(reader)

    async def by_half_a_handshake(self):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        half = self.server.contexts["http/1.1"].wrap_bio(incoming, outgoing, server_hostname="localhost")
        with contextlib.suppress(ssl.SSLWantReadError):
            half.do_handshake()
        hello = outgoing.read()
        async with self.open(tls=False) as (reader, writer):
            writer.write(hello[: random.randint(1, len(hello))])
            if random.random() < 0.3:
                await self.to_the_end(reader)

    async def by_a_handshake_and_nothing(self):
        async with self.open() as (_, writer):
            await asyncio.sleep(random.uniform(0, 3))

    # HTTP/2, frame by frame.

    async def frames(self, first: bytes, more=None, read=True):
        async with self.open(alpn="h2") as (reader, writer):
            writer.write(PREFACE + frame(4, 0, 0, b"") + first)
            if not read:
                writer.transport.pause_reading()
                await asyncio.sleep(random.uniform(0, 20))
                return
            end = asyncio.ensure_future(self.to_the_end(reader))
            for part in more or []:
                if end.done():
                    break
                writer.write(part)
                await asyncio.wait([end, asyncio.ensure_future(writer.drain())], timeout=1)
            await asyncio.wait([end], timeout=random.uniform(0, 10))
            end.cancel()

    async def by_rapid_reset(self):
        both = (self.get(n) + frame(3, 0, n, b"\0\0\0\x08") for n in range(1, 4001, 2))
        await self.frames(b"", both)

    async def by_made_you_reset(self):
        await self.frames(b"", (self.get(n, end=False) + frame(8, 0, n, b"\x7f\xff\xff\xff") for n in range(1, 3001, 2)))

    async def by_pings_and_settings(self):
        await self.frames(b"", ((frame(6, 0, 0, b"12345678") + frame(4, 0, 0, b"")) * 50 for _ in range(100)))

    async def by_a_head_without_an_end(self):
        more = (frame(9, 0, 1, b"\0\x01x\x01y") for _ in range(200))
        await self.frames(frame(1, 0, 1, b"\x82"), more)

    async def by_a_window_of_nothing(self):
        closed = frame(4, 0, 0, b"\0\x04\0\0\0\0")
        await self.frames(closed + b"".join(self.get(n) for n in range(1, 201, 2)), read=random.random() < 0.5)

    async def by_cookie_crumbs(self):
        crumbs = b"".join(b"\0\x06cookie\x03a=b" for _ in range(1500))
        await self.frames(frame(1, 5, 1, b"\x82\x86\x84" + crumbs[:16000]))

    def get(self, stream: int, end=True) -> bytes:
        host = f"localhost:{self.server.port}".encode()
        scheme = b"\x87" if self.server.tls else b"\x86"
        return frame(1, 5 if end else 4, stream, b"\x82" + scheme + b"\x84\x01" + bytes([len(host)]) + host)


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


# ── the run ─────────────────────────────────────────────────────────────────────────────────────────────────────


def make_keys(file: Path, count: int) -> dict[str, str]:
    made = {}
    for n in range(count):
        command = [BINARY, "key", "new", "--file", str(file), f"client-{n}"]
        made[f"client-{n}"] = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    return made


async def watch(servers: list[Server], tally: Tally, start: float):
    while not tally.over:
        await asyncio.sleep(1)
        now = time.monotonic() - start
        for server in servers:
            if server.process.poll() is not None:
                tally.fault(f"the server ended with {server.process.returncode}: {server.log.read_text()[-2000:]}")
                return
            server.samples.append((now, *server.look()))
        if int(now) % 30 == 0:
            seen = "  ".join(f"{s.samples[-1][1] / 1024:.1f} MiB, {s.samples[-1][2]} fds" for s in servers)
            print(f"{now:6.0f} s  {tally.honest} honest answers, {sum(tally.attacks.values())} attacks  {seen}", flush=True)


def grew(server: Server, tally: Tally):
    """Compares the third third with the second: the first is for caches and allocators to fill."""
    end = server.samples[-1][0]
    part = lambda which, lo, hi: [s[which] for s in server.samples if lo * end <= s[0] <= hi * end]
    name = "TLS" if server.tls else "plain"
    for which, unit, slack in [(1, "KiB", SLACK_KIB), (2, "descriptors", 64)]:
        middle, last = statistics.median(part(which, 1 / 3, 2 / 3)), statistics.median(part(which, 2 / 3, 1))
        print(f"{name}: {middle:.0f} {unit} in the middle, {last:.0f} at the end, {max(part(which, 0, 1))} at most")
        if last > middle * (1 + SLACK_SHARE) + slack:
            tally.fault(f"{name}: {unit} grew from {middle:.0f} to {last:.0f}")


async def emptied(server: Server, before: int, tally: Tally):
    """Waits until what was open is closed; the longest deadline is that of a connection that rests."""
    deadline = time.monotonic() + PATIENCE
    while (now := server.look()[1]) > before and time.monotonic() < deadline:
        await asyncio.sleep(1)
    if now > before:
        tally.fault(f"{now} descriptors are left, {before} there were before the first client")


async def soak(arguments) -> Tally:
    tally, pace = Tally(), Pace()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        keys = make_keys(folder / "keys.jsonl", arguments.honest)
        servers = [Server(folder, folder / "keys.jsonl", tls) for tls in (False, True)]
        before = [server.look()[1] for server in servers]
        start = time.monotonic()
        honest = [
            asyncio.create_task(Honest(servers[n % 2], name, key, pace, tally).run())
            for n, (name, key) in enumerate(keys.items())
        ]
        watcher = asyncio.create_task(watch(servers, tally, start))
        await asyncio.sleep(10)
        rate = tally.honest / 10
        # Half of what these clients get through: each rests as long as it works.
        pace.pause = arguments.honest / rate
        print(f"full load: {rate:.0f} requests a second; from now on half of it", flush=True)
        attackers = [asyncio.create_task(Attack(servers[n % 2], tally).run()) for n in range(arguments.attackers)]
        await asyncio.wait([watcher], timeout=arguments.minutes * 60 - 10)
        tally.over = True
        # Honest clients end by themselves; whoever only waits for the server is told.
        await asyncio.wait(honest, timeout=PATIENCE)
        left = {*honest, *attackers}
        while left := {task for task in left if not task.done()}:
            for task in left:
                task.cancel()
            await asyncio.wait(left, timeout=5)
        for server, count in zip(servers, before):
            if server.process.poll() is None:
                await emptied(server, count, tally)
                grew(server, tally)
                if (code := server.stop()) != 0:
                    tally.fault(f"the server ended with {code}")
                if (panics := server.log.read_text().count("server.panic")) != 0:
                    tally.fault(f"{panics} panics: {server.log}")
        watcher.cancel()
    return tally


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--honest", type=int, default=16, help="clients that mean well")
    parser.add_argument("--attackers", type=int, default=80, help="clients that do not, at once")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    arguments = parser.parse_args()
    random.seed(arguments.seed)
    # Attackers write on after they were shown out, and asyncio would say so each time.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    print(f"{BINARY}, {arguments.minutes:g} minutes, seed {arguments.seed}", flush=True)
    tally = asyncio.run(soak(arguments))
    for name, count in sorted(tally.attacks.items()):
        print(f"{count:7} {name.replace('_', ' ')}")
    print(f"soak: {tally.honest} honest answers, {sum(tally.attacks.values())} attacks, {len(tally.faults)} faults")
    sys.exit(1 if tally.faults or not tally.honest or not tally.attacks else 0)


if __name__ == "__main__":
    main()
