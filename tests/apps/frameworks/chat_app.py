"""A chat by Django and Channels, as the tutorial of Channels builds it: a page, a consumer, groups in memory."""

import json

import django
from django.conf import settings
from django.http import HttpResponse
from django.urls import path

settings.configure(
    DEBUG=False,
    SECRET_KEY="of a test",
    ALLOWED_HOSTS=["localhost", "127.0.0.1"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["channels"],
    CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}},
)
django.setup()

from channels.generic.websocket import AsyncWebsocketConsumer, WebsocketConsumer  # noqa: E402  (settings come first)
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from django.core.asgi import get_asgi_application  # noqa: E402

PAGE = """<!doctype html><html lang="en"><title>chat</title>
<ol id="log"></ol><form><label>say <input id="say"></label><button>send</button></form><p id="state">connecting</p>
<script>
  const socket = new WebSocket(`ws://${location.host}/chat/${location.pathname.split("/")[2]}/`);
  const state = (text) => (document.querySelector("#state").textContent = text);
  socket.onopen = () => state("open");
  socket.onclose = (event) => state(`closed ${event.code}`);
  socket.onmessage = ({ data }) => {
    document.querySelector("#log").append(Object.assign(document.createElement("li"), { textContent: JSON.parse(data).text }));
  };
  document.querySelector("form").onsubmit = (event) => {
    event.preventDefault();
    socket.send(JSON.stringify({ text: document.querySelector("#say").value }));
  };
</script></html>"""


def page(request, room):
    return HttpResponse(PAGE)


urlpatterns = [path("room/<str:room>/", page)]


class Chat(AsyncWebsocketConsumer):
    async def connect(self):
        self.room = self.scope["url_route"]["kwargs"]["room"]
        if self.room == "closed":
            return await self.close()
        await self.channel_layer.group_add(self.room, self.channel_name)
        await self.accept()

    async def disconnect(self, code):
        await self.channel_layer.group_discard(self.room, self.channel_name)
        await self.channel_layer.group_send(self.room, {"type": "said", "text": f"left with {code}"})

    async def receive(self, text_data=None, bytes_data=None):
        await self.channel_layer.group_send(self.room, {"type": "said", "text": json.loads(text_data)["text"]})

    async def said(self, event):
        await self.send(text_data=json.dumps({"text": event["text"]}))


class Loud(WebsocketConsumer):
    """Not async, so that it runs on a thread of asgiref's."""

    def receive(self, text_data=None, bytes_data=None):
        self.send(text_data=json.dumps({"text": json.loads(text_data)["text"].upper()}))


sockets = URLRouter([path("chat/loud/", Loud.as_asgi()), path("chat/<str:room>/", Chat.as_asgi())])
app = ProtocolTypeRouter({"http": get_asgi_application(), "websocket": AllowedHostsOriginValidator(sockets)})
