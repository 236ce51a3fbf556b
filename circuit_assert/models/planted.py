"""Models whose circuits are known because they are built, not trained."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from circuit_assert.errors import TokenError
from circuit_assert.models.card import Card
from circuit_assert.prompts.base import Ints

if TYPE_CHECKING:
    import torch

_WORDS = re.compile(r" ?[^ ]+")


@dataclass(frozen=True)
class PlantedModel:
    """A small transformer with weights set by hand, and what is true and false of it.

    Args:
        name: What reports call it. Models of one name count as one: give other weights another.
        card: Its sizes.
        settings: Fields of a transformer-lens `TransformerBridgeConfig`.
        weights: Makes the state dict of the native model.
        vocabulary: Token id → text, with its leading space; token 0 begins every sequence.
        true: Component → what is true of it, for readers and tests.
        false: Component → which plausible claim about it is false, and why.
        reinitialised: A seed to draw all weights anew with, keeping everything else; None for
            the planted weights.
    """

    name: str
    card: Card
    settings: Mapping[str, Any] = field(hash=False)
    weights: Callable[[], Mapping[str, torch.Tensor]] = field(hash=False, repr=False)
    vocabulary: tuple[str, ...] = field(repr=False)
    true: Mapping[str, str] = field(default_factory=dict[str, str], hash=False, repr=False)
    false: Mapping[str, str] = field(default_factory=dict[str, str], hash=False, repr=False)
    reinitialised: int | None = None

    def with_random_weights(self, seed: int = 0) -> PlantedModel:
        """The same architecture with weights drawn at random: nothing planted is true of it."""
        return replace(self, name=f"{self.name}-reinitialised-{seed}", reinitialised=seed)

    def state_dict(self) -> dict[str, torch.Tensor]:
        """The weights; random ones have each tensor's own mean and standard deviation."""
        planted = dict(self.weights())
        if self.reinitialised is None:
            return planted
        import torch

        generator = torch.Generator().manual_seed(self.reinitialised)
        return {
            name: tensor.mean() + tensor.std(correction=0) * _normal(tensor, generator)
            for name, tensor in planted.items()
        }

    @property
    def tokenizer(self) -> PlantedTokenizer:
        """Its tokenizer: a word is a token."""
        return PlantedTokenizer(self.name, self.vocabulary, self.card.context or 256)


class _Cut(dict[str, list[int]]):
    """The tokens of each word that was cut so far."""

    def __init__(self, cut: Callable[[str], list[int]]) -> None:
        super().__init__()
        self._new = cut

    def __missing__(self, word: str) -> list[int]:
        self[word] = found = self._new(word)
        return found


class PlantedTokenizer:
    """One word, one token; or two, where the vocabulary has its beginning and its end.

    Args:
        name: The model's name.
        vocabulary: Token id → text.
        context_length: The longest sequence.
    """

    def __init__(self, name: str, vocabulary: tuple[str, ...], context_length: int) -> None:
        self.name = name
        self.context_length = context_length
        self.beginning = (0,)
        self._vocabulary = vocabulary
        self._ids = {piece: token for token, piece in enumerate(vocabulary)}
        self._cut = _Cut(self._pieces)

    @property
    def vocabulary_size(self) -> int:
        """How many tokens there are."""
        return len(self._vocabulary)

    @property
    def fingerprint(self) -> str:
        """A hash of how texts are cut."""
        return hashlib.sha256("\n".join(self._vocabulary).encode()).hexdigest()

    def encode(self, text: str) -> list[int]:
        """The tokens of a text.

        Raises:
            TokenError: for a word that the model does not have.
        """
        cut = self._cut
        return [token for word in _WORDS.findall(text) for token in cut[word]]

    def _pieces(self, word: str) -> list[int]:
        """A word's token, or its longest beginning that is one and the tokens of the rest."""
        whole = self._id(word)
        if whole is not None:
            return [whole]
        for end in range(len(word) - 1, 0, -1):
            first = self._id(word[:end])
            if first is not None and word[end:] in self._ids:
                return [first, self._ids[word[end:]]]
        raise TokenError(f"{self.name} has no token {word!r}.")

    def _id(self, word: str) -> int | None:
        return self._ids.get(word, self._ids.get(f" {word}"))

    def piece(self, token: int) -> str:
        """How one token reads."""
        return self._vocabulary[token]

    def ordinary_tokens(self) -> Ints:
        """All but the first, which begins every sequence."""
        return np.arange(1, len(self._vocabulary))


def _normal(like: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    import torch

    return torch.randn(like.shape, generator=generator)
