"""Claims about neurons that raise, or lower, tokens by how frequent they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from circuit_assert.claims.claim import claim
from circuit_assert.claims.confidence.baselines import Baselines, BeyondBaselines
from circuit_assert.claims.confidence.held import PLACES, Held, HeldChange, Turn, Turned, half
from circuit_assert.claims.criteria import Body, Criterion, Fact, Found, Question, all_of
from circuit_assert.claims.weight_ranks import stands_out
from circuit_assert.components import Neuron, Subject
from circuit_assert.errors import ClaimError
from circuit_assert.measurements.base import AnyRequest, Scores, WeightRequest
from circuit_assert.measurements.distributions import UnigramDivergence
from circuit_assert.measurements.frequencies import FrequencyCorrelations, token_counts
from circuit_assert.prompts.base import Prompts
from circuit_assert.prompts.halves import overlap
from circuit_assert.prompts.text import plain_text
from circuit_assert.stats.region import above

_ORDINARY = 0.9


@claim(
    "{neuron} is a token-frequency neuron",
    source="Stolfo et al. 2024, arXiv:2406.16254",
)
def neuron_is_token_frequency_neuron(
    neuron: Subject, *, on: Prompts | None = None, by: float, counted: Prompts | None = None
) -> Body:
    """It moves the output to, or away from, the distribution of tokens by frequency alone.

    Weights: the correlation, over the tokens of the counted documents, of what its output adds to
    the logits with their log frequency is larger in size than that of the output rotated at
    random. Effect: held where it is most active (its mean over the twentieth of positions where it
    is farthest from its mean), against held at its mean, the KL divergence of the next token's
    distribution to the unigram distribution changes by more than `by`, in the direction that the
    correlation says: raising frequent tokens makes it smaller. Levels are found on the discovery
    half of the documents, the effect is of the other half.

    Control: 20 neurons of its layer that are not of the tenth with the largest correlations, held
    in the same way, change the divergence less.

    Args:
        neuron: One neuron.
        on: Documents, both halves of which are used; by default the shipped ones.
        by: Smallest change of the divergence that counts, in nats.
        counted: Documents whose tokens are counted, none of them of the test half; by default the
            discovery half. A token seen c times among N of T kinds has the probability
            c / (N + T); all that were not seen share T / (N + T).

    Raises:
        ComponentError: when `neuron` is not one neuron.
        ClaimError: for a bound that is not above zero, or counted documents of the test half.

    Pitfalls:
        Frequencies are those of few documents: correlations are lower than with a corpus, those of
        the rotations too. The unembeddings of frequent tokens have much in common, so that random
        directions may correlate a lot: the rank among them counts, and not the number. A neuron
        that only flattens the output, as an entropy neuron does, moves the divergence as well: its
        output has no such correlation.
    """
    one = neuron.only(Neuron, "neuron_is_token_frequency_neuron")
    if not by > 0:
        raise ClaimError(f"by= is above zero; got {by:g}.")
    documents = on or plain_text()
    if counted is not None and overlap(counted, half(documents, "test")):
        raise ClaimError(
            f"{counted.name} holds documents of the test half of {documents.name}: count tokens of "
            f"others, as {documents.name} without it."
        )
    tokens = counted or half(documents, "discovery")
    held, metric = Held(one, documents), UnigramDivergence(PLACES, tokens)
    change = Turned(HeldChange(held, metric), AsTheFrequency(held, tokens))
    ordinary = Ordinary(one.layer, tokens)
    return all_of(
        Fact(
            "correlation",
            WritesFrequency(one, tokens),
            "rotations of its output are less correlated with the log frequency of tokens",
        ),
        Criterion(
            "divergence",
            change,
            above(by),
            "change of the divergence to the unigram distribution, in the direction of its output,",
            "nats",
            neuron.model,
        ),
        guards=[
            Criterion(
                "specific",
                BeyondBaselines(change, held, metric, ordinary),
                above(0.0),
                "that change minus the mean absolute change of ordinary neurons",
                "nats",
                neuron.model,
            )
        ],
    )


def correlations(layer: int | None, counted: Prompts) -> WeightRequest:
    """Of a layer's neurons with log frequency, or of random directions."""
    return WeightRequest(FrequencyCorrelations(layer, counted))


@dataclass(frozen=True)
class WritesFrequency(Question):
    """Whether the neuron's correlation with log frequency is as no rotation's.

    Args:
        neuron: The neuron.
        counted: The documents whose tokens are counted.
    """

    neuron: Neuron
    counted: Prompts

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Those of its layer, and of random directions."""
        return tuple(correlations(n, self.counted) for n in (self.neuron.layer, None))

    def answer(self, scores: Scores, alpha: float) -> Found:
        """Its rank, by size: a gated neuron's sign says nothing by itself."""
        layer, rotated = (scores[request] for request in self.needs(scores))
        own = float(layer[self.neuron.neuron])
        found = stands_out(abs(own), np.abs(rotated), alpha, "rotations of its output", ".3f")
        counts = token_counts(self.counted, scores.weights)
        note = (
            f"correlation {own:+.3f} over {int((counts > 0).sum())} kinds of tokens, seen "
            f"{int(counts.sum())} times in {self.counted.name}"
        )
        return replace(found, notes=(*found.notes, note))


@dataclass(frozen=True)
class AsTheFrequency(Turn):
    """Down where the neuron, when most active, raises frequent tokens; up where it lowers them.

    Args:
        held: The neuron.
        counted: The documents whose tokens are counted.
    """

    held: Held
    counted: Prompts

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The correlations of its layer, and its activations."""
        return (correlations(self.held.neuron.layer, self.counted), self.held.activations)

    def sign(self, scores: Scores) -> int:
        """−1 where it raises frequent tokens."""
        own = scores[correlations(self.held.neuron.layer, self.counted)][self.held.neuron.neuron]
        mean, most = self.held.levels(scores)
        return -1 if own * (most - mean) > 0 else 1


@dataclass(frozen=True)
class Ordinary(Baselines):
    """Neurons of a layer that are not of the tenth with the largest correlations.

    Args:
        layer: The layer.
        counted: The documents whose tokens are counted.
    """

    layer: int
    counted: Prompts

    def layers(self, scores: Scores) -> Sequence[int]:
        """The one."""
        return (self.layer,)

    def marks(self, scores: Scores) -> Iterable[AnyRequest]:
        """The correlations."""
        return (correlations(self.layer, self.counted),)

    def ordinary(self, scores: Scores) -> npt.NDArray[np.bool_]:
        """Those below the tenth, by size."""
        sizes = np.abs(scores[correlations(self.layer, self.counted)])[None]
        return sizes <= np.quantile(sizes, _ORDINARY)
