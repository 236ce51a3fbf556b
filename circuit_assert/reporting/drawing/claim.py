"""The whole drawing of a claim, part by part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from rich.text import Text

from circuit_assert.ledger import ClaimRecord, FindingRecord, RunRecord
from circuit_assert.reporting.claimed import Claimed, count
from circuit_assert.reporting.columns import cut, visible
from circuit_assert.reporting.drawing.clusters import clusters_drawn
from circuit_assert.reporting.drawing.controls import controls_drawn
from circuit_assert.reporting.drawing.criteria import criterion_drawn
from circuit_assert.reporting.drawing.history import Judgement, history_drawn
from circuit_assert.reporting.drawing.lines import row, titled, verdict_said
from circuit_assert.reporting.drawing.prompts import prompts_drawn

_LONGEST = 400  # columns for arguments, which may name every head
Draw: TypeAlias = Callable[[FindingRecord, int], list[Text]]


def drawn(judgements: Sequence[Judgement], width: int, *, every: bool = False) -> list[Text]:
    """A claim as its latest judgement has it, and its history.

    Args:
        judgements: Of one claim, the earliest first; at least one.
        width: Columns of the terminal.
        every: Whether clusters and prompts are shown of every criterion, and not only of the one
            that decides.
    """
    last = judgements[-1]
    claim, findings = last.claim, last.claim.findings
    deciding = findings if every or claim.shown is None else (claim.shown,)
    parts = {
        "Criteria": _each(findings, criterion_drawn, width),
        "By cluster": _each(deciding, clusters_drawn, width),
        "Among others": _each(findings, controls_drawn, width),
        "Prompts": _each(deciding, prompts_drawn, width),
        "Interventions": _interventions(findings, width),
        "Settings": _settings(claim, last.ledger.run, width),
        "History (* with changes that are not committed)": history_drawn(judgements, width),
    }
    lines = _heading(last, width)
    for title, part in parts.items():
        lines += titled(title, part)
    return lines


def _each(findings: Sequence[FindingRecord], draw: Draw, width: int) -> list[Text]:
    return [line for finding in findings for line in draw(finding, width)]


def _heading(judgement: Judgement, width: int) -> list[Text]:
    claim = judgement.claim
    said = Text(visible(claim.sentence), style="bold")
    lines = [Text.assemble(said, ": ", verdict_said(claim.verdict))]
    lines += row("because", claim.reason, width)
    asserted = Claimed(claim, (claim.nodeid,), tuple(judgement.assertions))
    lines += row("asserted", _standing(asserted), width)
    lines += [line for note in claim.notes for line in row("note", note, width)]
    lines += row("claim", f"{claim.claim_id}, {claim.claim_type}", width)
    lines += row("run", judgement.ledger.name, width)
    return lines + row("test", _place(claim), width)


def _standing(claim: Claimed) -> str:
    polarities = {each.polarity for each in claim.assertions} - {"unknown"}
    said = " and ".join(sorted(polarities))
    standing = "inconclusive" if claim.undecided else claim.standing
    return ", ".join(filter(None, (said, standing.replace("–", ""))))


def _place(claim: ClaimRecord) -> str:
    line = "" if claim.line is None else f":{claim.line}"
    where = f" ({claim.file}{line})" if claim.file else ""
    return f"{claim.nodeid}{where}"


def _interventions(findings: Sequence[FindingRecord], width: int) -> list[Text]:
    names: dict[str, list[str]] = {}
    for finding in findings:
        for words in finding.interventions:
            names.setdefault(words, []).append(finding.name)
    said = [f"{words}, for: {', '.join(dict.fromkeys(of))}" for words, of in names.items()]
    return [line for each in said for line in row("", each, width)]


def _settings(claim: ClaimRecord, run: RunRecord | None, width: int) -> list[Text]:
    arguments = ", ".join(f"{name}={value}" for name, value in claim.arguments.items())
    lines = row("arguments", cut(arguments, _LONGEST), width)
    weights = f"weights {claim.fingerprint}" if claim.fingerprint else ""
    lines += row("model", ", ".join(filter(None, (claim.model, weights))), width)
    lines += row("runs on", ", ".join(filter(None, (claim.device, claim.dtype))), width)
    p = "" if claim.p_value is None else f", p {claim.p_value:.2g}"
    lines += row("α", f"{claim.false_pass_rate:g}{p}; seed {claim.seed}", width)
    lines += row("took", f"{claim.seconds:.1f} s, {count(claim.runs, 'run')}", width)
    lines += row("see", claim.source, width)
    if run is not None:
        commit = f"{run.git_commit or 'none'}{' with changes' if run.git_dirty else ''}"
        lines += row("commit", commit, width)
        lines += row("versions", ", ".join(f"{n} {v}" for n, v in run.versions.items()), width)
    return lines
