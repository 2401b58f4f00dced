"""Who passes what: `python tests/conformance [SERVER …] [--only WORD] [--section NAME] [--write]`.

    rows of section_*.py × servers ─▶ one table a section, README.md with --write; exit code 1 only when ours fails a row

    SERVER is a name or a part of one (`enfilade`, `uvicorn`); without it all. Those that are not installed under
    target/conformance are installed; lighttpd comes from Debian. ENFILADE_BIN names our binary, of `--features python`.
"""

import argparse
import datetime
import importlib
import platform
import subprocess
import sys

sys.dont_write_bytecode = True

from servers import ENFILADE, HERE, SERVERS, VENV, Running, Server  # noqa: E402
from table import ROWS, Outcome, Row, judge, markdown  # noqa: E402

# Section, its title, and which interfaces stand behind it with which app.
SECTIONS = {
    "request": ("HTTP/1.1: the request", {"asgi": "asgi_app:app", "wsgi": "wsgi_app:app"}),
    "answer": ("HTTP/1.1: the answer", {"asgi": "asgi_app:app", "wsgi": "wsgi_app:app"}),
    "wsgi": ("WSGI: PEP 3333", {"wsgi": "wsgi_app:app"}),
    "asgi": ("ASGI 3: HTTP and lifespan", {"asgi": "asgi_app:app"}),
    "websocket": ("ASGI 3: WebSocket; RFC 6455, RFC 7692", {"asgi": "asgi_app:app"}),
    "cgi": ("CGI: RFC 3875", {"cgi": "app.cgi"}),
}

INTRODUCTION = """# Who passes what

What PEP 3333, ASGI 3, RFC 3875, RFC 9112 and their kin ask of a server, one test a row, run against ours and against others
at their defaults. A row is here because a clause asks for it, or for a reason of security that stands beside the clause.

- ✓ passes, ✗ fails, – not asked: the clause leaves it open and this server decided otherwise, or lacks an optional part.
- Run it: `cargo build --release --features python`, then `python3 tests/conformance`; `--write` makes this page anew. It
  exits with 1 when ours fails a row; why another failed is printed at its end.
- Each row is a function in `section_*.py`, and the apps that show the behaviour are in `apps/`.
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("servers", nargs="*", help=", ".join(f"{each.name} ({each.interface})" for each in SERVERS))
    parser.add_argument("--only", default="", help="rows whose name has this in it")
    parser.add_argument("--section", choices=SECTIONS, action="append", help="may be given several times")
    parser.add_argument("--write", action="store_true", help="write README.md")
    arguments = parser.parse_args()
    environment(peers=any(not each.ours and named(each, arguments.servers) for each in SERVERS))
    parts, faults, counts = [INTRODUCTION], [], [0, 0, 0]
    for section in arguments.section or SECTIONS:
        importlib.import_module(f"section_{section}")
        rows = [row for row in ROWS if row.section == section and arguments.only in row.name]
        chosen = [each for each in SERVERS if each.interface in SECTIONS[section][1] and named(each, arguments.servers)]
        outcomes = run_section(section, rows, chosen)
        titles = [title(each, section) for each in chosen]
        cells = {(row.name, heading): outcomes[row.name, each] for row in rows for each, heading in zip(chosen, titles)}
        parts.append(f"## {SECTIONS[section][0]}\n\n{markdown(rows, titles, cells)}\n")
        print(f"\n{parts[-1]}", flush=True)
        for (name, each), outcome in outcomes.items():
            if outcome.word != "passes":
                faults.append((each, f"{each.name} ({each.interface}) {outcome.word}: {name}: {outcome.why}"))
            if each.ours:
                counts[["passes", "fails", "n/a"].index(outcome.word)] += 1
    print("\n".join(line for _, line in faults))
    if arguments.write:
        (HERE / "README.md").write_text("\n".join([*parts, versions()]))
    print(f"conformance: {counts[0]} passed, {counts[1]} failed, {counts[2]} skipped")
    return 1 if counts[1] else 0


def named(server: Server, wanted: list[str]) -> bool:
    return not wanted or any(word in server.name for word in wanted)


def title(server: Server, section: str) -> str:
    return f"{server.name} {server.interface}" if section in ("request", "answer") else server.name


def run_section(section: str, rows: list[Row], chosen: list[Server]) -> dict[tuple[str, Server], Outcome]:
    outcomes = {}
    for server in chosen:
        running = None
        for row in rows:
            if row.own:
                outcomes[row.name, server] = judge(row, server)
            else:
                running = running or Running(server, SECTIONS[section][1][server.interface]).start()
                outcomes[row.name, server] = judge(row, running)
            show(server, row, outcomes[row.name, server])
            # A server that a row has broken starts afresh for the next.
            if running and outcomes[row.name, server].word == "fails":
                running.stop()
                running.clear()
                running = None
        if running:
            running.stop()
            running.clear()
    return outcomes


def show(server: Server, row: Row, outcome: Outcome):
    if sys.stdout.isatty() or outcome.word == "fails":
        print(f"{outcome.word:7} {server.name} ({server.interface}): {row.name} {outcome.why}", flush=True)


def environment(peers: bool):
    """The peers, made anew only when their list changes; ours needs no package."""
    wanted, made = (HERE / "requirements.txt").read_text() if peers else "", VENV / "requirements.txt"
    if not made.exists() or wanted not in ("", made.read_text()):
        subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)
        if peers:
            install()
        made.write_text(wanted)


def install():
    pip = [VENV / "bin/pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--requirement", HERE / "requirements.txt"], check=True)


def versions() -> str:
    listed = (HERE / "requirements.txt").read_text().splitlines()
    pinned = [line.replace("==", " ") for line in listed if "==" in line]
    lighttpd = said("lighttpd", "-v").split(" ")[0].replace("/", " ")
    when = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d")
    return (
        f"{when}, {said(ENFILADE, '--version').strip()}, Python {platform.python_version()};\n"
        f"{', '.join([*pinned, lighttpd])}.\n"
        "uvicorn h11 runs on asyncio with wsproto, uvicorn httptools on uvloop with websockets; gunicorn with its own ASGI\n"
        "worker and with gthread; lighttpd streams in both directions.\n"
    )


def said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True).stdout


if __name__ == "__main__":
    sys.exit(main())
