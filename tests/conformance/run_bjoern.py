"""bjoern has no command of its own: `python run_bjoern.py PORT MODULE:ATTR`."""

import importlib
import sys

import bjoern

sys.path.insert(0, "")
module, attribute = sys.argv[2].split(":")
bjoern.run(getattr(importlib.import_module(module), attribute), "127.0.0.1", int(sys.argv[1]))
