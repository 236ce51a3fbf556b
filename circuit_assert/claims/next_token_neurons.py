"""Claims about neurons that prefer one token to come next."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from circuit_assert.claims.activity_drops import drawn_neurons
from circuit_assert.claims.claim import claim
from circuit_assert.claims.congruence import IsCongruent, token_of
from circuit_assert.claims.criteria import Body, Criterion, Fact, Found, Question, all_of
from circuit_assert.claims.discrimination import Discrimination, without_position
from circuit_assert.claims.promotion import LEAST_DOCUMENTS, IsActive, Promotion, Reals
from circuit_assert.claims.quantities import CannotTell, MeasuredStatistic, Statistic
from circuit_assert.claims.weight_ranks import stands_out
from circuit_assert.components import Neuron, Subject
from circuit_assert.errors import ClaimError
from circuit_assert.measurements import NeuronActivations, Request
from circuit_assert.measurements.base import AnyRequest, Scores, WeightRequest
from circuit_assert.measurements.neurons import NeuronsOfToken, TokensOfNeurons
from circuit_assert.prompts.base import Ints, Prompts
from circuit_assert.stats.region import above

_NAME = "neuron_prefers_next_token"
_GRAIN = 2.0


@claim("{neuron} prefers {token} to come next", source="Miller & Neo 2023; Neo et al. 2024, §3")
def neuron_prefers_next_token(neuron: Subject, token: str, *, on: Prompts, by: float) -> Body:
    """The neuron and the token are each other's most congruent, and it is active before the token.

    Congruence is mutual: no ordinary token is more congruent with the neuron, and no neuron of its
    layer, by |cosine|, with the token; and z is above that of 999 random directions and 999 early
    neurons. The gaps to the second in either ranking are in the evidence (their product is Miller
    & Neo's mutually exclusive congruence). Activity: oriented by the sign of its congruence, the
    neuron separates positions before the token from those before one of 20 tokens of like
    frequency, within documents, with an AUROC above `by`. Controls: hardly another neuron of the
    layer does as well, each oriented in the same way; it also separates the token from positions
    where the model thought it likely; and it is not a matter of position.

    Args:
        neuron: One neuron.
        token: One token, with its leading space: `" the"`.
        on: Documents, of which at least 20 hold the token and like ones.
        by: The AUROC to exceed, 0.5 at least.

    Raises:
        ComponentError: when `neuron` is not one neuron.
        ClaimError: for a bound below chance.

    Published:
        GPT-2 large: " an" and L31N892. Its best mutual pair is "i" and L33N4142. L28N1921, which
        goes with " though", is also active before " however": a set of tokens, not one.

    Pitfalls:
        It says nothing of what the neuron's activity does: `neuron_promotes_token` does. A token
        with several spellings seldom is anyone's only best; then ranks decide against the claim.
    """
    if not 0.5 <= by < 1:
        raise ClaimError(f"by= is an AUROC, 0.5 (chance) to 1; got {by:g}.")
    one, owner = neuron.only(Neuron, _NAME), neuron.model
    of = Promotion(one, token, on)
    against = f"AUROC of its activation for {token!r} coming next, not"
    return all_of(
        Fact("congruence", IsMutuallyBest(one, token, 1, 1), "each is the other's most congruent"),
        Fact("active", IsActive(of), "it is active in the token's direction somewhere"),
        Criterion(
            "activity", NextToken(of), above(by), f"{against} a token as frequent,", "AUROC", owner
        ),
        guards=[
            Fact("this neuron", PrefersMoreThanOthers(of), "other neurons of the layer do less"),
            Criterion(
                "not what is likely",
                Discrimination(of),
                above(0.5),
                f"{against} another, half of them where it is likely,",
                "AUROC",
                owner,
            ),
            Criterion(
                "not position",
                NextToken(of, beyond_position=True),
                above(0.5),
                f"{against} a token as frequent, the mean at the position taken off,",
                "AUROC",
                owner,
            ),
        ],
    )


@dataclass(frozen=True)
class IsMutuallyBest(IsCongruent):
    """Whether a neuron and a token are each other's most congruent, and by how much."""

    def answer(self, scores: Scores, alpha: float) -> Found:
        """Both ranks, and the gaps to the second."""
        found = super().answer(scores, alpha)
        token = token_of(self.token, scores)
        layer = scores[WeightRequest(NeuronsOfToken(self.neuron.layer, token))]
        tokens = scores[WeightRequest(TokensOfNeurons(self.neuron.layer, (self.neuron.neuron,)))][0]
        sign = 1.0 if layer[self.neuron.neuron, 0] >= 0 else -1.0
        second_token = np.sort(sign * tokens)[-2:]
        second_neuron = np.sort(np.abs(layer[:, 1]))[-2:]
        gaps = (
            f"gaps between the first and the second: {np.ptp(second_token):.3g} (dot product) "
            f"over tokens, {np.ptp(second_neuron):.3g} (cosine) over neurons"
        )
        return Found(found.holds, found.words, effect=found.effect, notes=(*found.notes, gaps))


@dataclass(frozen=True)
class NextToken(Statistic):
    """AUROC within documents of s·a for the token coming next, against tokens as frequent.

    Args:
        of: Which neuron, which token, where.
        beyond_position: Whether the mean of s·a at the same position of the other documents is
            taken off first.
        like: The tokens as frequent; None for those matched in the documents themselves.
    """

    of: Promotion
    beyond_position: bool = False
    like: tuple[int, ...] | None = None

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Activations, and what orients them."""
        return (self.of.readings(scores), self.of.activations)

    def measured(self, scores: Scores) -> MeasuredStatistic:
        """The AUROC over any subset of the documents.

        Raises:
            CannotTell: for fewer than 20 documents.
        """
        documents = next_token_places(self.of, scores, self.like)
        clusters = next(iter(scores.tokenized(self.of.on).clusters.values()))
        if len({clusters[each.unit] for each in documents}) < LEAST_DOCUMENTS:
            raise CannotTell(
                f"in {len(documents)} documents of {self.of.on.name} both {self.of.token!r} and a "
                f"token as frequent follow somewhere: {LEAST_DOCUMENTS} are needed"
            )
        values = self._values(scores)
        wins = np.array([each.wins(values) for each in documents])
        pairs = np.array([each.pairs for each in documents], np.float64)
        return MeasuredStatistic(
            lambda chosen: float(wins[chosen].sum() / pairs[chosen].sum()),
            [clusters[each.unit] for each in documents],
            (f"{len(documents)} documents have both",),
        )

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """How far the AUROC moves when no two activations within a floor of each other differ."""
        grain = _GRAIN * floor_of(self.of.activations)
        documents = next_token_places(self.of, scores, self.like)
        if not grain or not documents:
            return 0.0
        values = self._values(scores)
        rounded = np.round(values / grain) * grain
        pairs = sum(each.pairs for each in documents)
        exact, coarse = (sum(each.wins(v) for each in documents) for v in (values, rounded))
        return abs(float(exact - coarse)) / pairs

    def _values(self, scores: Scores) -> Reals:
        oriented = self.of.oriented(scores)
        if not self.beyond_position:
            return oriented
        left = without_position(oriented)
        return np.where(np.isfinite(left), left, 0.0)


@dataclass(frozen=True)
class Places:
    """Where in a document the token follows, and where one as frequent does.

    Args:
        unit: Which document.
        token: Positions before the token.
        others: Positions before like tokens.
    """

    unit: int
    token: Ints
    others: Ints

    @property
    def pairs(self) -> int:
        """How many pairs of the two kinds."""
        return len(self.token) * len(self.others)

    def wins(self, values: Reals) -> Reals:
        """In how many of the pairs the value before the token is larger, ties counting half.

        Args:
            values: `[unit, pos]`, or `[unit, pos, neuron]` for a number for each neuron.
        """
        before = values[self.unit, self.token][:, None]
        elsewhere = values[self.unit, self.others][None]
        return ((before > elsewhere) + 0.5 * (before == elsewhere)).sum((0, 1))


def next_token_places(
    of: Promotion, scores: Scores, like: tuple[int, ...] | None = None
) -> list[Places]:
    """Of each document that has both kinds of positions; the first position is never one.

    Args:
        of: The token and the documents.
        scores: What is known.
        like: The tokens as frequent; None for those matched in the documents.
    """
    token, others = of.token_number(scores), list(like or of.matched(scores))
    found: list[Places] = []
    for unit, row in enumerate(scores.tokenized(of.on).tokens["clean"]):
        follows = row[2:]
        places = (
            1 + np.flatnonzero(follows == token),
            1 + np.flatnonzero(np.isin(follows, others)),
        )
        if all(map(len, places)):
            found.append(Places(unit, *places))
    return found


@dataclass(frozen=True)
class PrefersMoreThanOthers(Question):
    """Whether the AUROC ranks above that of drawn neurons of the layer, oriented alike.

    Args:
        of: Which neuron, which token, where.
    """

    of: Promotion

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Activations of up to 399 other neurons, and what orients them."""
        drawn = drawn_neurons(self.of.neuron, scores.weights.card.d_mlp)
        among = NeuronActivations(self.of.neuron.layer, drawn)
        return (self.of.readings(scores), Request(among, self.of.on))

    def answer(self, scores: Scores, alpha: float) -> Found:
        """Its rank."""
        readings, among = self.needs(scores)
        drawn = drawn_neurons(self.of.neuron, scores.weights.card.d_mlp)
        documents = next_token_places(self.of, scores)
        pairs = sum(each.pairs for each in documents)
        if not pairs:
            return Found(None, f"{self.of.token!r} and tokens as frequent share no document")
        signs = np.where(scores[readings][list(drawn), 0] >= 0, 1.0, -1.0)
        activations = scores[among].astype(np.float64) * signs
        found = np.sum([each.wins(activations) for each in documents], axis=0) / pairs
        return stands_out(float(found[0]), found[1:], alpha, "other neurons of the layer", ".3f")
