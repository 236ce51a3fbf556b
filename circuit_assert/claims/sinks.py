"""Claims about heads that rest: attention to the first place, where there is little to read."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, TypeAlias, get_args

from circuit_assert.claims.claim import claim
from circuit_assert.claims.criteria import Body, Criterion, all_of
from circuit_assert.claims.probes import Probe, attention_over
from circuit_assert.claims.quantities import Score
from circuit_assert.claims.uniform import beyond_uniform
from circuit_assert.components import Head, Subject
from circuit_assert.errors import ClaimError
from circuit_assert.measurements import Request
from circuit_assert.measurements.values import ValueNormOfFirst
from circuit_assert.prompts.base import Prompts
from circuit_assert.prompts.passages import Passages, passages
from circuit_assert.stats.region import above, below

RestsOn: TypeAlias = Literal["first place", "beginning token"]

_SINK_BY = 0.3  # ε of Gu et al. 2025
_TEXT = Passages()


@claim(
    "{head} is an attention sink",
    source="Gu et al. 2025, arXiv:2410.10781; Elhage et al. 2021, on value-weighted attention",
)
def head_is_attention_sink(
    head: Subject,
    *,
    on: Prompts = _TEXT,
    by: float = _SINK_BY,
    rests_on: RestsOn = "first place",
    value_norm: float = 0.5,
    beginning: bool = True,
) -> Body:
    """The head rests on the first token of the sequence, where there is little to read.

    Attention: the mean share of the first token, minus that of uniform attention, from tokens of
    the second half of the text. Value: what it would write by attending to the first token alone is
    smaller than what it would by attending to another one, by its norm. Control: the same token is
    put in the middle instead, and all that follows it stays. A head that rests on the first place
    gives it less there, by as much as counts; one that rests on the beginning token still gives it
    as much as counts.

    Args:
        head: One head, as `model["L18H8"]`.
        on: Texts; of each, the first 48 tokens are used.
        by: Smallest share of attention that counts; 0.3 is the threshold of Gu et al.
        rests_on: "first place", whatever stands there, or "beginning token"; the sentence says so.
        value_norm: Norm of the first token's value, as a share of the others' mean, that it lies
            below; a half is our choice.
        beginning: Whether sequences begin with the beginning token, where the model has one. The
            sentence says so: without it, the first token is an ordinary one, and much else changes.

    Raises:
        ComponentError: when `head` is not one head.
        ClaimError: for an unknown place, for resting on a beginning token that is left out, or for
            a value norm that is not above zero.

    Pitfalls:
        One model rests on the first place, another on the beginning token. `beginning=False`
        changes everything: heads of Gemma then give the first place nothing. The threshold of Gu et
        al. is one of the plain share from all tokens. Where query heads share a value head, each
        has an output matrix of its own; a model whose values are not what its attention reads is an
        error, not a number.
    """
    _check(rests_on, value_norm, beginning)
    one = head.only(Head, "head_is_attention_sink")
    moved = passages(on, "moved", beginning=beginning)
    first = attention_over(head, "first")
    norm = Score(Request(ValueNormOfFirst(), moved), (one.layer, one.head))
    norm_words = f"value norm of {one} at the first token over that at others"
    body = all_of(
        beyond_uniform(first, "first", moved, by, name="attention"),
        Criterion("value", norm, below(value_norm), norm_words, "relative norm", head.model),
        guards=[_place_or_token(head, first, moved, by, rests_on)],
    )
    without = "" if beginning else ", without a beginning token"
    preposition = "at" if rests_on == "first place" else "on"
    return replace(body, scope=f"{preposition} the {rests_on}{without}")


def _place_or_token(
    head: Subject, first: Probe, moved: Passages, by: float, rests_on: RestsOn
) -> Criterion:
    elsewhere = attention_over(head, "moved")
    if rests_on == "beginning token":
        return beyond_uniform(elsewhere, "moved", moved, by, name="by token", side="corrupt")
    less = first.on(moved) - elsewhere.on(moved, "corrupt")
    words = f"{first.words} minus that to the same token in the middle"
    return Criterion("by place", less, above(by), words, "attention", head.model)


def _check(rests_on: str, value_norm: float, beginning: bool) -> None:
    places = get_args(RestsOn)
    if rests_on not in places:
        raise ClaimError(f"rests_on is {' or '.join(map(repr, places))}; got {rests_on!r}.")
    if rests_on == "beginning token" and not beginning:
        raise ClaimError("a head cannot rest on a beginning token that is left out.")
    if value_norm <= 0:
        raise ClaimError(f"value_norm is a share of the others' mean, above 0; got {value_norm}.")
