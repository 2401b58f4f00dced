"""Sixteen WebSocket clients that send a message and wait for its echo: messages, messages a second, p99 in µs."""

import asyncio
import sys
import time

PAYLOAD = b"x" * 64
# Masked with zeros: a client's frame must be masked, and the server undoes it all the same.
FRAME = bytes([0x82, 0x80 | len(PAYLOAD)]) + bytes(4) + PAYLOAD
ECHO = 2 + len(PAYLOAD)
HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


class Client(asyncio.Protocol):
    def __init__(self, over: asyncio.Event, times: list[float]):
        self.over, self.times, self.got, self.open = over, times, 0, False

    def connection_made(self, transport):
        self.transport = transport
        transport.write(HANDSHAKE)

    def data_received(self, data):
        if not self.open:
            assert data.startswith(b"HTTP/1.1 101") and data.endswith(b"\r\n\r\n"), data
            self.open = True
            return self.send()
        self.got += len(data)
        if self.got >= ECHO:
            self.times.append(time.perf_counter() - self.sent)
            self.got -= ECHO
            self.send()

    def send(self):
        if not self.over.is_set():
            self.sent = time.perf_counter()
            self.transport.write(FRAME)


async def main(port: int, seconds: float):
    over, times, loop = asyncio.Event(), [], asyncio.get_running_loop()
    clients = [await loop.create_connection(lambda: Client(over, times), "127.0.0.1", port) for _ in range(16)]
    await asyncio.sleep(seconds)
    over.set()
    await asyncio.sleep(0.1)
    for transport, _ in clients:
        transport.abort()
    times.sort()
    print(len(times), len(times) / seconds, times[len(times) * 99 // 100] * 1e6)


try:
    import uvloop

    uvloop.run(main(int(sys.argv[1]), float(sys.argv[2])))
except ImportError:
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2])))
