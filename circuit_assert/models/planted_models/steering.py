"""A model that writes words of three scripts, and what can be added to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models.blueprint import Blueprint, Shape, random_codes
from circuit_assert.prompts.base import Ints
from circuit_assert.prompts.prompt_set import Prompt, PromptSet

if TYPE_CHECKING:
    import torch

_EACH, _NEURONS, _CONTEXT, _PLACES = 30, 60, 64, 24
_LETTERS = ("w", "ж", "λ")  # Latin, Cyrillic, Greek
_VOCABULARY = (
    "<begin>",
    *(f" {letter}{n}" for letter in _LETTERS for n in range(_EACH)),
)
_WORDS = len(_VOCABULARY)
_HABIT = 5.0  # logits by which a word is followed by words of its own script
_LOUD = 7.0  # logits that an activation of 1 adds to a script
_HIDDEN = 16  # coordinates that nothing reads


def steering_model(*, fragile: bool = False, loud: float = _LOUD, seed: int = 0) -> PlantedModel:
    """Two layers. Words are followed by words of their script, which neurons can change.

    Args:
        fragile: Whether every neuron of the layer writes toward Cyrillic words.
        loud: How many logits an activation of 1 of L0N0 adds to Cyrillic words.
        seed: What habits are drawn with.
    """
    shape = Shape(
        parts={
            "word": _WORDS,
            "place": _PLACES,
            "cyrillic": 1,
            "both": 1,
            "stuck": 1,
            "one": 1,
            "hidden": _HIDDEN,
        },
        vocabulary=_WORDS,
        layers=2,
        heads=1,
        d_head=4,
        d_mlp=_NEURONS,
        context=_CONTEXT,
    )
    drawn = f"-{loud:g}-{seed}" if seed or loud != _LOUD else ""
    return PlantedModel(
        name=f"planted-steering{'-fragile' * fragile}{drawn}",
        card=shape.card,
        settings=shape.settings,
        weights=lambda: _weights(shape, fragile, loud, seed),
        vocabulary=_VOCABULARY,
        true={} if fragile else {"L0N0": "makes the model write Cyrillic words when it is added"},
        false={"L0N0": "makes the model write Cyrillic words: so does every neuron of its layer"}
        if fragile
        else {
            "L0N1": "makes it write Cyrillic words: it is active on them, and nothing reads it",
            "L0N2": "makes it write Cyrillic words: and Greek ones as much",
            "L0N3": "makes it write Cyrillic words: one of them, over and over",
        },
    )


def steering_prefixes(*, prompts: int = 24, seed: int = 0) -> PromptSet:
    """Latin words to continue.

    Args:
        prompts: How many; each is a cluster of its own.
        seed: What they are drawn with.
    """
    return _drawn("Latin words", range(1, 1 + _EACH), prompts, 5, seed)


def steering_documents(*, prompts: int = 24, seed: int = 0) -> PromptSet:
    """Cyrillic words, on which the planted neurons are active.

    Args:
        prompts: How many.
        seed: What they are drawn with.
    """
    return _drawn("Cyrillic words", range(1 + _EACH, 1 + 2 * _EACH), prompts, 12, seed)


def _drawn(name: str, words: range, prompts: int, length: int, seed: int) -> PromptSet:
    generator = np.random.default_rng([seed, prompts, length])
    texts = (generator.choice(list(words), length) for _ in range(prompts))
    made = tuple(
        Prompt(_text(text), clusters={"prompt": str(number)}) for number, text in enumerate(texts)
    )
    return PromptSet(name, made, cluster_by=("prompt",))


def _text(words: Ints) -> str:
    return " ".join(_VOCABULARY[word].strip() for word in words)


def _weights(shape: Shape, fragile: bool, loud: float, seed: int) -> dict[str, torch.Tensor]:
    generator = np.random.default_rng([seed, 3])
    made = Blueprint(shape)
    made.embed("word", np.eye(_WORDS))
    made.embed("one", np.ones((_WORDS, 1)))
    made.place("place", random_codes(_CONTEXT, _PLACES, seed=seed + 4) * np.sqrt(_PLACES))
    script = np.repeat([-1, 0, 1, 2], [1, _EACH, _EACH, _EACH])
    # each word has its own leaning, so that scripts do not change everywhere at once
    habits = _HABIT * (script[:, None] == script[None]) * generator.uniform(0.5, 1.8, (_WORDS, 1)).T
    habits = habits + 2 * generator.standard_normal((_WORDS, _WORDS))
    habits[0] = -30.0
    habits[1 + _EACH : 1 + _EACH + 4] -= 2 * _HABIT
    made.unembed("word", habits)
    moods = generator.standard_normal((_WORDS, _PLACES)) / 6
    made.unembed("place", moods)
    cyrillic, greek = (script == 1).astype(float), (script == 2).astype(float)
    made.unembed("cyrillic", loud * cyrillic[:, None])
    made.unembed("both", loud * (cyrillic + greek)[:, None])
    one = np.eye(_WORDS)[5 + _EACH]
    made.unembed("stuck", 3 * loud * one[:, None])
    for neuron, part in enumerate(("cyrillic", "hidden", "both", "stuck")):
        reads = np.zeros(_WORDS)
        reads[1 + _EACH + neuron] = 1.0  # its own word, which is never written of itself
        if not neuron:
            reads += np.where(script == 1, generator.uniform(0.1, 0.3, _WORDS), 0.0)
        writes = np.eye(1, _HIDDEN)[0] if part == "hidden" else np.ones(1)
        made.neuron(0, neuron, {"word": reads}, {part: writes})
    for neuron in range(4, _NEURONS):
        least = 1 + 2 * _EACH if fragile else 1  # there they are not active where it starts
        words = generator.choice(np.arange(least, _WORDS), 5, replace=False)
        reads = np.zeros(_WORDS)
        reads[words] = generator.uniform(0.5, 1.5, 5)
        writes = {"hidden": generator.standard_normal(_HIDDEN) / 4, "place": _place(generator)}
        if fragile:
            writes = {"cyrillic": np.ones(1)}
        made.neuron(0, neuron, {"word": reads}, writes)
    return made.state_dict()


def _place(generator: np.random.Generator) -> np.ndarray:
    return generator.standard_normal(_PLACES) / np.sqrt(_PLACES)
