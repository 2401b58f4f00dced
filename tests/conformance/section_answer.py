"""An answer of HTTP/1.1 on the wire (RFC 9112, RFC 9110): what a server makes of an app's, and how the connection goes on.

    a request ─▶ the server ─▶ an app that does right or wrong ─▶ what came back, byte for byte
"""

from table import Differs, proves
from wire import Closed

SECOND = b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"


@proves("RFC 9110 §10.1.1, PEP 3333 Expect/Continue")
def continue_is_sent(at):
    """A client that waits for 100 (Continue) gets it when the app wants the body."""
    with at.connect() as wire:
        wire.send("POST /seen HTTP/1.1", "HOST", "Content-Length: 3", "Expect: 100-continue")
        assert wire.answer(interim=True).status == 100
        wire.raw(b"abc")
        assert b'"body": "abc"' in wire.answer().body


@proves("RFC 9110 §10.1.1; what nobody reads need not be sent")
def continue_only_when_read(at):
    """An app that answers without reading has the final answer sent with no 100 (Continue) before it."""
    with at.connect() as wire:
        wire.send("POST /unread HTTP/1.1", "HOST", "Content-Length: 3", "Expect: 100-continue")
        answer = wire.answer(interim=True)
        if answer.status == 100:
            raise Differs("sends 100 (Continue) at once, as PEP 3333 allows")
        assert answer.body == b"unread"


@proves("RFC 9110 §10.1.1")
def no_continue_for_http_1_0(at):
    """A client of HTTP/1.0 is sent no 100 (Continue)."""
    with at.connect() as wire:
        wire.send("POST /seen HTTP/1.0", "HOST", "Content-Length: 3", "Expect: 100-continue", body=b"abc")
        assert wire.answer(interim=True).status == 200


@proves("RFC 9110 §9.3.2")
def head_has_no_body(at):
    """HEAD is answered with the head alone, whatever the app sends, and the next answer stands right behind it."""
    with at.connect() as wire:
        wire.send("HEAD /with_body HTTP/1.1", "HOST")
        answer = wire.answer(to_head=True)
        assert (answer.status, answer.get("content-length")) == (200, "4")
        wire.raw(SECOND)
        try:
            assert wire.answer().body == b"hello, world\n"
        except (Closed, ConnectionResetError):
            pass


@proves("RFC 9110 §8.6, RFC 9112 §6.1")
def status_204(at):
    """204 goes out without body, `Content-Length` and `Transfer-Encoding`, even when the app gives them."""
    with at.connect() as wire:
        wire.send("GET /status?code=204 HTTP/1.1", "HOST")
        answer = wire.answer()
        if answer.status >= 500:
            return  # Refusing what the app may not do is as good.
        assert answer.get("content-length") is None and answer.get("transfer-encoding") is None, answer.headers
        wire.raw(SECOND)
        try:
            assert wire.answer().body == b"hello, world\n"
        except (Closed, ConnectionResetError):
            pass


@proves("RFC 9110 §15.4.5")
def status_304(at):
    """304 goes out without a body, even when the app gives one."""
    with at.connect() as wire:
        wire.send("GET /status?code=304 HTTP/1.1", "HOST")
        if wire.answer().status >= 500:
            return
        wire.raw(SECOND)
        try:
            assert wire.answer().body == b"hello, world\n"
        except (Closed, ConnectionResetError):
            pass


@proves("RFC 9112 §9.3.2")
def pipelined(at):
    """Requests sent in one piece are answered in their order."""
    with at.connect() as wire:
        wire.raw(SECOND + SECOND.replace(b"/hello", b"/with_body") + SECOND)
        bodies = []
        try:
            for _ in range(3):
                bodies.append(wire.answer().body)
        except (Closed, ConnectionResetError):
            pass
        assert bodies == [b"hello, world\n", b"body", b"hello, world\n"][: len(bodies)] and bodies, bodies
        assert len(bodies) in (1, 3), bodies
        if len(bodies) == 1:
            raise Differs("closes after each answer, as §9.3 allows")


@proves("RFC 9112 §6.1")
def no_chunks_for_http_1_0(at):
    """A client of HTTP/1.0 gets no transfer coding: the close ends a body without a length."""
    with at.connect() as wire:
        wire.send("GET /lengthless HTTP/1.0", "HOST")
        answer = wire.answer()
        assert (answer.framing, answer.body) == ("close", b"one two") or answer.framing == "length", answer


@proves("RFC 9112 §9.3")
def http_1_0_closes(at):
    """A request of HTTP/1.0 without keep-alive ends its connection."""
    with at.connect() as wire:
        wire.send("GET /hello HTTP/1.0", "HOST")
        assert wire.answer().body == b"hello, world\n" and wire.is_closed()


@proves("RFC 9112 §9.6")
def connection_close(at):
    """`Connection: close` from the client ends the connection after the answer, which says so."""
    with at.connect() as wire:
        wire.send("GET /hello HTTP/1.1", "HOST", "Connection: close")
        answer = wire.answer()
        assert (answer.get("connection") or "").lower() == "close", answer.headers
        assert wire.is_closed()


@proves("RFC 9110 §6.6.1")
def date(at):
    """Answers carry one `Date`."""
    assert len(at.get("/hello").all("date")) == 1


@proves("RFC 9112 §6.3")
def length_too_large(at):
    """An app that promises more bytes than it sends has its connection closed, so the client sees it is short."""
    with at.connect() as wire:
        wire.send("GET /length?says=15 HTTP/1.1", "HOST")
        try:
            answer = wire.answer()
        except (Closed, ConnectionResetError):
            return
        assert answer.status >= 500 or not answer.whole, answer


@proves("RFC 9112 §6.3; bytes beyond the length would be read as the next answer")
def length_too_small(at):
    """An app that sends more bytes than it promised has no byte of them on the wire."""
    with at.connect() as wire:
        wire.send("GET /length?says=7 HTTP/1.1", "HOST")
        wire.raw(SECOND)
        try:
            answer = wire.answer()
            assert answer.status >= 500 or b"1234567".startswith(answer.body), answer
            follows = wire.answer()
        except (Closed, ConnectionResetError):
            return
        assert follows.body == b"hello, world\n", follows


@proves("PEP 3333 Other HTTP Features, ASGI HTTP: chunking is the server's")
def coding_of_the_app(at):
    """`Transfer-Encoding` among the app's headers does not change how the answer is framed."""
    try:
        answer = at.get("/header?name=Transfer-Encoding&value=chunked")
    except (Closed, ConnectionResetError):
        return
    assert answer.status >= 500 or (answer.body == b"sent" and answer.whole), answer


@proves("RFC 9110 §15.6.1; nobody should wait for an answer that cannot come")
def app_raises(at):
    """An app that raises before its answer is a 500, and the server lives on."""
    assert at.get("/raises").status == 500 and at.get("/hello").status == 200


@proves("RFC 9110 §15.6.1; nobody should wait for an answer that cannot come")
def app_says_nothing(at):
    """An app that ends without an answer is a 500."""
    assert at.get("/silent").status == 500


@proves("RFC 9112 §8; half an answer must not look whole, nor be cached as such")
def app_breaks(at):
    """An app that raises in the middle of its body has its connection cut, not its answer ended."""
    with at.connect() as wire:
        wire.send("GET /breaks?id=breaks HTTP/1.1", "HOST")
        try:
            answer = wire.answer()
        except (Closed, ConnectionResetError):
            return
        assert answer.status >= 500 or not answer.whole, answer


@proves("RFC 9110 §5.5; else whoever fills a value in writes the client's next answer")
def line_breaks_in_a_value(at):
    """CR, LF and NUL in a header value of the app's never reach the wire."""
    for value in ("a%0d%0aX-Split:%20yes", "a%0aX-Split:%20yes", "a%0dX-Split:%20yes", "a%00b"):
        try:
            answer = at.get(f"/header?value={value}")
        except (Closed, ConnectionResetError):
            continue
        head = [*answer.headers, ("", answer.reason)]
        assert answer.get("x-split") is None, head
        assert not any(control in part for pair in head for part in pair for control in "\r\n\0"), head


@proves("RFC 9110 §5.1; see the row above")
def line_breaks_in_a_name(at):
    """CR and LF in a header name of the app's never reach the wire."""
    try:
        answer = at.get("/header?name=X-A%0d%0aX-Split&value=yes")
    except (Closed, ConnectionResetError):
        return
    assert answer.get("x-split") is None, answer.headers


@proves("PEP 3333 Buffering and Streaming, ASGI HTTP Response Body")
def streams(at):
    """What the app gave is sent on before it makes the next piece."""
    with at.connect() as wire:
        wire.send("GET /two_steps?id=steps HTTP/1.1", "HOST")
        wire.until(b"\r\n\r\n")
        while b"first" not in wire.unread:
            wire.unread += wire.receive()
        at.go("steps")
        while b"second" not in wire.unread:
            wire.unread += wire.receive()


@proves("RFC 6265 §3")
def repeated_fields_stay_apart(at):
    """Header fields of the app go out in their order, `Set-Cookie` twice when it is given twice."""
    answer = at.get("/fields")
    assert answer.all("set-cookie") == ["a=1", "b=2"], answer.headers


@proves("PEP 3333 Unicode Issues, RFC 9110 §5.5")
def latin_1_goes_out(at):
    """A byte above 127 in a header value goes out as it is."""
    assert at.get("/fields").get("x-latin") == "\xe9"
