"""The measurements that claims name: nouns, not yet tied to prompts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from circuit_assert.claims.criteria import Criterion
from circuit_assert.claims.quantities import Constant, Pick, Quantity, Score
from circuit_assert.components import Head, Owner, Subject
from circuit_assert.errors import ClaimError
from circuit_assert.interventions import Intervention
from circuit_assert.measurements import (
    AttentionOverPairs,
    CentredLogit,
    DirectContribution,
    LogitDifference,
    Loss,
    Measurement,
    Request,
)
from circuit_assert.measurements.prefix_matching import AttentionAfterOccurrences
from circuit_assert.prompts.base import Prompts, Side
from circuit_assert.stats.region import above
from circuit_assert.stats.region import within as inside

PrefixMatching: TypeAlias = Literal["offset diagonal", "sum over targets", "head detector"]

_PREFIX_MATCHING: dict[str, tuple[Measurement, str]] = {
    "offset diagonal": (AttentionOverPairs("induction"), "attention to the token after"),
    "sum over targets": (
        AttentionAfterOccurrences("queries"),
        "summed attention to the tokens after",
    ),
    "head detector": (AttentionAfterOccurrences("rows"), "head-detector score"),
}


@dataclass(frozen=True)
class Probe:
    """A measurement of one component, to be taken on some prompts.

    Args:
        measurement: What is read.
        pick: Which column of a wide measurement.
        words: How evidence calls it.
        model: Whose activations.
        under: An intervention it is taken under.
    """

    measurement: Measurement
    pick: Pick
    words: str
    model: Owner
    under: Intervention | None = None

    def on(self, prompts: Prompts, side: Side = "clean") -> Quantity:
        """Its values on a prompt set."""
        return Score(Request(self.measurement, prompts, side, self.under), self.pick)

    def with_intervention(self, intervention: Intervention) -> Probe:
        """The same measurement while something is done to the model."""
        return replace(self, under=intervention)


def attention_to(head: Subject, role: str, *, at: str = "end") -> Probe:
    """A head's attention to the token that plays a role: a share, 0 to 1.

    Args:
        head: One head.
        role: A position that the prompts name, as "IO".
        at: The position that attends.

    Raises:
        ComponentError: when `head` is not one head.
    """
    return _of_head(head, AttentionOverPairs(f"{at}→{role}"), f"attention to {role}")


def attention_over(head: Subject, relation: str) -> Probe:
    """A head's mean attention over a relation of the prompts: "induction", "previous".

    Raises:
        ComponentError: when `head` is not one head.
    """
    return _of_head(head, AttentionOverPairs(relation), f"{relation} attention")


def prefix_matching_score(
    head: Subject, *, definition: PrefixMatching = "offset diagonal"
) -> Probe:
    """Attention to the token after the previous occurrence, by one of three definitions.

    Their values are not comparable with each other.

    * "offset diagonal": the mean of pattern[p, p − (n − 1)] over the second block of n repeated
      tokens, 0 to 1; the variant of TransformerLens' main demo and ARENA, restricted to that block.
    * "sum over targets": from each token that has earlier occurrences, the attention to all tokens
      after one of these, summed; its mean over such tokens, 0 to 1 (Olsson et al. 2022, who say
      each block four times: `repeated_tokens(lengths=…, times=4)`). Said twice, there is one target
      each, and it is the offset diagonal.
    * "head detector": the same sum over the sum of the whole pattern (TransformerLens'
      `head_detector` with "mul"), so that a perfect head on blocks said twice has just under 0.5.

    Args:
        head: One head.
        definition: Which.

    Raises:
        ComponentError: when `head` is not one head.
        ClaimError: for an unknown definition.
    """
    if definition not in _PREFIX_MATCHING:
        known = ", ".join(map(repr, _PREFIX_MATCHING))
        raise ClaimError(f"there is no prefix matching by {definition!r}: it is by {known}.")
    measurement, words = _PREFIX_MATCHING[definition]
    return _of_head(head, measurement, words)


def direct_contribution(head: Subject) -> Probe:
    """A head's direct contribution to the centred logit of the next token, in logits.

    Raises:
        ComponentError: when `head` is not one head.
    """
    return _of_head(head, DirectContribution(), "direct contribution to the next token")


def logit_difference(model: Owner) -> Probe:
    """Logit of the answer minus that of the foil, at the prompts' end."""
    return Probe(LogitDifference(), (), "logit difference", model)


def centred_logit(model: Owner) -> Probe:
    """Logit of the answer minus the vocabulary's mean logit, at the prompts' end."""
    return Probe(CentredLogit(), (), "centred logit", model)


def loss(model: Owner, *, places: int = 8) -> Probe:
    """Mean −log p of the next token, in nats.

    Args:
        model: The model.
        places: At most this many positions of each unit.
    """
    return Probe(Loss(places), (), "loss", model)


def contrast(
    measurement: Probe,
    *,
    versus: Probe | Prompts | Side | float,
    on: Prompts,
    by: float | None = None,
    within: float | None = None,
    name: str = "",
) -> Criterion:
    """A measurement minus its control is above `by`, or within `within` of nothing.

    Args:
        measurement: What is measured.
        versus: The control: another measurement on the same prompts, the prompts' "corrupt"
            side, another prompt set of the same units, or a number.
        on: The prompts.
        by: The smallest difference that counts.
        within: For equivalence, the largest difference that does not count.
        name: What the evidence calls the criterion; by default, the measurement.

    Raises:
        ClaimError: unless exactly one of `by` and `within` is given.
    """
    if (by is None) == (within is None):
        raise ClaimError(
            f"{measurement.words}: give by= (the smallest difference that counts) or within= (the "
            f"largest that does not), not both and not neither."
        )
    region = above(by) if by is not None else inside(within or 0.0)
    return Criterion(
        name=name or measurement.words,
        quantity=measurement.on(on) - _control(measurement, versus, on),
        region=region,
        words=f"{measurement.words} {_versus_words(versus)}",
        unit=measurement.measurement.quantity,
        model=measurement.model,
    )


def _control(measurement: Probe, versus: Probe | Prompts | Side | float, on: Prompts) -> Quantity:
    match versus:
        case Probe():
            return versus.on(on)
        case "clean" | "corrupt":
            return measurement.on(on, versus)
        case int() | float():
            return Constant(float(versus), measurement.on(on))
        case _:
            return measurement.on(versus)


def _versus_words(versus: Probe | Prompts | Side | float) -> str:
    match versus:
        case Probe():
            return f"minus {versus.words}"
        case "clean" | "corrupt":
            return f"minus the same on the {versus} side"
        case int() | float():
            return f"minus {versus:g}"
        case _:
            return f"minus the same on {versus.name}"


def _of_head(subject: Subject, measurement: Measurement, words: str) -> Probe:
    head = subject.only(Head, words)
    return Probe(measurement, (head.layer, head.head), f"{words} of {head}", subject.model)
