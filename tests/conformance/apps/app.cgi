#!/usr/bin/env python3
"""A CGI script with a page for each behaviour: PATH_INFO `/NAME` is the function NAME below."""

import json
import os
import sys
import time
from pathlib import Path
from urllib.parse import parse_qs

HERE = Path(__file__).parent


def main():
    query = {key: values[0] for key, values in parse_qs(os.environ.get("QUERY_STRING", "")).items()}
    name = os.environ.get("PATH_INFO", "/seen").split("/")[1]
    globals()[name](**query)


def say(head: str, body: str | bytes = b""):
    body = body.encode() if isinstance(body, str) else body
    sys.stdout.buffer.write(head.encode("latin-1").replace(b"\n", b"\r\n") + b"\r\n" + body)
    sys.stdout.buffer.flush()


def text(body: str, head: str = ""):
    say(f"Content-Type: text/plain\n{head}", body)


def note(name: str, word: str):
    with (HERE / name).open("a") as file:
        file.write(f"{word}\n")


def hello(**_):
    text("hello, world\n")


def seen(**_):
    """The environment, arguments and folder of the process, and its standard input."""
    body = sys.stdin.buffer.read(int(os.environ.get("CONTENT_LENGTH") or 0)).decode("latin-1")
    environment = {name.decode(): value.decode("latin-1") for name, value in os.environb.items()}
    told = {"environment": environment, "arguments": sys.argv[1:], "folder": os.getcwd(), "body": body}
    text(json.dumps(told))


def status(**_):
    text("gone", "Status: 410 Gone for good\n")


def body_for_head(**_):
    text("a body, asked or not", "Content-Length: 20\n")


def elsewhere(**_):
    say("Location: http://other.example/there?a=b\n")


def elsewhere_with_status(**_):
    text("moved", "Status: 301 Moved\nLocation: http://other.example/there\n")


def inside(to, **_):
    say(f"Location: {to}/seen?from=inside\n")


def round_and_round(to, **_):
    say(f"Location: {to}/round_and_round?to={os.environ['SCRIPT_NAME']}\n")


def complains(**_):
    """A mebibyte of complaints, more than any pipe holds."""
    sys.stderr.write("a complaint\n" * 90_000)
    text("answered")


def silent(**_):
    pass


def headless(**_):
    sys.stdout.write("this is no header\n\nbody")


def half_a_head(**_):
    sys.stdout.write("Content-Type: text/plain\r\nX-Half: ")


def odd_name(**_):
    text("sent", "X(y) z: value\n")


def control_in_a_value(**_):
    text("sent", "X-Odd: a\0b\n")


def short(**_):
    text("short", "Content-Length: 50\n")


def long(**_):
    text("1234567890", "Content-Length: 5\n")


def hop_by_hop(**_):
    text("5\r\nhello\r\n0\r\n\r\n", "Transfer-Encoding: chunked\nConnection: close\nKeep-Alive: timeout=9\n")


def two_cookies(**_):
    text("baked", "Set-Cookie: a=1\nSet-Cookie: b=2\n")


def line_feeds(**_):
    """A head whose lines end in LF alone, as most scripts print it."""
    sys.stdout.write("Content-Type: text/plain\nX-Plain: yes\n\nbody")


def leaves_input(**_):
    text("unread")


def large(**_):
    text("x" * (4 << 20))


def goes_on(id, **_):
    """Until its reader is gone, half a minute at most."""
    note(id, str(os.getpid()))
    text("begun\n")
    for _ in range(300):
        sys.stdout.write("more\n")
        sys.stdout.flush()
        time.sleep(0.1)


def sleeps(id, **_):
    """Says nothing more, so that only who watches the client can know."""
    note(id, str(os.getpid()))
    text("begun\n")
    time.sleep(30)


main()
