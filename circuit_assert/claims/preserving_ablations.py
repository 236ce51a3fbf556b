"""Claims about how much of what a head does is of one kind: the rest is ablated."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, get_args

import numpy as np

from circuit_assert.claims.arguments import nearest
from circuit_assert.claims.claim import claim
from circuit_assert.claims.criteria import Body, Criterion, all_of
from circuit_assert.claims.quantities import Measured, Quantity
from circuit_assert.claims.ratios import ShareOf
from circuit_assert.components import Head, Subject
from circuit_assert.errors import ClaimError
from circuit_assert.interventions import Instead, Part, PreservingAblation
from circuit_assert.measurements import Request
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.measurements.distributions import DivergenceFrom, FinalResidual
from circuit_assert.prompts.base import Prompts
from circuit_assert.prompts.passages import Passages, passages
from circuit_assert.stats.region import above

EffectKind: TypeAlias = Literal["total", "direct"]

_TEXT = Passages()
_PLACES = 6  # of each text: a divergence takes the logits of the whole vocabulary twice
_SCOPES = {
    "both": "",
    "ov": "by what it writes, wherever it attends",
    "qk": "by where it attends, whatever it writes",
}
_CONTROLS: dict[Instead, str] = {
    "tokens": "unembeddings of other tokens of the text",
    "predictions": "what is predicted at other positions",
}


@claim(
    "Copy suppression explains what {head} does",
    source="McDougall et al. 2023, arXiv:2310.04625, §3.3",
)
def copy_suppression_explains(
    head: Subject,
    *,
    on: Prompts = _TEXT,
    by: float = 0.5,
    keeping: Part = "both",
    sources: float = 0.05,
    effect: EffectKind = "total",
) -> Body:
    """With all else that the head writes at its mean, the model says nearly what it says anyway.

    Share: 1 − mean KL(p ‖ p′) / mean KL(p ‖ p″), above `by`; p is the model's next token, p″ with
    the head mean-ablated, p′ with only copy suppression left in place. What is left of what the
    head moves from a token to a later one, beyond its mean there: OV, the component along the
    token's unembedding where that is negative; QK, from tokens that are predicted, the `sources`
    of the tokens so far with the highest logits by the logit lens before the layer.

    Gate: mean-ablating the head changes what the model says. Controls: less is left with the
    unembeddings of other tokens of the text (OV), and from tokens that are predicted at another
    position of the text (QK).

    Args:
        head: One head.
        on: Texts; of each, the first 48 tokens are used, what follows six of them is compared.
        by: Smallest share that counts. 0.5, most of what it does, is our choice.
        keeping: "both"; "ov" keeps what is written for every token, "qk" all that is written for
            the predicted ones, of either sign. The sentence says which.
        sources: For QK, a share of the tokens so far, rounded up; 0.05 in the paper.
        effect: "total"; "direct" changes the last residual stream alone, as the authors do, so
            that no later head makes up for it. The sentence says which.

    Raises:
        ComponentError: when `head` is not one head.
        ClaimError: for a share below 0 or from 1 on, an unknown part, sources not in (0, 1], or
            an unknown effect.

    Published:
        GPT-2 small's L10H7: 76.9 % of the direct effect; by OV alone 81.1 %, by QK alone 95.2 %,
        as accounts of the paper have it.

    Pitfalls:
        The final norm divides anew, where the authors' code freezes it; and they keep nothing from
        a list of function words, where here only the beginning token is left out. Means are over
        the other texts, position by position. Directions are the token's own alone, so that what a
        head lowers with it counts as unexplained. With "qk" nothing is said of suppression. Norms
        behind attention divide as in the clean run, in both ablations. Refused where attention
        times values is not what heads write. A head may suppress copies by its weights
        (`head_suppresses_copies`) and do other things besides.
    """
    one = head.only(Head, "copy_suppression_explains")
    _check(by, keeping, sources, effect)
    how = PreservingAblation(one, keeping, sources)
    left = Divergence(how, passages(on, "shuffled"), direct=effect == "direct")
    ablated = replace(left, how=replace(how, keeping=None))
    nothing = "ablating it changes nothing that could be explained"
    made = all_of(
        Criterion(
            "share",
            ShareOf(ablated - left, ablated, by, nothing),
            above(by),
            "share of the divergence under mean ablation that is gone with copy suppression left,",
            "of the divergence",
            head.model,
        ),
        guards=[
            Criterion(
                f"not by {which} alike",
                replace(left, how=replace(how, instead=which)) - left,
                above(0.0),
                f"divergence with {said} in their place minus that,",
                "nats",
                head.model,
            )
            for which, said in _controls(keeping).items()
        ],
        gate=Criterion(
            "effect",
            ablated,
            above(0.0),
            "KL divergence of the next token under mean ablation",
            "nats",
            head.model,
            otherwise=nothing,
        ),
    )
    directly = ("by its direct effect",) if effect == "direct" else ()
    return replace(made, scope=", ".join(filter(None, (*directly, _SCOPES[keeping]))))


def _check(by: float, keeping: Part, sources: float, effect: EffectKind) -> None:
    if not 0 <= by < 1:
        raise ClaimError(f"by= is a share of the head's effect, from 0 to below 1; got {by:g}.")
    if keeping not in _SCOPES:
        meant = nearest(str(keeping).lower(), get_args(Part), said=': did you mean "{}"?')
        raise ClaimError(f'keeping= is "both", "ov" or "qk"; got {keeping!r}{meant}')
    if effect not in get_args(EffectKind):
        meant = nearest(str(effect).lower(), get_args(EffectKind), said=': did you mean "{}"?')
        raise ClaimError(f'effect= is "total" or "direct"; got {effect!r}{meant}')
    if not 0 < sources <= 1:
        raise ClaimError(f"sources= is a share of the tokens so far, in (0, 1]; got {sources:g}.")


def _controls(keeping: Part) -> dict[Instead, str]:
    """What would be left in place of what is claimed, for each part that is."""
    skipped = {"both": "", "ov": "predictions", "qk": "tokens"}[keeping]
    return {which: said for which, said in _CONTROLS.items() if which != skipped}


@dataclass(frozen=True)
class Divergence(Quantity):
    """KL divergence of the next token, without an ablation, from that with it: text by text.

    Args:
        how: The ablation.
        on: The texts.
        direct: Whether it changes nothing but what leaves the last block.
    """

    how: PreservingAblation
    on: Prompts
    direct: bool = False

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """What the model makes of the texts; then what it makes of them with the ablation."""
        first = (self._clean,)
        return first if self._clean not in scores else (*first, self._under(scores))

    def measured(self, scores: Scores) -> Measured:
        """The mean over places."""
        places = scores[self._under(scores)].astype(np.float64)
        prompts = scores.tokenized(self.on)
        means = np.nanmean(places, axis=1)
        return Measured(means, prompts.clusters, tuple(prompts.kept.tolist()))

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of the divergence: residual streams are in another unit."""
        return floor_of(self._under(scores))

    @property
    def _clean(self) -> Request:
        return Request(FinalResidual(_PLACES), self.on)

    def _under(self, scores: Scores) -> Request:
        key = f"the clean run on {self.on.fingerprint}"
        metric = DivergenceFrom(_PLACES, scores[self._clean], key)
        into = scores.weights.card.layers - 1 if self.direct else None
        return Request(metric, self.on, under=replace(self.how, into=into))
