"""A WSGI app: says where it is and who asks."""


def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    user = environ.get("REMOTE_USER", "nobody")
    return [f"shop: {environ['SCRIPT_NAME']}, then {environ['PATH_INFO']}, for {user}\n".encode()]
