"""An app behind `enfilade run` in this Python environment, with a client for it.

    class Case: self.serve("module:app", …) ─▶ Gateway;  self.client(gateway) ─▶ httpx.Client
"""

import os
from pathlib import Path

import gateway
import httpx

VENV = os.environ["ENFILADE_APPS"]
HERE = Path(__file__).resolve().parent


class Case(gateway.Case):
    def serve(self, app: str, *options: str) -> gateway.Gateway:
        return self.run_app(app, "--venv", VENV, *options)

    def client(self, server: gateway.Gateway, **options) -> httpx.Client:
        client = httpx.Client(base_url=server.url, timeout=gateway.PATIENCE, trust_env=False, **options)
        self.addCleanup(client.close)
        return client
