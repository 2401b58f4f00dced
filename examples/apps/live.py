"""An ASGI app: says where it is and who asks, and sends back what comes over a WebSocket."""


async def app(scope, receive, send):
    if scope["type"] == "websocket":
        await echo(receive, send)
    elif scope["type"] == "http":
        who = scope["state"]["principal"]
        text = f"live: {scope['root_path']}, whole {scope['path']}, for {who['subject'] if who else 'nobody'}\n"
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": text.encode()})
    else:
        raise NotImplementedError("no lifespan here")


async def echo(receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": event.get("text"), "bytes": event.get("bytes")})
