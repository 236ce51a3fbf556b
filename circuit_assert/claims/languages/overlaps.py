"""Claims that texts and their translations share features more than unrelated texts do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from circuit_assert.claims.claim import claim
from circuit_assert.claims.criteria import Body, Criterion
from circuit_assert.claims.languages.overlapping import Overlap, Translations, translations
from circuit_assert.claims.languages.swaps import SOURCE, ModelWithSites
from circuit_assert.components import Site
from circuit_assert.errors import ClaimError
from circuit_assert.measurements.peaks import Features, MLPNeurons
from circuit_assert.models.card import Card
from circuit_assert.prompts.prompt_set import PromptSet
from circuit_assert.stats.region import above

_LEAST_LAYERS = 3


class ModelWithLayers(ModelWithSites, Protocol):
    """A model that may know its sizes."""

    @property
    def card(self) -> Card | None:
        """Its sizes; None while they are not known."""
        ...


@claim("the features of {at} overlap", source=SOURCE)
def features_overlap_across_languages(
    model: ModelWithSites,
    at: str | Features,
    *,
    on: PromptSet,
    languages: tuple[str, str],
    by: float,
    tokens: int = 24,
    quantile: float = 0.9,
) -> Body:
    """Texts share active features with their translations, more than with other texts' ones.

    For each paragraph: the intersection over union of the features active anywhere in it and
    anywhere in its translation, minus the mean of the same with all other paragraphs of that pair
    of languages, exceeds `by`. A feature is active where its highest activity is above its own
    `quantile` over the paragraphs of both languages; a neuron's two signs are two features.

    As many tokens count of every paragraph, the first ones; never the first of all, and never a
    token that occurs in the paragraphs of both languages (punctuation, digits, names, cognates).

    Control: the sets' sizes. Over what independent sets of the same sizes would share,
    ab / (a + b − ab) for active shares a and b, translations have more in common than others too.

    Args:
        model: The model.
        at: "L9.mlp_post" for the neurons of a layer; or other `Features`: a site, and what is
            made of its activation (a dictionary's latents).
        on: Paragraphs in both languages, translations sharing a "paragraph" id; at least 20.
        languages: Two of theirs.
        by: Smallest difference of the overlaps, from 0 to 1.
        tokens: How many tokens count; paragraphs with fewer are left out. 24 is our choice.
        quantile: Above which a feature counts as active. 0.9 is our choice.

    Raises:
        ComponentError: for a site that the model does not have.
        ClaimError: for a site other than an MLP's neurons, languages that are not two of the
            paragraphs', or numbers out of range.

    Published:
        Overlaps of 0.2 to 0.3 in the middle of Claude 3.5 Haiku, less at both ends (read off
        curves); other features, and another threshold.

    Pitfalls:
        Tokens that count have attended to those that do not, so that a shared name can still
        reach them.
    """
    features = _features(model, at)
    pair = checked_pair(on, languages, tokens, quantile)
    overlap = Overlap((features,), (1.0,), pair, tokens, quantile)
    return _body(overlap, by, model, f"across {languages[0]} and {languages[1]}")


@claim("the overlap of features peaks in the middle layers", source=SOURCE)
def overlap_peaks_in_the_middle(
    model: ModelWithLayers,
    *,
    on: PromptSet,
    languages: tuple[str, str],
    by: float = 0.0,
    tokens: int = 24,
    quantile: float = 0.9,
    layers: Sequence[Features] = (),
) -> Body:
    """Translations share more neurons in the middle third of the layers than in the others.

    What is compared is the overlap of `features_overlap_across_languages`: its mean over the
    middle third of the layers minus that over the first and last thirds exceeds `by`.

    Control: so it is for what independent sets of the same sizes share, too.

    Args:
        model: The model.
        on: As in `features_overlap_across_languages`; likewise the others.
        languages: Two of the paragraphs'.
        by: Smallest difference. By default its sign counts: curves peak or do not.
        tokens: How many tokens count.
        quantile: Above which a feature counts as active.
        layers: Features of each layer, in order; by default the neurons of all.

    Raises:
        ClaimError: as there; and for fewer than three layers, or a model of unknown size.

    Published:
        Low at both ends and highest in the middle, for all pairs of English, French and Chinese.

    Pitfalls:
        A contrast of thirds: a peak within the last third counts against it.
    """
    features = tuple(layers) or neurons_of_layers(model)
    if len(features) < _LEAST_LAYERS:
        raise ClaimError(
            f"thirds take at least {_LEAST_LAYERS} layers; {model.name} has {len(features)}."
        )
    pair = checked_pair(on, languages, tokens, quantile)
    overlap = Overlap(features, _middle(len(features)), pair, tokens, quantile)
    return _body(overlap, by, model, f"across {languages[0]} and {languages[1]}")


def _body(overlap: Overlap, by: float, owner: ModelWithSites, scope: str) -> Body:
    return Body(
        primaries=Criterion(
            "overlap", overlap, above(by), "overlap beyond that of unrelated texts", "IoU", owner
        ),
        guards=(
            Criterion(
                "beyond the sizes of the sets",
                overlap.lifted(),
                above(0.0),
                "overlap over that of independent sets, beyond that of unrelated texts",
                "times",
                owner,
            ),
        ),
        scope=scope + (f", by {by:g}" if by else ""),
    )


def _middle(layers: int) -> tuple[float, ...]:
    """The weight of each layer: those of the middle third sum to 1, the others to −1."""
    thirds = [3 * layer // layers for layer in range(layers)]
    middle = thirds.count(1)
    return tuple(1 / middle if third == 1 else -1 / (layers - middle) for third in thirds)


def _features(model: ModelWithSites, at: str | Features) -> Features:
    if not isinstance(at, str):
        model.site(str(at.site))
        return at
    site: Site = model.site(at)
    if site.name != "mlp_post":
        raise ClaimError(
            f"features of {site} are not known: give L{site.layer}.mlp_post for neurons, or an "
            f"object with a site and an activity()."
        )
    return MLPNeurons(site.layer)


def neurons_of_layers(model: ModelWithLayers) -> tuple[MLPNeurons, ...]:
    """The neurons of each layer, as features.

    Raises:
        ClaimError: for a model of unknown size.
    """
    card = model.card
    if card is None:
        raise ClaimError(f"{model.name} has not been fetched: give the features of its layers=[…].")
    return tuple(MLPNeurons(layer) for layer in range(card.layers))


def checked_pair(
    on: PromptSet, languages: Iterable[str], tokens: int, quantile: float
) -> Translations:
    """Paragraphs in two languages, each with its translation.

    Raises:
        ClaimError: for what is not two of their languages, no tokens, or no quantile.
    """
    two = tuple(languages)
    if len(set(two)) != 2 or not set(two) <= set(on.languages):
        raise ClaimError(
            f"languages are two of the paragraphs', which are in {', '.join(on.languages)}; "
            f"got {', '.join(map(str, two)) or 'none'}."
        )
    if tokens < 1 or not 0 < quantile < 1:
        raise ClaimError(
            f"tokens is at least 1 and quantile between 0 and 1; got {tokens} and {quantile:g}."
        )
    return translations(on, *two)
