"""The simulations as tables, in Markdown: they are read in a terminal and kept in the docs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.calibration.claim_types.simulation import Row as ClaimRow
from benchmarks.calibration.verdicts import Row

OF_VERDICTS = "## Prompt sets drawn from known distributions"
OF_CLAIMS = "## Claims about planted models"

_AT_BOUND = (
    "| claim type | at its bound | false instances | false passes | at most | false refutations |"
)
_TRUE = "| claim type | true by | true instances | power | refuted |"
_NULLS = "| claim type | nothing planted | instances | supported | at most |"
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


def of_claims(rows: Sequence[ClaimRow]) -> str:
    """Three tables: effects exactly at a bound, true instances, and easy nulls; what follows."""
    parts = [
        _table(_AT_BOUND, (_at_bound(row) for row in rows if row.kind == "at the bound")),
        _table(_TRUE, (_true(row) for row in rows if row.kind == "true")),
        _table(_NULLS, (_null(row) for row in rows if row.kind == "easy null")),
    ]
    return "\n\n".join([*parts, claims_conclusion(rows)])


def claims_conclusion(rows: Sequence[ClaimRow]) -> str:
    """Whether every claim type kept its promise, in a sentence."""
    said = f"{sum(row.instances for row in rows)} claims of {len(rows)} kinds were judged. "
    broken = [f"{row.claim_type}, {row.what}" for row in rows if not row.kept]
    if broken:
        return f"{said}The promise is broken by: {'; '.join(broken)}."
    return f"{said}Every rate of wrong verdicts is compatible with its promise."


def _at_bound(row: ClaimRow) -> Iterable[str]:
    passes = f"{row.supported} ({_percent(row.supported / row.instances)})"
    refutations = f"{row.refuted} ({_percent(row.refuted / row.instances)})"
    most = _percent(row.most_supported)
    yield from (
        *_named(row),
        passes,
        most if row.promised else f"{most}, not promised",
        refutations,
    )


def _true(row: ClaimRow) -> Iterable[str]:
    yield from (*_named(row), _percent(row.supported / row.instances), str(row.refuted))


def _null(row: ClaimRow) -> Iterable[str]:
    yield from (*_named(row), str(row.supported), _percent(row.most_supported))


def _named(row: ClaimRow) -> Iterable[str]:
    models = f"{row.instances} of {len(row.parts)} models"
    yield from (f"`{row.claim_type}`", row.what if row.kept else f"**{row.what}**", models)


def _table(head: str, lines: Iterable[Iterable[str]]) -> str:
    rule = "|---|---|" + "--:|" * (head.count("|") - 3)
    return "\n".join([head, rule, *(f"| {' | '.join(cells)} |" for cells in lines)])


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
