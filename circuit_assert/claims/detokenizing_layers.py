"""Claims about the layers at which split words are put together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from circuit_assert.claims.claim import claim
from circuit_assert.claims.criteria import AllOf, Body, Criterion
from circuit_assert.claims.quantities import Measured, Quantity
from circuit_assert.claims.split_words import WAYS, Reals, SplitWords, Way, early_layers
from circuit_assert.components import Owner
from circuit_assert.errors import ClaimError
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.models.card import Card
from circuit_assert.prompts.base import Prompts
from circuit_assert.prompts.text import plain_text
from circuit_assert.stats.region import above

_LEAST = 40  # words: a mean over one half of them takes 20
_CHANCE = 0.5
_CONTROLS: tuple[Way, ...] = ("another end", "another beginning", "end alone")


class ModelOfSize(Owner, Protocol):
    """A model that may know its sizes."""

    @property
    def card(self) -> Card | None:
        """Its sizes; None while they are not known."""
        ...


@claim(
    "detokenization peaks in early layers",
    source="Kaplan et al. 2024, arXiv:2410.05864; Lad, Gurnee & Tegmark 2024, arXiv:2406.19384",
)
def detokenization_peaks_early(
    model: ModelOfSize, *, on: Prompts | None = None, share: float, by: float, words: int = 96
) -> Body:
    """Words that are split into two tokens are put together best in the first layers.

    Words of one token are put after the first tokens of documents, split into two tokens that the
    tokenizer would never make of them: " hel" and "lo". At the second one, the residual stream
    after each layer is read by the unembedding (the logit lens). A word's standing is the part of
    the other words of the set that have a lower logit there: 1/2 by chance, however many words
    there are and whichever of them are always high. It is graded, where being the highest of all
    is next to never the case in small models. Claimed: in the first `share` of the layers there is
    one at which the standing exceeds 1/2 by more than `by`, and that of every later layer.

    The best early and the best late layer are found on one half of the words and documents, and
    judged on the other. For a refutation the early layers are those that speak most for it on the
    half that judges, and for support the late layers are those that speak most against it: what
    was chosen on the same words is never in the verdict's favour. Words are the clusters.

    Controls, at the early layer: the word stands lower with the end of another word, with the
    beginning of another word, and with its end alone. Gate: put as its own token, it stands as far
    above 1/2 on average over early layers; else the stream does not say which word it holds.

    Args:
        model: The model.
        on: Documents to begin with, whose words are split; by default the shipped ones.
        share: Which part of the layers is early, from 0 to 1.
        by: How far above 1/2 the standing has to be, below 1/2.
        words: How many words, half of which judge; 96 is our choice.

    Raises:
        ClaimError: for a share or bound out of range, no early or no late layer, or too few words.
        TokenError: when the documents have too few words that can be split.

    Published:
        The last token's stream becomes the whole word's in early and middle layers, around 8 to 15
        in mid-size models: that is no first third, so `share` has no default.

    Pitfalls:
        A word that is read off nowhere may be held in directions that the unembedding does not
        read. Halves that are each like the whole word add up without any layer's putting them
        together: the controls ask for both, not for more than their sum. The documents end in the
        middle of a sentence, where the word does not belong; with fewer documents than words, some
        words share one.
    """
    _require(model, share, by, words)
    split = SplitWords(on or plain_text(), words, share)
    return Body(
        primaries=AllOf(
            (
                _above("peak", Peak(split, favourable=True), 0.0, _PEAK, model),
                _above("put together", Standing(split, by, favourable=True), by, _LEVEL, model),
            )
        ),
        guards=(
            _above("over every late layer", Peak(split, favourable=False), 0.0, _WORST, model),
            _above("at the found layer", Standing(split, by, favourable=False), by, _THERE, model),
            *(
                _above(f"not with {way}", Beyond(split, way), 0.0, _MORE[way], model)
                for way in _CONTROLS
            ),
        ),
        gate=Criterion(
            "whole words",
            Whole(split),
            above(by),
            "standing of whole words above chance, over early layers",
            "of the words",
            model,
            otherwise="the stream does not say which word it holds",
        ),
        scope=f"(the first {share:g} of them)",
    )


_PEAK = "standing at the best early layer, beyond that at the best late layer of the other half"
_WORST = "standing at the early layer of the other half, beyond that at the best late layer"
_LEVEL = "standing above chance at the best early layer"
_THERE = "standing above chance at the early layer of the other half"
_MORE: dict[Way, str] = {
    "another end": "standing beyond that with the end of another word",
    "another beginning": "standing beyond that with the beginning of another word",
    "end alone": "standing beyond that with its end alone",
}


def _above(name: str, of: Quantity, by: float, words: str, model: Owner) -> Criterion:
    return Criterion(name, of, above(by), words, "of the words", model)


def _require(model: ModelOfSize, share: float, by: float, words: int) -> None:
    if not 0 < share < 1 or not 0 <= by < _CHANCE:
        raise ClaimError(
            f"share is a part of the layers, between 0 and 1, and by a standing above one half, "
            f"from 0 to below 0.5; got share={share:g} and by={by:g}."
        )
    if words < _LEAST:
        raise ClaimError(f"words is at least {_LEAST}, half of which judge; got {words}.")
    card = model.card
    if card is not None and not early_layers(share, card.layers):
        raise ClaimError(
            f"the first {share:g} of the {card.layers} layers of {model.name} are none: give a "
            f"share of {1 / card.layers:.2g} at least."
        )


@dataclass(frozen=True)
class OfSplitWords(Quantity):
    """Something about the standing of split words, by word of the test half.

    Args:
        words: The words.
    """

    words: SplitWords

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Readings of both halves."""
        return self.words.requests(scores)

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of standings, twice for a difference."""
        return 2 * self.words.noise(scores, floor_of)


@dataclass(frozen=True)
class Peak(OfSplitWords):
    """The standing at an early layer minus that at a late one.

    Args:
        words: The words.
        favourable: Whether the late layer is that of the discovery half, and the early one what
            speaks most for the claim here; else the early one is found, and the late one speaks
            most against it.
    """

    favourable: bool

    def measured(self, scores: Scores) -> Measured:
        """The difference, word by word."""
        standings = self.words.standings(scores)[:, 0]
        early, late = self.words.found(scores)
        count = self.words.early(scores)
        if self.favourable:
            early = _most(standings[:, :count] - standings[:, [late]])
        else:
            late = count + _most(standings[:, count:] - standings[:, [early]])
        means = standings.mean(0)
        note = f"layer {early}: {means[early]:.3f}, layer {late}: {means[late]:.3f}"
        return self.words.measured(standings[:, early] - standings[:, late], scores, note)


@dataclass(frozen=True)
class Standing(OfSplitWords):
    """The standing at an early layer above chance.

    Args:
        words: The words.
        by: The bound, which tells what speaks most for the claim.
        favourable: Whether that layer is taken; else the one that the discovery half finds.
    """

    by: float
    favourable: bool

    def measured(self, scores: Scores) -> Measured:
        """The standing, word by word."""
        beyond = self.words.standings(scores)[:, 0] - _CHANCE
        layer, _ = self.words.found(scores)
        if self.favourable:
            layer = _most(beyond[:, : self.words.early(scores)] - self.by)
        first = (beyond[:, layer] == _CHANCE).mean()
        note = f"layer {layer}, {first:.1%} of the words the highest of {self.words.count}"
        return self.words.measured(beyond[:, layer], scores, note)


@dataclass(frozen=True)
class Beyond(OfSplitWords):
    """The standing at the early layer found, minus that with something else in the word's place.

    Args:
        words: The words.
        way: What else.
    """

    way: Way

    def measured(self, scores: Scores) -> Measured:
        """The difference, word by word."""
        layer, _ = self.words.found(scores)
        here = self.words.standings(scores)[:, :, layer]
        other = here[:, WAYS.index(self.way)]
        note = f"layer {layer}: {here[:, 0].mean():.3f} and {other.mean():.3f}"
        return self.words.measured(here[:, 0] - other, scores, note)


@dataclass(frozen=True)
class Whole(OfSplitWords):
    """The standing of words put as their own tokens above chance, over early layers."""

    def measured(self, scores: Scores) -> Measured:
        """The mean over early layers, word by word."""
        whole = self.words.standings(scores)[:, WAYS.index("whole"), : self.words.early(scores)]
        return self.words.measured(whole.mean(1) - _CHANCE, scores)


def _most(values: Reals) -> int:
    """The column whose mean lies highest, in its standard errors: what a test of each would take.

    Args:
        values: `[word, layer]`.
    """
    errors = np.maximum(values.std(0, ddof=1), 1e-12)
    return int((values.mean(0) / errors).argmax())
