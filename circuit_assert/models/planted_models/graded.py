"""One induction head whose pattern, copying and use are known numbers, token by token."""

from __future__ import annotations

from dataclasses import dataclass
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
_VOCABULARY, _CONTEXT = 1 + TOKENS, 1 + 2 * max(LENGTHS)
_FOUND = 16.0  # attention score of what a head looks for; of anything else, 0
_MOST = 0.98  # of the attention, on all that a head looks for


@dataclass(frozen=True)
class GradedHead:
    """What one head does, as numbers for each of the 30 tokens.

    Args:
        attention: `[token]`, from that token to the one after its previous occurrence.
        neighbour: `[token]`, from that token to the second one after its previous occurrence.
        direct: `[token]`, logits that full attention to the token adds to it, by the direct path.
        relayed: `[token]`, the same by way of a later head.
    """

    attention: Matrix
    neighbour: Matrix
    direct: Matrix
    relayed: Matrix

    def __post_init__(self) -> None:
        if (self.attention + self.neighbour).max() > _MOST or self.attention.min() <= 0:
            raise ValueError(f"a head's attention lies above 0 and sums to {_MOST} at most.")


def graded_head(
    attention: Matrix | float = 0.9,
    *,
    neighbour: Matrix | float = 0.0,
    direct: Matrix | float = 4.0,
    relayed: Matrix | float = 0.0,
) -> GradedHead:
    """A head with the given numbers; one number stands for all tokens.

    Args:
        attention: See `GradedHead`; likewise the others.
        neighbour: None by default.
        direct: Logits.
        relayed: Logits.

    Raises:
        ValueError: when attention is not above zero, or sums to more than 0.98.
    """
    numbers = (attention, neighbour, direct, relayed)
    return GradedHead(*(np.broadcast_to(np.asarray(n, float), TOKENS) for n in numbers))


def graded_induction_model(name: str, heads: tuple[GradedHead, ...]) -> PlantedModel:
    """Three layers, of which the second has heads that do what they are told.

    Over sequences of random tokens repeated once, L1H0 attends to the token after the previous
    occurrence by the mean of its `attention`; its direct contribution to the right next token's
    logit is, over tokens t and the next ones u, the mean of attention[t] · direct[u], times
    1 − 1/31 where centred, if it has no neighbour. L2H0 adds attention[t] · relayed[u]. Exact but
    for 1e-6.

    Args:
        name: Models of one name count as one: give other numbers another.
        heads: What each head of the second layer does.
    """
    shape = Shape(
        parts={
            "token": _VOCABULARY,
            "place": _CONTEXT,
            "previous": _VOCABULARY,
            "earlier": _VOCABULARY,
            "say": _VOCABULARY,
            "relay": _VOCABULARY,
            "begin": 1,
        },
        vocabulary=_VOCABULARY,
        layers=3,
        heads=max(2, len(heads)),
        d_head=_VOCABULARY + 1,
        d_mlp=1,
        context=_CONTEXT,
    )
    return PlantedModel(
        name=f"planted-graded-{name}",
        card=shape.card,
        settings=shape.settings,
        weights=lambda: _weights(shape, heads),
        vocabulary=words(_VOCABULARY),
        true={
            f"L1H{number}": f"attends inductively by {head.attention.mean():.3f} on average"
            for number, head in enumerate(heads)
        },
        false={"L2H0": "attends inductively: it passes on what others wrote"},
    )


def _weights(shape: Shape, heads: tuple[GradedHead, ...]) -> dict[str, torch.Tensor]:
    made = Blueprint(shape)
    made.embed("token", np.eye(_VOCABULARY))
    made.embed("begin", np.eye(_VOCABULARY)[:, :1])
    made.place("place", np.eye(_CONTEXT))
    made.unembed("say", np.eye(_VOCABULARY))
    _look_back(made, 0, 0, 1, reads="token", writes="previous")
    _look_back(made, 0, 1, 2, reads="token", writes="earlier")
    for number, head in enumerate(heads):
        _attend_inductively(made, number, head)
        width = shape.d_head
        made.output(1, number, "say", np.eye(width, _VOCABULARY) @ _by_token(head.direct))
        made.output(1, number, "relay", np.eye(width, _VOCABULARY) @ _by_token(head.relayed))
    _look_back(made, 2, 0, 0, reads="relay", writes="say")
    return made.state_dict()


def _look_back(
    made: Blueprint, layer: int, head: int, offset: int, *, reads: str, writes: str
) -> None:
    """Let a head attend `offset` tokens back, and carry what it finds."""
    width = made.shape.d_head
    found = _FOUND * np.sqrt(width)
    made.query(layer, head, "place", found * np.eye(_CONTEXT, width, -offset))
    made.key(layer, head, "place", np.eye(_CONTEXT, width))
    made.value(layer, head, reads, np.eye(_VOCABULARY, width))
    made.output(layer, head, writes, np.eye(width, _VOCABULARY))


def _attend_inductively(made: Blueprint, number: int, head: GradedHead) -> None:
    """Attention is a softmax: each score is the logarithm of a share over that of the rest."""
    width, rest = made.shape.d_head, 1.0 - head.attention - head.neighbour
    after = _FOUND + np.log(head.attention / rest)
    with np.errstate(divide="ignore"):
        second = np.maximum(_FOUND + np.log(head.neighbour / rest), 0.0)
    slots = np.eye(_VOCABULARY, width)
    made.query(1, number, "token", np.sqrt(width) * _by_token(after) @ slots)
    made.key(1, number, "previous", slots)
    made.key(1, number, "earlier", _by_token(second / after) @ slots)
    made.query_always(1, number, np.sqrt(width) * _FOUND * np.eye(width)[-1])
    made.key(1, number, "begin", np.eye(width)[-1:])
    made.value(1, number, "token", _by_token(np.ones(TOKENS)) @ slots)


def _by_token(values: Matrix) -> Matrix:
    """`[width of a token, width of a token]`: a factor for each token; nothing of the first."""
    return np.diag(np.pad(values, (1, 0)))
