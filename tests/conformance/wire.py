"""A client that sends what it is told, byte for byte, and says exactly what came back.

    with Wire(port) as wire:
        wire.send("GET /hello HTTP/1.1", "Host: x");  wire.answer() ─▶ Answer(status, reason, headers, body, whole)
"""

import os
import socket
import struct
from dataclasses import dataclass, field

# Within it a server that does what it should has long answered; one that does not costs a run this much.
PATIENCE = float(os.environ.get("PATIENCE", "6"))


@dataclass
class Answer:
    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes = b""
    # Whether the body ended as its head said it would, and how it said so: length, chunked, close or none.
    whole: bool = False
    framing: str = "none"
    trailers: list[tuple[str, str]] = field(default_factory=list)

    def get(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]


class Closed(Exception):
    """The server closed the connection where an answer should begin."""


class Wire:
    def __init__(self, port: int, patience: float = PATIENCE):
        self.port = port
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=patience)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.unread = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, *lines: str, body: bytes = b""):
        """A head of these lines, and a body. `Host` and the port are filled in where a line says `HOST`."""
        head = "\r\n".join(lines).replace("HOST", f"Host: 127.0.0.1:{self.port}")
        self.raw(head.encode("latin-1") + b"\r\n\r\n" + body)

    def raw(self, data: bytes):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # What the server said before it closed is still to be read.

    def answer(self, to_head: bool = False, interim: bool = False) -> Answer:
        """The next answer; a 100 (Continue) is passed over unless it is asked for."""
        while True:
            head = self.until(b"\r\n\r\n").decode("latin-1")
            first, *lines = head.split("\r\n")
            version, status, *reason = first.split(" ", 2)
            assert version in ("HTTP/1.1", "HTTP/1.0"), f"no status line: {first!r}"
            headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
            answer = Answer(int(status), "".join(reason), headers)
            if answer.status >= 200 or answer.status == 101 or interim:
                break
        if answer.status < 200 or answer.status in (204, 304) or to_head:
            answer.whole = True
        else:
            self.read_body(answer)
        return answer

    def read_body(self, answer: Answer):
        coding, length = answer.get("transfer-encoding"), answer.get("content-length")
        try:
            if coding is not None:
                assert coding.lower() == "chunked", f"framed by {coding!r}"
                assert length is None, "both Content-Length and Transfer-Encoding"
                answer.framing = "chunked"
                self.read_chunks(answer)
            elif length is not None:
                answer.framing = "length"
                self.read_exactly(int(length), answer)
            else:
                answer.framing = "close"
                answer.body, answer.whole = self.rest(), True
        except (Closed, ConnectionResetError):
            answer.whole = False

    def read_chunks(self, answer: Answer):
        while True:
            size = int(self.until(b"\r\n").split(b";")[0], 16)
            if size == 0:
                break
            self.read_exactly(size, answer)
            assert self.until(b"\r\n") == b"", "a chunk that is longer than it says"
        answer.whole = False
        while line := self.until(b"\r\n"):
            name, _, value = line.decode("latin-1").partition(":")
            answer.trailers.append((name, value.strip()))
        answer.whole = True

    def read_exactly(self, size: int, answer: Answer):
        """What arrived is kept also when the rest never does."""
        while size:
            data = self.unread[:size] or self.receive()
            taken, self.unread = data[:size], (self.unread or data)[len(data[:size]):]
            answer.body += taken
            size -= len(taken)
        answer.whole = True

    def until(self, end: bytes) -> bytes:
        while end not in self.unread:
            self.unread += self.receive()
        found, _, self.unread = self.unread.partition(end)
        return found

    def receive(self) -> bytes:
        data = self.socket.recv(65536)
        if not data:
            raise Closed
        return data

    def rest(self) -> bytes:
        """All that comes until the server closes; it is an error when it does not close."""
        data, self.unread = self.unread, b""
        try:
            while more := self.socket.recv(65536):
                data += more
        except ConnectionResetError:
            pass
        return data

    def is_closed(self) -> bool:
        """Whether the server closes without another byte."""
        try:
            return self.rest() == b""
        except TimeoutError:
            return False

    def end_of_input(self):
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self):
        """Hangs up at once, as a client that crashed."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()
