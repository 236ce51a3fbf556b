"""Evidence as a card for notebooks: that of the report, with its style."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from circuit_assert.ledger import ClaimRecord, FindingRecord
from circuit_assert.reporting.html.card import Card
from circuit_assert.reporting.html.entries import Entry
from circuit_assert.reporting.html.rendering import TEMPLATES, asset, render

if TYPE_CHECKING:
    from circuit_assert.evidence import Evidence

_COLOURS = re.compile(r"\.ca \{\s*(--page[^}]*)\}")
_SHARED = (
    "claim_id", "sentence", "model", "fingerprint", "reason", "arguments", "false_pass_rate",
    "p_value", "dtype", "device", "source", "seconds", "runs", "reused", "noise_floor", "notes",
)  # fmt: skip


def evidence_card(evidence: Evidence) -> str:
    """What was found on a claim, as HTML that needs nothing else; everything in it is escaped."""
    entry = Entry(_record(evidence), ())
    return render("notebook.html", card=Card(entry, datetime.now(UTC)), style=_style())


def _record(evidence: Evidence) -> ClaimRecord:
    headline = evidence.headline
    return ClaimRecord(
        **{name: getattr(evidence, name) for name in _SHARED},
        nodeid="",
        claim_type=evidence.kind,
        verdict=str(evidence.verdict),
        findings=tuple(map(FindingRecord.of, evidence.findings)),
        headline=None if headline is None else evidence.findings.index(headline),
    )


@cache
def _style() -> Any:  # noqa: ANN401 - Markup
    """The card's style; in notebooks that say which theme they have, in that one."""
    from markupsafe import Markup

    light, dark = _COLOURS.findall((TEMPLATES / "card.css").read_text(encoding="utf-8"))
    themes = {
        '[data-jp-theme-light="true"] .ca, .vscode-light .ca': f"{light} color-scheme: light;",
        '[data-jp-theme-light="false"] .ca, .vscode-dark .ca': f"{dark} color-scheme: dark;",
    }
    rules = "\n".join(f"{where} {{ {colours} }}" for where, colours in themes.items())
    return asset("card.css") + asset("notebook.css") + Markup(rules)  # noqa: S704 - of our own file
