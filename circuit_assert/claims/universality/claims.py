"""Claims that other models have a feature, too."""

from __future__ import annotations

from collections.abc import Sequence

from circuit_assert.claims.claim import claim
from circuit_assert.claims.criteria import Body, Criterion, all_of
from circuit_assert.claims.single_features.activity import Activity, Feature, one_feature
from circuit_assert.claims.universality.alignment import Other, Pair
from circuit_assert.claims.universality.correlations import BeyondPosition, ExcessCorrelation
from circuit_assert.claims.universality.recording import RecordedActivity
from circuit_assert.components import Neuron, Owner, Subject
from circuit_assert.errors import ClaimError
from circuit_assert.prompts.base import Prompts
from circuit_assert.stats.region import above

_GURNEE = "Gurnee et al. 2024, arXiv:2401.12181"


@claim("{neuron} is universal across {across}", source=_GURNEE)
def neuron_is_universal(
    neuron: Subject, across: Sequence[RecordedActivity], *, on: Prompts, by: float = 0.5
) -> Body:
    """Other models have a neuron that is active where it is.

    The excess correlation is above `by`: of each other model, the neuron whose activity correlates
    best with this one's is found on the discovery half of the documents, and r is taken on the
    other half. Off it goes that of the best direction when the other model's neurons are rotated at
    random, layer by layer: the mean of what the discovery half chooses and of the test half's own
    best, as no direction stands out, so that the one is too low and the other too high. The mean
    difference over the other models is judged, jackknifed over documents. Activity is that at the
    last token of each word, so that models with other tokenizers can be compared; the first word of
    a document is left out. Of gated neurons the sign says nothing: there |r| finds the best one.

    Control, beside the rotations: r minus that with the best neuron's activity in other documents
    at the same place is above `by`, too, so that position alone is nothing that is shared.

    Args:
        neuron: One neuron.
        across: Activity of other models, by `recorded_activity(other, on=…, layers=…)`.
        on: The documents that it was recorded on, both halves.
        by: What the excess correlation exceeds. By default 0.5, the source's.

    Raises:
        ComponentError: when `neuron` is not one neuron.
        ClaimError: for no other model, one given twice, one recorded on other documents, and for a
            `by` that is not from 0 to 1.

    Published:
        Across five models trained from other seeds, 1 to 5 % of neurons are universal.

    Pitfalls:
        Words alone correlate neurons: in the first layers many are active on one word or a few,
        which is shared, and little else need be. Name what it is active on with
        `neuron_is_monosemantic`. The layers that were recorded are those that were searched: a
        refutation is about these. Where a few neurons are much larger than the rest, rotations do
        not hide them, which takes from the excess, as in the source: a neuron of Gemma 3 270M has
        r = 0.97 with one of SmolLM2's first layer, and 0.68 with rotations.
    """
    return _universal(neuron, neuron.only(Neuron, "neuron_is_universal"), across, on, by)


@claim("{feature} is universal across {across}", source=_GURNEE)
def feature_is_universal(
    feature: Subject, across: Sequence[RecordedActivity], *, on: Prompts, by: float = 0.5
) -> Body:
    """Other models have a neuron that is active where a feature of any origin is.

    As `neuron_is_universal`; of a vector or a direction its projection counts, with its sign.

    Args:
        feature: A neuron, a latent, a vector, or a direction.
        across: Activity of other models, by `recorded_activity(other, on=…, layers=…)`.
        on: The documents that it was recorded on, both halves.
        by: What the excess correlation exceeds. By default 0.5, the source's for neurons.

    Raises:
        ComponentError: when `feature` is not one neuron, latent, vector or direction.
        ClaimError: as for neurons.

    Pitfalls:
        As of neurons. A feature that others have too, spread over many neurons, is refuted: it is
        compared with single neurons of theirs.

    Example:
        >>> from circuit_assert import Session, feature_is_universal, recorded_activity
        >>> from circuit_assert.models.planted_models import universal_documents, universal_model
        >>> on = universal_documents()
        >>> other = Session().model(universal_model(other=True))
        >>> across = [recorded_activity(other, on=on, layers=[0, 1])]
        >>> model = Session().model(universal_model())
        >>> print(feature_is_universal(model["L1N0"], across, on=on).check().verdict)
        supported
    """
    one = one_feature(feature, "feature_is_universal")
    return _universal(feature, one, across, on, by)


def _universal(
    subject: Subject,
    feature: Feature,
    across: Sequence[RecordedActivity],
    on: Prompts,
    by: float,
) -> Body:
    _check(across, on, by)
    pairs = tuple(Pair(Activity(feature, on), Other(each, on)) for each in across)
    return all_of(
        _above(
            by,
            "excess",
            ExcessCorrelation(pairs),
            "excess correlation with the best neuron,",
            subject.model,
        ),
        guards=[
            _above(
                by,
                "beyond position",
                BeyondPosition(pairs),
                "correlation with the best neuron, minus that through position alone,",
                subject.model,
            )
        ],
    )


def _above(
    by: float, name: str, of: ExcessCorrelation | BeyondPosition, words: str, model: Owner
) -> Criterion:
    return Criterion(name, of, above(by), words, "r", model)


def _check(across: object, on: Prompts, by: float) -> None:
    if not 0 <= by < 1:
        raise ClaimError(f"by= is an excess of correlations, from 0 to below 1; got {by:g}.")
    given = across if isinstance(across, list | tuple) else ()
    recorded = [each for each in given if isinstance(each, RecordedActivity)]
    if not recorded or len(recorded) < len(given):
        raise ClaimError(
            "across= lists recorded activity of other models, at least one: "
            "[recorded_activity(other, on=…, layers=…)]."
        )
    if len({each.about.weights for each in recorded}) < len(recorded):
        raise ClaimError("across= has one model twice: record all its layers together.")
    for each in recorded:
        if each.about.on != on.fingerprint:
            raise ClaimError(
                f"the activity of {each} was recorded on {each.about.prompts}, not on these "
                f"{on.name}: record it on the documents that the claim is tested on."
            )
