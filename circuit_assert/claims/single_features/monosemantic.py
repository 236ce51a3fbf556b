"""Has a neuron one meaning, at every level of its activity?"""

from __future__ import annotations

from circuit_assert.claims.claim import claim
from circuit_assert.claims.criteria import Body, Criterion, all_of
from circuit_assert.claims.single_features.levels import (
    BeyondNeurons,
    BeyondShuffledLabels,
    Counted,
    Meaning,
    WeightedPrecision,
)
from circuit_assert.components import Neuron, Owner, Subject
from circuit_assert.errors import ClaimError
from circuit_assert.prompts.base import Prompts
from circuit_assert.prompts.explanations import Explanation, SaidByExplanation
from circuit_assert.prompts.labels import Label
from circuit_assert.stats.region import above

_MOST_LEVELS = 20
_MOST_OF_IT = 0.5


@claim(
    "{neuron} has one meaning, {meaning}",
    source="Bolukbasi et al. 2021, arXiv:2104.07143; Bricken et al. 2023, Towards Monosemanticity",
)
def neuron_is_monosemantic(
    neuron: Subject,
    meaning: Label | Explanation,
    *,
    on: Prompts,
    by: float,
    share: float | None = None,
    levels: int = 5,
) -> Body:
    """Whatever it is active at, weakly or strongly, is of one meaning.

    The positions where it is active on the discovery half of the documents part its activations
    into `levels` of as many positions each. On the test half, of its activation at each level more
    than `by` lies at positions where the meaning holds: precision weighted by activation, documents
    being the clusters. The worst level decides, so that a neuron whose largest activations alone
    are of the meaning is refuted. Controls: all levels together, that precision is above the 95th
    percentile, on the discovery half, of 99 neurons of its layer that are active as often; with the
    labels of other documents it would be smaller; and where it counts as active there is more than
    half of the sum of its squared activations, so that `share` does not leave out most of what it
    writes.

    Args:
        neuron: One neuron.
        meaning: A label, `token_label("digits", str.isdigit)`, `document_label("language", "ru")`
            or `Script("Arabic")`; or an explanation, `explanation("articles", {"a", "the"})`.
        on: At least 40 documents, other than those on which the meaning was found.
        by: Precision that has to be exceeded at every level.
        share: At which share of the discovery half's positions it counts as active; by default,
            wherever it is above zero, which neurons with a smooth or gated activation nearly
            always are. The sentence says it.
        levels: Into how many levels its activity is parted.

    Raises:
        ComponentError: when `neuron` is not one neuron.
        ClaimError: for a `by` that is no share, a `share` outside 0 to 0.5, or `levels` outside 2
            to 20.

    Published:
        Most active sentences of BERT's neurons and directions have one pattern each, another one
        on another corpus (an interpretability illusion). A dictionary's feature for Arabic script
        is 25 % Arabic at its lowest activations and 98 % at its highest. Thresholds for neurons
        are not published.

    Pitfalls:
        It is as wide as its words: of "any word" every neuron has that one meaning, which the
        controls refuse; of a list of two things they do not. It says nothing of recall: the
        neuron may be one of many for its meaning. Refuted, the neuron is polysemantic, or the
        words are wrong; and polysemanticity is by itself never evidence of superposition, for it
        comes about with neurons to spare as well (incidental polysemanticity, arXiv:2312.03096).
    """
    _check(by, share, levels)
    one = neuron.only(Neuron, "neuron_is_monosemantic")
    label = SaidByExplanation(meaning) if isinstance(meaning, Explanation) else meaning
    of, model = Meaning(one, label, on, share), neuron.model
    made = all_of(
        *(_precision(of, level, levels, by, model) for level in range(1, levels + 1)),
        guards=[
            Criterion(
                "beyond shuffled labels",
                BeyondShuffledLabels(of),
                above(0.0),
                "precision minus what it is with the labels of other documents",
                "share",
                model,
            ),
            Criterion(
                "beyond other neurons",
                BeyondNeurons(of),
                above(0.0),
                "precision minus the 95th percentile of other neurons' of the layer",
                "share",
                model,
            ),
            Criterion(
                "most of it",
                Counted(of, _MOST_OF_IT),
                above(_MOST_OF_IT),
                "share of its squared activation where it counts as active",
                "share",
                model,
            ),
        ],
    )
    scope = "" if share is None else f"at the {share:.3g} of positions where it is most active"
    return Body(made.primaries, made.guards, scope=scope)


def _check(by: float, share: float | None, levels: int) -> None:
    if not 0 <= by < 1:
        raise ClaimError(f"by is a share between 0 and 1; got {by:g}.")
    if share is not None and not 0 < share < 0.5:
        raise ClaimError(f"share is of the positions, between 0 and 0.5; got {share:g}.")
    if not 2 <= levels <= _MOST_LEVELS:
        raise ClaimError(f"levels are 2 to {_MOST_LEVELS}; got {levels}.")


def _precision(of: Meaning, level: int, levels: int, by: float, model: Owner) -> Criterion:
    return Criterion(
        f"level {level} of {levels}",
        WeightedPrecision(of, level, levels, by),
        above(by),
        f"share of {of.label} in its activation at level {level} of {levels}, the weakest being 1,",
        "share",
        model,
    )
