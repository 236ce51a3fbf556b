"""Where a neuron is active, and what is lost there when it is not: numbers for claims."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from circuit_assert.claims.congruence import sign_of, token_of
from circuit_assert.claims.criteria import Found, Question
from circuit_assert.claims.quantities import (
    CannotTell,
    Measured,
    MeasuredStatistic,
    Quantity,
    Statistic,
)
from circuit_assert.components import Neuron
from circuit_assert.interventions import ReplaceAtPositions
from circuit_assert.measurements import NeuronActivations, Request, TopTokens
from circuit_assert.measurements.base import AnyRequest, Scores, WeightRequest
from circuit_assert.measurements.neurons import NeuronsOfToken, TokenContrast
from circuit_assert.measurements.norms import NeuronOutputNorms
from circuit_assert.prompts.base import Ints, Prompts, TokenizedPrompts
from circuit_assert.prompts.beginnings import Beginnings
from circuit_assert.stats.auroc import auroc
from circuit_assert.stats.rank import rank_guard

Reals = npt.NDArray[np.float64]
PLAUSIBLE = 20  # a token is plausible where it is among the model's so many likeliest
LEAST_DOCUMENTS = 20  # below this a jackknife decides nothing
_TOP = 0.1
_MATCHED = 20
_FIRST = 1  # the first position is an attention sink, whose activations are like no other's
_PEER_DOCUMENTS = 20
_PEER_TOKENS = 40


@dataclass(frozen=True)
class Promotion:
    """A neuron, the token it is said to promote, and the documents to see it on.

    Args:
        neuron: The neuron.
        token: The token's text.
        on: The documents.
        among: Neurons of its layer, itself included, whose activations are read together.
    """

    neuron: Neuron
    token: str
    on: Prompts
    among: tuple[int, ...] = ()

    def token_number(self, scores: Scores) -> int:
        """The token's number in the model.

        Raises:
            TokenError: when the text is not one ordinary token of the model.
        """
        return token_of(self.token, scores)

    def readings(self, scores: Scores) -> WeightRequest:
        """The congruence of the neuron's layer with the token, which orients activations."""
        return WeightRequest(NeuronsOfToken(self.neuron.layer, self.token_number(scores)))

    @property
    def activations(self) -> Request:
        """Its activations on the documents, and those of the neurons read with it."""
        return Request(NeuronActivations(self.neuron.layer, self._read), self.on)

    @property
    def _read(self) -> tuple[int, ...]:
        return self.among or (self.neuron.neuron,)

    def oriented(self, scores: Scores) -> Reals:
        """s·a at every position, `[unit, pos]`; NaN at the first and after the last."""
        sign = sign_of(self.neuron, scores[self.readings(scores)])
        column = self._read.index(self.neuron.neuron)
        oriented = sign * scores[self.activations][..., column].astype(np.float64)
        oriented[:, :_FIRST] = np.nan
        return oriented

    def matched(self, scores: Scores) -> tuple[int, ...]:
        """The tokens that the promoted one is compared with."""
        prompts = scores.tokenized(self.on)
        ordinary = scores.weights.tokenizer.ordinary_tokens()
        return matched_tokens(self.token_number(scores), prompts.tokens["clean"], ordinary)


def matched_tokens(token: int, rows: Iterable[Ints], ordinary: Ints) -> tuple[int, ...]:
    """The 20 ordinary tokens nearest in frequency, ten on each side where there are so many.

    Frequencies are counted in the documents; tokens seen equally often, most of them never, are
    ordered by their number, which in byte-pair vocabularies follows the frequency in the text that
    the tokenizer was made from.
    """
    seen = np.bincount(np.concatenate(list(rows)), minlength=int(ordinary.max()) + 1)[ordinary]
    order = ordinary[np.lexsort((ordinary, -seen))]
    place = int(np.flatnonzero(order == token)[0])
    others = np.delete(order, place)
    start = max(0, min(place - _MATCHED // 2, len(others) - _MATCHED))
    return tuple(others[start : start + _MATCHED].tolist())


@dataclass(frozen=True)
class Varies(Question):
    """Whether the neuron is ever more or less active on the documents.

    A constant neuron says nothing; that it is so in 20 documents with the token is an answer.
    """

    of: Promotion

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Its activations."""
        return (self.of.readings(scores), self.of.activations)

    def answer(self, scores: Scores, alpha: float) -> Found:
        """True when it varies; undecided where too few documents hold the token."""
        oriented = self.of.oriented(scores)
        token = self.of.token_number(scores)
        rows = scores.tokenized(self.of.on).tokens["clean"]
        holding = sum(bool((row[_FIRST + 1 :] == token).any()) for row in rows)
        if np.nanmax(oriented) > np.nanmin(oriented):
            return Found(True, f"its activation varies on {self.of.on.name}")
        where = f"its activation is the same at every position of {self.of.on.name}"
        if holding < LEAST_DOCUMENTS:
            return Found(None, f"{where}, of which {holding} documents hold the token")
        return Found(False, f"{where}: it does nothing there")


@dataclass(frozen=True)
class Discrimination(Statistic):
    """AUROC within documents of s·a for "the token comes next".

    Half the negatives of a document are positions where the token is among the model's 20
    likeliest and did not follow; the other half are drawn from the rest. Documents without all
    three kinds of position are left out.

    Args:
        of: Which neuron, which token, where.
        beyond_position: Whether the mean of s·a at the same position of the other documents is
            taken off first.
    """

    of: Promotion
    beyond_position: bool = False

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Activations, and which tokens are plausible where."""
        return (self.of.readings(scores), self.of.activations, self._top)

    def measured(self, scores: Scores) -> MeasuredStatistic:
        """The AUROC over any subset of the documents.

        Raises:
            CannotTell: for fewer than 20 documents.
        """
        oriented = self.of.oriented(scores)
        values = without_position(oriented) if self.beyond_position else oriented
        prompts, token = scores.tokenized(self.of.on), self.of.token_number(scores)
        top = scores[self._top]
        found = {
            unit: _document(values[unit], row, (top[unit, : len(row)] == token).any(-1), token)
            for unit, row in enumerate(prompts.tokens["clean"])
        }
        used = {unit: of for unit, of in found.items() if of is not None}
        clusters = _clusters(prompts)
        if len({clusters[unit] for unit in used}) < LEAST_DOCUMENTS:
            raise CannotTell(
                f"in {len(used)} of {len(found)} documents of {self.of.on.name} the token follows "
                f"somewhere, and elsewhere is among the {PLAUSIBLE} likeliest and does not: "
                f"{LEAST_DOCUMENTS} are needed. Give on= more documents that hold {self.of.token!r}"
            )
        wins, pairs = np.array(list(used.values())).T
        return MeasuredStatistic(
            lambda chosen: float(wins[chosen].sum() / pairs[chosen].sum()),
            [clusters[unit] for unit in used],
            (f"{len(used)} of {len(found)} documents have positives and both kinds of negatives",),
        )

    @property
    def _top(self) -> Request:
        return Request(TopTokens(PLAUSIBLE), self.of.on)


def without_position(values: Reals) -> Reals:
    """Values minus the mean of at least two other documents at the same position, else NaN."""
    there = np.isfinite(values)
    others = there.sum(0) - 1
    total = np.where(there, values, 0.0).sum(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(others >= 2, values - (total - values) / others, np.nan)


def _document(
    values: Reals, tokens: Ints, plausible: npt.NDArray[np.bool_], token: int
) -> tuple[float, float] | None:
    """Wins and pairs of one document's AUROC; None where a kind of position is missing."""
    usable = np.isfinite(values[: len(tokens) - 1])
    follows = tokens[1:] == token
    likely = usable & plausible[:-1] & ~follows
    unlikely = usable & ~plausible[:-1] & ~follows
    positive = np.flatnonzero(usable & follows)
    each = min(int(likely.sum()), int(unlikely.sum()))
    if not each or not len(positive):
        return None
    seed = hashlib.sha256(tokens.astype(np.int64).tobytes()).digest()
    generator = np.random.default_rng([token, *seed])
    negative = [
        generator.choice(np.flatnonzero(kind), each, replace=False) for kind in (likely, unlikely)
    ]
    chosen = np.concatenate([positive, *negative])
    pairs = float(len(positive) * 2 * each)
    return auroc(values[chosen], follows[chosen]) * pairs, pairs


@dataclass(frozen=True)
class LogitDrop(Quantity):
    """How much the token's logit, against matched tokens, falls without the neuron's activation.

    At positions where s·a is in its top decile over all positions of the documents, whatever
    follows there, the activation is replaced by its mean; all at once, averaged by document.

    Args:
        of: Which neuron, which token, where.
        matched: The tokens that the token is compared with; None for those matched in frequency
            in the documents themselves.
    """

    of: Promotion
    matched: tuple[int, ...] | None = None

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Activations; then the contrast with and without them."""
        first = (self.of.readings(scores), self.of.activations)
        if any(request not in scores for request in first):
            return first
        replacement = self._replacement(scores)
        return (*first, *self._contrasts(scores, replacement)) if replacement else first

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of the contrasts: activations are in another unit."""
        replacement = self._replacement(scores)
        if replacement is None:
            return 0.0
        return max(floor_of(request) for request in self._contrasts(scores, replacement))

    def measured(self, scores: Scores) -> Measured:
        """The drop in each document that has such positions.

        Raises:
            CannotTell: when the neuron is never above its own top decile.
        """
        replacement = self._replacement(scores)
        if replacement is None:
            raise CannotTell(f"{self.of.neuron} is nowhere above its 90th percentile")
        clean, without = (scores[r] for r in self._contrasts(scores, replacement))
        where = np.asarray(replacement.where)
        drops = (clean - without)[where[:, 0], where[:, 1]]
        counts = np.bincount(where[:, 0], minlength=len(clean))
        means = np.bincount(where[:, 0], drops, len(clean)) / np.maximum(counts, 1)
        prompts = scores.tokenized(self.of.on)
        every = Measured(means, prompts.clusters, tuple(prompts.kept.tolist()))
        some = f"{len(where)} positions in {(counts > 0).sum()} of {len(counts)} documents"
        return every.keeping(counts > 0, f"{some}; {replacement}")

    def _contrasts(
        self, scores: Scores, replacement: ReplaceAtPositions
    ) -> tuple[Request, Request]:
        matched = self.matched or self.of.matched(scores)
        measurement = TokenContrast(self.of.token_number(scores), matched)
        clean = Request(measurement, self.of.on)
        return clean, Request(measurement, self.of.on, "clean", replacement)

    def _replacement(self, scores: Scores) -> ReplaceAtPositions | None:
        sign = sign_of(self.of.neuron, scores[self.of.readings(scores)])
        return mean_in_top_decile(self.of.neuron, sign, self.of.oriented(scores), self.of.on.name)


def mean_in_top_decile(
    neuron: Neuron, sign: int, oriented: Reals, documents: str
) -> ReplaceAtPositions | None:
    """Put a neuron's mean activation where s·a exceeds its 90th percentile; None if nowhere.

    Args:
        neuron: The neuron.
        sign: s.
        oriented: s·a, `[unit, pos]`, NaN where there is nothing.
        documents: What the positions are those of, for the evidence.
    """
    with np.errstate(invalid="ignore"):
        where = np.argwhere(oriented > np.nanquantile(oriented, 1 - _TOP))
    if not len(where):
        return None
    mean = sign * float(np.nanmean(oriented))
    said = f"to its mean {mean:.4g} where {'−' * (sign < 0)}a is in the top decile of {documents}"
    return ReplaceAtPositions((neuron,), where, np.full((len(where), 1), mean), said)


@dataclass(frozen=True)
class BeatsPeers(Question):
    """Whether the neuron's drop is larger than that of neurons that write about as much.

    Peers are the neurons of its layer nearest in mean ‖a·w_out‖, each oriented toward the same
    token and replaced in its own top decile. All are measured, the neuron again, on the first 40
    tokens of 20 documents, those that hold the token there before others.

    Args:
        of: Which neuron, which token, where.
        count: How many peers.
    """

    of: Promotion
    count: int

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """What chooses the peers; then their activations; then everyone's drop."""
        first = (self.of.readings(scores), *self._written)
        if any(request not in scores for request in first):
            return first
        drops = (request for drop in self._drops(scores) for request in drop.needs(scores))
        return list(dict.fromkeys((*first, *drops)))

    def answer(self, scores: Scores, alpha: float) -> Found:
        """Its rank."""
        own, *peers = (_mean_drop(drop, scores) for drop in self._drops(scores))
        guard = rank_guard("", own, peers, alpha=alpha, reason="not specific")
        if guard.passed is None:
            return Found(None, guard.reason)
        above = sum(peer >= own for peer in peers)
        words = (
            f"{above} of {len(peers)} neurons that write about as much lower the token's logit at "
            f"least as much: {own:+.3g} against at most {max(peers):+.3g}"
        )
        return Found(guard.passed, words, p_value=guard.p_value, effect=own, notes=(words,))

    @property
    def _written(self) -> tuple[Request, WeightRequest]:
        layer = self.of.neuron.layer
        return Request(NeuronActivations(layer), self.of.on), WeightRequest(
            NeuronOutputNorms(layer)
        )

    def _drops(self, scores: Scores) -> list[LogitDrop]:
        everyone = (self.of.neuron.neuron, *self._peers(scores))
        matched, part = self.of.matched(scores), self._part(scores)
        neurons = (Neuron(self.of.neuron.layer, neuron) for neuron in everyone)
        return [
            LogitDrop(Promotion(neuron, self.of.token, part, everyone), matched)
            for neuron in neurons
        ]

    def _peers(self, scores: Scores) -> list[int]:
        activity, norms = (scores[request] for request in self._written)
        written = activity.mean(0) * norms
        own = self.of.neuron.neuron
        with np.errstate(divide="ignore", invalid="ignore"):
            distance = np.abs(np.log(written / written[own]))
        nearest = np.argsort(distance, kind="stable")
        return [int(n) for n in nearest if n != own and written[n] > 0][: self.count]

    def _part(self, scores: Scores) -> Beginnings:
        rows = scores.tokenized(self.of.on).tokens["clean"]
        token = self.of.token_number(scores)
        lacking = [not (row[_FIRST + 1 : _PEER_TOKENS] == token).any() for row in rows]
        chosen = np.sort(np.argsort(lacking, kind="stable")[:_PEER_DOCUMENTS])
        return Beginnings(self.of.on, tuple(chosen.tolist()), _PEER_TOKENS)


def _mean_drop(drop: LogitDrop, scores: Scores) -> float:
    """Over clusters; none for a neuron that does not vary."""
    try:
        measured = drop.measured(scores)
    except CannotTell:
        return 0.0
    clusters = np.array([str(i) for i in next(iter(measured.clusters.values()))])
    return float(np.mean([measured.values[clusters == c].mean() for c in np.unique(clusters)]))


def _clusters(prompts: TokenizedPrompts) -> tuple[str, ...]:
    return next(iter(prompts.clusters.values()))
