"""One layer of heads that attend where they are told, by known shares: token by token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models.blueprint import Blueprint, Matrix, Shape
from circuit_assert.models.planted_models.induction import words

if TYPE_CHECKING:
    import torch

TOKENS = 30
"""How many tokens there are beside the one that begins every sequence."""
LENGTHS = (6, 8, 10)
"""Block lengths of repeated tokens that fit the vocabulary and the context."""
PASSAGE = 24
"""Tokens of a text that fit the context."""
_VOCABULARY, _CONTEXT = 1 + TOKENS, 2 + PASSAGE
_FOUND = 24.0  # attention score of what a head looks for; of anything else, 0
_NOTHING: Matrix = np.zeros(TOKENS)


@dataclass(frozen=True)
class AttendingHead:
    """Where one head attends: shares are softmaxes of the numbers here, all else being nothing.

    Args:
        back: How far back a token may stand → its score, to which `key` is added.
        same: `[token]`, score of earlier occurrences of the attending token, and of itself.
        after: Score of the token whose number is the attending one's less one, wherever it stands.
        key: `[token]`, what is added to the score of each token that is attended to. It alone is a
            score where `by_key` is true.
        by_key: Whether a token is attended to for what it is.
        first: `[token]`, by the attending token: score of the place to rest at; None for none.
        by_place: How much of that score, with the 24, goes with the first place of the sequence,
            whatever stands there; the rest goes with the beginning token, wherever it stands.
        size_of_first: Norm of the beginning token's value.
        sizes: `[token]`, norms of the others' values.
    """

    back: Mapping[int, float] = field(default_factory=dict[int, float])
    same: Matrix | None = None
    after: float | None = None
    key: Matrix = field(default_factory=lambda: _NOTHING)
    by_key: bool = False
    first: Matrix | None = field(default_factory=lambda: _NOTHING)
    by_place: float = 0.0
    size_of_first: float = 1.0
    sizes: Matrix = field(default_factory=lambda: np.ones(TOKENS))


def graded_attention_model(
    name: str, heads: tuple[AttendingHead, ...], *, grouped_queries: bool = False
) -> PlantedModel:
    """One layer of heads whose attention is known for every pair of tokens.

    Exact but for about 1e-6: whatever a head does not look for has a score 24 lower.

    Args:
        name: Models of one name count as one: give other heads another.
        heads: What each does.
        grouped_queries: Each head shares its keys and values with a second one, which attends to
            the current token: head n of `heads` is then L0H(2n).
    """
    shape = Shape(
        parts={"token": _VOCABULARY, "place": _CONTEXT, "begin": 1, "out": _VOCABULARY},
        vocabulary=_VOCABULARY,
        layers=1,
        heads=len(heads) * (2 if grouped_queries else 1),
        d_head=_VOCABULARY + _CONTEXT + 2,
        d_mlp=1,
        context=_CONTEXT,
        kv_heads=len(heads) if grouped_queries else None,
    )
    return PlantedModel(
        name=f"planted-attention-{name}{'-grouped' * grouped_queries}",
        card=shape.card,
        settings=shape.settings,
        weights=lambda: _weights(shape, heads),
        vocabulary=words(_VOCABULARY),
        true={
            f"L0H{(2 if grouped_queries else 1) * number}": "attends by the shares it is given"
            for number in range(len(heads))
        },
    )


def _weights(shape: Shape, heads: tuple[AttendingHead, ...]) -> dict[str, torch.Tensor]:
    made = Blueprint(shape)
    made.embed("token", np.eye(_VOCABULARY))
    made.embed("begin", np.eye(_VOCABULARY)[:, :1])
    made.place("place", np.eye(_CONTEXT))
    made.unembed("out", np.eye(_VOCABULARY))
    shared = shape.heads // len(heads)
    for number, head in enumerate(heads):
        _attend(made, shared * number, head)
        if shared > 1:
            _attend_to_itself(made, shared * number + 1)
    return made.state_dict()


def _attend(made: Blueprint, number: int, head: AttendingHead) -> None:
    """A score is a sum: by place, by the two tokens, by the key's token, and of the place to rest.

    The head's coordinates are a slot for each place, one for each token, one for the key's own
    score and one for the place to rest.
    """
    width = made.shape.d_head
    slot, root = np.eye(width), np.sqrt(width)
    places, tokens = slot[:_CONTEXT], slot[_CONTEXT:-2]
    own, resting = slot[-2], slot[-1]
    made.query(0, number, "place", root * _between_places(head) @ places)
    to_rest = _padded(_NOTHING if head.first is None else head.first)[:, None] * resting
    made.query(0, number, "token", root * (_between_tokens(head) @ tokens + to_rest))
    rests = head.first is not None
    made.query_always(0, number, root * (own + rests * _FOUND * resting))
    made.key(0, number, "token", tokens + _of_token(head)[:, None] * own)
    at_first = np.eye(_CONTEXT, 1) * resting
    made.key(0, number, "place", places + head.by_place * at_first)
    made.key(0, number, "begin", resting[None] * (1.0 - head.by_place))
    sizes = np.array([head.size_of_first, *head.sizes])
    made.value(0, number, "token", np.diag(sizes) @ slot[:_VOCABULARY])
    made.output(0, number, "out", slot[:, :_VOCABULARY])


def _attend_to_itself(made: Blueprint, number: int) -> None:
    width = made.shape.d_head
    made.query(0, number, "place", _FOUND * np.sqrt(width) * np.eye(_CONTEXT, width))
    made.output(0, number, "out", np.eye(width, _VOCABULARY))


def _between_places(head: AttendingHead) -> Matrix:
    """`[place, place attended to]`."""
    scores = np.zeros((_CONTEXT, _CONTEXT))
    for back, score in head.back.items():
        scores += (_FOUND + score) * np.eye(_CONTEXT, k=-back)
    return scores


def _between_tokens(head: AttendingHead) -> Matrix:
    """`[attending token, token attended to]`; the beginning token takes no part."""
    scores = np.zeros((_VOCABULARY, _VOCABULARY))
    if head.same is not None:
        scores[1:, 1:] += np.diag(_FOUND + head.same)
    if head.after is not None:
        scores[1:, 1:] += (_FOUND + head.after) * np.eye(TOKENS, k=-1)
        scores[1, TOKENS] += _FOUND + head.after
    return scores


def _of_token(head: AttendingHead) -> Matrix:
    return _padded(head.key + (_FOUND if head.by_key else 0.0))


def _padded(values: Matrix) -> Matrix:
    """With nothing for the beginning token."""
    return np.pad(values, (1, 0))
