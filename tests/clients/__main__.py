"""Runs every real client in this folder and ends with one line that counts them: `python tests/clients`."""

import sys
import unittest
from pathlib import Path

from demo import FOLDER

FOLDER.mkdir(parents=True, exist_ok=True)
names = sys.argv[1:]
loader = unittest.TestLoader()
suite = loader.loadTestsFromNames(names) if names else loader.discover(str(Path(__file__).parent), "test_*.py")
result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
# A test with several cases that fail is one test.
failed = len({getattr(test, "test_case", test).id() for test, _ in result.failures + result.errors})
skipped = len(result.skipped)
print(f"clients: {result.testsRun - failed - skipped} passed, {failed} failed, {skipped} skipped", flush=True)
sys.exit(0 if result.testsRun and not failed else 1)
