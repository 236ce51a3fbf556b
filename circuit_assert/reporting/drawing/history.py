"""What became of a claim from run to run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from circuit_assert.ledger import AssertionRecord, ClaimRecord, Ledger
from circuit_assert.reporting.columns import visible
from circuit_assert.reporting.drawing.lines import INDENT, verdict_said
from circuit_assert.reporting.terminal import number

_MOST = 10


@dataclass(frozen=True)
class Judgement:
    """A claim's first judgement in a run.

    Args:
        claim: What was found.
        ledger: The run.
    """

    claim: ClaimRecord
    ledger: Ledger

    @property
    def assertions(self) -> list[AssertionRecord]:
        """What became of the tests that judged it in this run."""
        return [a for a in self.ledger.assertions if a.claim_id == self.claim.claim_id]


def history_drawn(judgements: Sequence[Judgement], width: int) -> list[Text]:
    """A line for each run, the latest first."""
    shown = list(reversed(judgements))
    lines = [_line(each) for each in shown[:_MOST]]
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    if len(shown) > _MOST:
        lines.append(Text(f"{INDENT}… {len(shown) - _MOST} earlier", style="dim"))
    return lines


def _line(judgement: Judgement) -> Text:
    claim, run = judgement.claim, judgement.ledger.run
    when = (claim.at or (run.started if run else ""))[:16].replace("T", " ")
    commit = ((run.git_commit or "") if run else "")[:8] or "no commit"
    changed = "*" if run and run.git_dirty else " "
    line = Text(f"{INDENT}{visible(when):<16}  {visible(commit):<9}{changed}  ")
    verdict = verdict_said(claim.verdict)
    verdict.pad_right(max(0, 14 - len(verdict.plain)))
    line += verdict
    shown = claim.shown
    if shown is not None and shown.effect is not None:
        said = f"  {number(shown.effect)} [{number(shown.low)}, {number(shown.high)}]"
        line.append(said)
    return line
