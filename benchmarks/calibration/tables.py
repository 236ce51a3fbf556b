"""The simulations as tables, in Markdown: they are read in a terminal and kept in the docs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.calibration.verdicts import Row

_HEAD = "| design | false pass | false refutation | coverage | power | undecided |"


def of_verdicts(rows: Sequence[Row]) -> str:
    """A table for each distribution, with a line for each design, and what follows."""
    families = dict.fromkeys(row.family for row in rows)
    parts = [_family(name, [row for row in rows if row.family == name]) for name in families]
    return "\n\n".join([*parts, conclusion(rows)])


def conclusion(rows: Sequence[Row]) -> str:
    """Whether the promise was kept, in a sentence."""
    promised = [row for row in rows if row.promise is not None]
    said = f"{sum(row.samples for row in rows)} prompt sets of {len(rows)} designs were judged. "
    broken = [row for row in promised if not row.kept]
    if not broken:
        return f"{said}Every rate that something is promised of is compatible with its promise."
    names = "; ".join(f"{row.family}, {row.design}" for row in broken)
    return f"{said}The promise is broken by: {names}."


def _family(name: str, rows: Sequence[Row]) -> str:
    promise = rows[0].promise
    said = "nothing is promised" if promise is None else f"promised: at most {_percent(promise)}"
    return "\n".join([f"### {name} ({said})", "", _HEAD, _rule(), *map(_line, rows)])


def _rule() -> str:
    return "|---|" + "--:|" * (_HEAD.count("|") - 2)


def _line(row: Row) -> str:
    return f"| {' | '.join(_cells(row))} |"


def _cells(row: Row) -> Iterable[str]:
    yield row.design if row.kept else f"**{row.design}**"
    counts = (row.false_passes, row.false_refutations)
    shares = (*(count / row.samples for count in counts), row.coverage)
    yield from map(_percent, shares)
    yield from (_percent(count / row.samples) for count in (row.found, row.undecided))


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
