"""WSGI apps to measure with: hello, and the same checks that the links make, in Python."""

HELLO = [("Content-Type", "text/plain"), ("Content-Length", "13")]


def hello(environ, start_response):
    start_response("200 OK", HELLO)
    return [b"hello, world\n"]
