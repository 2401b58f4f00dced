"""Gateways' servers beside ours: one worker of each on core 0, all alive at once, clients on core 1, rounds rotated.

    python3 tests/load/gateways/run.py [asgi-hello cgi-static …] [--rounds 7] [--seconds 2] [--only enfilade]

README.md in this folder says what each table measures, and what it needs.
"""

import argparse
import statistics
import subprocess
import sys

from peer import HERE, MADE, VENV, Peer, begin, drive
from tables import TABLES, Table


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="*", help=", ".join(TABLES))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument(
        "--only", action="append", default=[], help="a server; the first is what others are held against"
    )
    arguments = parser.parse_args()
    environment()
    for name in arguments.tables or TABLES:
        table = TABLES[name]
        wanted = arguments.only or table.servers
        rows = {server: line for server, line in table.servers.items() if server in wanted}
        print(f"\n### {name}\n", flush=True)
        (starts if table.client == "start" else rounds)(table, rows, arguments.rounds, arguments.seconds)


def rounds(table: Table, rows: dict[str, str], count: int, seconds: int):
    """Every server alive, each for some seconds, over and over."""
    peers = []
    try:
        for name, line in rows.items():
            peers.append(begin(name, line, table))
        for peer in peers:
            drive(peer, table, 1)
        for turn in range(count):
            for step in range(len(peers)):
                peer = peers[(turn + step) % len(peers)]
                peer.rounds.append(drive(peer, table, seconds))
        tell(peers, table)
    finally:
        for peer in peers:
            peer.stop()


def tell(peers: list[Peer], table: Table):
    ours = peers[0].rounds
    bases = {peer.name: peer.rounds for peer in peers}
    print("| server | CPU µs | ours ÷ it (least to most) | µs above its base | requests/s | p99 µs | MiB after |")
    print("|---|---|---|---|---|---|---|")
    for peer in peers:
        ratios = sorted(mine.cpu / each.cpu for mine, each in zip(ours, peer.rounds))
        above = [each.cpu - base.cpu for each, base in zip(peer.rounds, bases.get(table.base_of(peer.name), []))]
        print(
            f"| {peer.name} | {middle(peer, 'cpu'):.1f} "
            f"| {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}) "
            f"| {f'{statistics.median(above):.1f}' if above else ''} "
            f"| {middle(peer, 'rate'):.0f} | {middle(peer, 'p99'):.0f} | {peer.memory('Pss'):.0f} |",
            flush=True,
        )


def middle(peer: Peer, what: str) -> float:
    return statistics.median(getattr(each, what) for each in peer.rounds)


def starts(table: Table, rows: dict[str, str], count: int, _seconds: int):
    """Each server alone, from nothing to its first answer, over and over."""
    found = {name: [] for name in rows}
    for turn in range(count + 1):
        for name, line in rows.items():
            peer = begin(name, line, table)
            # What a first start must compile, it has compiled.
            if turn > 0:
                found[name].append((peer.started * 1e3, peer.memory("Rss"), peer.memory("Pss"), len(peer.tree())))
            peer.stop()
    print("| server | start ms (least to most) | RSS MiB | PSS MiB | processes |\n|---|---|---|---|---|")
    for name, each in found.items():
        times, rss, pss, processes = zip(*each)
        print(
            f"| {name} | {statistics.median(times):.0f} ({min(times):.0f} to {max(times):.0f}) "
            f"| {statistics.median(rss):.1f} | {statistics.median(pss):.1f} | {max(processes)} |",
            flush=True,
        )


def environment():
    """What the tables need, made once: Python's servers, the CGI programs, a key set and a token."""
    wanted = (HERE / "requirements.txt").read_text()
    said = VENV / "requirements.txt"
    if not said.exists() or said.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)
        subprocess.run([VENV / "bin/pip", "install", "--quiet", "-r", HERE / "requirements.txt"], check=True)
        said.write_text(wanted)
    (MADE / "cgi").mkdir(parents=True, exist_ok=True)
    compile = ["cc", "-O2", "-static"]
    subprocess.run([*compile, "-o", MADE / "cgi/static", HERE / "cgi/hello.c"], check=True)
    bare = ["-nostdlib", "-ffreestanding"]
    subprocess.run([*compile, *bare, "-o", MADE / "cgi/nolibc", HERE / "cgi/nolibc.c"], check=True)
    subprocess.run([VENV / "bin/python", HERE / "token_of.py", MADE], check=True)


if __name__ == "__main__":
    main()
