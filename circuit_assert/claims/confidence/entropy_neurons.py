"""Claims about neurons that make the model less sure, or surer, and say nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from circuit_assert.claims.claim import claim
from circuit_assert.claims.confidence.baselines import Baselines, BeyondBaselines
from circuit_assert.claims.confidence.held import (
    PLACES,
    AsTheScale,
    Held,
    HeldChange,
    ThroughTheScale,
    Turned,
)
from circuit_assert.claims.criteria import Body, Criterion, Fact, Found, Question, all_of
from circuit_assert.claims.ratios import ShareOf
from circuit_assert.components import Neuron, Subject
from circuit_assert.errors import ClaimError
from circuit_assert.measurements.base import AnyRequest, Scores, WeightRequest
from circuit_assert.measurements.distributions import Entropy, LogRank
from circuit_assert.measurements.norms import NeuronSizes
from circuit_assert.measurements.vocabulary import VocabularyVariances
from circuit_assert.prompts.base import Prompts
from circuit_assert.prompts.text import plain_text
from circuit_assert.stats.region import above, below

Reals = npt.NDArray[np.float64]


@claim(
    "{neuron} is an entropy neuron",
    source="Gurnee et al. 2024, arXiv:2401.12181, §5; Stolfo et al. 2024, arXiv:2406.16254",
)
def neuron_is_entropy_neuron(
    neuron: Subject,
    *,
    on: Prompts | None = None,
    by: float,
    within: float = 0.1,
    share: float = 0.5,
    tail: float = 0.1,
) -> Body:
    """It changes how sure the model is, through the final norm's scale, and no order of tokens.

    Weights: among the neurons of the last two layers its size (the product of the norms of its
    rows) is in the highest tenth, and the variance over tokens of cos(W_U[:, t], w_out) in the
    lowest. Effect: held where it is most active (its mean over the twentieth of positions where it
    is farthest from its mean), against held at its mean, it changes the entropy of the next
    token's distribution by more than `by`, in the direction in which it moves the scale of the
    final norm; the rank of the next token changes by less than `within` on a logarithmic scale;
    and with the scale frozen, more than `share` of the change of entropy is gone. Levels and the
    direction are found on the discovery half of the documents, effects are of the other half.

    Control: 20 neurons of the last two layers that are in neither tenth, held in the same way,
    change the entropy less.

    Args:
        neuron: One neuron.
        on: Documents, both halves of which are used; by default the shipped ones.
        by: Smallest change of entropy that counts, in nats.
        within: Largest mean |change of ln rank| of the next token that does not count; 0.1 is a
            tenth of the rank. Our choice.
        share: The share of the change that has to go through the scale: by default most of it.
        tail: Which part of the last two layers' neurons counts as large, and as flat: a tenth, as
            in the paper's baseline.

    Raises:
        ComponentError: when `neuron` is not one neuron.
        ClaimError: for a bound that is not above zero, or a share that is none.

    Published:
        L11N3030 and L11N2859 of one GPT-2 small, L23N945 and L22N2882 of one GPT-2 medium (both of
        the Stanford seeds), L11N1070 of Pythia 160M.

    Pitfalls:
        Weights are those of the final norm's gain and, where there are such norms, the post-MLP
        norm's gain, whose scale a neuron of its layer moves too: what it does to its layer-mates is
        part of the effect, and not part of what goes through the final scale. A model without a
        final norm has no such neurons. A rank that is 1 either way has not changed: text that the
        model is sure of says little.
    """
    one = neuron.only(Neuron, "neuron_is_entropy_neuron")
    _check(by, within, share, tail)
    held = Held(one, on or plain_text())
    turn = AsTheScale(held)
    change = Turned(HeldChange(held, Entropy(PLACES)), turn)
    through = Turned(ThroughTheScale(held), turn)
    nothing = "its entropy does not change in the direction of the scale: there is no share"
    owner = neuron.model
    of_last = "of the last two layers' neurons"
    most, least = f"the largest {tail:.0%}", f"the {tail:.0%} that say least"
    specific = BeyondBaselines(change, held, Entropy(PLACES), Ordinary(tail))
    return all_of(
        Fact("size", Standing(one, "size", tail), f"its size is among {most} {of_last}"),
        Fact("flat", Standing(one, "flat", tail), f"its output is among {least} {of_last}"),
        Criterion("entropy", change, above(by), "change of the entropy", "nats", owner),
        Criterion(
            "ranks",
            HeldChange(held, LogRank(PLACES), unsigned=True),
            below(within),
            "change of the logarithm of the next token's rank, in size,",
            "",
            owner,
        ),
        Criterion(
            "through the scale",
            ShareOf(through, change, share, nothing),
            above(share),
            "share of that change that is gone with the final norm's scale frozen",
            "of the change",
            owner,
        ),
        guards=[
            Criterion(
                "specific",
                specific,
                above(0.0),
                "its change of the entropy minus the mean absolute change of ordinary neurons",
                "nats",
                owner,
            )
        ],
    )


def _check(by: float, within: float, share: float, tail: float) -> None:
    if not (by > 0 and within > 0):
        raise ClaimError(f"by= and within= are above zero; got {by:g} and {within:g}.")
    if not 0 <= share < 1:
        raise ClaimError(f"share= is a share of the change, from 0 to below 1; got {share:g}.")
    if not 0 < tail < 0.5:
        raise ClaimError(f"tail= is a part of the neurons, above 0 and below 0.5; got {tail:g}.")


def last_layers(scores: Scores) -> tuple[int, ...]:
    """The last two layers."""
    layers = scores.weights.card.layers
    return tuple(range(max(0, layers - 2), layers))


@dataclass(frozen=True)
class Standing(Question):
    """Whether a neuron is in the tail of the last two layers' neurons by size, or by flatness.

    Args:
        neuron: The neuron.
        by: "size", or "flat": little variance over the vocabulary.
        tail: Which part of the neurons.
    """

    neuron: Neuron
    by: Literal["size", "flat"]
    tail: float

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The numbers of the last two layers, and of its own."""
        own = () if self.neuron.layer in last_layers(scores) else (self.neuron.layer,)
        return requests(self.by, (*last_layers(scores), *own))

    def answer(self, scores: Scores, alpha: float) -> Found:
        """Weights alone decide."""
        last = last_layers(scores)
        layers = last if self.neuron.layer in last else (*last, self.neuron.layer)
        numbers = numbers_of(self.by, layers, scores)
        own = float(numbers[layers.index(self.neuron.layer), self.neuron.neuron])
        among = numbers[: len(last)].ravel()
        below_it = float((among < own).mean())
        large = own > 0 and below_it >= 1 - self.tail
        holds = large if self.by == "size" else below_it < self.tail
        what = "product of norms" if self.by == "size" else "variance over tokens"
        words = f"{what} {own:.3g}, above that of {below_it:.1%} of {among.size} neurons"
        return Found(holds, words, effect=own, notes=(words,))


def requests(by: Literal["size", "flat"], layers: tuple[int, ...]) -> list[WeightRequest]:
    """What sizes, or variances, of some layers are worked out by."""
    if by == "size":
        return [WeightRequest(NeuronSizes(layer)) for layer in layers]
    return [WeightRequest(VocabularyVariances(layers))]


def numbers_of(by: Literal["size", "flat"], layers: tuple[int, ...], scores: Scores) -> Reals:
    """Sizes, or variances over the vocabulary: `[layer, neuron]`."""
    return np.vstack([scores[each] for each in requests(by, layers)]).astype(np.float64)


@dataclass(frozen=True)
class Ordinary(Baselines):
    """Neurons of the last two layers that are neither large nor flat.

    Args:
        tail: Which part of them is.
    """

    tail: float

    def layers(self, scores: Scores) -> Sequence[int]:
        """The last two."""
        return last_layers(scores)

    def marks(self, scores: Scores) -> Iterable[AnyRequest]:
        """Sizes and variances."""
        layers = last_layers(scores)
        return [*requests("size", layers), *requests("flat", layers)]

    def ordinary(self, scores: Scores) -> npt.NDArray[np.bool_]:
        """Those below the highest tenth of sizes and above the lowest of variances."""
        layers = last_layers(scores)
        size, flat = (numbers_of(by, layers, scores) for by in ("size", "flat"))
        return (size <= np.quantile(size, 1 - self.tail)) & (flat >= np.quantile(flat, self.tail))
