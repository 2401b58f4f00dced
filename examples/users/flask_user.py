"""Who is signed in, for Flask and whatever else is WSGI.

    @app.get("/")
    @signed_in
    def page():
        return f"hello {user()}"
"""

from functools import wraps

from flask import abort, request


def user() -> str | None:
    """The subject; no header field can set this variable, all of them are HTTP_…"""
    return request.environ.get("REMOTE_USER")


def signed_in(view):
    """Refuses those who are nobody: only without `--auth` are there any."""

    @wraps(view)
    def guarded(*arguments, **named):
        return view(*arguments, **named) if user() else abort(401)

    return guarded
