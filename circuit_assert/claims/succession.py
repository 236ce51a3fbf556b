"""Claims about heads that count on: from a number, day or letter to the next one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from circuit_assert.claims.claim import claim
from circuit_assert.claims.criteria import Body, Criterion, Fact, Found, Question, all_of
from circuit_assert.claims.other_heads import Outcomes, apart_from, outdoes, pairs_test, sets_like
from circuit_assert.claims.ov_circuits import effective_circuit, require_one_scale, said
from circuit_assert.claims.quantities import CannotTell, Measured, Quantity
from circuit_assert.claims.weight_ranks import draws_for, stands_out
from circuit_assert.components import Subject
from circuit_assert.errors import ClaimError
from circuit_assert.measurements.base import AnyRequest, Scores, WeightRequest
from circuit_assert.measurements.ov import OVCircuit
from circuit_assert.measurements.succession import RaisedMost, RaisedMostAcrossHeads
from circuit_assert.prompts.base import Ints
from circuit_assert.prompts.ordinals import LEAST, Ordinals, ordinals
from circuit_assert.stats.region import above

Reals = npt.NDArray[np.floating]
_SHUFFLES = 10  # as many times as a rank takes: one of 720 puts six successors back in order


@claim("{heads} is a successor head", source="Gould et al. 2023, arXiv:2312.09230")
def head_is_successor(
    heads: Subject, *, classes: Sequence[str] | None = None, by: float = 0.5
) -> Body:
    """When the head reads a number, a day, a letter, it raises the next one most, by its weights.

    Succession: for more than `by` of the ordinal words that have a successor, that is what W_OV
    raises most among all ordinal words of all classes, the words being read by their effective
    embedding (the embedding and what the first MLP makes of it). Every class: in each, more words
    are followed by their successor than with the successors of the class shuffled. Controls: their
    successors beat their predecessors, themselves, and the word after next; other heads raise fewer
    successors most.

    Nothing is said of use: on text, such heads also complete acronyms and continue lists.

    Args:
        heads: One head of the second layer or later, or several whose outputs are summed.
        classes: Of "numbers", "number_words", "ordinal_words", "days", "day_prefixes", "months",
            "month_prefixes", "letters". The sentence names them. By default all of which the model
            has six words or more, with their successors, as single tokens.
        by: Smallest share of words that counts; 0.5 is our choice.

    Raises:
        ComponentError: when a component is not a head.
        ClaimError: for a head of the first layer, or a bound that nothing, or everything, is above.
        PromptError: for a class that is not one.

    Published:
        Pythia-1.4B's L12H0. In one replication about 80 % of ordinal tokens were followed by their
        successors.

    Pitfalls:
        On text such heads also complete acronyms and greater-than comparisons. Words are those that
        are single tokens together with their successors, with or without a space, whichever is
        more; nothing wraps around. A class needs six words: by default others are left out, and the
        evidence counts what is in.
    """
    if not 0 <= by < 1:
        raise ClaimError(f"by lies in [0, 1); got {by:g}.")
    words = ordinals(*(classes or ()))
    circuit = effective_circuit(heads, words, "head_is_successor")
    succession = Succession(circuit, words, named=classes is not None)
    body = all_of(
        Criterion(
            "succession",
            SuccessorsFirst(succession),
            above(by),
            "share of ordinal words whose successor is raised most",
            "words",
            heads.model,
        ),
        Fact(
            "every class",
            EveryClass(succession, _SHUFFLES * draws_for(heads.model)),
            "in each class, shuffled successors are raised most less often",
        ),
        guards=[
            Fact("no other map", NoOtherMap(succession), "successors beat what else is near"),
            Fact("unlike others", SuccessorsUnlikeOthers(succession), "other heads raise fewer so"),
        ],
    )
    return replace(body, scope=f"over {', '.join(words.classes)}" if classes else "")


@dataclass(frozen=True)
class Succession:
    """What heads make of ordinal words, and the words that are asked about.

    Args:
        of: The circuit.
        words: The words.
        named: Whether the sentence names the classes; others than those that fit are left out.
    """

    of: OVCircuit
    words: Ordinals
    named: bool

    @property
    def request(self) -> WeightRequest:
        """What they raise most."""
        return WeightRequest(RaisedMost(self.of.heads, self.words))

    def pairs(self, scores: Scores) -> dict[str, Ints]:
        """Class → `[pair, 2]`, of the classes that have enough.

        Raises:
            CannotTell: when none has, or one that the sentence names has not.
        """
        found = self.words.successors(scores.weights.tokenizer)
        few = {name: len(pairs) for name, pairs in found.items() if len(pairs) < LEAST}
        if len(few) == len(found) or (self.named and few):
            counts = ", ".join(f"{name} {count}" for name, count in few.items())
            raise CannotTell(
                f"a class needs {LEAST} words that are single tokens with successors: {counts}"
            )
        return {name: pairs for name, pairs in found.items() if name not in few}

    def all_pairs(self, scores: Scores) -> Ints:
        """Those of all classes together."""
        return np.concatenate(list(self.pairs(scores).values()))


@dataclass(frozen=True)
class SuccessorsFirst(Quantity):
    """Of each ordinal word, whether its successor is what heads raise most.

    Args:
        of: The heads and the words.
    """

    of: Succession

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """What they raise most."""
        return (self.of.request,)

    def measured(self, scores: Scores) -> Measured:
        """0 or 1 for each word that has a successor; words are the units.

        Raises:
            CannotTell: for heads of several layers with norms after them, or too few words.
        """
        require_one_scale(self.of.of, scores)
        by_class = self.of.pairs(scores)
        best = scores[self.of.request]
        shares = ", ".join(
            f"{name} {(best[pairs[:, 0]] == pairs[:, 1]).mean():.0%} of {len(pairs)}"
            for name, pairs in by_class.items()
        )
        pairs = self.of.all_pairs(scores)
        units = tuple(range(len(pairs)))
        return Measured(
            (best[pairs[:, 0]] == pairs[:, 1]).astype(np.float64),
            {"word": units},
            units,
            binary=True,
            notes=(said(self.of.of, scores), shares),
        )


@dataclass(frozen=True)
class EveryClass(Question):
    """Whether, in each class, successors are raised most more often than shuffled ones.

    Args:
        of: The heads and the words.
        draws: How many times successors are shuffled within their class.
    """

    of: Succession
    draws: int

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """What they raise most."""
        return (self.of.request,)

    def answer(self, scores: Scores, alpha: float) -> Found:
        """The rank of each class among its shuffles; the claim names all, so no class is free."""
        try:
            by_class = self.of.pairs(scores)
        except CannotTell as reason:
            return Found(None, str(reason))
        best, rng = scores[self.of.request], np.random.default_rng(0)
        found = {
            name: self._of_class(best[pairs[:, 0]], pairs[:, 1], alpha, rng)
            for name, pairs in by_class.items()
        }
        failed = [name for name, each in found.items() if each.holds is not True]
        denied = [name for name in failed if found[name].holds is False]
        shown = (denied or failed or list(found))[0]
        return Found(
            False if denied else None if failed else True,
            f"{shown}: {found[shown].words}",
            p_value=max(each.p_value or 1.0 for each in found.values()),
            notes=tuple(f"{name}: {each.words}" for name, each in found.items()),
        )

    def _of_class(
        self,
        best: Reals,
        successors: Ints,
        alpha: float,
        rng: np.random.Generator,
    ) -> Found:
        shuffled = [(best == rng.permutation(successors)).mean() for _ in range(self.draws)]
        own = float((best == successors).mean())
        return stands_out(own, np.array(shuffled), alpha, "shuffles of its successors", ".2f")


@dataclass(frozen=True)
class NoOtherMap(Question):
    """Whether successors are raised most more often than what else is near.

    Args:
        of: The heads and the words.
    """

    of: Succession

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """What they raise most."""
        return (self.of.request,)

    def answer(self, scores: Scores, alpha: float) -> Found:
        """An exact test of pairs for each other map, all of which must fall behind."""
        try:
            by_class = self.of.pairs(scores)
        except CannotTell as reason:
            return Found(None, str(reason))
        best = scores[self.of.request]
        shares = {name: _share_of(steps, by_class, best) for name, steps in _MAPS.items()}
        own = shares.pop("successor")
        tests = {name: pairs_test(own, other) for name, other in shares.items()}
        worst = max(tests, key=lambda name: tests[name].p_value)
        words = f"successor {own.mean():.0%}" + "".join(
            f", {name} {other.mean():.0%}" for name, other in shares.items()
        )
        p = tests[worst].p_value
        lost = any(shares[name].sum() >= max(own.sum(), 1) for name in shares)
        holds = True if p <= alpha else False if lost else None
        return Found(holds, words, p_value=p, effect=float(own.mean()), notes=(words,))


_MAPS = {"successor": 1, "predecessor": -1, "itself": 0, "word after next": 2}


def _share_of(steps: int, by_class: dict[str, Ints], best: Reals) -> Outcomes:
    """Of each word that has a successor, whether the word so many steps on is raised most."""
    found: list[Outcomes] = []
    for pairs in by_class.values():
        following: dict[int, int] = dict(pairs.tolist())
        before = {after: word for word, after in following.items()}
        for word in pairs[:, 0].tolist():
            place: int | None = word
            for _ in range(abs(steps)):
                place = None if place is None else (following if steps > 0 else before).get(place)
            found.append(np.array([place is not None and best[word] == place]))
    return np.concatenate(found)


@dataclass(frozen=True)
class SuccessorsUnlikeOthers(Question):
    """Whether other heads raise fewer successors most.

    Args:
        of: The heads and the words.
    """

    of: Succession

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """What they raise most, and what others do."""
        sets = sets_like(self.of.of.heads)
        return self.of.request, WeightRequest(RaisedMostAcrossHeads(sets, self.of.words))

    def answer(self, scores: Scores, alpha: float) -> Found:
        """An exact test of pairs: each word by the heads, and by one set of others."""
        try:
            pairs = self.of.all_pairs(scores)
        except CannotTell as reason:
            return Found(None, str(reason))
        own, others = (scores[request] for request in self.needs(scores))
        sets = sets_like(self.of.of.heads)
        kept = apart_from(self.of.of.heads, sets.drawn(scores.weights.card))
        words, successors = pairs[:, 0], pairs[:, 1]
        table = others[kept][:, words] == successors
        return outdoes(own[words] == successors, table, alpha, str(sets))
