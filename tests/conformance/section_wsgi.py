"""PEP 3333: what a WSGI app is told, what it may do with its input, and what becomes of its answer.

    a request as bytes ─▶ the server ─▶ apps/wsgi_app.py ─▶ what came back, byte for byte, and what the app wrote down
"""

import json
import threading

from table import Differs, proves
from wire import Closed


def environ(at, *lines: str, body: bytes = b"") -> dict:
    return at.seen(*lines, body=body)["environ"]


def told(at, path: str, *fields: str, body: bytes = b"") -> str:
    """The body of the answer to a POST."""
    answer = at.ask(f"POST {path} HTTP/1.1", "HOST", f"Content-Length: {len(body)}", *fields, body=body)
    assert answer.status == 200, f"{answer.status} {answer.body[:200]!r}"
    return answer.body.decode()


# environ


@proves("PEP 3333 Specification Details")
def environ_is_a_dict(at):
    """`environ` is a builtin dict with every required variable, each of the type that it should be."""
    seen = at.seen("GET /seen HTTP/1.1", "HOST")
    assert seen["is_dict"]
    for name in ("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL"):
        assert seen["kinds"].get(name) == "str", (name, seen["kinds"].get(name))
    found = seen["environ"]
    assert found["wsgi.version"] == [1, 0] and seen["kinds"]["wsgi.version"] == "tuple", found["wsgi.version"]
    assert found["wsgi.url_scheme"] == "http"
    for name in ("wsgi.input", "wsgi.errors", "wsgi.multithread", "wsgi.multiprocess", "wsgi.run_once"):
        assert name in seen["kinds"], name


@proves("PEP 3333 environ Variables")
def names_and_ports(at):
    """`SERVER_PORT` is the port and `SERVER_NAME` is not empty: with them an address can be made."""
    found = environ(at, "GET /seen HTTP/1.1", "HOST")
    assert found["SERVER_PORT"] == str(at.port) and found["SERVER_NAME"], found["SERVER_NAME"]


@proves("PEP 3333 URL Reconstruction, RFC 9112 §3.3")
def no_host(at):
    """A request of HTTP/1.0 without `Host` reaches the app, and `HTTP_HOST` is not made up."""
    answer = at.ask("GET /seen HTTP/1.0")
    if answer.status == 421:
        raise Differs("answers to the names that it was given alone, as RFC 9110 §7.4 allows")
    assert "host" not in json.loads(answer.body)["headers"]


@proves("PEP 3333 environ Variables")
def protocol(at):
    """`SERVER_PROTOCOL` is the version of the request."""
    assert environ(at, "GET /seen HTTP/1.0", "HOST")["SERVER_PROTOCOL"] == "HTTP/1.0"
    assert environ(at, "GET /seen HTTP/1.1", "HOST")["SERVER_PROTOCOL"] == "HTTP/1.1"


@proves("PEP 3333 Unicode Issues")
def path_bytes(at):
    """`PATH_INFO` has the decoded bytes of the path, each as one Latin-1 character."""
    path = environ(at, "GET /seen/%C3%A9 HTTP/1.1", "HOST")["PATH_INFO"]
    assert path.encode("latin-1") == b"/seen/\xc3\xa9", repr(path)


@proves("PEP 3333 Unicode Issues")
def path_of_odd_bytes(at):
    """A path that is not UTF-8 reaches the app byte by byte, too."""
    answer = at.ask("GET /seen/%FF HTTP/1.1", "HOST")
    if answer.status == 400:
        raise Differs("refuses it, as RFC 3875 §4.1.5 allows")
    assert json.loads(answer.body)["path"] == "/seen/\xff"


@proves("RFC 3875 §4.1.5; decoding twice lets a path past the checks made on it")
def path_decoded_once(at):
    """The path is decoded once: `%252F` is `%2F` to the app."""
    path = environ(at, "GET /seen/%252F%2541 HTTP/1.1", "HOST")["PATH_INFO"]
    assert path == "/seen/%2F%41", path


@proves("PEP 3333 environ Variables")
def query_is_not_decoded(at):
    """`QUERY_STRING` stays encoded."""
    assert environ(at, "GET /seen?a=%20+%2F?b HTTP/1.1", "HOST")["QUERY_STRING"] == "a=%20+%2F?b"


@proves("PEP 3333 environ Variables")
def script_name(at):
    """`SCRIPT_NAME` and `PATH_INFO` make up the path; at the root the first is empty."""
    found = environ(at, "GET /seen/more HTTP/1.1", "HOST")
    assert (found["SCRIPT_NAME"], found["PATH_INFO"]) == ("", "/seen/more")


@proves("PEP 3333 environ Variables")
def content_variables(at):
    """`CONTENT_TYPE` and `CONTENT_LENGTH` are those of the request, and absent or empty where it has none."""
    found = environ(at, "POST /seen HTTP/1.1", "HOST", "Content-Type: a/b", "Content-Length: 3", body=b"abc")
    assert (found["CONTENT_TYPE"], found["CONTENT_LENGTH"]) == ("a/b", "3")
    found = environ(at, "GET /seen HTTP/1.1", "HOST")
    assert not found.get("CONTENT_TYPE") and not found.get("CONTENT_LENGTH")


@proves("RFC 3875 §4.1.18")
def repeated_fields_are_joined(at):
    """A field that comes twice is one variable, both values in their order with a comma between."""
    value = environ(at, "GET /seen HTTP/1.1", "HOST", "X-Twice: 1", "X-Twice: 2").get("HTTP_X_TWICE")
    assert value.replace(" ", "") == "1,2", value


@proves("CVE-2015-0219: a proxy that guards `X-User` does not guard `X_User`")
def underscores_do_not_collide(at):
    """A field `X_User` never becomes, nor adds to, the variable that `X-User` has."""
    for fields in (["X-User: good", "X_User: evil"], ["X_User: evil", "X-User: good"], ["X_User: evil"]):
        with at.connect() as wire:
            wire.send("GET /seen HTTP/1.1", "HOST", *fields)
            answer = wire.answer()
        assert answer.status == 400 or b"evil" not in answer.body, json.loads(answer.body)["headers"]


@proves("CVE-2016-1000110 (httpoxy)")
def proxy_field(at):
    """A field `Proxy` never becomes `HTTP_PROXY`, which libraries take for the proxy to use."""
    assert "HTTP_PROXY" not in environ(at, "GET /seen HTTP/1.1", "HOST", "Proxy: http://evil.example/")


@proves("PEP 3333 Unicode Issues")
def latin_1_comes_in(at):
    """A byte above 127 in a field is one Latin-1 character to the app."""
    assert environ(at, "GET /seen HTTP/1.1", "HOST", "X-Latin: \xe9").get("HTTP_X_LATIN") == "\xe9"


@proves("PEP 3333 Specification Details; else one client's data reaches another's request")
def environ_is_fresh(at):
    """What an app puts into `environ` is gone with its request, on the same connection too."""
    with at.connect() as wire:
        for _ in range(2):
            wire.send("GET /marks HTTP/1.1", "HOST")
            assert wire.answer().body == b"clean"
    assert at.get("/marks").body == b"clean"


@proves("PEP 3333 environ Variables")
def multithread_is_true_to_life(at):
    """Where `wsgi.multithread` is false, the app is never called twice at the same time."""
    answers = []
    ask = lambda: answers.append(json.loads(at.get("/meet?id=meet").body))
    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    most, flag = max(most for most, _ in answers), answers[0][1]
    assert len(answers) == 4 and (most == 1 or flag), answers


@proves("PEP 3333 Input and Error Streams")
def errors_stream(at):
    """`wsgi.errors` takes text by `write` and `writelines`, and has `flush`."""
    assert at.get("/errors").body == b"written"


# wsgi.input


def reads(at, how: str, expected: list[str]):
    found = json.loads(told(at, f"/inputs?how={how}", body=b"one\ntwo\nthree"))
    assert found == expected, found


@proves("PEP 3333 Input and Error Streams")
def input_ends(at):
    """`read()` gives the whole body, and after it nothing, as at the end of a file."""
    reads(at, "read", ["one\ntwo\nthree", "", ""])


@proves("PEP 3333 Input and Error Streams")
def input_sized(at):
    """`read(size)` gives that many bytes, fewer only at the end."""
    reads(at, "sized", ["on", "e\nt", "wo\nthree", ""])


@proves("Library Reference io, by PEP 3333 Input and Error Streams")
def input_negative(at):
    """`read(-1)` is `read()`."""
    reads(at, "negative", ["one\ntwo\nthree"])


@proves("PEP 3333 Input and Error Streams")
def input_readline(at):
    """`readline()` gives a line with its end, and nothing after the last."""
    reads(at, "readline", ["one\n", "two\n", "three", ""])


@proves("PEP 3333 Input and Error Streams")
def input_readline_sized(at):
    """`readline(size)` gives at most that much of a line, and the rest is still there."""
    reads(at, "readline-sized", ["on", "e\n", "two\n"])


@proves("PEP 3333 Input and Error Streams")
def input_iterates(at):
    """Iteration gives every line."""
    reads(at, "iterate", ["one\n", "two\n", "three"])


@proves("PEP 3333 Input and Error Streams")
def input_readlines(at):
    """`readlines()` gives every line in a list."""
    reads(at, "readlines", ["one\n", "two\n", "three"])


# start_response, write and the iterable


@proves("PEP 3333 The start_response() Callable")
def reason_phrase(at):
    """The status line is the app's, reason phrase and all."""
    answer = at.get("/line?status=299%20Quite%20Fine")
    assert (answer.status, answer.reason) == (299, "Quite Fine"), (answer.status, answer.reason)


@proves("PEP 3333 The start_response() Callable; else it is the client's next answer")
def line_breaks_in_the_status(at):
    """CR and LF in the status never reach the wire."""
    for status in ("200%20OK%0d%0aX-Split:%20yes", "200%20OK%0aX-Split:%20yes"):
        try:
            answer = at.get(f"/line?status={status}")
        except (Closed, ConnectionResetError):
            continue
        assert answer.get("x-split") is None and "\n" not in answer.reason, (answer.reason, answer.headers)


@proves("PEP 3333 The start_response() Callable")
def start_response_late(at):
    """`start_response` may be called while the first chunk is made, as a generator does."""
    answer = at.get("/lazy")
    assert (answer.status, answer.get("x-lazy"), answer.body) == (202, "yes", b"lazy"), answer


@proves("PEP 3333 The start_response() Callable")
def start_response_twice(at):
    """A second `start_response` without `exc_info` raises."""
    assert at.get("/starts_twice").body == b"raised"


@proves("PEP 3333 The start_response() Callable")
def exc_info_replaces(at):
    """With `exc_info`, status and headers are replaced while nothing was sent."""
    answer = at.get("/replaces")
    assert (answer.status, answer.get("x-first"), answer.get("x-second")) == (503, None, "yes"), answer


@proves("PEP 3333 The start_response() Callable")
def empty_chunks_commit_nothing(at):
    """The head waits for the first chunk that is not empty: until then it can be replaced."""
    answer = at.get("/replaces_after_empty")
    assert (answer.status, answer.body) == (503, b"replaced"), answer


@proves("PEP 3333 The start_response() Callable")
def exc_info_raises_when_late(at):
    """With `exc_info` after the head is gone, the app's exception is raised again, and the answer is cut."""
    with at.connect() as wire:
        wire.send("GET /too_late?id=late HTTP/1.1", "HOST")
        try:
            assert not wire.answer().whole, "the answer looks whole"
        except (Closed, ConnectionResetError):
            pass
    at.until_note("late", "raised-mine")


@proves("PEP 3333 The write() Callable")
def write_goes_first(at):
    """What is given to `write()` is sent before what is iterated."""
    assert at.get("/writes").body == b"one two three"


@proves("PEP 3333 The write() Callable")
def write_is_not_held_back(at):
    """What is given to `write()` is sent on while the app works on."""
    with at.connect() as wire:
        wire.send("GET /writes_in_steps?id=write HTTP/1.1", "HOST")
        wire.until(b"\r\n\r\n")
        while b"first" not in wire.unread:
            wire.unread += wire.receive()
        at.go("write")
        while b"second" not in wire.unread:
            wire.unread += wire.receive()


@proves("PEP 3333 Specification Details")
def text_is_no_body(at):
    """A chunk of text in place of bytes is an error, not something sent."""
    with at.connect() as wire:
        wire.send("GET /text_body HTTP/1.1", "HOST")
        try:
            answer = wire.answer()
        except (Closed, ConnectionResetError):
            return
        assert answer.status == 500 or not answer.whole, answer


@proves("PEP 3333 The start_response() Callable")
def numbers_are_no_headers(at):
    """A header value that is no string is an error."""
    assert at.get("/number_header").status == 500


@proves("PEP 3333 Specification Details")
def close_at_the_end(at):
    """`close()` of the iterable is called when the answer is out."""
    assert at.get("/closes?id=end").body == b"done"
    at.until_note("end", "closed")


@proves("PEP 3333 Specification Details")
def close_after_a_failure(at):
    """`close()` is called when the iteration raised."""
    with at.connect() as wire:
        wire.send("GET /breaks?id=failure HTTP/1.1", "HOST")
        try:
            wire.answer()
        except (Closed, ConnectionResetError):
            pass
    at.until_note("failure", "closed")


@proves("PEP 3333 Specification Details")
def close_after_a_hang_up(at):
    """`close()` is called soon after the client went away in the middle of a long answer."""
    with at.connect() as wire:
        wire.send("GET /floods?id=gone HTTP/1.1", "HOST")
        at.until_note("gone", "flowing")
        wire.reset()
    at.until_note("gone", "closed")


@proves("PEP 3333 Optional Platform-Specific File Handling")
def file_wrapper(at):
    """`wsgi.file_wrapper` sends a file-like object that has `read` alone, and closes it."""
    answer = at.get("/file?id=file")
    if answer.status == 501:
        raise Differs("has no wsgi.file_wrapper, which is optional")
    assert answer.body == b"x" * 100_000 and answer.whole
    at.until_note("file", "closed")


@proves("PEP 3333, by wsgiref.validate")
def the_validator_is_content(at):
    """The standard library's validator finds no fault, for GET, HEAD and POST."""
    for method in ("GET", "HEAD"):
        answer = at.ask(f"{method} /valid?a=b HTTP/1.1", "HOST", to_head=method == "HEAD")
        assert answer.status == 200, method
    assert told(at, "/valid", body=b"abc") == "valid"
