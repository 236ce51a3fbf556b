"""The runs that claims need, and about how long each takes: to share claims out between processes.

Everything here is told from sizes alone, so that every machine tells the same. It is an estimate.
"""

from __future__ import annotations

from typing import NamedTuple

from circuit_assert.claims.claim import Claim
from circuit_assert.claims.unmeasured import bodies_of, needed_at_first
from circuit_assert.execution.cost import mlp_weights, projection_weights
from circuit_assert.execution.plan import plan
from circuit_assert.interventions import Intervention, first_layer
from circuit_assert.measurements.base import Request, WeightRequest
from circuit_assert.models.card import Card
from circuit_assert.models.model import Model
from circuit_assert.prompts.base import Prompts, Side

TOKENS = 30
"""Of a prompt, where no tokenizer is asked."""
CPU_FLOPS, CUDA_FLOPS = 5e10, 2e13  # a second: float32 on two cores of 2020, on a GPU of 2020
WEIGHTS_SECONDS = 0.5
"""For what is worked out from weights alone."""
STARTING, READING = 5.0, 2e8
"""Seconds to start and check a model, and bytes a second that it is read with."""


class Run(NamedTuple):
    """A side of a set of prompts, under an intervention or none: claims that need it share it."""

    on: Prompts
    side: Side
    under: Intervention | None = None


def runs_needed(claim: Claim) -> dict[Run | WeightRequest, float]:
    """What a claim asks for before anything is known, with seconds for each.

    Args:
        claim: Of it, the criteria that do not depend on what is measured first.
    """
    requests = [
        request
        for body in bodies_of(claim.body)
        for _, leaf in body.leaves()
        for request in needed_at_first(leaf) or ()
    ]
    model = claim.model
    card = model.card if isinstance(model, Model) else None
    device = model.spec.device if isinstance(model, Model) else "cpu"
    made = plan([one for one in requests if isinstance(one, Request)], can_resume=False)
    passes = (Run(one.on, one.side) for one in made.passes)
    edited = (Run(s.on, s.side, under) for s in made.sweeps for under, _ in s.items)
    found: dict[Run | WeightRequest, float] = {
        run: seconds(run, card, device) for run in (*passes, *edited)
    }
    weights = (one for one in requests if isinstance(one, WeightRequest))
    return found | dict.fromkeys(weights, WEIGHTS_SECONDS)


def seconds(run: Run, card: Card | None, device: str) -> float:
    """About how long one run takes; of a model of unknown sizes, a second for each 100 prompts.

    Args:
        run: Which.
        card: The model's sizes.
        device: Where it is.
    """
    if card is None:
        return len(run.on) / 100
    start = 0 if run.under is None else first_layer(run.under)
    weights = (projection_weights(card) + mlp_weights(card)) * (card.layers - start)
    return 2 * weights * len(run.on) * TOKENS / speed(device)


def speed(device: str) -> float:
    """Floating-point operations a second, about."""
    return CPU_FLOPS if device == "cpu" else CUDA_FLOPS


def loading_seconds(weight_bytes: int | None) -> float:
    """About how long a model takes to load and to be checked.

    Args:
        weight_bytes: What its weights take; None where nobody knows.
    """
    return STARTING + (weight_bytes or 0) / READING
