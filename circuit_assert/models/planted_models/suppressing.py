"""Heads that suppress copies, and heads that look like them on two criteria of three."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models.blueprint import Blueprint, Matrix, Shape
from circuit_assert.models.planted_models.induction import words
from circuit_assert.prompts.prompt_set import Prompt, PromptSet

if TYPE_CHECKING:
    import torch

_CONTEXT = 48
_LENGTHS = (1.4, 2.0, 2.5)  # of the residual stream before each layer and the unembedding
_FOUND, _RESTING = 9.0, 4.0  # scores of what a head looks for, and of the beginning
_SPARED = 0.08  # of the tokens: so that no share is exactly one
_TRUE = {"L1H0": "suppresses copies"}
_FALSE = {
    "L1H1": "suppresses copies: it raises what it attends to",
    "L1H2": "suppresses copies: it looks for the token after the one that is predicted",
    "L1H3": "suppresses copies: by its weights it does, and in use it raises most of what it "
    "attends to, for it reads what a head of the first layer writes",
    "L1H4": "suppresses copies: it lowers few of the tokens",
    "L1H5": "suppresses copies: it looks for the token that stands there, whatever is predicted",
}


def suppressing_model(
    *,
    grouped_queries: bool = False,
    tokens: int = 60,
    suppressed: float = 1.0,
    besides: float = 0.0,
    seed: int = 0,
) -> PlantedModel:
    """Two layers of six heads; each token predicts another one, drawn at random.

    Args:
        grouped_queries: The same heads with keys and values shared by pairs of them, and RMS
            norms with uneven gains around every block. What is true stays true.
        tokens: How many ordinary tokens.
        suppressed: The share of tokens that L1H0 lowers by the effective embedding. In use it
            lowers all but a few, for it reads what a head of the first layer writes as well.
        besides: By how much L1H0 raises the token after each that it lowers in use, over that by
            which it lowers it: something else that it does.
        seed: Draws which, what is predicted, and what does not matter.
    """
    size = 1 + tokens
    names = ("token", "renamed", "twin", "say")
    shape = Shape(
        parts=dict.fromkeys(names, size),
        vocabulary=size,
        layers=2,
        heads=6,
        d_head=2 * size + 1,
        d_mlp=size,
        context=_CONTEXT,
        kv_heads=3 if grouped_queries else None,
        norm="RMS" if grouped_queries else None,
    )
    kind = f"-besides-{besides:g}" * bool(besides) + "-grouped" * grouped_queries
    return PlantedModel(
        name=f"planted-suppressing-{tokens}-{suppressed:g}-{seed}{kind}",
        card=shape.card,
        settings=shape.settings,
        weights=lambda: _weights(shape, suppressed, besides, seed),
        vocabulary=words(size),
        true=_TRUE,
        false=_FALSE,
    )


def suppressing_documents(
    *, tokens: int = 60, documents: int = 40, length: int = 40, seed: int = 0
) -> PromptSet:
    """Texts of tokens drawn independently.

    Args:
        tokens: As many as the model has.
        documents: How many.
        length: Tokens of each.
        seed: What they are drawn with.
    """
    drawn = np.random.default_rng([seed, tokens]).integers(1, 1 + tokens, (documents, length))
    prompts = tuple(
        Prompt(" ".join(f"w{token}" for token in row), clusters={"document": str(number)})
        for number, row in enumerate(drawn)
    )
    return PromptSet("planted text", prompts, cluster_by=("document",))


def _weights(shape: Shape, suppressed: float, besides: float, seed: int) -> dict[str, torch.Tensor]:
    generator = np.random.default_rng([seed, 3])
    size = shape.vocabulary
    each: Matrix = np.eye(size)
    each[0] = 0.0  # the beginning predicts nothing and is nothing that is looked for
    predicts = np.zeros((size, size))
    order = generator.permutation(np.arange(1, size))
    predicts[order, np.roll(order, 1)] = 1.0
    gains = np.random.default_rng(2).uniform(0.5, 1.5, shape.d_model)
    made = Blueprint(shape, gains=gains, lengths=_LENGTHS)
    made.embed("token", np.eye(size))
    made.embed("say", predicts)
    made.unembed("say", np.eye(size))
    for token, unit in enumerate(np.eye(size)):
        made.neuron(0, token, {"token": unit}, {"renamed": unit})
    for head in range(shape.heads):
        _look(made, 0, head, "token", each, keys="token")
        made.value(0, head, "token", np.eye(size, shape.d_head))
        _look(made, 1, head, "token" if head == 5 else "say", _wanted(head, each), keys="renamed")
        made.value(1, head, "renamed", np.eye(size, shape.d_head))
        made.value(1, head, "twin", np.eye(size, shape.d_head, size))
    made.output(0, 0, "twin", each)
    for head, (renamed, twin) in enumerate(_written(each, suppressed, besides, generator)):
        noise = 0.02 * generator.standard_normal((2 * size, size))
        made.output(1, head, "say", np.concatenate([renamed, twin]) + noise)
    return made.state_dict()


def _wanted(head: int, each: Matrix) -> Matrix:
    """`[token predicted, token looked for]`."""
    return np.roll(each, 1, axis=1) if head == 2 else each


def _look(made: Blueprint, layer: int, head: int, part: str, wanted: Matrix, *, keys: str) -> None:
    """Let a head attend to the tokens that it wants, and rest on the beginning."""
    width = made.shape.d_head
    root, begin = np.sqrt(width), np.eye(1, width, width - 1)
    size = made.shape.vocabulary
    made.query(layer, head, part, root * _FOUND * wanted @ np.eye(size, width))
    made.query_always(layer, head, root * _RESTING * begin[0])
    codes = np.eye(size, width)
    codes[0] = begin[0]
    made.key(layer, head, keys, codes)


def _written(
    each: Matrix, suppressed: float, besides: float, generator: np.random.Generator
) -> list[tuple[Matrix, Matrix]]:
    """What each head of the second layer writes for a token, by its two codes."""
    tokens = len(each) - 1
    nothing = np.zeros_like(each)

    def of(share: float) -> Matrix:
        chosen = np.zeros(1 + tokens)
        chosen[1 + generator.permutation(tokens)[: round(share * tokens)]] = 1.0
        return np.diag(chosen)

    most = of(1.0 - _SPARED)
    raised = besides * np.roll(most, 1, axis=1)
    return [
        (-of(suppressed) @ (most if suppressed == 1.0 else each), raised - most),
        (2.0 * most, nothing),
        (-2.0 * most, nothing),
        (-most, 2.0 * of(0.8)),
        (-2.0 * of(0.15), nothing),
        (-2.0 * most, nothing),
    ]
