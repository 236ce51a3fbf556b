"""Claims about heads that make neurons active."""

from __future__ import annotations

from typing import Literal

from circuit_assert.claims.activity_drops import (
    EarlierPeerContrast,
    LostShare,
    MovesOtherNeuronsLess,
    TokenDrop,
)
from circuit_assert.claims.claim import claim
from circuit_assert.claims.criteria import Body, Criterion, Fact, Node, all_of
from circuit_assert.claims.head_attributions import AttributionContrast
from circuit_assert.claims.promotion import Promotion
from circuit_assert.components import Head, Neuron, Subject
from circuit_assert.errors import ClaimError
from circuit_assert.interventions import Ablation
from circuit_assert.prompts.base import Prompts
from circuit_assert.stats.region import above

_NAME = "head_activates_neuron"


@claim("{head} activates {neuron} before {token}", source="Neo, Cohen & Barez 2024, §3, §5")
def head_activates_neuron(
    head: Subject,
    neuron: Subject,
    token: str,
    *,
    on: Prompts,
    by: float,
    ablation: Literal["zero", "mean"] = "zero",
) -> Body:
    """The neuron reads more of the head where it is active, and without the head it is less so.

    The neuron's activation a is taken times s, the sign of its congruence with the token, and it
    is active where s·a is in its top decile, whatever follows there. Attribution: what the head's
    output adds to the neuron's reading, the norm's scale as in the run, is larger there than at
    the other positions of the document. Effect: with the head's values set to zero, s·a there
    falls by more than a share `by` of itself. Controls: heads of the layers before the neuron's
    that write about as much take less, on documents that did not choose them; other neurons of the
    layer lose less, each in its own top decile; the activation also falls where the head's output
    is replaced by its mean, so that it is not a constant; and the logit of the token falls against
    20 tokens of like frequency.

    Args:
        head: A head of a layer before the neuron's.
        neuron: One neuron.
        token: The token it is congruent with, which orients it.
        on: Documents. Not those that the head was found on.
        by: Smallest share of the activation that counts.
        ablation: "zero", as in the paper: values of zero make the head's output zero; where query
            heads share values, only what this one reads of them. Or "mean", of its output.

    Raises:
        ComponentError: when these are not one head and one neuron.
        ClaimError: for a head that is not before the neuron, or a share that is none.

    Published:
        612 pairs of GPT-2 large: with the head's values zero, the token's probability falls more
        on active than on inactive prompts (Kolmogorov–Smirnov D = 0.29), both by 0.003 to 0.005
        in the middle; pairs share heads and neurons, which that test leaves out.

    Pitfalls:
        Some head always has the largest attribution, and 2 in 100 exceed the mean by two standard
        deviations though nothing is there: the paper's rules for active heads
        (`circuit_assert.next_token_neurons`) are where to look, not a finding. Attribution is
        direct, the effect is total: a head may act through others, and others may stand in.
    """
    heard, reads = head.only(Head, _NAME), neuron.only(Neuron, _NAME)
    if heard.layer >= reads.layer:
        raise ClaimError(
            f"{_NAME}: {heard} is not in a layer before that of {reads}; Neo et al. count heads of "
            f"the layers before the neuron's."
        )
    if not 0 <= by < 1:
        raise ClaimError(f"by= is a share of the neuron's activation, 0 to 1; got {by:g}.")
    if ablation not in ("zero", "mean"):
        raise ClaimError(f'{_NAME}: ablation is "zero" or "mean"; got {ablation!r}.')
    of, how = Promotion(reads, token, on), Ablation((heard,), ablation)
    lost = LostShare(of, on, how, by)
    owner = head.model
    return all_of(
        Criterion(
            "attribution",
            AttributionContrast(of, heard),
            above(0.0),
            f"what {heard} adds to its reading in its top decile, minus elsewhere,",
            "activation",
            owner,
        ),
        Criterion(
            "effect",
            lost,
            above(by),
            f"share of its activation in its top decile lost under {ablation} ablation",
            "of the activation",
            owner,
        ),
        guards=[
            Criterion(
                "specific",
                EarlierPeerContrast(lost, by, reads.layer),
                above(0.0),
                "the share lost minus the mean absolute share lost without other heads",
                "of the activation",
                owner,
            ),
            Fact("this neuron", MovesOtherNeuronsLess(of, how), "other neurons lose less"),
            *_not_by_a_constant(of, heard, ablation, owner),
            Criterion(
                "token",
                TokenDrop(of, how),
                above(0.0),
                f"fall of the logit of {token!r}, minus that of like tokens,",
                "logits",
                owner,
            ),
        ],
    )


def _not_by_a_constant(of: Promotion, head: Head, ablation: str, owner: object) -> tuple[Node, ...]:
    if ablation == "mean":
        return ()
    return (
        Criterion(
            "not by a constant",
            LostShare(of, of.on, Ablation((head,), "mean")),
            above(0.0),
            "share of its activation in its top decile lost under mean ablation",
            "of the activation",
            owner,  # pyright: ignore[reportArgumentType]
        ),
    )
