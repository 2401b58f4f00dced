"""The behaviours as rows: what each says, the clause that asks for it, and what a server made of it.

    @proves("RFC 9112 §6.3")  over a function whose docstring is the sentence ─▶ a row of its module's section
      returns ─▶ passes      raises Differs(why) ─▶ n/a, with the reason      raises anything else ─▶ fails
"""

import traceback
from collections.abc import Callable
from dataclasses import dataclass

ROWS: list["Row"] = []


@dataclass(frozen=True)
class Row:
    section: str
    name: str
    sentence: str
    clause: str
    check: Callable
    # Starts servers of its own, so it is given a way to start them instead of one that runs.
    own: bool


@dataclass(frozen=True)
class Outcome:
    word: str
    why: str = ""


class Differs(Exception):
    """The clause leaves this open, and the server decided otherwise."""


def proves(clause: str, own: bool = False):
    def add(check: Callable) -> Callable:
        sentence = " ".join(check.__doc__.split())
        section = check.__module__.removeprefix("section_")
        ROWS.append(Row(section, check.__name__, sentence, clause, check, own))
        return check

    return add


def judge(row: Row, server) -> Outcome:
    try:
        row.check(server)
    except Differs as why:
        return Outcome("n/a", str(why))
    except Exception as error:
        return Outcome("fails", reason(error))
    return Outcome("passes")


def reason(error: Exception) -> str:
    """What went wrong, and the line of the row's own that found it."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "section_" in frame.filename]
    where = f" ({frames[-1].line})" if frames else ""
    said = str(error) or type(error).__name__
    return f"{type(error).__name__}: {said}{where}"[:300]


def markdown(rows: list[Row], servers: list[str], outcomes: dict[tuple[str, str], Outcome]) -> str:
    signs = {"passes": "✓", "fails": "✗", "n/a": "–"}
    lines = [f"| behaviour | clause | {' | '.join(servers)} |", "|---|---|" + "---|" * len(servers)]
    for row in rows:
        cells = [signs[outcomes[row.name, server].word] for server in servers]
        lines.append(f"| {row.sentence.replace('|', chr(92) + '|')} | {row.clause} | {' | '.join(cells)} |")
    counts = []
    for server in servers:
        words = [outcomes[row.name, server].word for row in rows]
        counts.append(f"**{words.count('passes')} of {len(words) - words.count('n/a')}**")
    return "\n".join([*lines, f"| **passed** | | {' | '.join(counts)} |"])
