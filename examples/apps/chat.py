"""A chat room over WebSockets (http://127.0.0.1:8000/), and an echo at /echo. Plain ASGI, no framework."""

PAGE = b"""<!doctype html><meta charset="utf-8"><title>Chat</title>
<form><input name="text" autofocus autocomplete="off" aria-label="Your words"> <button>Say it</button></form>
<ul role="log"></ul>
<script>
  const socket = new WebSocket(location.href.replace(/^http/, "ws"));
  const say = (text) => document.querySelector("ul").append(
    Object.assign(document.createElement("li"), { textContent: text }));
  socket.onmessage = (event) => say(event.data);
  socket.onclose = (event) => say(`closed (${event.code})`);
  document.querySelector("form").onsubmit = (event) => {
    event.preventDefault();
    socket.send(event.target.text.value);
    event.target.reset();
  };
</script>
"""

room = set()


async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
        await send({"type": "http.response.body", "body": PAGE})
    elif scope["type"] == "websocket":
        await (echo if scope["path"] == "/echo" else chat)(receive, send)


async def echo(receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message.get("text"), "bytes": message.get("bytes")})


async def chat(receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    room.add(send)
    try:
        while (message := await receive())["type"] == "websocket.receive":
            for other in list(room):
                try:
                    await other({"type": "websocket.send", "text": message.get("text") or ""})
                except OSError:
                    room.discard(other)
    finally:
        room.discard(send)
