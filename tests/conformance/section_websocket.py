"""WebSockets behind ASGI 3 (RFC 6455, RFC 7692): the handshake, messages and their limits, and how a connection ends.

    frames as bytes ─▶ the server ─▶ apps/sockets.py ─▶ frames as they came back, and what the app wrote down
"""

import json
import zlib

from frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Socket
from table import Differs, proves
from wire import Closed

# The handshake


@proves("RFC 6455 §4.2.2")
def handshake(at):
    """The handshake is answered with 101 and the right `Sec-WebSocket-Accept`."""
    with Socket(at, "/?do=echo") as socket:
        assert socket.head.status == 101
        assert socket.head.get("sec-websocket-accept") == socket.accept, socket.head.headers
        assert (socket.head.get("upgrade") or "").lower() == "websocket"


@proves("RFC 6455 §4.2.1")
def handshake_without_key(at):
    """A handshake without `Sec-WebSocket-Key` is no handshake: 400, or an ordinary request."""
    fields = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]
    answer = at.ask("GET /?do=echo HTTP/1.1", "HOST", *fields)
    assert answer.status != 101, answer.status


@proves("RFC 6455 §4.4")
def handshake_of_another_version(at):
    """A version that the server does not know is refused with 426 (or 400), naming version 13."""
    fields = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 12"]
    answer = at.ask("GET /?do=echo HTTP/1.1", "HOST", *fields, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
    assert answer.status in (400, 426) and answer.get("sec-websocket-version") == "13", (answer.status, answer.headers)


@proves("ASGI WebSocket Connection Scope")
def scope(at):
    """The scope has the type, `ws`, the path, the query, the subprotocols and the headers."""
    with Socket(at, "/a%20b?do=seen", "Sec-WebSocket-Protocol: one, two") as socket:
        found = json.loads(socket.message()[1])
    assert (found["type"], found["scheme"], found["path"]) == ("websocket", "ws", "/a b"), found
    assert found["subprotocols"] == ["one", "two"] and found["query_string"] == "do=seen", found
    assert "host" in [name for name, _ in found["headers"]]
    assert found["server"] == ["127.0.0.1", at.port] and isinstance(found["client"][1], int), found


@proves("ASGI WebSocket Accept")
def accept(at):
    """The subprotocol and the headers that the app accepts with are in the handshake."""
    with Socket(at, "/?do=chooses", "Sec-WebSocket-Protocol: one, two") as socket:
        found = socket.head.get("sec-websocket-protocol"), socket.head.get("x-own")
        assert found == ("two", "yes"), socket.head.headers
        assert socket.message() == (TEXT, b"chosen")


@proves("ASGI WebSocket Close")
def refused(at):
    """A close before the accept is answered with 403."""
    with Socket(at, "/?do=refuses") as socket:
        assert socket.head.status == 403, socket.head.status


@proves("ASGI Extensions: WebSocket Denial Response")
def denied(at):
    """A denial response, where it is announced, reaches the client as the app wrote it."""
    with Socket(at, "/?do=denies") as socket:
        if socket.head.status == 101:
            raise Differs("does not announce it")
        found = socket.head.status, socket.head.get("x-denied"), socket.head.body
        assert found == (418, "yes", b"no tea"), found


@proves("ASGI WebSocket Connect; nobody should wait for a handshake that cannot come")
def breaks_early(at):
    """An app that raises before it accepts is a 500 (or 403)."""
    with Socket(at, "/?do=breaks_early") as socket:
        assert socket.head.status in (403, 500), socket.head.status


@proves("ASGI WebSocket Connect")
def speaks_first(at):
    """`send()` before the accept raises in the app, and the handshake does not succeed."""
    with Socket(at, "/?do=speaks_first&id=early") as socket:
        assert socket.head is None or socket.head.status != 101
    at.until_note("early", "raised")


# Messages


@proves("ASGI WebSocket Receive, Send")
def text_and_bytes(at):
    """Text comes as `text` and binary as `bytes`, whole and in order, and goes out as what it is."""
    with Socket(at, "/?do=echo&id=kinds") as socket:
        for opcode, data in ((TEXT, "é€😀".encode()), (BINARY, b"\0\xff"), (TEXT, b""), (BINARY, b"")):
            socket.send(opcode, data)
            assert socket.message() == (opcode, data)
    assert at.notes("kinds")[:4] == ["text", "bytes", "text", "bytes"], at.notes("kinds")


@proves("RFC 6455 §5.4")
def fragments(at):
    """A message in fragments reaches the app as one, also with a ping between them."""
    with Socket(at, "/?do=echo&id=parts") as socket:
        socket.send(TEXT, b"one ", final=False)
        socket.send(CONTINUATION, b"two ", final=False)
        socket.send(PING, b"between")
        socket.send(CONTINUATION, b"three")
        assert socket.frame() == (PONG, b"between")
        assert socket.message() == (TEXT, b"one two three")


@proves("RFC 6455 §5.2")
def large_message(at):
    """A message of a mebibyte comes back as it was."""
    data = bytes(range(256)) * 4096
    with Socket(at, "/?do=echo") as socket:
        socket.send(BINARY, data)
        assert socket.message() == (BINARY, data)


@proves("RFC 6455 §5.5.2")
def ping(at):
    """A ping is answered with its own data, without the app."""
    with Socket(at, "/?do=echo&id=ping") as socket:
        socket.send(PING, b"are you there")
        assert socket.frame() == (PONG, b"are you there")
    assert "bytes" not in at.notes("ping") and "text" not in at.notes("ping")


@proves("RFC 7692 §7")
def deflate(at):
    """Messages are compressed where the client offers permessage-deflate and the server takes it."""
    with Socket(at, "/?do=echo", "Sec-WebSocket-Extensions: permessage-deflate") as socket:
        if "permessage-deflate" not in (socket.head.get("sec-websocket-extensions") or ""):
            raise Differs("does not take it, which is optional")
        socket.send(TEXT, deflated(b"again " * 100), reserved=0x40)
        opcode, data = socket.message(reserved=0x40)
        if socket.reserved:
            data = zlib.decompressobj(-15).decompress(data + b"\0\0\xff\xff")
        assert (opcode, data) == (TEXT, b"again " * 100)


def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return (packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH)).removesuffix(b"\0\0\xff\xff")


@proves("RFC 6455 §7.4.1, §10.4; a few bytes must not become gigabytes")
def deflate_bomb(at):
    """A message that is small on the wire and huge when it is inflated is refused with 1009."""
    with Socket(at, "/?do=echo", "Sec-WebSocket-Extensions: permessage-deflate") as socket:
        if "permessage-deflate" not in (socket.head.get("sec-websocket-extensions") or ""):
            raise Differs("does not take permessage-deflate")
        socket.send(BINARY, deflated(bytes(256 << 20)), reserved=0x40)
        assert socket.close_code() == 1009


@proves("RFC 6455 §7.4.1, §10.4; the memory of the server is not the client's")
def too_large(at):
    """A message without end is refused with 1009."""
    with Socket(at, "/?do=echo") as socket:
        part = bytes(1 << 20)
        socket.send(BINARY, part, final=False)
        for _ in range(255):
            socket.send(CONTINUATION, part, final=False)
        assert socket.close_code() == 1009


# What a client may not send


def refused_with(at, code: int, *frames: tuple, **options):
    with Socket(at, "/?do=echo") as socket:
        for opcode, data in frames:
            socket.send(opcode, data, **options)
        try:
            found = socket.close_code()
        except (Closed, ConnectionResetError):
            found = None
        if found in (None, 1005):
            raise Differs("ends the connection without saying why, as §7.1.7 allows")
        assert found == code, found


@proves("RFC 6455 §8.1")
def invalid_utf_8(at):
    """Text that is not UTF-8 ends the connection with 1007."""
    refused_with(at, 1007, (TEXT, b"\xc3\x28"))


@proves("RFC 6455 §5.1")
def unmasked(at):
    """A frame that is not masked ends the connection with 1002."""
    refused_with(at, 1002, (TEXT, b"plain"), masked=False)


@proves("RFC 6455 §5.2")
def reserved_opcode(at):
    """A reserved opcode ends the connection with 1002."""
    refused_with(at, 1002, (3, b""))


@proves("RFC 6455 §5.2")
def reserved_bits(at):
    """A reserved bit that no extension has given a meaning ends the connection with 1002."""
    refused_with(at, 1002, (TEXT, b"odd"), reserved=0x10)


@proves("RFC 6455 §5.5")
def bad_control_frames(at):
    """A control frame in fragments, or of more than 125 bytes, ends the connection with 1002."""
    refused_with(at, 1002, (PING, b"half"), final=False)
    refused_with(at, 1002, (PING, b"x" * 126))


@proves("RFC 6455 §5.4")
def stray_continuation(at):
    """A continuation without a beginning ends the connection with 1002."""
    refused_with(at, 1002, (CONTINUATION, b"stray"))


@proves("RFC 6455 §7.4")
def bad_close_codes(at):
    """A close with a code that may not be sent ends the connection with 1002."""
    for code in (999, 1005, 1006):
        refused_with(at, 1002, (CLOSE, code.to_bytes(2, "big")))


# How it ends


@proves("RFC 6455 §5.5.1")
def close_is_answered(at):
    """A close from the client is answered with its code, and the connection ends."""
    with Socket(at, "/?do=echo&id=closed") as socket:
        socket.send(CLOSE, (4002).to_bytes(2, "big") + b"enough")
        assert socket.close_code() == 4002 and socket.wire.is_closed()
    at.until_note("closed", "code-4002")


@proves("ASGI WebSocket Disconnect")
def disconnect_reason(at):
    """The client's reason for the close reaches the app."""
    with Socket(at, "/?do=echo&id=reason") as socket:
        socket.send(CLOSE, (4002).to_bytes(2, "big") + b"enough")
        socket.close_code()
    at.until_note("reason", "reason-enough")


@proves("ASGI WebSocket Disconnect")
def disconnect_without_code(at):
    """A close without a code is 1005 to the app."""
    with Socket(at, "/?do=echo&id=codeless") as socket:
        socket.send(CLOSE, b"")
        socket.close_code()
    at.until_note("codeless", "code-1005")


@proves("RFC 6455 §7.1.5")
def disconnect_without_close(at):
    """A connection that is lost without a close is 1006 to the app."""
    with Socket(at, "/?do=echo&id=lost") as socket:
        socket.send(TEXT, b"here")
        assert socket.message() == (TEXT, b"here")
        socket.wire.reset()
    at.until_note("lost", "code-1006")


@proves("ASGI WebSocket Close")
def app_closes(at):
    """The app's code and reason reach the client; without one the code is 1000."""
    with Socket(at, "/?do=closes&code=4003&reason=done") as socket:
        assert (socket.close_code(), socket.close_reason) == (4003, b"done")
    with Socket(at, "/?do=closes_plainly") as socket:
        assert socket.close_code() == 1000


@proves("ASGI WebSocket Disconnected Client (spec_version 2.4)")
def send_after_close(at):
    """`send()` after the client closed raises an `OSError`."""
    with Socket(at, "/?do=sends_late&id=late") as socket:
        socket.send(CLOSE, (1000).to_bytes(2, "big"))
        socket.close_code()
    at.until(lambda: len(at.notes("late")) > 1, "the app never got to the end")
    version, outcome = at.notes("late")
    if outcome == "allowed" and version < "version-2.4":
        raise Differs(f"says spec_{version}, in which send() does nothing then")
    assert outcome == "raised-oserror", outcome


@proves("RFC 6455 §7.4.1; else a failure looks like the end of the conversation")
def app_breaks(at):
    """An app that raises has its connection closed with 1011, or cut."""
    with Socket(at, "/?do=breaks") as socket:
        try:
            found = socket.close_code()
            assert found == 1011, found
        except (Closed, ConnectionResetError):
            pass


@proves("ASGI WebSocket Connection Scope: if the app ends, the socket is closed")
def app_returns(at):
    """An app that returns has its connection closed."""
    with Socket(at, "/?do=returns") as socket:
        try:
            socket.close_code()
        except (Closed, ConnectionResetError):
            pass


@proves("ASGI WebSocket Send; messages that nobody takes must not fill the memory")
def send_is_held_back(at):
    """`send()` waits while the client does not read."""
    with Socket(at, "/?do=floods&id=ws-flood") as socket:
        at.until_note("ws-flood", "sent")
        taken = at.settles("ws-flood")
        assert taken < 64, f"send() took {taken} MiB"
        socket.wire.reset()
