"""Who is signed in, for Starlette and FastAPI, with the scopes that were granted.

    app.add_middleware(AuthenticationMiddleware, backend=PrincipalBackend())     request.user, @requires("orders:read")
    @app.get("/")
    def page(who: Annotated[dict | None, Depends(principal)]): ...               FastAPI, without the middleware
"""

from starlette.authentication import AuthCredentials, AuthenticationBackend, SimpleUser
from starlette.requests import HTTPConnection


def principal(connection: HTTPConnection) -> dict | None:
    """The principal with its claims, or None; no header field can make one."""
    return connection.scope.get("extensions", {}).get("enfilade.principal")


class PrincipalBackend(AuthenticationBackend):
    async def authenticate(self, conn):
        if who := principal(conn):
            return AuthCredentials(["authenticated", *who["scopes"]]), SimpleUser(who["subject"])
