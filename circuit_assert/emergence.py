"""Where something emerges along several models in order, found without claiming it beforehand."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from circuit_assert.claims.claim import Claim
from circuit_assert.claims.emergence import OfAModel, labels, made
from circuit_assert.components import Owner
from circuit_assert.reporting.columns import columns, padded, visible
from circuit_assert.reporting.terminal import MARK_OF
from circuit_assert.stats import Verdict
from circuit_assert.stats.sequences import run_of

_UNSEEN = "not looked at"


@dataclass(frozen=True)
class Emergence:
    """Between which checkpoints something emerges.

    Args:
        words: What.
        checkpoints: All of them, the earliest first.
        denied_through: The last up to which it is refuted at each; None where it is not at the
            first.
        supported_from: The first from which on it is supported at each; None where it is not at
            the last.
        verdicts: Of the checkpoints that were looked at.
        false_pass_rate: α, at which all denials hold together, and all supports together.
    """

    words: str
    checkpoints: tuple[str, ...]
    denied_through: str | None
    supported_from: str | None
    verdicts: Mapping[str, Verdict]
    false_pass_rate: float

    def __str__(self) -> str:
        width = max(map(columns, map(visible, self.checkpoints)))
        rows = (
            f"  {padded(visible(name), width)}  {self._verdict(name)}" for name in self.checkpoints
        )
        return "\n".join([self._said, *rows, *self._promise])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><th scope="row">{html.escape(visible(name))}</th>'
            f"<td>{html.escape(self._verdict(name))}</td></tr>"
            for name in self.checkpoints
        )
        promise = html.escape(" ".join(self._promise))
        said = html.escape(self._said)
        return f"<table><caption>{said}</caption><tbody>{rows}</tbody></table><p>{promise}</p>"

    def _verdict(self, name: str) -> str:
        verdict = self.verdicts.get(name)
        return _UNSEEN if verdict is None else f"{MARK_OF[verdict]} {verdict}"

    @property
    def _said(self) -> str:
        denied = self.denied_through and f"not so up to {self.denied_through}"
        supported = self.supported_from and f"so from {self.supported_from} on"
        ends = [end for end in (denied, supported) if end]
        return visible(f"{self.words}: {', '.join(ends) or 'neither end is settled'}")

    @property
    def _promise(self) -> tuple[str, str]:
        alpha = self.false_pass_rate
        return (
            f"One false word among all denials: at most {alpha:g}; among all supports: likewise; "
            f"in either: {2 * alpha:g}.",
            "Found by looking: to claim it, use other prompts or another training run.",
        )


def find_emergence(claim: OfAModel, *, over: Sequence[Owner]) -> Emergence:
    """Between which checkpoints a claim comes to be true, each of two tests in a fixed order.

    From the last checkpoint backwards as long as the claim is supported, and from the first
    forwards as long as it is refuted, each at α. As the orders are fixed beforehand and the first
    failure ends each, all supports hold together at α, and so do all denials (Maurer, Hothorn &
    Lehmacher 1995; Westfall & Krishen 2001); both at once at twice that. Whatever lies between
    the ends is not looked at.

    Args:
        claim: Makes the claim about one model: `lambda model: head_is_induction(model["L1H4"])`.
        over: The models in order, the earliest first.

    Raises:
        ClaimError: for fewer than two models, or one given twice, and where what is claimed of one
            is not what is claimed of another.
        ModelError: when a model cannot be loaded.

    Example:
        >>> import circuit_assert as ca
        >>> steps = [ca.model(f"EleutherAI/pythia-70m@step{n}") for n in (512, 1000, 2000)]
        >>> induction = lambda model: ca.head_is_induction(model["L3H0"])
        >>> # ca.find_emergence(induction, over=steps) loads as many of them as it needs
    """
    names = labels(over)
    claims = dict(zip(names, made(claim, over), strict=True))
    last = run_of(map(_judged, reversed(claims.values())), Verdict.SUPPORTED)
    first = run_of(map(_judged, claims.values()), Verdict.REFUTED)
    return Emergence(
        words=claims[names[0]].words,
        checkpoints=names,
        denied_through=names[first - 1] if first else None,
        supported_from=names[-last] if last else None,
        verdicts={name: seen for name, each in claims.items() if (seen := each.known_verdict)},
        false_pass_rate=over[0].false_pass_rate,
    )


def _judged(claim: Claim) -> Verdict:
    return claim.check().verdict
