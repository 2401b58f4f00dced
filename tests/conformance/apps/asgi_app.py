"""An ASGI app with a page for each behaviour: `/NAME?id=…` is the function NAME below; sockets.py has the WebSockets."""

import asyncio
import contextvars
import json
from urllib.parse import parse_qs

from notes import FOLDER, may_go, note
from sockets import socket

TEXT = [(b"content-type", b"text/plain")]
SECRET = contextvars.ContextVar("secret", default="none")


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return await lifespan(scope, receive, send)
    query = {key: values[0] for key, values in parse_qs(scope["query_string"].decode()).items()}
    if scope["type"] == "websocket":
        return await socket(scope, receive, send, **query)
    page = globals()[scope["path"].split("/")[1]]
    await page(scope, receive, send, **query)


async def lifespan(scope, receive, send):
    await receive()
    scope["state"].update(greeting="from the start", shared=[]) if "state" in scope else None
    await asyncio.sleep(0.3)
    note("lifespan", "started")
    await send({"type": "lifespan.startup.complete"})
    await receive()
    note("lifespan", "ending")
    await asyncio.sleep(0.2)
    note("lifespan", "ended")
    await send({"type": "lifespan.shutdown.complete"})


async def without_lifespan(scope, receive, send):
    assert scope["type"] == "http"
    await hello(scope, receive, send)


async def fails_to_start(scope, receive, send):
    if scope["type"] != "lifespan":
        return await hello(scope, receive, send)
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "the database is away"})


async def start(send, status=200, headers=()):
    await send({"type": "http.response.start", "status": status, "headers": [*TEXT, *headers]})


async def body(send, data, more=False):
    await send({"type": "http.response.body", "body": data, "more_body": more})


async def answer(send, data):
    data = data if isinstance(data, bytes) else data.encode()
    await start(send, 200, [(b"content-length", str(len(data)).encode())])
    await body(send, data)


async def read_all(receive):
    """The body, or None when the client went away before its end."""
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


async def hello(scope, receive, send, **_):
    if "state" in scope and not FOLDER.joinpath("lifespan").exists():
        note("early", "asked")
    await answer(send, b"hello, world\n")


async def seen(scope, receive, send, **_):
    """The whole scope, and the request as the tests of both interfaces read it."""
    data = await read_all(receive)
    headers = {}
    for name, value in scope["headers"]:
        name, value = bytes(name).decode("latin-1"), bytes(value).decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    told = {
        "method": scope["method"],
        "path": scope["path"],
        "query": bytes(scope["query_string"]).decode(),
        "headers": headers,
        "body": data.decode("latin-1"),
        "scope": scope,
        "kinds": {key: type(value).__name__ for key, value in scope.items()},
        "pairs": [[type(part).__name__ for part in pair] for pair in scope["headers"]],
    }
    await answer(send, json.dumps(told, default=plain))


def plain(value):
    return value.decode("latin-1") if isinstance(value, bytes) else repr(value)


async def unread(scope, receive, send, **_):
    await answer(send, b"unread")


async def read(scope, receive, send, id, **_):
    note(id, "called")
    note(id, "broken" if await read_all(receive) is None else "whole")
    await answer(send, b"read")


async def stream_in(scope, receive, send, id, **_):
    first = await receive()
    note(id, "first")
    rest = await read_all(receive) if first.get("more_body") else b""
    await answer(send, str(len(first["body"] + rest)))


async def receives(scope, receive, send, **_):
    """The first message of a request without a body."""
    message = await receive()
    await answer(send, json.dumps([message["type"], message.get("body", b"").decode(), message.get("more_body", False)]))


async def status(scope, receive, send, code, **_):
    await start(send, int(code), [(b"content-length", b"5")] if code == "204" else [])
    await body(send, b"wrong")


async def with_body(scope, receive, send, **_):
    await answer(send, b"body")


async def lengthless(scope, receive, send, **_):
    await start(send)
    await body(send, b"one ", True)
    await body(send, b"two")


async def length(scope, receive, send, says, **_):
    await start(send, 200, [(b"content-length", says.encode())])
    await body(send, b"12345", True)
    await body(send, b"67890")


async def raises(scope, receive, send, **_):
    raise RuntimeError("on purpose")


async def breaks(scope, receive, send, **_):
    await start(send)
    await body(send, b"first", True)
    raise RuntimeError("on purpose")


async def silent(scope, receive, send, **_):
    pass


async def header(scope, receive, send, value, name="x-value", **_):
    await start(send, 200, [(name.encode("latin-1"), value.encode("latin-1"))])
    await body(send, b"sent")


async def fields(scope, receive, send, **_):
    await start(send, 200, [(b"set-cookie", b"a=1"), (b"x-latin", b"\xe9"), (b"set-cookie", b"b=2")])
    await body(send, b"sent")


async def two_steps(scope, receive, send, id, **_):
    await start(send)
    await body(send, b"first", True)
    await until_go(id)
    await body(send, b"second")


async def until_go(id):
    for _ in range(500):
        if may_go(id):
            return
        await asyncio.sleep(0.01)


async def after_the_end(scope, receive, send, id, **_):
    """What receive() says once the answer is out."""
    await read_all(receive)
    await answer(send, b"over")
    note(id, (await asyncio.wait_for(receive(), 5))["type"])


async def hang_up(scope, receive, send, id, **_):
    """Waits for the client to go, then sends all the same."""
    await read_all(receive)
    await start(send)
    await body(send, b"first", True)
    note(id, "version-" + scope["asgi"].get("spec_version", "2.0"))
    note(id, (await receive())["type"])
    try:
        for _ in range(20):
            await body(send, b"x" * 65536, True)
    except OSError:
        note(id, "raised-oserror")
    except Exception as error:
        note(id, f"raised-{type(error).__name__}")
    else:
        note(id, "allowed")


async def floods(scope, receive, send, id, **_):
    """Sends 128 MiB and notes each mebibyte that send() took."""
    await start(send)
    try:
        for _ in range(128):
            await body(send, b"x" * (1 << 20), True)
            note(id, "sent")
    except OSError:
        pass


async def never_reads(scope, receive, send, id, **_):
    note(id, "called")
    await until_go(id)
    await answer(send, b"done")


START = {"type": "http.response.start", "status": 200, "headers": []}
BAD = {
    "unknown-type": [{"type": "http.response.nonsense"}],
    "no-status": [{"type": "http.response.start", "headers": []}],
    "text-header": [{"type": "http.response.start", "status": 200, "headers": [("x-text", "text")]}],
    "text-body": [START, {"type": "http.response.body", "body": "text"}],
    "body-first": [{"type": "http.response.body", "body": b"early"}],
    "start-twice": [START, {"type": "http.response.start", "status": 201, "headers": []}],
}


async def bad(scope, receive, send, id, which, **_):
    *first, last = BAD[which]
    for message in first:
        await send(message)
    try:
        await send(last)
    except asyncio.CancelledError:
        raise
    except BaseException:
        note(id, "raised")
        raise
    note(id, "allowed")


async def fewest_keys(scope, receive, send, **_):
    await send({"type": "http.response.start", "status": 204})
    await send({"type": "http.response.body"})


async def extra_keys(scope, receive, send, **_):
    await send({"type": "http.response.start", "status": 200, "headers": [], "extra": 1})
    await send({"type": "http.response.body", "body": b"fine", "extra": {}})


async def remembers(scope, receive, send, **_):
    """What an earlier request left behind in the context, in the scope and in its headers."""
    left = [SECRET.get(), "mark" in scope, any(name == b"x-left" for name, _ in scope["headers"])]
    SECRET.set("left")
    scope["mark"] = "left"
    if isinstance(scope["headers"], list):
        scope["headers"].append((b"x-left", b"left"))
    await answer(send, json.dumps(left))


async def task(scope, receive, send, **_):
    """A request's task is its own, and can be timed out and waited for as asyncio says."""
    try:
        await asyncio.wait_for(asyncio.sleep(10), 0.01)
    except asyncio.TimeoutError:
        current = asyncio.current_task()
        await answer(send, json.dumps([isinstance(current, asyncio.Task), current.cancelling() if hasattr(current, "cancelling") else 0]))


async def state(scope, receive, send, **_):
    """The state of lifespan; what a request sets in it stays its own."""
    mine = scope.get("state")
    if mine is None:
        return await answer(send, b"null")
    told = [mine.get("greeting"), "own" in mine]
    mine["own"] = True
    await answer(send, json.dumps(told))


async def pathsend(scope, receive, send, id, **_):
    if "http.response.pathsend" not in (scope.get("extensions") or {}):
        return await answer(send, b"none")
    path = FOLDER / f"file-{id}"
    path.write_bytes(b"x" * 100_000)
    await start(send, 200, [(b"content-length", b"100000")])
    await send({"type": "http.response.pathsend", "path": str(path)})


async def trailers(scope, receive, send, **_):
    if "http.response.trailers" not in (scope.get("extensions") or {}):
        return await answer(send, b"none")
    await send({"type": "http.response.start", "status": 200, "headers": [(b"trailer", b"x-sum")], "trailers": True})
    await body(send, b"data")
    await send({"type": "http.response.trailers", "headers": [(b"x-sum", b"4")]})
