"""A feature's activity beside another model's, word by word of the same documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np

from circuit_assert.claims.quantities import CannotTell, remembered
from circuit_assert.claims.single_features.activity import Activity, Reals
from circuit_assert.claims.single_features.halves import Bools
from circuit_assert.claims.universality.recording import Floats, RecordedActivity
from circuit_assert.components import Neuron
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.prompts.base import Ints, Prompts, Which
from circuit_assert.prompts.prompt_set import discovery_ids
from circuit_assert.prompts.word_ends import word_ends

_DIRECTIONS = 960  # over so many at least are best correlations averaged, by drawing again
HALVES: tuple[Which, ...] = ("discovery", "test")
_LEAST = 1e-6  # of the largest, what a neuron varies at least


@dataclass(frozen=True)
class Words:
    """Words that both models have, each a row.

    Args:
        unit: Of the tested model's tokenized documents.
        word: Its place in the document.
        token: The position of its last token there.
        row: Of the recorded activity.
        left_out: How many words are cut otherwise in the other model.
    """

    unit: Ints
    word: Ints
    token: Ints
    row: Ints
    left_out: int


@dataclass(frozen=True)
class Rotation:
    """One layer's neurons, turned: x → x·turn.

    Args:
        turn: An orthogonal matrix drawn at random, `[neuron, direction]`.
        lengths: Of each direction's centred activity on either half, `[direction]`.
    """

    turn: Floats
    lengths: Mapping[Which, Reals]


@dataclass(frozen=True)
class Other:
    """Another model's neurons on documents, beside a model under test.

    The first word of a document is left out: at its beginning models are active like nowhere else.

    Args:
        recorded: The other's activity.
        on: The documents.
    """

    recorded: RecordedActivity
    on: Prompts

    @remembered
    def words(self, scores: Scores) -> Words:
        """The words of both.

        Raises:
            CannotTell: when it is the same model, or no word is common.
        """
        about = self.recorded.about
        if about.weights == scores.weights.fingerprint:
            raise CannotTell(f"{about.model} has the same weights: it is no other model")
        prompts = scores.tokenized(self.on)
        starts = np.cumsum([0, *map(len, about.words)])
        where = {unit: n for n, unit in enumerate(about.units)}
        found: list[tuple[int, int, int, int]] = []
        left_out = 0
        for unit, (kept, tokens) in enumerate(
            zip(prompts.kept.tolist(), prompts.tokens["clean"], strict=True)
        ):
            ends = word_ends(tokens, scores.weights.tokenizer)
            n = where.get(kept)
            theirs = about.words[n] if n is not None else ()
            if n is None or len(theirs) != len(ends):
                left_out += len(ends)
                continue
            same = [w for w, (text, _) in enumerate(ends) if text == theirs[w]]
            left_out += len(ends) - len(same)
            found += [(unit, w, ends[w][1], int(starts[n]) + w) for w in same if w]
        if not found:
            raise CannotTell(f"no word of {self.on.name} is the same in {about.model}")
        return Words(*np.array(found, np.int64).T, left_out=left_out)

    def of_half(self, scores: Scores, which: Which) -> Bools:
        """Which of the words are of that half of the documents."""
        ids = np.array(self.clusters(scores))
        discovery = np.isin(ids, list(discovery_ids(ids.tolist())))[self.words(scores).unit]
        return discovery if which == "discovery" else ~discovery

    def clusters(self, scores: Scores) -> tuple[str, ...]:
        """The documents' ids."""
        return next(iter(scores.tokenized(self.on).clusters.values()))

    @remembered
    def centred(self, scores: Scores) -> dict[Which, Floats]:
        """All neurons on either half: `[word, layer × neuron]`, each of mean 0."""
        found: dict[Which, Floats] = {}
        for which in HALVES:
            rows = self.words(scores).row[self.of_half(scores, which)]
            activity = self.recorded.activity[rows]
            found[which] = activity - activity.mean(0)
        return found

    @remembered
    def rotations(self, scores: Scores) -> tuple[tuple[Rotation, ...], ...]:
        """Draws, several where neurons are few, and of each draw one rotation of each layer."""
        generator = np.random.default_rng(0)
        width, count = self.recorded.about.width, len(self.recorded.about.layers)
        centred = self.centred(scores)
        halves = {which: np.split(centred[which], count, axis=1) for which in HALVES}

        def drawn(layer: int) -> Rotation:
            q, r = np.linalg.qr(generator.standard_normal((width, width), dtype=np.float32))
            turn = q * np.sign(np.diag(r))
            lengths: dict[Which, Reals] = {
                which: _lengths(halves[which][layer] @ turn) for which in HALVES
            }
            return Rotation(turn, lengths)

        draws = max(1, _DIRECTIONS // (width * count))
        return tuple(tuple(drawn(layer) for layer in range(count)) for _ in range(draws))


@dataclass(frozen=True)
class Chosen:
    """What of the other model correlates best.

    Args:
        neuron: The best neuron's column, by the discovery half.
        activity: Its activity on the test half's words, oriented.
        rotated: The same of the best directions of each rotation, by the discovery half and by the
            test half: `[draw × 2, word]`.
    """

    neuron: int
    activity: Reals
    rotated: Reals


@dataclass(frozen=True)
class Pair:
    """A feature beside another model.

    Args:
        of: The feature on the documents.
        other: The other model.
    """

    of: Activity
    other: Other

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Its activations."""
        return self.of.needs(scores)

    def own(self, scores: Scores) -> Reals:
        """Its activations, with their signs, on the common words."""
        words = self.other.words(scores)
        return scores[self.of.request(scores)].astype(np.float64)[words.unit, words.token]

    @remembered
    def chosen(self, scores: Scores) -> Chosen:
        """The neuron, and the directions of each rotation, that correlate best.

        The neuron is the discovery half's choice. Of a rotation's many directions, none of which
        stands out, the choice of one half has a lower r on the other than the best has, and its
        own best has a higher one there: both are kept.

        Of gated neurons the sign says nothing: there the largest |r| is taken, and its sign.

        Raises:
            CannotTell: when the feature, or every neuron of the other, is constant.
        """
        recorded, centred = self.other.recorded, self.other.centred(scores)
        dots = {which: self._dots(scores, which) for which in HALVES}
        free = self._sign_says_nothing(scores)
        neuron, sign = _best(dots["discovery"], _lengths(centred["discovery"]), free)
        test = recorded.activity[self.other.words(scores).row[self.other.of_half(scores, "test")]]
        layers = np.split(test, len(recorded.about.layers), axis=1)
        rotated: list[Reals] = []
        for draw, which in product(self.other.rotations(scores), HALVES):
            parts = zip(np.split(dots[which], len(layers)), draw, strict=True)
            turned = np.concatenate([part @ each.turn for part, each in parts])
            lengths = np.concatenate([each.lengths[which] for each in draw])
            best, turned_sign = _best(turned, lengths, free)
            layer, direction = divmod(best, recorded.about.width)
            activity = layers[layer] @ draw[layer].turn[:, direction]
            rotated.append(turned_sign * activity.astype(np.float64))
        return Chosen(neuron, sign * test[:, neuron].astype(np.float64), np.stack(rotated))

    def _dots(self, scores: Scores, which: Which) -> Reals:
        own = self.own(scores)[self.other.of_half(scores, which)]
        own, centred = own - own.mean(), self.other.centred(scores)[which]
        if not own.any() or not centred.any():
            raise CannotTell(
                f"{self.of.feature}, or every neuron that it is compared with, is constant on the "
                f"{which} half of {self.of.on.name}"
            )
        return (own.astype(np.float32) @ centred).astype(np.float64)

    def _sign_says_nothing(self, scores: Scores) -> bool:
        own = isinstance(self.of.feature, Neuron) and scores.weights.has_gated_mlps
        return own or self.other.recorded.about.gated


def _lengths(columns: Floats) -> Reals:
    return np.linalg.norm(columns, axis=0).astype(np.float64)


def _best(dots: Reals, lengths: Reals, free: bool) -> tuple[int, float]:
    """The index of the largest correlation, and 1, or its sign where it is free."""
    alive = lengths > _LEAST * lengths.max()
    r = np.where(alive, dots / np.where(alive, lengths, 1.0), -np.inf if not free else 0.0)
    best = int(np.argmax(np.abs(r) if free else r))
    return best, -1.0 if free and r[best] < 0 else 1.0
