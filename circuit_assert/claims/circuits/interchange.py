"""Interchange interventions: a variable of a causal model, and the component that holds it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from circuit_assert.claims.claim import claim
from circuit_assert.claims.criteria import Body, Criterion, Fact, Found, Question, all_of
from circuit_assert.claims.quantities import Measured, Quantity, Score
from circuit_assert.components import Direction, Subject
from circuit_assert.errors import ClaimError
from circuit_assert.interventions import Patch
from circuit_assert.measurements import Request, Says
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.prompts.base import Prompts
from circuit_assert.stats.region import above


@claim(
    "Swapping {component} swaps the variable in more than {by} of cases",
    source="Geiger et al. 2021, arXiv:2106.02997",
)
def interchange_predicts_answers(
    component: Subject,
    *,
    on: Prompts,
    agreeing: Prompts,
    by: float,
    at: str | None = None,
) -> Body:
    r"""With the twin's activation, the model says what the causal model says with the twin's value.

    Interchange-intervention accuracy, over all tokens (the most likely one has to be the one that
    is expected), in pairs of two kinds, both of which are claimed: where the twin has another value
    of the variable, the model says the twin's answer, the foil; where it has the same value, it
    says what it said, the answer. One kind alone has a trivial solution (swap everything, or
    nothing), which scores nothing on the other. Controls: the model answers the clean prompts as
    often; the bound lies above chance, which is the share of the commonest expected token and not
    one in as many as there are.

    Args:
        component: A head, neuron or MLP, or a set of them.
        on: Prompts whose twins have another value: the foil is the answer that it gives.
        agreeing: Prompts whose twins differ otherwise and have the same value.
        by: Share of cases, from 0 to 1, that has to be exceeded on both.
        at: A position role to swap at; every position by default.

    Raises:
        ClaimError: for directions, or a share that is not between 0 and 1.

    Example:
        >>> import re
        >>> from dataclasses import replace
        >>> from circuit_assert import Session, interchange_predicts_answers
        >>> from circuit_assert.models.planted_models import inhibiting_model, inhibiting_prompts
        >>> head = Session().model(inhibiting_model())["L0H0"]
        >>> prompts = inhibiting_prompts(templates=40, per_template=2)
        >>> twins = [re.sub(r"w6(\d)", r"w7\1", each.text) for each in prompts.prompts]
        >>> both = zip(prompts.prompts, twins, strict=True)  # other words between the same names
        >>> agreeing = tuple(replace(each, corrupt=twin) for each, twin in both)
        >>> agreeing = replace(prompts, name="other words", prompts=agreeing)
        >>> claim = interchange_predicts_answers(head, on=prompts, agreeing=agreeing, by=0.75)
        >>> print(claim.check().verdict)
        supported
    """
    if not 0.0 <= by < 1.0:
        raise ClaimError(f"by= is a share of cases, at least 0 and below 1; got {by:g}.")
    if any(isinstance(each, Direction) for each in component.components):
        raise ClaimError("activations of heads, neurons and MLPs are swapped; got a direction.")
    swap = Patch(component.components, "corrupt", at)
    owner = component.model
    changed = Outcome(Request(Says("foils"), on, "clean", swap))
    kept = Outcome(Request(Says("answers"), agreeing, "clean", replace(swap, may_do_nothing=True)))
    return all_of(
        Criterion("changes", changed, above(by), "says the twin's answer", "share", owner),
        Criterion("keeps", kept, above(by), "says its own where the twin agrees", "share", owner),
        guards=[
            Fact("above chance", Chance(changed.request, by), "the bound lies above chance"),
        ],
        gate=Criterion(
            "competence",
            Outcome(Request(Says("answers"), on)),
            above(by),
            "says the answer of the clean prompt",
            "share",
            owner,
        ),
    )


@dataclass(frozen=True)
class Outcome(Quantity):
    """A score that is 1 or 0, as an outcome: its interval is never narrower than the exact one.

    Args:
        request: What is measured.
    """

    request: Request

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Its request."""
        return (self.request,)

    def measured(self, scores: Scores) -> Measured:
        """1 or 0, unit by unit."""
        return replace(Score(self.request).measured(scores), binary=True)

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """None that a mean of outcomes would show: an outcome is what it is, or another."""
        return 0.0


@dataclass(frozen=True)
class Chance(Question):
    """Whether a bound lies above what saying the commonest expected token every time would score.

    Args:
        request: Whether the foil is said.
        by: The bound.
    """

    request: Request
    by: float

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The outcome: its prompts are then known."""
        return (self.request,)

    def answer(self, scores: Scores, alpha: float) -> Found:
        """The share of the commonest foil."""
        foils = scores.tokenized(self.request.on).foils
        share = max(float((foils == token).mean()) for token in set(foils.tolist()))
        words = f"the commonest expected token is that of {share:.0%} of the prompts"
        if share >= self.by:
            return Found(None, f"{words}: give by= above it, or other prompts", effect=share)
        return Found(True, words, effect=share, notes=(words,))
