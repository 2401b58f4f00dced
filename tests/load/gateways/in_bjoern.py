"""Serves a WSGI app with bjoern, which has no command: `in_bjoern.py MODULE:ATTR PORT`."""

import importlib
import sys

import bjoern

module, attribute = sys.argv[1].split(":")
bjoern.run(getattr(importlib.import_module(module), attribute), "127.0.0.1", int(sys.argv[2]))
