"""The WebSockets of asgi_app.py: `?do=NAME` is the function NAME below."""

import json

from notes import note


async def socket(scope, receive, send, do="echo", **query):
    assert (await receive())["type"] == "websocket.connect"
    await globals()[do](scope, receive, send, **query)


async def echo(scope, receive, send, id="none", **_):
    """Until the client goes; then notes how."""
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        given = [key for key in ("bytes", "text") if message.get(key) is not None]
        note(id, "-".join(given))
        await send({"type": "websocket.send", **{key: message[key] for key in given}})
    note(id, f"code-{message.get('code')}")
    note(id, f"reason-{message.get('reason')}")


async def seen(scope, receive, send, **_):
    await send({"type": "websocket.accept"})
    told = {**scope, "kinds": {key: type(value).__name__ for key, value in scope.items()}}
    await send({"type": "websocket.send", "text": json.dumps(told, default=plain)})
    await receive()


def plain(value):
    return value.decode("latin-1") if isinstance(value, bytes) else repr(value)


async def chooses(scope, receive, send, **_):
    await send(
        {"type": "websocket.accept", "subprotocol": scope["subprotocols"][-1], "headers": [(b"x-own", b"yes")]}
    )
    await send({"type": "websocket.send", "text": "chosen"})
    await receive()


async def refuses(scope, receive, send, **_):
    await send({"type": "websocket.close", "code": 4001})


async def denies(scope, receive, send, **_):
    """An answer of its own in place of the handshake, where the server has that."""
    if "websocket.http.response" not in (scope.get("extensions") or {}):
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": "none"})
        return await send({"type": "websocket.close"})
    await send({"type": "websocket.http.response.start", "status": 418, "headers": [(b"x-denied", b"yes")]})
    await send({"type": "websocket.http.response.body", "body": b"no ", "more_body": True})
    await send({"type": "websocket.http.response.body", "body": b"tea"})


async def closes(scope, receive, send, code="1000", reason="", **_):
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": int(code), "reason": reason})


async def closes_plainly(scope, receive, send, **_):
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close"})


async def breaks(scope, receive, send, **_):
    await send({"type": "websocket.accept"})
    raise RuntimeError("on purpose")


async def breaks_early(scope, receive, send, **_):
    raise RuntimeError("on purpose")


async def returns(scope, receive, send, **_):
    await send({"type": "websocket.accept"})


async def sends_late(scope, receive, send, id, **_):
    await send({"type": "websocket.accept"})
    note(id, "version-" + scope["asgi"].get("spec_version", "2.0"))
    while (message := await receive())["type"] != "websocket.disconnect":
        pass
    try:
        await send({"type": "websocket.send", "text": "late"})
    except OSError:
        note(id, "raised-oserror")
    except Exception as error:
        note(id, f"raised-{type(error).__name__}")
    else:
        note(id, "allowed")


async def speaks_first(scope, receive, send, id, **_):
    """Sends before it accepts, which no server may let through."""
    try:
        await send({"type": "websocket.send", "text": "early"})
    except BaseException:
        note(id, "raised")
        raise
    note(id, "allowed")


async def floods(scope, receive, send, id, **_):
    await send({"type": "websocket.accept"})
    for _ in range(128):
        await send({"type": "websocket.send", "bytes": b"x" * (1 << 20)})
        note(id, "sent")
