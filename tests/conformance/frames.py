"""WebSocket frames of RFC 6455 §5.2 by hand, right and wrong: a client library would not send the wrong ones.

    Socket(at, "/path", "Header: x") ─▶ .head (the answer to the handshake), send(opcode, data), message(), close_code()
"""

import base64
import hashlib
import os

from wire import Closed

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


class Socket:
    def __init__(self, at, path: str, *fields: str):
        self.wire = at.connect()
        key = base64.b64encode(os.urandom(16)).decode()
        digest = hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()
        self.accept = base64.b64encode(digest).decode()
        upgrade = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]
        self.wire.send(f"GET {path} HTTP/1.1", "HOST", *upgrade, f"Sec-WebSocket-Key: {key}", *fields)
        self.reserved = 0
        self.close_reason = b""
        try:
            self.head = self.wire.answer()
        except (Closed, ConnectionResetError):
            self.head = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.wire.socket.close()

    def send(self, opcode: int, data: bytes, final: bool = True, reserved: int = 0, masked: bool = True):
        head = bytearray([opcode | reserved | (0x80 if final else 0)])
        mask = 0x80 if masked else 0
        if len(data) < 126:
            head.append(mask | len(data))
        elif len(data) < 1 << 16:
            head += bytes([mask | 126]) + len(data).to_bytes(2, "big")
        else:
            head += bytes([mask | 127]) + len(data).to_bytes(8, "big")
        # A mask of zeros is a mask, and leaves the data as it is.
        self.wire.raw(bytes(head) + (bytes(4) if masked else b"") + data)

    def frame(self) -> tuple[int, bytes]:
        first, second = self.exactly(2)
        assert not second & 0x80, "a server does not mask (RFC 6455 §5.1)"
        size = second & 0x7F
        if size > 125:
            size = int.from_bytes(self.exactly(2 if size == 126 else 8), "big")
        self.final, self.reserved = bool(first & 0x80), first & 0x70
        return first & 0x0F, self.exactly(size)

    def message(self, reserved: int = 0) -> tuple[int, bytes]:
        """The next message, its fragments joined; what the server asks besides is passed over."""
        kind, parts, marked = None, [], 0
        while True:
            opcode, data = self.frame()
            if opcode >= CLOSE:
                assert opcode != CLOSE, f"closed: {data!r}"
                continue
            assert self.reserved & ~reserved == 0, "a reserved bit"
            kind, marked = (opcode, self.reserved) if kind is None else (kind, marked)
            parts.append(data)
            if self.final:
                self.reserved = marked
                return kind, b"".join(parts)

    def close_code(self) -> int:
        """The code of the close that comes; 1005 when it has none."""
        while True:
            opcode, data = self.frame()
            if opcode == CLOSE:
                self.close_reason = data[2:]
                return int.from_bytes(data[:2], "big") if data else 1005

    def exactly(self, size: int) -> bytes:
        while len(self.wire.unread) < size:
            self.wire.unread += self.wire.receive()
        data, self.wire.unread = self.wire.unread[:size], self.wire.unread[size:]
        return data
