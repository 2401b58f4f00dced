"""Which servers are compared, with which app, by which client. The first of each table is ours."""

from dataclasses import dataclass, field

OURS = "{enfilade} run {app} --listen 127.0.0.1:{port}"
PYTHON = OURS + " --venv {venv} --app-dir {apps} --interface "
GRANIAN = "{bin}/granian --interface {kind} --port {port} --workers 1 "
GUNICORN = "{bin}/gunicorn --workers 1 --bind 127.0.0.1:{port} --log-level warning "

ASGI = {
    "enfilade": PYTHON + "asgi",
    "granian uvloop": GRANIAN.replace("{kind}", "asgi") + "--loop uvloop --no-ws {app}",
    "granian asyncio": GRANIAN.replace("{kind}", "asgi") + "--loop asyncio --no-ws {app}",
    "uvicorn": "{bin}/uvicorn --loop uvloop --http httptools --no-access-log --log-level warning --port {port} {app}",
    "gunicorn asgi": GUNICORN + "--worker-class asgi {app}",
}
SOCKETS = {name: line.replace("--no-ws", "--ws") for name, line in ASGI.items()}
WSGI = {
    "enfilade": PYTHON + "wsgi --threads 1",
    "bjoern": "{bin}/python {here}/in_bjoern.py {app} {port}",
    "granian": GRANIAN.replace("{kind}", "wsgi") + "{app}",
    "gunicorn sync": GUNICORN + "{app}",
    "gunicorn gthread": GUNICORN + "--worker-class gthread --threads 4 {app}",
}
CGI = {
    "enfilade": OURS,
    "lighttpd": "PORT={port} ROOT={made}/cgi exec lighttpd -D -f {here}/cgi/lighttpd.conf",
}
JWT = " --auth jwt={made}/jwks.json --issuer https://id.example --audience shop"
AUTH = {
    "enfilade --auth": ASGI["enfilade"] + JWT,
    "enfilade, Auth and Cookie": "VIRTUAL_ENV={venv} PORT={port} exec {door} {made}/jwks.json {app}",
    "enfilade": ASGI["enfilade"],
    "enfilade, PyJWT": ASGI["enfilade"].replace("{app}", "checks:hello"),
    "enfilade, PyJWT and cookie": ASGI["enfilade"].replace("{app}", "checks:hello_again"),
    "granian uvloop": ASGI["granian uvloop"],
    "granian uvloop, PyJWT": ASGI["granian uvloop"].replace("{app}", "checks:hello"),
    "uvicorn": ASGI["uvicorn"],
    "uvicorn, PyJWT": ASGI["uvicorn"].replace("{app}", "checks:hello"),
}
ALONE = "the app alone"
BY_HAND = "{bin}/python {here}/alone.py {kind} {app} {path}"


@dataclass
class Table:
    """One comparison. `client`: get, post, socket, start; `bases`: what a row is to be read above."""

    servers: dict[str, str]
    app: str
    client: str = "get"
    path: str = "/"
    connections: int = 32
    credentials: bool = False
    bases: dict[str, str] = field(default_factory=dict)

    def base_of(self, server: str) -> str | None:
        return self.bases.get(server, self.bases.get("*") if server != ALONE else None)


def page(servers: dict[str, str], kind: str, app: str, path: str = "/") -> Table:
    """A page is mostly its app: what the server itself takes is what is above the app, called by nobody but a loop."""
    return Table({**servers, ALONE: BY_HAND.replace("{kind}", kind)}, app, path=path, bases={"*": ALONE})


TABLES = {
    "asgi-hello": Table(ASGI, "asgi_apps:hello"),
    "asgi-echo": Table(ASGI, "asgi_apps:echo", "post"),
    "asgi-fastapi": page(ASGI, "asgi", "fastapi_page:app"),
    "asgi-django": page(ASGI, "asgi", "django_page:asgi", "/async"),
    "websocket-echo": Table(SOCKETS, "asgi_apps:sockets", "socket"),
    "wsgi-hello": Table(WSGI, "wsgi_apps:hello"),
    "wsgi-flask": page(WSGI, "wsgi", "flask_page:app"),
    "wsgi-django": page(WSGI, "wsgi", "django_page:wsgi"),
    "auth-asgi": Table(
        AUTH,
        "asgi_apps:hello",
        credentials=True,
        bases={
            "enfilade --auth": "enfilade",
            "enfilade, Auth and Cookie": "enfilade",
            "enfilade, PyJWT": "enfilade",
            "enfilade, PyJWT and cookie": "enfilade",
            "granian uvloop, PyJWT": "granian uvloop",
            "uvicorn, PyJWT": "uvicorn",
        },
    ),
    "cgi-static": Table(CGI, "{made}/cgi/static", path="/static", connections=8),
    "cgi-nolibc": Table(CGI, "{made}/cgi/nolibc", path="/nolibc", connections=8),
    "start-asgi": Table(ASGI, "asgi_apps:hello", "start"),
    "start-wsgi": Table(WSGI, "wsgi_apps:hello", "start"),
    "start-cgi": Table(CGI, "{made}/cgi/nolibc", "start", path="/nolibc"),
}
