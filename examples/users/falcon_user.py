"""Who is signed in, for Falcon, WSGI and ASGI alike.

    falcon.App(middleware=[PrincipalMiddleware()])     falcon.asgi.App(middleware=[PrincipalMiddleware()])

Then `req.context.user` is the subject or None, and under ASGI `req.context.principal` is all that is known.
"""


class PrincipalMiddleware:
    def process_request(self, req, resp):
        req.context.user = req.env.get("REMOTE_USER")

    async def process_request_async(self, req, resp):
        who = req.scope.get("extensions", {}).get("enfilade.principal")
        req.context.principal = who
        req.context.user = who["subject"] if who else None
