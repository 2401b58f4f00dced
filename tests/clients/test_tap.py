"""examples/tap.rs: four kinds of apps behind one chain on one port, and a WebSocket by hand.

    /old ─▶ CGI    /shop ─▶ WSGI    /live ─▶ ASGI    others ─▶ Rust        each is told the same user
"""

import socket
import unittest

import httpx
from demo import PATIENCE
from gateway import Example

HANDSHAKE = (
    "GET /live/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class Tap(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tap = Example.of(cls, "tap")

    def test_each_path_has_its_app_and_each_app_the_same_user(self):
        table = [
            ("/old/may", "old: GET /old, then /may, for {}\n"),
            ("/shop/cart", "shop: /shop, then /cart, for {}\n"),
            ("/live/now", "live: /live, whole /live/now, for {}\n"),
            ("/", "rust: /, for {}\n"),
            ("/shopping", "rust: /shopping, for {}\n"),
        ]
        for switches in [{}, {"http1": False, "http2": True}]:
            with httpx.Client(base_url=self.tap.url, trust_env=False, timeout=PATIENCE, **switches) as client:
                for path, text in table:
                    with self.subTest(path=path, switches=switches):
                        answer = client.get(path, auth=("ada", "lovelace"), headers={"Remote-User": "root"})
                        self.assertEqual(answer.text, text.format("ada"))
                        self.assertEqual(client.get(path, headers={"Remote-User": "root"}).text, text.format("nobody"))
                        self.assertEqual(client.get(path, auth=("ada", "wrong")).status_code, 401)

    def test_a_websocket_gets_back_what_it_sends(self):
        with socket.create_connection(("127.0.0.1", self.tap.port), PATIENCE) as client:
            client.sendall(HANDSHAKE.encode())
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += client.recv(1)
            self.assertTrue(head.startswith(b"HTTP/1.1 101 "), head)
            self.assertIn(b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", head)
            # A text of one frame, masked with zeros; back it comes without a mask.
            client.sendall(b"\x81\x83\0\0\0\0tea")
            self.assertEqual(client.recv(5, socket.MSG_WAITALL), b"\x81\x03tea")
