"""A page of Django's, for WSGI (`wsgi`, at `/`) and ASGI (`asgi`, at `/async`): its usual middleware, a loop."""

import django
from django.conf import settings
from django.http import HttpResponse
from django.template import Context, Engine
from django.urls import path

settings.configure(
    DEBUG=False,
    SECRET_KEY="measured, not kept",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware"],
    LOGGING_CONFIG=None,
)
django.setup()
PAGE = Engine().from_string("<ul>{% for n in numbers %}<li>{{ n }} {{ name }}</li>{% endfor %}</ul>")


def page(request):
    return HttpResponse(PAGE.render(Context({"numbers": range(10), "name": request.GET.get("name", "you")})))


async def page_async(request):
    """The same without a hop to a thread, which Django makes for a view that is not `async`."""
    return page(request)


urlpatterns = [path("", page), path("async", page_async)]

from django.core.asgi import get_asgi_application  # noqa: E402  (settings come first)
from django.core.wsgi import get_wsgi_application  # noqa: E402

wsgi, asgi = get_wsgi_application(), get_asgi_application()
