"""The criteria of a claim: each interval against its region, as a bar."""

from __future__ import annotations

from rich.text import Text

from circuit_assert.ledger import FindingRecord
from circuit_assert.reporting.claimed import count
from circuit_assert.reporting.columns import visible
from circuit_assert.reporting.drawing.axis import Axis, interval_drawn, labelled
from circuit_assert.reporting.drawing.lines import INDENT, row, verdict_said
from circuit_assert.reporting.regions import bounds_of
from circuit_assert.reporting.terminal import number

_WIDEST = 72


def criterion_drawn(finding: FindingRecord, width: int) -> list[Text]:
    """What was expected and found, and the interval over the region."""
    role = "" if finding.role == "primary" else f" ({visible(finding.role)})"
    head = Text.assemble(INDENT, f"{visible(finding.name)}{role}: ", verdict_said(finding.verdict))
    lines = [head, *row("expected", finding.expected, width)]
    if finding.effect is None:
        return lines + row("found", finding.reason, width)
    lines += row("found", _found(finding), width)
    lines += [Text(INDENT) + line for line in _bar(finding, finding.effect, width)]
    if finding.verdict == "inconclusive":
        lines += row("because", finding.reason, width)
    return lines + [line for note in finding.notes for line in row("note", note, width)]


def _found(finding: FindingRecord) -> str:
    interval = f"{number(finding.effect)} [{number(finding.low)}, {number(finding.high)}]"
    clusters = " × ".join(count(many, name) for name, many in finding.clusters.items())
    where = f" in {clusters}" if clusters else ""
    units = f"; {count(finding.units, 'unit')}{where}" if finding.units else ""
    return f"{interval} {finding.unit}{units}"


def _bar(finding: FindingRecord, effect: float, width: int) -> list[Text]:
    region = bounds_of(finding.region)
    bounds = region.finite if region else []
    values = [effect, finding.low, finding.high, 0.0, *bounds]
    axis = Axis.over(values, min(width - 2 * len(INDENT), _WIDEST))
    drawn = interval_drawn(axis, region, effect, finding.low, finding.high)
    return [drawn, labelled(axis, [*bounds, 0.0] if bounds else [0.0, effect])]
