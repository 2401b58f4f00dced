"""Clients that misbehave: the next request on that connection is right or the connection is closed.

    cut off · stalled · refused early · silent · half a preface · a preface and nothing more

What only a deadline ends runs at the same time, so that the deadlines are waited for once.
"""

import socket
import struct
import threading
import time
import unittest

from demo import Demo

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
EMPTY_SETTINGS = b"\0\0\0\4\0\0\0\0\0"

# Above every default deadline of the server's, far below for ever.
FOR_EVER = 90


class Raw(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.demo = Demo()
        cls.addClassCleanup(cls.demo.stop)

    def connect(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.demo.port), FOR_EVER)
        self.addCleanup(connection.close)
        return connection

    def head(self, method="GET", path="/", *fields: str, token=False) -> bytes:
        lines = [f"{method} {path} HTTP/1.1", f"Host: localhost:{self.demo.port}", *fields]
        if token:
            lines.append(f"Authorization: Bearer {self.demo.token}")
        return "\r\n".join([*lines, "", ""]).encode()

    def others_are_served(self):
        connection = self.connect()
        connection.sendall(self.head("GET", "/", "Connection: close", token=True))
        self.assertEqual(statuses(everything(connection)), [200])

    def test_a_client_that_is_cut_off_mid_body_harms_nobody(self):
        for _ in range(20):
            connection = self.connect()
            connection.sendall(self.head("POST", "/", "Content-Length: 1000000", token=True) + b"x" * 1000)
            # A reset, as when the machine behind it dies.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        self.others_are_served()

    def test_a_client_that_stops_sending_gets_an_answer_or_an_end(self):
        connection = self.connect()
        connection.sendall(self.head("POST", "/", "Content-Length: 1000", token=True) + b"x" * 10)
        connection.shutdown(socket.SHUT_WR)
        self.assertLessEqual(len(statuses(everything(connection))), 1)
        self.others_are_served()

    def test_a_body_that_was_refused_early_is_never_read_as_a_request(self):
        hidden = self.head("GET", "/hidden", token=True)
        first = self.head("POST", "/", f"Content-Length: {len(hidden)}")
        after = self.head("GET", "/", "Connection: close", token=True)
        connection = self.connect()
        connection.sendall(first + hidden + after)
        self.assertIn(statuses(everything(connection)), ([401, 200], [401]))

        # The same, with the body still to come when the refusal is sent.
        connection = self.connect()
        connection.sendall(first)
        answer = one_answer(connection)
        self.assertEqual(statuses(answer), [401])
        try:
            connection.sendall(hidden + after)
            rest = everything(connection)
        except (BrokenPipeError, ConnectionResetError):
            rest = b""
        self.assertIn(statuses(rest), ([200], []))

    def test_a_body_that_is_too_large_is_refused_before_it_comes(self):
        connection = self.connect()
        connection.sendall(self.head("POST", "/", "Content-Length: 1000000000"))
        self.assertEqual(statuses(one_answer(connection)), [413])
        began = time.monotonic()
        with self.assertRaises((BrokenPipeError, ConnectionResetError)):
            while time.monotonic() - began < FOR_EVER:
                connection.sendall(b"x" * 65536)
        self.others_are_served()

    def test_a_client_that_waits_for_100_is_refused_at_once(self):
        connection = self.connect()
        connection.sendall(self.head("POST", "/", "Content-Length: 5", "Expect: 100-continue"))
        self.assertEqual(statuses(one_answer(connection)), [401])

    def test_a_body_in_chunks_is_ended_where_it_ends(self):
        hidden = self.head("GET", "/hidden", token=True)
        chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(hidden), hidden)
        after = self.head("GET", "/", "Connection: close", token=True)
        connection = self.connect()
        connection.sendall(self.head("POST", "/", "Transfer-Encoding: chunked") + chunked + after)
        self.assertIn(statuses(everything(connection)), ([401, 200], [401]))

    def test_requests_in_a_row_are_answered_in_a_row(self):
        connection = self.connect()
        rows = [self.head("GET", "/", token=True), self.head("GET", "/"), self.head("GET", "/", "Connection: close", token=True)]
        connection.sendall(b"".join(rows))
        self.assertEqual(statuses(everything(connection)), [200, 401, 200])

    def test_two_framings_at_once_are_never_two_requests(self):
        hidden = b"0\r\n\r\n" + self.head("GET", "/hidden", token=True)
        both = self.head("POST", "/", f"Content-Length: {len(hidden)}", "Transfer-Encoding: chunked")
        connection = self.connect()
        connection.sendall(both + hidden)
        self.assertLessEqual(len(statuses(everything(connection))), 1)

    def test_what_is_no_request_is_answered_or_ended(self):
        for bytes_ in [b"\x16\x03\x01\x02\x00\x01\x00", b"\r\n" * 1000, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\0" * 5000]:
            with self.subTest(bytes=bytes_[:12]):
                connection = self.connect()
                connection.sendall(bytes_)
                connection.shutdown(socket.SHUT_WR)
                self.assertTrue(all(status >= 400 for status in statuses(everything(connection))))
        self.others_are_served()

    def test_frames_for_streams_that_never_were_end_the_connection(self):
        connection = self.connect()
        connection.sendall(PREFACE + EMPTY_SETTINGS + b"\0\0\1\0\0\0\0\0\7x")
        everything(connection)
        self.others_are_served()

    def test_whoever_keeps_the_server_waiting_is_let_go(self):
        stalled = self.head("POST", "/", "Content-Length: 1000", token=True) + b"x" * 10
        kinds = {
            "says nothing": b"",
            "half a preface": PREFACE[:14],
            "a preface only": PREFACE,
            "a preface and settings": PREFACE + EMPTY_SETTINGS,
            "half a request line": b"GET /",
            "half a head": self.head()[:-2],
        }
        ended: dict[str, float] = {}

        def wait(kind: str, first: bytes):
            connection = self.connect()
            began = time.monotonic()
            connection.sendall(first)
            everything(connection)
            ended[kind] = time.monotonic() - began

        def stall():
            # A stalled body gets its refusal or its answer, and then the connection ends.
            wait("a stalled body", stalled)

        threads = [threading.Thread(target=wait, args=pair, daemon=True) for pair in kinds.items()]
        threads.append(threading.Thread(target=stall, daemon=True))
        for thread in threads:
            thread.start()
        self.others_are_served()
        deadline = time.monotonic() + FOR_EVER
        for thread in threads:
            thread.join(max(0, deadline - time.monotonic()))
        self.assertEqual(set(ended), {*kinds, "a stalled body"}, f"hung for more than {FOR_EVER} s; ended: {ended}")
        self.others_are_served()


def everything(connection: socket.socket) -> bytes:
    """All that comes until the end; a reset is an end too."""
    got = b""
    try:
        while chunk := connection.recv(65536):
            got += chunk
    except ConnectionResetError:
        pass
    return got


def one_answer(connection: socket.socket) -> bytes:
    """One whole answer of known length."""
    got = b""
    while b"\r\n\r\n" not in got:
        chunk = connection.recv(65536)
        if not chunk:
            return got
        got += chunk
    head, _, body = got.partition(b"\r\n\r\n")
    length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    while len(body) < length and (chunk := connection.recv(65536)):
        body += chunk
    return head + b"\r\n\r\n" + body


def statuses(answers: bytes) -> list[int]:
    """The statuses of a row of HTTP/1.1 answers, each read by its own framing."""
    found = []
    while answers:
        head, separator, rest = answers.partition(b"\r\n\r\n")
        assert separator and head.startswith(b"HTTP/1."), f"this is no answer: {answers[:200]!r}"
        fields = head.lower().split(b"\r\n")
        found.append(int(fields[0].split(b" ")[1]))
        length = next((int(field.split(b":")[1]) for field in fields if field.startswith(b"content-length:")), None)
        if b"transfer-encoding: chunked" in fields:
            answers = after_chunks(rest)
        else:
            answers = rest[length or 0 :]
    return found


def after_chunks(body: bytes) -> bytes:
    while True:
        size, _, rest = body.partition(b"\r\n")
        length = int(size.split(b";")[0], 16)
        if length == 0:
            return rest.partition(b"\r\n")[2]
        body = rest[length + 2 :]
