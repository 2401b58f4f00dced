"""Falcon in both of its kinds, `on_wsgi` and `on_asgi`: media, streams, events, errors, WebSockets."""

import falcon
import falcon.asgi


class Things:
    def on_get(self, request, response, name):
        response.media = {"name": name, "query": request.params, "agent": request.user_agent}
        response.set_cookie("seen", "yes", secure=False)

    def on_post(self, request, response, name):
        response.status = falcon.HTTP_201
        response.media = {"name": name, "media": request.get_media()}

    def on_delete(self, request, response, name):
        raise falcon.HTTPConflict(title="Still needed", description=name)


class Streams:
    def on_get(self, request, response):
        response.content_type = "text/plain"
        response.stream = (f"{number}\n".encode() for number in range(1000))

    def on_put(self, request, response):
        response.media = len(request.bounded_stream.read())


class AsyncThings:
    async def on_get(self, request, response, name):
        Things().on_get(request, response, name)

    async def on_post(self, request, response, name):
        response.status = falcon.HTTP_201
        response.media = {"name": name, "media": await request.get_media()}

    async def on_delete(self, request, response, name):
        Things().on_delete(request, response, name)


class AsyncStreams:
    async def on_get(self, request, response):
        async def numbers():
            for number in range(1000):
                yield f"{number}\n".encode()

        response.content_type = "text/plain"
        response.stream = numbers()

    async def on_put(self, request, response):
        response.media = len(await request.stream.read())


class Events:
    async def on_get(self, request, response):
        async def events():
            for number in range(3):
                yield falcon.asgi.SSEvent(json={"n": number}, event_id=str(number))

        response.sse = events()

    async def on_websocket(self, request, socket):
        await socket.accept()
        try:
            while True:
                await socket.send_text((await socket.receive_text())[::-1])
        except falcon.WebSocketDisconnected:
            pass


on_wsgi = falcon.App()
on_wsgi.add_route("/things/{name}", Things())
on_wsgi.add_route("/streams", Streams())

on_asgi = falcon.asgi.App()
on_asgi.add_route("/things/{name}", AsyncThings())
on_asgi.add_route("/streams", AsyncStreams())
on_asgi.add_route("/events", Events())
