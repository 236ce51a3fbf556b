"""What measuring claims takes at least, told before a model is loaded or a score is known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from circuit_assert.backends.tokenizer import tokenizer_at_hand
from circuit_assert.claims.claim import Claim
from circuit_assert.claims.unmeasured import bodies_of, needed_at_first
from circuit_assert.execution.cost import flops
from circuit_assert.execution.memory import activations_on_a_cpu
from circuit_assert.execution.plan import Plan, Sweep, plan
from circuit_assert.execution.trunks import Branch, grown
from circuit_assert.execution.untouched import first_difference
from circuit_assert.interventions import first_layer
from circuit_assert.measurements.base import Request
from circuit_assert.models.card import Card, bytes_each, parameters
from circuit_assert.models.model import Model
from circuit_assert.prompts.base import Prompts, Side, Tokenizer

__all__ = [
    "Forecast",
    "activations_on_a_cpu",
    "forecast",
    "parameters",
    "tokenizer_at_hand",
    "weight_bytes",
]


@dataclass(frozen=True)
class Forecast:
    """What some claims about one model ask for before anything is known.

    It is a lower bound for claims that are not refuted on the way: what is chosen by measuring,
    as matched peers are, comes on top; a claim that is refuted early needs less.

    Args:
        claims: How many, each once.
        prompt_sets: On how many sets of prompts.
        passes: Over one side of one set, without an intervention.
        interventions: Each on one side of one set.
        rows: Prompts that run, counted once for each pass and each intervention.
        open: Criteria that do not say what they need before something is known.
        tokens: Of these prompts; None where no tokenizer is at hand.
        flops: Floating-point operations that they cannot do without; None likewise.
    """

    claims: int
    prompt_sets: int
    passes: int
    interventions: int
    rows: int
    open: int
    tokens: int | None = None
    flops: float | None = None


def forecast(claims: Iterable[Claim], tokenizer: Tokenizer | None = None) -> Forecast:
    """What claims about one model need at least.

    Args:
        claims: The claims; repeated ones count once.
        tokenizer: The model's, to count tokens with; None for no count.

    Raises:
        TokenError: when a set of prompts does not fit the model.
    """
    distinct = {claim.id: claim for claim in claims}
    needs = [
        needed_at_first(leaf)
        for claim in distinct.values()
        for body in bodies_of(claim.body)
        for _, leaf in body.leaves()
    ]
    known = [request for each in needs for request in each or () if isinstance(request, Request)]
    made = plan(known, can_resume=False)
    card = next((_card(claim) for claim in distinct.values()), None)
    runs = _Runs(made, tokenizer) if tokenizer else None
    return Forecast(
        claims=len(distinct),
        prompt_sets=len({one.on for one in (*made.passes, *made.sweeps)}),
        passes=len(made.passes),
        interventions=sum(len(sweep.items) for sweep in made.sweeps),
        rows=_rows(made),
        open=sum(each is None for each in needs),
        tokens=runs.tokens() if runs else None,
        flops=runs.flops(card) if runs and card else None,
    )


class _Runs:
    """The rows that a plan runs, in a model's tokens.

    Args:
        made: The plan.
        tokenizer: The model's.
    """

    def __init__(self, made: Plan, tokenizer: Tokenizer) -> None:
        everything = (*made.passes, *made.sweeps)
        self._made = made
        self._tokenizer = tokenizer
        self._prompts = {on: on.tokenize(tokenizer) for on in {one.on for one in everything}}

    def tokens(self) -> int:
        """How many, counted once for each pass and each intervention."""
        observed = sum(self._tokens(one.on, one.side) for one in self._made.passes)
        return observed + sum(
            self._tokens(sweep.on, sweep.side) * len(sweep.items) for sweep in self._made.sweeps
        )

    def flops(self, card: Card) -> float:
        """What they cost."""
        observed = sum(
            flops(card, self._tokenizer, self._prompts[one.on], one.side, one.measurements)
            for one in self._made.passes
        )
        return observed + sum(self._edited(sweep, card) for sweep in self._made.sweeps)

    def _edited(self, sweep: Sweep, card: Card) -> float:
        """What a sweep costs where interventions start at their own layer, or where they part."""
        lasts = [min(m.last_layer(card) for m in measurements) for _, measurements in sweep.items]
        branches = [Branch(u, last) for (u, _), last in zip(sweep.items, lasts, strict=True)]
        shared = grown(branches, len(branches))
        runs = [*sweep.items, *((trunk.under, trunk.leaving) for trunk in shared.trunks)]
        starts = [*shared.starts, *shared.trunks.values()]
        prompts = self._prompts[sweep.on]
        total = 0.0
        for (under, measurements), start in zip(runs, starts, strict=True):
            entered = start.layer if start else first_layer(under)
            alike = first_difference(under, sweep.side, prompts.tokens.__getitem__)
            untouched = 0 if alike is None else int(alike.sum())
            total += flops(
                card,
                self._tokenizer,
                prompts,
                sweep.side,
                measurements,
                start=entered,
                untouched=untouched,
            )
        return total

    def _tokens(self, on: Prompts, side: Side) -> int:
        return sum(map(len, self._prompts[on].tokens[side]))


def _card(claim: Claim) -> Card | None:
    return claim.model.card if isinstance(claim.model, Model) else None


def weight_bytes(card: Card, dtype: str) -> int:
    """About how many bytes a model's weights take.

    Args:
        card: Its sizes.
        dtype: What they are loaded as.
    """
    return bytes_each(dtype) * parameters(card)[1]


def _rows(made: Plan) -> int:
    observed = sum(len(one.on) for one in made.passes)
    return observed + sum(len(sweep.on) * len(sweep.items) for sweep in made.sweeps)
