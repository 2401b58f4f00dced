"""Apps and frameworks that others wrote, behind `enfilade run`, each asked by a real client: `python tests/apps [NAME …]`.

    requirements.txt ─▶ target/apps ─▶ enfilade run APP --venv target/apps ─▶ httpx, websockets, kosoku

    NAME is a module (`test_django`), a class or a test. ENFILADE_BIN names the binary, built with `--features python`.
    Beside it: chat.mjs (Channels in Chromium) and memory.py (idle connections, a million requests).
"""

import os
import subprocess
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", HERE.parents[1] / "target"))
VENV = Path(os.environ.get("ENFILADE_APPS", TARGET / "apps"))


def main() -> int:
    environment()
    if Path(sys.prefix).resolve() != VENV.resolve():
        # The clients are in there, too.
        return subprocess.run([VENV / "bin/python", "-B", HERE, *sys.argv[1:]]).returncode
    sys.path.append(str(HERE.parent / "clients"))
    os.environ["ENFILADE_APPS"] = str(VENV)
    names, loader = sys.argv[1:], unittest.TestLoader()
    suite = loader.loadTestsFromNames(names) if names else loader.discover(str(HERE), "test_*.py")
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
    failed, skipped = len(result.failures + result.errors), len(result.skipped)
    print(f"apps: {result.testsRun - failed - skipped} passed, {failed} failed, {skipped} skipped", flush=True)
    return 0 if result.testsRun and not failed else 1


def environment():
    """Made anew only when the list changes."""
    wanted, made = (HERE / "requirements.txt").read_text(), VENV / "requirements.txt"
    if not made.exists() or made.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)
        pip = [VENV / "bin/pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--requirement", HERE / "requirements.txt"], check=True)
        made.write_text(wanted)


if __name__ == "__main__":
    sys.exit(main())
