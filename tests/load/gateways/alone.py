"""Calls an app in a warm loop, with no server: `alone.py asgi|wsgi MODULE:ATTR PATH`.

For each line of standard input, so many seconds, it writes how many calls there were and their CPU time in seconds.
"""

import asyncio
import importlib
import io
import sys
import time
from collections.abc import Callable

import uvloop

HEADERS = [(b"host", b"127.0.0.1:8000")]
SCOPE = {
    "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "GET",
    "scheme": "http", "path": "/", "raw_path": b"/", "query_string": b"", "root_path": "", "headers": HEADERS,
    "client": ("127.0.0.1", 50000), "server": ("127.0.0.1", 8000),
}  # fmt: skip
ENVIRON = {
    "REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": "/", "QUERY_STRING": "", "SERVER_NAME": "127.0.0.1",
    "SERVER_PORT": "8000", "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "127.0.0.1:8000", "REMOTE_ADDR": "127.0.0.1",
    "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.errors": sys.stderr, "wsgi.multithread": False,
    "wsgi.multiprocess": False, "wsgi.run_once": False,
}  # fmt: skip


async def call_asgi(app):
    over = asyncio.Event()
    first = True

    async def receive():
        nonlocal first
        if first:
            first = False
            return {"type": "http.request", "body": b"", "more_body": False}
        await over.wait()  # a client that stays
        return {"type": "http.disconnect"}

    async def send(message):
        pass

    await app(dict(SCOPE), receive, send)


def call_wsgi(app):
    answer = app({**ENVIRON, "wsgi.input": io.BytesIO()}, lambda status, headers, error=None: None)
    for _ in answer:
        pass
    if hasattr(answer, "close"):
        answer.close()


def counted(call: Callable, app, until: float) -> int:
    done = 0
    while time.perf_counter() < until:
        call(app)
        done += 1
    return done


async def counted_asgi(app, until: float) -> int:
    done = 0
    while time.perf_counter() < until:
        await call_asgi(app)
        done += 1
    return done


def main():
    kind, name, path = sys.argv[1:]
    SCOPE.update(path=path, raw_path=path.encode())
    ENVIRON.update(PATH_INFO=path)
    module, attribute = name.split(":")
    app = getattr(importlib.import_module(module), attribute)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print("ready", flush=True)
        for line in sys.stdin:
            until, spent = time.perf_counter() + float(line), time.process_time()
            done = runner.run(counted_asgi(app, until)) if kind == "asgi" else counted(call_wsgi, app, until)
            print(done, time.process_time() - spent, flush=True)


main()
