"""ASGI 3 over HTTP, its extensions and lifespan: what the app is told, when, and what becomes of what it sends.

    a request as bytes ─▶ the server ─▶ apps/asgi_app.py ─▶ what came back, byte for byte, and what the app wrote down
"""

import json
import signal
import socket

from servers import Running
from table import Differs, proves
from wire import PATIENCE, Closed


def scope(at, *lines: str) -> dict:
    return at.seen(*lines)["scope"]


# scope


@proves("ASGI HTTP Connection Scope")
def scope_types(at):
    """Every key of the scope has the type that the specification gives it."""
    seen = at.seen("GET /seen?a=b HTTP/1.1", "HOST")
    kinds = seen["kinds"]
    for name in ("type", "http_version", "method", "path"):
        assert kinds.get(name) == "str", (name, kinds.get(name))
    for name in ("scheme", "root_path"):
        assert kinds.get(name, "str") == "str", (name, kinds.get(name))
    assert kinds["asgi"] == "dict" and kinds["query_string"] == "bytes", kinds
    assert kinds.get("raw_path", "bytes") in ("bytes", "NoneType"), kinds
    assert seen["scope"]["asgi"]["version"] == "3.0", seen["scope"]["asgi"]
    for pair in seen["pairs"]:
        assert pair == ["bytes", "bytes"], pair


@proves("ASGI HTTP Connection Scope")
def addresses(at):
    """`client` and `server` are a host and a port, the port a number."""
    found = scope(at, "GET /seen HTTP/1.1", "HOST")
    assert found["server"] == ["127.0.0.1", at.port], found["server"]
    host, port = found["client"]
    assert host == "127.0.0.1" and isinstance(port, int), found["client"]


@proves("ASGI HTTP Connection Scope")
def http_version(at):
    """`http_version` is the version of the request: `1.0`, `1.1`."""
    for version in ("1.0", "1.1"):
        found = scope(at, f"GET /seen HTTP/{version}", "HOST")["http_version"]
        assert found == version, found


@proves("ASGI HTTP Connection Scope")
def header_names(at):
    """Header names are lower case."""
    names = [name for name, _ in scope(at, "GET /seen HTTP/1.1", "HOST", "X-LOUD: a")["headers"]]
    assert "x-loud" in names and "host" in names, names


@proves("ASGI HTTP Connection Scope")
def header_values(at):
    """A header that comes twice is there twice, in its order, each byte as it was received."""
    found = scope(at, "GET /seen HTTP/1.1", "HOST", "X-Twice: 1", "X-Other: \xe9\xff", "X-Twice: 2")["headers"]
    assert [value for name, value in found if name == "x-twice"] == ["1", "2"], found
    assert ["x-other", "\xe9\xff"] in found, found


@proves("ASGI HTTP Connection Scope")
def path_is_decoded(at):
    """`path` is the path with its escapes decoded, as UTF-8, and once: `%252F` is `%2F`."""
    path = scope(at, "GET /seen/%C3%A9/%252F HTTP/1.1", "HOST")["path"]
    assert path == "/seen/é/%2F", path


@proves("ASGI HTTP Connection Scope")
def raw_path(at):
    """`raw_path`, where there is one, is the path as it was received, without the query."""
    found = scope(at, "GET /seen/%C3%A9%20x?a=b HTTP/1.1", "HOST").get("raw_path")
    if found is None:
        raise Differs("has no raw_path, which is optional")
    assert found == "/seen/%C3%A9%20x", found


@proves("ASGI HTTP Connection Scope")
def query_string(at):
    """`query_string` is the query's bytes, not decoded."""
    assert scope(at, "GET /seen?a=%20+%2F?b HTTP/1.1", "HOST")["query_string"] == "a=%20+%2F?b"


@proves("ASGI Connection Scope; else one client's data reaches another's request")
def scope_is_fresh(at):
    """What an app puts into the scope, its headers or a context variable is gone with its request."""
    with at.connect() as wire:
        for _ in range(2):
            wire.send("GET /remembers HTTP/1.1", "HOST")
            assert json.loads(wire.answer().body) == ["none", False, False]


@proves("ASGI Applications: an asyncio-compatible coroutine")
def a_task_of_its_own(at):
    """The app runs in a real asyncio task, where a timeout works."""
    assert json.loads(at.get("/task").body) == [True, 0]


# receive()


@proves("ASGI HTTP Request")
def empty_body(at):
    """A request without a body is one `http.request` that is empty and says that no more comes."""
    assert json.loads(at.get("/receives").body) == ["http.request", "", False]


@proves("ASGI HTTP Request")
def body_in_parts(at):
    """A body of any size arrives whole, and `more_body` says where it ends."""
    body = bytes(range(256)) * 4096
    told = at.seen("POST /seen HTTP/1.1", "HOST", f"Content-Length: {len(body)}", body=body)
    assert told["body"].encode("latin-1") == body


@proves("ASGI HTTP Request; an upload of any size must not be gathered first")
def body_streams_in(at):
    """The first part of a body reaches the app before the last is sent."""
    with at.connect() as wire:
        wire.send("POST /stream_in?id=in HTTP/1.1", "HOST", "Content-Length: 10", body=b"12345")
        at.until_note("in", "first")
        wire.raw(b"67890")
        assert wire.answer().body == b"10"


@proves("ASGI receive(); a body that nobody reads must not fill the memory")
def body_is_held_back(at):
    """A client's upload stalls while the app does not read it."""
    with at.connect(patience=1) as wire:
        wire.send("POST /never_reads?id=held HTTP/1.1", "HOST", f"Content-Length: {128 << 20}")
        at.until_note("held", "called")
        sent, block = 0, bytes(1 << 16)
        try:
            while sent < 64 << 20:
                sent += wire.socket.send(block)
        except TimeoutError:
            pass
        finally:
            at.go("held")
        assert sent < 64 << 20, "64 MiB were taken"


@proves("ASGI HTTP Disconnect")
def disconnect_after_the_answer(at):
    """`receive()` after the answer gives `http.disconnect`."""
    assert at.get("/after_the_end?id=over").body == b"over"
    at.until_note("over", "http.disconnect")


@proves("ASGI HTTP Disconnect")
def disconnect_on_hang_up(at):
    """`receive()` gives `http.disconnect` soon after the client went away."""
    hung_up(at, "gone")


def hung_up(at, name: str):
    with at.connect() as wire:
        wire.send(f"GET /hang_up?id={name} HTTP/1.1", "HOST")
        wire.until(b"first")
        wire.reset()
    at.until_note(name, "http.disconnect")


# send()


@proves("ASGI HTTP Disconnected Client (spec_version 2.4)")
def send_after_hang_up(at):
    """`send()` after the client went away raises an `OSError`."""
    hung_up(at, "late")
    at.until(lambda: len(at.notes("late")) > 2, "the app never got to the end")
    version, _, outcome = at.notes("late")
    if outcome == "allowed" and version < "version-2.4":
        raise Differs(f"says spec_{version}, in which send() does nothing then")
    assert outcome == "raised-oserror", outcome


@proves("ASGI HTTP Response Body; an answer that nobody takes must not fill the memory")
def send_is_held_back(at):
    """`send()` waits while the client does not read."""
    with at.connect() as wire:
        wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        wire.send("GET /floods?id=flood HTTP/1.1", "HOST")
        at.until_note("flood", "sent")
        taken = at.settles("flood")
        assert taken < 64, f"send() took {taken} MiB"


def raises_in_the_app(at, which: str):
    with at.connect() as wire:
        wire.send(f"GET /bad?id={which}&which={which} HTTP/1.1", "HOST")
        try:
            wire.answer()
        except (Closed, ConnectionResetError):
            pass
    at.until(lambda: at.notes(which), "the app never got there")
    assert at.notes(which) == ["raised"], at.notes(which)


@proves("ASGI Error Handling")
def unknown_message(at):
    """A message of a type that does not exist raises in the app."""
    raises_in_the_app(at, "unknown-type")


@proves("ASGI Error Handling")
def message_without_status(at):
    """A message that lacks a required key raises in the app."""
    raises_in_the_app(at, "no-status")


@proves("ASGI Error Handling")
def text_for_bytes(at):
    """Text where bytes belong, in a header and in a body, raises in the app."""
    raises_in_the_app(at, "text-header")
    raises_in_the_app(at, "text-body")


@proves("ASGI HTTP Response Start")
def messages_out_of_order(at):
    """A body before the start, and a second start, raise in the app."""
    raises_in_the_app(at, "body-first")
    raises_in_the_app(at, "start-twice")


@proves("ASGI HTTP Response Start, Response Body")
def fewest_keys(at):
    """`headers`, `body` and `more_body` may be left out."""
    assert at.get("/fewest_keys").status == 204


@proves("ASGI Extra Coroutines and Error Handling: additional keys are no error")
def extra_keys(at):
    """Keys that the server does not know are ignored."""
    assert at.get("/extra_keys").body == b"fine"


# Extensions


@proves("ASGI Extensions: Path Send")
def pathsend(at):
    """`http.response.pathsend`, where it is announced, sends the file."""
    answer = at.get("/pathsend?id=path")
    if answer.body == b"none":
        raise Differs("does not announce it")
    assert answer.body == b"x" * 100_000 and answer.whole


@proves("ASGI Extensions: Trailers")
def trailers(at):
    """`http.response.trailers`, where it is announced, sends the fields behind the body."""
    answer = at.get("/trailers", "TE: trailers")
    if answer.body == b"none":
        raise Differs("does not announce it")
    assert answer.body == b"data" and answer.trailers == [("x-sum", "4")], answer


# Lifespan


@proves("ASGI Lifespan State")
def lifespan_state(at):
    """What lifespan put into `state` is in every scope, and each request has a copy of its own."""
    for _ in range(2):
        found = json.loads(at.get("/state").body)
        if found is None:
            raise Differs("has no state, which is optional")
        assert found == ["from the start", False], found


@proves("ASGI Lifespan Startup")
def startup_comes_first(at):
    """No request reaches the app before `lifespan.startup.complete`."""
    own = Running(at.server, "asgi_app:app")
    try:
        own.start()
        assert own.get("/hello").status == 200
        assert own.notes("lifespan") == ["started"] and own.notes("early") == []
    finally:
        own.stop()
        own.clear()


@proves("ASGI Lifespan Startup Failed")
def startup_failed(at):
    """After `lifespan.startup.failed` the server says so, ends with an error and serves nobody."""
    own = Running(at.server, "asgi_app:fails_to_start")
    try:
        own.start(wait=False)
        code = own.process.wait(PATIENCE * 2)
        assert code != 0, "the exit code is 0"
        assert "the database is away" in own.said(), own.said()[-500:]
    finally:
        own.stop()
        own.clear()


@proves("ASGI Lifespan")
def without_lifespan(at):
    """An app that raises for lifespan is served without it."""
    own = Running(at.server, "asgi_app:without_lifespan")
    try:
        assert own.start().get("/hello").status == 200
    finally:
        own.stop()
        own.clear()


@proves("ASGI Lifespan Shutdown")
def shutdown(at):
    """When the server is told to stop, the app gets `lifespan.shutdown` and has time for it."""
    own = Running(at.server, "asgi_app:app")
    try:
        own.start()
        assert own.get("/hello").status == 200
        own.process.send_signal(signal.SIGTERM)
        own.process.wait(PATIENCE * 2)
        assert own.notes("lifespan") == ["started", "ending", "ended"], own.notes("lifespan")
    finally:
        own.stop()
        own.clear()
