"""A WSGI app with a page for each behaviour: `/NAME?id=…` is the function NAME below."""

import json
import sys
import threading
import time
from urllib.parse import parse_qs
from wsgiref.validate import validator

from notes import FOLDER, note, wait_to_go

TEXT = [("Content-Type", "text/plain")]


def app(environ, start_response):
    page = globals()[environ["PATH_INFO"].split("/")[1]]
    query = {key: values[0] for key, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
    environ["conformance.id"] = query.get("id", "none")
    return page(environ, start_response, **query)


def hello(environ, start_response, **_):
    start_response("200 OK", [*TEXT, ("Content-Length", "13")])
    return [b"hello, world\n"]


def seen(environ, start_response, **_):
    """The whole environ, and the request as the tests of both interfaces read it."""
    body = environ["wsgi.input"].read()
    plain = {key: value for key, value in environ.items() if isinstance(value, (str, bool, int, tuple))}
    headers = {key[5:].replace("_", "-").lower(): value for key, value in plain.items() if key.startswith("HTTP_")}
    told = {
        "method": environ["REQUEST_METHOD"],
        "path": environ["PATH_INFO"],
        "query": environ.get("QUERY_STRING", ""),
        "headers": headers,
        "body": body.decode("latin-1"),
        "environ": plain,
        "kinds": {key: type(value).__name__ for key, value in environ.items()},
        "is_dict": type(environ) is dict,
    }
    return answer(start_response, json.dumps(told))


def answer(start_response, text, status="200 OK"):
    body = text.encode()
    start_response(status, [*TEXT, ("Content-Length", str(len(body)))])
    return [body]


def unread(environ, start_response, **_):
    return answer(start_response, "unread")


def read(environ, start_response, id, **_):
    """Says whether the body was whole."""
    note(id, "called")
    try:
        body = environ["wsgi.input"].read()
    except Exception:
        note(id, "broken")
        raise
    note(id, "whole" if len(body) == int(environ.get("CONTENT_LENGTH") or -1) else "short")
    return answer(start_response, "read")


def stream_in(environ, start_response, id, **_):
    environ["wsgi.input"].read(1)
    note(id, "first")
    return answer(start_response, str(1 + len(environ["wsgi.input"].read())))


def status(environ, start_response, code, **_):
    """An answer that has no body by its status, from an app that gives one all the same."""
    start_response(f"{code} Such", [("Content-Length", "5")] if code == "204" else [])
    return [b"wrong"]


def with_body(environ, start_response, **_):
    """Sends a body, HEAD or not."""
    return answer(start_response, "body")


def lengthless(environ, start_response, **_):
    start_response("200 OK", TEXT)
    return iter([b"one ", b"two"])


def length(environ, start_response, says, **_):
    start_response("200 OK", [*TEXT, ("Content-Length", says)])
    return iter([b"12345", b"67890"])


def raises(environ, start_response, **_):
    raise RuntimeError("on purpose")


def breaks(environ, start_response, id, **_):
    """Fails after the first chunk is on its way."""
    start_response("200 OK", TEXT)
    return Noted(id, chunks_then_failure())


def chunks_then_failure():
    yield b"first"
    raise RuntimeError("on purpose")


def silent(environ, start_response, **_):
    return []


def header(environ, start_response, name="X-Value", value="", **_):
    start_response("200 OK", [*TEXT, (name, value)])
    return [b"sent"]


def line(environ, start_response, status, **_):
    start_response(status, TEXT)
    return [b"sent"]


def fields(environ, start_response, **_):
    start_response("200 OK", [("Set-Cookie", "a=1"), ("X-Latin", "\xe9"), ("Set-Cookie", "b=2"), *TEXT])
    return [b"sent"]


class Noted:
    """An iterable that notes that it was closed."""

    def __init__(self, id, chunks):
        self.id, self.chunks = id, iter(chunks)

    def __iter__(self):
        return self

    def __next__(self):
        return next(self.chunks)

    def close(self):
        note(self.id, "closed")


def closes(environ, start_response, id, **_):
    start_response("200 OK", TEXT)
    return Noted(id, [b"done"])


def floods(environ, start_response, id, **_):
    """Sends until nobody takes it, a minute's worth at most."""
    start_response("200 OK", TEXT)
    return Noted(id, (count_down(id, number) for number in range(2000)))


def count_down(id, number):
    if number == 1:
        note(id, "flowing")
    return b"x" * 65536


def two_steps(environ, start_response, id, **_):
    """The second chunk waits for the client's word that it has the first."""
    start_response("200 OK", TEXT)
    return steps(id)


def steps(id):
    yield b"first"
    wait_to_go(id)
    yield b"second"


def lazy(environ, start_response, **_):
    """A generator, whose body runs only when it is iterated."""
    start_response("202 Later", [*TEXT, ("X-Lazy", "yes")])
    yield b"lazy"


def writes(environ, start_response, **_):
    write = start_response("200 OK", TEXT)
    write(b"one ")
    write(b"two ")
    return [b"three"]


def writes_in_steps(environ, start_response, id, **_):
    write = start_response("200 OK", TEXT)
    write(b"first")
    wait_to_go(id)
    return [b"second"]


def starts_twice(environ, start_response, **_):
    start_response("200 OK", TEXT)
    try:
        start_response("500 Twice", TEXT)
    except Exception:
        return [b"raised"]
    return [b"allowed"]


def replaces(environ, start_response, **_):
    """What was started is replaced while nothing was sent."""
    start_response("200 OK", [*TEXT, ("X-First", "yes")])
    try:
        raise RuntimeError("on purpose")
    except RuntimeError:
        start_response("503 Replaced", [*TEXT, ("X-Second", "yes")], sys.exc_info())
    return [b"replaced"]


def replaces_after_empty(environ, start_response, **_):
    start_response("200 OK", TEXT)
    yield b""
    yield b""
    try:
        raise RuntimeError("on purpose")
    except RuntimeError:
        start_response("503 Replaced", TEXT, sys.exc_info())
    yield b"replaced"


def too_late(environ, start_response, id, **_):
    """With exc_info after the head is gone, start_response raises what it was given."""
    start_response("200 OK", TEXT)
    yield b"first"
    try:
        raise KeyError("mine")
    except KeyError:
        try:
            start_response("503 Late", TEXT, sys.exc_info())
        except KeyError:
            note(id, "raised-mine")
            raise
        note(id, "allowed")
    yield b"second"


def text_body(environ, start_response, **_):
    start_response("200 OK", TEXT)
    return ["text, not bytes"]


def number_header(environ, start_response, **_):
    start_response("200 OK", [*TEXT, ("X-Number", 5)])
    return [b"sent"]


def inputs(environ, start_response, how, **_):
    """wsgi.input as the body `one\\ntwo\\nthree` is read from it."""
    stream = environ["wsgi.input"]
    ways = {
        "read": lambda: [stream.read(), stream.read(), stream.read(1)],
        "sized": lambda: [stream.read(2), stream.read(3), stream.read(100), stream.read(5)],
        "negative": lambda: [stream.read(-1)],
        "readline": lambda: [stream.readline(), stream.readline(), stream.readline(), stream.readline()],
        "readline-sized": lambda: [stream.readline(2), stream.readline(), stream.readline()],
        "iterate": lambda: list(stream),
        "readlines": lambda: stream.readlines(),
    }
    return answer(start_response, json.dumps([part.decode() for part in ways[how]()]))


def errors(environ, start_response, **_):
    stream = environ["wsgi.errors"]
    stream.write("a word\n")
    stream.writelines(["two ", "more\n"])
    stream.flush()
    return answer(start_response, "written")


def marks(environ, start_response, **_):
    """Whether an earlier request's mark is still there; then leaves one."""
    was = "conformance.mark" in environ
    environ["conformance.mark"] = "left"
    environ["HTTP_X_LEFT"] = "left"
    return answer(start_response, "found" if was else "clean")


AT_ONCE, LOCK = {}, threading.Lock()


def meet(environ, start_response, id, **_):
    """How many of these were at work at the same time."""
    with LOCK:
        inside, most = AT_ONCE.get(id, (0, 0))
        AT_ONCE[id] = inside + 1, max(most, inside + 1)
    time.sleep(0.3)
    with LOCK:
        inside, most = AT_ONCE[id]
        AT_ONCE[id] = inside - 1, most
    return answer(start_response, json.dumps([most, bool(environ["wsgi.multithread"])]))


def file(environ, start_response, id, **_):
    wrapper = environ.get("wsgi.file_wrapper")
    if wrapper is None:
        return answer(start_response, "none", "501 None")
    path = FOLDER / f"file-{id}"
    path.write_bytes(b"x" * 100_000)
    start_response("200 OK", [*TEXT, ("Content-Length", "100000")])
    return wrapper(NotedFile(id, path.open("rb")), 4096)


class NotedFile:
    """A file with `read` and `close` alone, which is all that the wrapper may ask for."""

    def __init__(self, id, file):
        self.id, self.file = id, file

    def read(self, size):
        return self.file.read(size)

    def close(self):
        note(self.id, "closed")
        self.file.close()


def plain(environ, start_response):
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [*TEXT, ("Content-Length", "5")])
    return [b"valid"]


def valid(environ, start_response, **_):
    """wsgiref's validator between the server and an app; it raises for what the server does wrong."""
    environ.pop("conformance.id")
    return validator(plain)(environ, start_response)
