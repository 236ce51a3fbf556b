"""Evidence as a terminal shows it."""

from __future__ import annotations

import textwrap

from circuit_assert.evidence import Evidence, Finding
from circuit_assert.reporting.columns import one_line
from circuit_assert.stats import Verdict
from circuit_assert.stats.verdict import NOISE_FLOORS

_WIDTH = 96
_LABEL = 11
MARKS = {Verdict.SUPPORTED: "✓", Verdict.REFUTED: "✗", Verdict.INCONCLUSIVE: "?"}
MARK_OF = {str(verdict): mark for verdict, mark in MARKS.items()}
"""The same for verdicts as a ledger writes them."""


def evidence_block(evidence: Evidence) -> str:
    """Everything found on one claim, as lines of at most 96 columns."""
    lines = [f"{one_line(evidence.sentence)}: {str(evidence.verdict).upper()}"]
    lines += _row("because", evidence.reason)
    for note in evidence.notes:
        lines += _row("note", note)
    for finding in evidence.findings:
        lines += ["", *_finding_lines(finding)]
    lines += ["", *_row("claim", f"{evidence.kind}, {_arguments(evidence)}")]
    lines += _row(
        "model",
        f"{evidence.model}, weights {evidence.fingerprint}, {evidence.dtype}, {evidence.device}",
    )
    lines += _row("promise", _promise(evidence))
    if evidence.source:
        lines += _row("see", evidence.source)
    return "\n".join(lines)


def _finding_lines(finding: Finding) -> list[str]:
    role = "" if finding.role == "primary" else f" ({finding.role})"
    lines = [f"{MARKS[finding.verdict]} {one_line(finding.name)}{role}: {finding.verdict}"]
    lines += _row("expected", finding.expected)
    if finding.effect is None:
        return lines + _row("observed", finding.reason)
    lines += _row("observed", observed(finding))
    lines += _row("units", _units(finding))
    if finding.noise_floor:
        lines += _row("noise", _noise(finding))
    if finding.verdict is Verdict.INCONCLUSIVE:
        lines += _row("verdict", finding.reason)
        lines += _power(finding)
    for note in finding.notes:
        lines += _row("note", note)
    return lines


def observed(finding: Finding) -> str:
    """Effect and interval: "+0.79 [+0.76, +0.82] attention"."""
    return f"{number(finding.effect)} {interval(finding)} {finding.unit} ({finding.estimand})"


def interval(finding: Finding) -> str:
    """The decision interval: "[+0.76, +0.82]"."""
    return f"[{number(finding.low)}, {number(finding.high)}]"


def number(value: float | None) -> str:
    """A number as evidence writes it: signed, three digits that count."""
    if value is None:
        return "…"
    size = abs(value)
    if size and (size < 0.001 or size >= 10_000):
        return f"{value:+.1e}"
    return f"{value:+.3f}" if size < 1 else f"{value:+.2f}"


def _units(finding: Finding) -> str:
    clusters = " × ".join(f"{count} {name}s" for name, count in finding.clusters.items())
    return f"{finding.units} units in {clusters}; interval by {finding.method}"


def _noise(finding: Finding) -> str:
    """Without a sign: it goes both ways."""
    floor = finding.noise_floor
    said = f"{NOISE_FLOORS * floor:.2g}, three times {floor:.2g}"
    return f"each end of the interval is widened by {said}"


def _power(finding: Finding) -> list[str]:
    if finding.detectable is None:
        return []
    said = f"an effect {number(finding.detectable)} inside the bound would be found 8 times in 10"
    if finding.clusters_needed is not None:
        said += f"; the effect seen would take about {finding.clusters_needed} clusters"
    return _row("power", said)


def _promise(evidence: Evidence) -> str:
    rate = evidence.false_pass_rate
    return f"a false claim passes at most {rate:.2g} of the time (at most {4 * rate:.2g} if skewed)"


def _arguments(evidence: Evidence) -> str:
    return ", ".join(f"{name}={value}" for name, value in evidence.arguments.items())


def _row(label: str, text: str) -> list[str]:
    return textwrap.wrap(
        one_line(text),
        _WIDTH,
        initial_indent=f"  {label:<{_LABEL}}",
        subsequent_indent=" " * (_LABEL + 2),
        break_on_hyphens=False,
    )
