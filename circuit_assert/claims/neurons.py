"""Claims about single neurons."""

from __future__ import annotations

import math

from circuit_assert.claims.arguments import Least
from circuit_assert.claims.claim import claim
from circuit_assert.claims.congruence import CLAIM, IsCongruent, IsCongruentBeyondAxes
from circuit_assert.claims.criteria import Body, Criterion, Fact, all_of
from circuit_assert.claims.discrimination import Discrimination
from circuit_assert.claims.neuron_peers import BeatsPeers
from circuit_assert.claims.promotion import IsActive, LogitDrop, Promotion, TopActivity
from circuit_assert.components import Neuron, Subject
from circuit_assert.errors import ClaimError
from circuit_assert.prompts.base import Prompts
from circuit_assert.stats.region import above

_MILLER_NEO = "Miller & Neo 2023; Neo, Cohen & Barez 2024, arXiv:2402.15055"
_CHANCE = 0.5
_LEAST_PEERS = 99


@claim("{neuron} promotes {token}", source=_MILLER_NEO)
def neuron_promotes_token(
    neuron: Subject,
    token: str,
    *,
    on: Prompts,
    by: Least,
    token_rank: int = 10,
    neuron_rank: int = 10,
) -> Body:
    """The neuron's output is congruent with the token, it is active before it, and it matters.

    Its activation a is taken times s, the sign of its congruence with the token, so that a gated
    neuron and its mirror image are the same neuron. Congruence: the token is among those whose
    logit the neuron raises most, the neuron among those of its layer nearest to the token, and
    its z above that of 999 random directions and 999 early neurons. Activation: s·a is higher
    where the token comes next, within documents, half of the other positions being those where
    the model thought it likely. Effect: with a replaced by its mean at the top decile of s·a,
    whatever follows there, the token's logit falls by more than `by` against 20 tokens of like
    frequency. Controls: 99 neurons of the layer that write about as much do less; the token
    stands out without what all tokens have in common; the neuron does not only pause suppressing
    it; it is not a matter of position.

    Args:
        neuron: One neuron, as `model["L27N1263"]`.
        token: One token, with its leading space: `" the"`.
        on: Documents, of which at least 20 hold the token.
        by: Smallest effect that counts, in logits.
        token_rank: The token is among so many of the neuron's. The paper takes each neuron's
            first; ten allows for spellings (" the", " The", "the"). Our choice.
        neuron_rank: The neuron is among so many of its layer's for the token. Our choice.

    Raises:
        ComponentError: when `neuron` is not one neuron.
        ClaimError: for a rank below 1.

    Pitfalls:
        It is refuted without a run where the weights are not congruent, and where the neuron is
        never active in the token's direction in 20 documents that hold the token. Gated neurons and
        their mirror images get the same verdict. `congruent_neurons(model, layers=…)` lists pairs
        of neuron and token by their weights.
    """
    if min(token_rank, neuron_rank) < 1:
        raise ClaimError(f"ranks count from 1; got {token_rank} and {neuron_rank}.")
    one = neuron.only(Neuron, CLAIM)
    of = Promotion(one, token, on)
    peers = max(_LEAST_PEERS, math.ceil(1 / neuron.model.false_pass_rate - 1e-9) - 1)
    congruent = IsCongruent(one, token, token_rank, neuron_rank)
    beyond_axes = IsCongruentBeyondAxes(one, token, token_rank)
    drop = "fall of the token's logit, minus that of like tokens, without the neuron's top decile"
    return all_of(
        Fact("congruence", congruent, f"the neuron and {token!r} single each other out"),
        Fact("active", IsActive(of), "it is active in the token's direction somewhere"),
        Criterion("effect", LogitDrop(of), above(by), drop, "logits", neuron.model),
        _active_before(of, neuron, beyond_position=False),
        guards=[
            Fact("not a common axis", beyond_axes, "it does so beyond what tokens share"),
            _active_before(of, neuron, beyond_position=True),
            Criterion(
                "not a release",
                TopActivity(of),
                above(0.0),
                "its activation in the token's direction, in its top decile",
                "activation",
                neuron.model,
            ),
            Fact("specific", BeatsPeers(of, peers), f"{peers} like neurons do less"),
        ],
    )


def _active_before(of: Promotion, neuron: Subject, *, beyond_position: bool) -> Criterion:
    """Above chance: how much better is left to the effect's `by`, as no source gives a bound."""
    less = ", minus its mean at the position," if beyond_position else ""
    return Criterion(
        "not position" if beyond_position else "activation",
        Discrimination(of, beyond_position),
        above(_CHANCE),
        f"AUROC of its activation{less} for {of.token!r} coming next, half the rest plausible,",
        "AUROC",
        neuron.model,
    )
