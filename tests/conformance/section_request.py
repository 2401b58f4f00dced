"""A request of HTTP/1.1 on the wire (RFC 9112): how it is framed, its line and its fields, and what of it reaches the app.

    a request as bytes ─▶ the server ─▶ the app says what it was told ─▶ what came back, byte for byte
"""

import json

from table import proves
from wire import Closed

SECOND = b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"


def refused(at, *lines: str, body: bytes = b"", also: tuple[int, ...] = ()):
    """400 (or another status that fits), or closed without a word; and the server lives on."""
    with at.connect() as wire:
        wire.send(*lines, body=body)
        try:
            status = wire.answer().status
            assert status in (400, *also), f"answered {status}"
        except (Closed, ConnectionResetError):
            pass
    assert at.get("/hello").status == 200


def alone(at, *lines: str, body: bytes = b""):
    """Whatever the first is answered, no byte behind it is answered as a second request."""
    with at.connect() as wire:
        wire.send(*lines, body=body)
        try:
            wire.answer()
        except (Closed, ConnectionResetError):
            return
        assert wire.is_closed(), "the connection stays open, or answers a second request"


# How a request is framed


@proves("RFC 9112 §6.1")
def length_and_coding(at):
    """A request with both `Content-Length` and `Transfer-Encoding` is refused, or ends its connection."""
    alone(
        at, "POST /seen HTTP/1.1", "HOST", "Content-Length: 4", "Transfer-Encoding: chunked",
        body=b"0\r\n\r\n" + SECOND,
    )  # fmt: skip


@proves("RFC 9112 §6.3")
def chunked_is_not_last(at):
    """A request whose last transfer coding is not `chunked` is refused."""
    refused(at, "POST /seen HTTP/1.1", "HOST", "Transfer-Encoding: chunked, gzip", body=b"0\r\n\r\n", also=(501,))


@proves("RFC 9112 §6.1")
def unknown_coding(at):
    """A transfer coding that the server does not know is refused, not handed to the app undecoded."""
    refused(at, "POST /seen HTTP/1.1", "HOST", "Transfer-Encoding: squash, chunked", body=b"0\r\n\r\n", also=(501,))


@proves("RFC 9112 §6.1")
def coding_in_http_1_0(at):
    """A transfer coding in HTTP/1.0 is faulty framing: the connection ends with the answer."""
    alone(
        at, "POST /seen HTTP/1.0", "HOST", "Connection: keep-alive", "Transfer-Encoding: chunked",
        body=b"0\r\n\r\n" + SECOND,
    )  # fmt: skip


@proves("RFC 9112 §6.3")
def two_lengths(at):
    """Two different `Content-Length` fields are refused."""
    refused(at, "POST /seen HTTP/1.1", "HOST", "Content-Length: 3", "Content-Length: 4", body=b"abcd")


@proves("RFC 9112 §6.3")
def odd_lengths(at):
    """A `Content-Length` that is not digits alone is refused: `+3`, `-3`, `0x3`, `3 3`, `3;`."""
    for length in ("+3", "-3", "0x3", "3 3", "3;", "٣".encode().decode("latin-1")):
        refused(at, "POST /seen HTTP/1.1", "HOST", f"Content-Length: {length}", body=b"abc")


@proves("RFC 9112 §7.1")
def chunks_are_joined(at):
    """A chunked body reaches the app whole and without its framing."""
    body = b"3\r\nabc\r\n00a\r\n0123456789\r\n0\r\n\r\n"
    told = at.seen("POST /seen HTTP/1.1", "HOST", "Transfer-Encoding: chunked", body=body)
    assert told["body"] == "abc0123456789", told["body"]


@proves("RFC 9112 §7.1.1")
def chunk_extensions(at):
    """Chunk extensions that nobody knows are ignored."""
    body = b'3;name=value;flag\r\nabc\r\n0;last="yes"\r\n\r\n'
    told = at.seen("POST /seen HTTP/1.1", "HOST", "Transfer-Encoding: chunked", body=body)
    assert told["body"] == "abc", told["body"]


@proves("RFC 9112 §7.1")
def chunk_size_overflow(at):
    """A chunk size too large for any integer is never wrapped around to a small one."""
    body = b"10000000000000003\r\nabc\r\n0\r\n\r\n"
    with at.connect() as wire:
        wire.send("POST /seen HTTP/1.1", "HOST", "Transfer-Encoding: chunked", body=body)
        # A server whose numbers have no end may wait for that many bytes.
        wire.end_of_input()
        try:
            assert wire.answer().status != 200, "the size was taken for 3"
        except (Closed, ConnectionResetError):
            pass


@proves("RFC 9112 §7.1")
def chunk_longer_than_its_size(at):
    """A chunk that goes on beyond its size is refused."""
    body = b"3\r\nabcdef\r\n0\r\n\r\n"
    refused(at, "POST /seen HTTP/1.1", "HOST", "Transfer-Encoding: chunked", body=body, also=(500,))


@proves("RFC 9112 §7.1; two readings of one line are how requests are smuggled")
def lone_lf_in_a_chunk(at):
    """A chunk size, its extension or its data ended by a lone LF is refused."""
    for body in (b"3\nabc\r\n0\r\n\r\n", b"3;x\nabc\r\n0\r\n\r\n", b"3\r\nabc\n0\r\n\r\n"):
        refused(at, "POST /seen HTTP/1.1", "HOST", "Transfer-Encoding: chunked", body=body, also=(500,))


@proves("RFC 9110 §6.5.1")
def trailers_are_not_headers(at):
    """Trailer fields of a request do not become header fields."""
    body = b"3\r\nabc\r\n0\r\nX-Admin: yes\r\n\r\n"
    told = at.seen("POST /seen HTTP/1.1", "HOST", "Transfer-Encoding: chunked", body=body)
    assert "x-admin" not in told["headers"], told["headers"]


@proves("RFC 9112 §8; an upload that was cut off must not look whole")
def cut_off_body(at):
    """A body whose sender goes away before its end never looks complete to the app."""
    for name, lines, body in (
        ("cut-length", ["Content-Length: 10"], b"abc"),
        ("cut-chunks", ["Transfer-Encoding: chunked"], b"3\r\nabc\r\n"),
    ):
        with at.connect() as wire:
            wire.send(f"POST /read?id={name} HTTP/1.1", "HOST", *lines, body=body)
            wire.end_of_input()
            try:
                assert wire.answer().status != 200, "200 for half a request"
            except (Closed, ConnectionResetError):
                pass
        at.get("/hello")
        assert "whole" not in at.notes(name), at.notes(name)


@proves("RFC 9112 §9.3")
def unread_body(at):
    """A body that the app did not read is never taken for the next request."""
    body = (SECOND * 4096)[:200_000]
    with at.connect() as wire:
        wire.send("POST /unread HTTP/1.1", "HOST", f"Content-Length: {len(body)}", body=body)
        assert wire.answer().body == b"unread"
        wire.raw(SECOND.replace(b"/hello", b"/unread"))
        try:
            assert wire.answer().body == b"unread", "a byte of the body was taken for a request"
        except (Closed, ConnectionResetError):
            pass


# Its line and its fields


@proves("RFC 9112 §3.2")
def no_host(at):
    """A request of HTTP/1.1 without `Host` is refused."""
    refused(at, "GET /seen HTTP/1.1")


@proves("RFC 9112 §3.2")
def two_hosts(at):
    """A request with two `Host` fields is refused."""
    refused(at, "GET /seen HTTP/1.1", "HOST", "Host: other.example")


@proves("RFC 9112 §3.2")
def bad_host(at):
    """A `Host` that is no host is refused: a blank, a path, user information."""
    for host in ("a b", "a/b", "user@localhost"):
        refused(at, "GET /seen HTTP/1.1", f"Host: {host}", also=(421,))


@proves("RFC 9112 §3.2.2")
def absolute_form(at):
    """A target in absolute form is understood: the app sees its path and query."""
    told = at.seen(f"GET http://127.0.0.1:{at.port}/seen?a=b HTTP/1.1", "HOST")
    assert (told["path"], told["query"]) == ("/seen", "a=b"), told


@proves("RFC 9112 §3.2, §3.2.2; two readings of the host let one site's request reach another's")
def absolute_form_names_the_host(at):
    """Where a target in absolute form and `Host` name two hosts, the app sees the target's, or the request is refused."""
    answer = at.ask(f"GET http://localhost:{at.port}/seen HTTP/1.1", "HOST")
    if answer.status != 400:
        host = json.loads(answer.body)["headers"]["host"]
        assert host == f"localhost:{at.port}", host


@proves("RFC 9112 §3")
def long_target(at):
    """A request line of 8,000 octets reaches the app."""
    told = at.seen(f"GET /seen?{'a' * 7975} HTTP/1.1", "HOST")
    assert len(told["query"]) == 7975


@proves("RFC 9112 §3.2")
def blanks_and_controls_in_the_target(at):
    """A target with a blank or a control character in it is refused."""
    for target in ("/se en", "/seen\x01", "/seen\x7f", "/seen\t"):
        refused(at, f"GET {target} HTTP/1.1", "HOST")


@proves("RFC 9110 §9.1")
def unknown_method(at):
    """A method that the server does not know reaches the app, written as it was."""
    assert at.seen("BREW /seen HTTP/1.1", "HOST")["method"] == "BREW"


@proves("RFC 9112 §2.2")
def empty_line_first(at):
    """An empty line before the request line is ignored."""
    assert at.seen("\r\nGET /seen HTTP/1.1", "HOST")["method"] == "GET"


@proves("RFC 9112 §5.1")
def blank_before_the_colon(at):
    """A blank between a field's name and its colon is refused."""
    refused(at, "GET /seen HTTP/1.1", "HOST", "X-Field : value")


@proves("RFC 9110 §5.1; a name with other characters may mean another variable to the app")
def odd_field_names(at):
    """A field name that is no token is refused."""
    for name in ("X(y)", "X y", "X\xe9", ""):
        refused(at, "GET /seen HTTP/1.1", "HOST", f"{name}: value")


@proves("RFC 9112 §5.2")
def folded_field(at):
    """A folded field is refused, or its fold becomes a blank."""
    with at.connect() as wire:
        wire.send("GET /hello HTTP/1.1", "HOST", "X-Fold: a\r\n b")
        try:
            if wire.answer().status != 200:
                return
        except Closed:
            return
    value = at.seen("GET /seen HTTP/1.1", "HOST", "X-Fold: a\r\n b")["headers"].get("x-fold", "")
    assert " ".join(value.split()) == "a b" and "\r" not in value and "\n" not in value, repr(value)


@proves("RFC 9110 §5.5")
def controls_in_a_value(at):
    """NUL and a lone CR in a field's value are refused, or become blanks."""
    for control in ("\0", "\r"):
        with at.connect() as wire:
            wire.send("GET /seen HTTP/1.1", "HOST", f"X-Odd: a{control}b")
            try:
                answer = wire.answer()
            except Closed:
                continue
            assert answer.status == 400 or b"a b" in answer.body, (answer.status, repr(control))


@proves("RFC 9110 §5.4; a head is held in memory before anybody is asked")
def enormous_fields(at):
    """A head of 16 MiB is refused with a 4xx or a close, and others are still served."""
    refused(at, "GET /hello HTTP/1.1", "HOST", f"X-Large: {'a' * (16 << 20)}", also=(413, 414, 431))
