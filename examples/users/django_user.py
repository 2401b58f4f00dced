"""Who is signed in, for Django under ASGI: the middleware in the place of RemoteUserMiddleware, whose backend it uses.

    MIDDLEWARE = [..., "django.contrib.auth.middleware.AuthenticationMiddleware", "django_user.PrincipalMiddleware"]
    AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.RemoteUserBackend"]

Under WSGI `REMOTE_USER` is in the environ, and Django's own RemoteUserMiddleware is enough; this one works there too.
"""

from django.contrib.auth.middleware import RemoteUserMiddleware


class PrincipalMiddleware(RemoteUserMiddleware):
    def __call__(self, request):
        scope = getattr(request, "scope", None)
        if scope is not None:
            # Of an ASGI request META holds header fields alone, and Django reads the user from one: Remote-User. What stands
            # there is taken away, whoever sent it, and the proved user put there.
            who = scope.get("extensions", {}).get("enfilade.principal")
            for name in ["REMOTE_USER", "HTTP_REMOTE_USER"]:
                request.META.pop(name, None)
                if who:
                    request.META[name] = who["subject"]
        return super().__call__(request)
