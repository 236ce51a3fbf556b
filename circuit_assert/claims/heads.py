"""Claims about attention heads."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from circuit_assert.claims.circuits.paths import card_of
from circuit_assert.claims.claim import claim
from circuit_assert.claims.component_effects import ChangeOfScores, ablated, beats_peers
from circuit_assert.claims.criteria import AnyOf, Body, Criterion, all_of, any_of
from circuit_assert.claims.probes import (
    PrefixMatching,
    attention_over,
    contrast,
    direct_contribution,
    prefix_matching_score,
)
from circuit_assert.claims.quantities import Mean, Measured, Quantity, Score
from circuit_assert.claims.selections import PatternHeads
from circuit_assert.components import Component, Head, Subject
from circuit_assert.errors import ClaimError, ComponentError
from circuit_assert.interventions import Ablation
from circuit_assert.measurements import AttentionOverPairs, Loss, Request
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.models.card import Card
from circuit_assert.prompts.base import Prompts, Side
from circuit_assert.prompts.repeated import RepeatedTokens
from circuit_assert.stats.region import above

_OLSSON = "Olsson et al. 2022, arXiv:2209.11895"
_INDUCTION_BY = 0.4  # ARENA 1.2's detection threshold for the offset-diagonal score
_REPEATED = RepeatedTokens()
_LOSS = Loss()
_PATTERN = AttentionOverPairs("induction")


@claim("{head} attends inductively", source=_OLSSON)
def head_attends_inductively(
    head: Subject,
    *,
    on: RepeatedTokens = _REPEATED,
    by: float | None = None,
    definition: PrefixMatching = "offset diagonal",
) -> Body:
    """The head has the induction pattern: the weaker claim, which says nothing of its use.

    Prefix matching: mean attention from each token of the second block to the token after its
    previous occurrence (the offset diagonal; block lengths 12, 18 and 24), minus the same entries
    with fresh tokens after the first block. Controls: the neighbouring offsets get less.

    Args:
        head: One head, as `model["L5H1"]`.
        on: Repeated tokens with blocks of at least three lengths.
        by: Smallest share of attention that counts; by the offset diagonal 0.4, which is ARENA
            1.2's threshold. Other definitions have no default: values are not comparable.
        definition: Of prefix matching: "offset diagonal"; "sum over targets" (Olsson et al.: to all
            tokens after earlier occurrences, summed for each token that has some; for blocks said
            four times, `repeated_tokens(lengths=(20, 25, 30), times=4)`); "head detector" (the same
            over the sum of the whole pattern, as TransformerLens' with "mul"). Each has its own
            control, and the sentence says which it is.

    Raises:
        ComponentError: when `head` is not one head.
        ClaimError: for fewer than three block lengths, an unknown definition, or another definition
            than the offset diagonal without `by`, or with one that it cannot exceed.

    Pitfalls:
        Values by different definitions are not comparable. With blocks said twice a perfect head
        has just under 0.5 by "head detector".
    """
    bound = _bound(by, definition, on)
    pattern = _pattern(head, on, bound, definition)
    body = all_of(pattern, guards=_offset_guards(head, on))
    return body if definition == "offset diagonal" else replace(body, scope=f"by {definition}")


def _bound(by: float | None, definition: PrefixMatching, on: RepeatedTokens) -> float:
    if by is None:
        if definition != "offset diagonal":
            raise ClaimError(
                f"prefix matching by {definition} has no default threshold: give by=. (0.4 is that "
                f"of the offset diagonal, and values are not comparable.)"
            )
        return _INDUCTION_BY
    if definition == "head detector" and by >= 1.0 - 1.0 / on.times:
        raise ClaimError(
            f"the head-detector score stays below {1.0 - 1.0 / on.times:g} where blocks are said "
            f"{on.times} times; got by={by:g}."
        )
    return by


@claim("{head} is an induction head", source=_OLSSON)
def head_is_induction(
    head: Subject,
    *,
    on: RepeatedTokens = _REPEATED,
    by: float = _INDUCTION_BY,
    reading: Subject | None = None,
) -> Body:
    """On repeated random tokens, the head matches prefixes, copies, and the model uses it.

    Pattern: as `head_attends_inductively`. Copying: its direct contribution to the centred logit
    of the correct next token, norm scales frozen, minus that with a fresh second half, is above
    zero. Use: mean-ablating it raises the repeated-half loss, in the clean model or with the
    other heads of the pattern mean-ablated too (redundant heads show only there). Controls: the
    neighbouring offsets get less; the loss rises by more than with a fresh second half.

    With `reading`, composition is claimed too: mean-ablating the earlier head takes more than `by`
    of attention from the prefix match, and more than ablating others does that write about as much
    below the head.

    Args:
        head: One head, as `model["L5H1"]`.
        on: Repeated tokens with blocks of at least three lengths.
        by: Smallest share of attention that counts; 0.4 is ARENA 1.2's threshold.
        reading: The previous-token head that it composes with; none by default.

    Raises:
        ComponentError: when `head` is not one head, or `reading` not one below it.
        ClaimError: for fewer than three block lengths.

    Published:
        In GPT-2 small 5.1, 5.5, 6.9, 7.2 and 7.10 are strongly inductive (ARENA 1.2).

    Pitfalls:
        Heads with the pattern and no use exist in both models of the zoo. Random tokens said twice
        say nothing of induction on text. That the pattern rests on an earlier head does not say
        that its keys read it: `heads_compose(via="K")` and `path_matters` are about that.
    """
    one = head.only(Head, "head_is_induction")
    others = PatternHeads("induction", on, by, without=one)
    copying = contrast(direct_contribution(head), versus="corrupt", on=on, by=0.0, name="copying")
    rests, beyond_peers = _composition(head, reading, on, by) if reading else ([], [])
    body = all_of(
        _pattern(head, on, by),
        copying,
        *rests,
        _use(head, one, others, on),
        guards=[*_offset_guards(head, on), *beyond_peers, _use_is_specific(head, one, others, on)],
    )
    return replace(body, scope=f"that rests on {reading.components[0]}") if reading else body


def _pattern(
    head: Subject,
    on: RepeatedTokens,
    by: float,
    definition: PrefixMatching = "offset diagonal",
) -> Criterion:
    if len(set(on.lengths)) < 3:
        raise ClaimError(
            f"induction is tested with blocks of at least three lengths, so that a fixed offset "
            f"does not pass for it; got {on.lengths}. Try repeated_tokens(lengths=(12, 18, 24))."
        )
    score = prefix_matching_score(head, definition=definition)
    return contrast(score, versus="corrupt", on=on, by=by, name="pattern")


def _composition(
    head: Subject, reading: Subject, on: Prompts, by: float
) -> tuple[list[Criterion], list[Criterion]]:
    """What is claimed of an earlier head that the pattern rests on, and its control."""
    one, earlier = (each.only(Head, "head_is_induction") for each in (head, reading))
    if earlier.layer >= one.layer:
        raise ComponentError(f"{earlier} does not lie below {one}, which cannot read it.")
    drop = PatternDrop(one, on, Ablation((earlier,)), card_of(reading))
    words = f"attention to the token after, lost when {earlier} is mean-ablated"
    rests = Criterion("rests", drop, above(by), words, "attention", head.model)
    return [rests], [beats_peers(reading, drop, by, "attention")]


def _offset_guards(head: Subject, on: Prompts) -> list[Criterion]:
    """The offset of induction must beat its neighbours, all but the occurrence itself."""
    return [
        contrast(
            prefix_matching_score(head),
            versus=attention_over(head, neighbour),
            on=on,
            by=0.0,
            name=f"not {neighbour}",
        )
        for neighbour in ("one before", "two after", "three after")
    ]


def _use(head: Subject, one: Head, others: PatternHeads, on: Prompts) -> AnyOf:
    words = "rise of the repeated-half loss when it is mean-ablated"
    alone = LossRise(one, None, on)
    together = LossRise(one, others, on)
    among_others = f"{words}, the other heads of the pattern being so too,"
    return any_of(
        Criterion("use", alone, above(0.0), words, "nats", head.model),
        Criterion("use beside others", together, above(0.0), among_others, "nats", head.model),
    )


def _use_is_specific(head: Subject, one: Head, others: PatternHeads, on: Prompts) -> Criterion:
    repeated = Mean((LossRise(one, None, on), LossRise(one, others, on)))
    fresh = Mean((LossRise(one, None, on, "corrupt"), LossRise(one, others, on, "corrupt")))
    words = "rise of the repeated-half loss minus that of a fresh second half"
    return Criterion("use is specific", repeated - fresh, above(0.0), words, "nats", head.model)


@dataclass(frozen=True)
class PatternDrop(ChangeOfScores):
    """How much attention to the token after the previous occurrence an ablation takes.

    Args:
        head: Whose attention.
        on: The prompts.
        how: The ablation of something below it.
        card: Of the model.
    """

    head: Head
    on: Prompts
    how: Ablation
    card: Card

    @property
    def components(self) -> tuple[Component, ...]:
        """What is ablated."""
        return self.how.components

    @property
    def apart_from(self) -> tuple[Component, ...]:
        """The heads that it cannot read."""
        above_it = range(self.head.layer, self.card.layers)
        return tuple(Head(layer, n) for layer in above_it for n in range(self.card.heads))

    def of(self, components: tuple[Component, ...]) -> PatternDrop:
        """What ablating others takes."""
        return replace(self, how=replace(self.how, components=components))

    def _difference(self) -> Quantity:
        place = self.head.layer, self.head.head
        return Score(Request(_PATTERN, self.on), place) - ablated(
            _PATTERN, self.on, self.how, place
        )


@dataclass(frozen=True)
class LossRise(Quantity):
    """How much mean-ablating a head raises the loss, the others of its pattern ablated or not.

    Args:
        head: The head.
        others: Heads that are ablated in both of the compared runs; None for none.
        on: The prompts.
        side: Their side.
    """

    head: Head
    others: PatternHeads | None
    on: Prompts
    side: Side = "clean"

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """What chooses the others; then the losses with and without the head."""
        if self.others is not None:
            choosing = tuple(self.others.needs(scores))
            if any(request not in scores for request in choosing):
                return choosing
        return self._losses(scores)

    def measured(self, scores: Scores) -> Measured:
        """Loss with the head ablated minus loss without, in nats."""
        ablated, kept = (Score(request) for request in self._losses(scores))
        measured = (ablated - kept).measured(scores)
        others = self._others(scores)
        if self.others is None:
            return measured
        names = ", ".join(map(str, others)) or "there is none"
        return measured.with_note(f"other heads of the pattern: {names}")

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of the losses; what chooses the other heads moves none."""
        return max(floor_of(request) for request in self._losses(scores))

    def _others(self, scores: Scores) -> tuple[Head, ...]:
        return self.others.heads(scores) if self.others is not None else ()

    def _losses(self, scores: Scores) -> tuple[Request, Request]:
        others = self._others(scores)
        rest = Ablation(others) if others else None
        return (
            Request(_LOSS, self.on, self.side, Ablation((self.head, *others))),
            Request(_LOSS, self.on, self.side, rest),
        )
