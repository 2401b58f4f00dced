"""The helpers of examples/users in their frameworks, WSGI and ASGI, behind `enfilade run --auth demo`.

    the proved user ─▶ the framework's own user      nobody, and whatever a client's headers say ─▶ nobody
"""

import sys
from pathlib import Path

from gateway import Gateway
from test_python import Shop as _Shop

USERS = Path(__file__).parents[2] / "examples" / "users"

DJANGO = '''
import django
from django.conf import settings
from django.http import JsonResponse
from django.urls import path

settings.configure(
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="a test's",
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}},
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django_user.PrincipalMiddleware",
    ],
    AUTHENTICATION_BACKENDS=["django.contrib.auth.backends.RemoteUserBackend"],
)
django.setup()

from django.core.management import call_command

call_command("migrate", verbosity=0)


def page(request):
    return JsonResponse({"user": request.user.get_username() or None})


urlpatterns = [path("", page)]

from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application

wsgi, asgi = get_wsgi_application(), get_asgi_application()
'''

FASTAPI = '''
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette_user import PrincipalBackend, principal

asgi = FastAPI()
asgi.add_middleware(AuthenticationMiddleware, backend=PrincipalBackend())


@asgi.get("/")
def page(request: Request, who: Annotated[dict | None, Depends(principal)]):
    user = request.user.display_name or None
    assert user == (who and who["subject"]), (user, who)
    assert not who or set(who["scopes"]) <= set(request.auth.scopes)
    return {"user": user}
'''

FLASK = '''
from flask import Flask
from flask_user import signed_in, user

wsgi = Flask(__name__)


@wsgi.get("/")
def page():
    return {"user": user()}


@wsgi.get("/inside")
@signed_in
def inside():
    return {"user": user()}
'''

FALCON = '''
import falcon, falcon.asgi
from falcon_user import PrincipalMiddleware


class Page:
    def on_get(self, req, resp):
        resp.media = {"user": req.context.user}


class AsyncPage:
    async def on_get(self, req, resp):
        resp.media = {"user": req.context.user}


wsgi = falcon.App(middleware=[PrincipalMiddleware()])
wsgi.add_route("/", Page())
asgi = falcon.asgi.App(middleware=[PrincipalMiddleware()])
asgi.add_route("/", AsyncPage())
'''

FORGED = ["Remote-User: root", "REMOTE_USER: root", "X-Remote-User: root", "Enfilade-Principal: root"]


# Module, its text, and the interfaces that it has.
APPS = [
    ("in_django", DJANGO, ["wsgi", "asgi"]),
    ("in_fastapi", FASTAPI, ["asgi"]),
    ("in_flask", FLASK, ["wsgi"]),
    ("in_falcon", FALCON, ["wsgi", "asgi"]),
]


class Frameworks(_Shop):
    def serve(self, app: str) -> Gateway:
        # The packages are in this interpreter's own environment, the helpers in the examples.
        return self.run_app(app, "--venv", sys.prefix, "--auth", "demo", PYTHONPATH=str(USERS))

    def test_the_frameworks_user_is_the_one_that_is_proved(self):
        for module, text, interfaces in APPS:
            self.file(f"{module}.py", text)
            for interface in interfaces:
                with self.subTest(module=module, interface=interface):
                    gateway = self.serve(f"{module}:{interface}")
                    self.assertIn(f"({interface.upper()} on", gateway.said("app"))
                    name, password, _ = gateway.said("user").split()
                    forged = [part for field in FORGED for part in ["-H", field]]
                    told = self.told(gateway, *forged, "-u", f"{name}:{password}")
                    self.assertEqual(told, {"user": name})
                    self.assertEqual(gateway.curl(*forged)[0], 401)
                    self.assertEqual(gateway.stop(), 0)

    def test_without_auth_the_frameworks_user_is_nobody(self):
        for module, text, interfaces in APPS:
            self.file(f"{module}.py", text)
            for interface in interfaces:
                with self.subTest(module=module, interface=interface):
                    gateway = self.run_app(
                        f"{module}:{interface}", "--venv", sys.prefix, PYTHONPATH=str(USERS)
                    )
                    for field in FORGED:
                        self.assertEqual(self.told(gateway, "-H", field), {"user": None}, field)
                    if module == "in_flask":
                        self.assertEqual(gateway.curl(path="/inside")[0], 401)
                    self.assertEqual(gateway.stop(), 0)
