"""Documents of drawn words."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

import numpy as np

from circuit_assert.models.planted_models.blueprint import Matrix
from circuit_assert.prompts.prompt_set import Prompt, PromptSet


def in_documents(name: str, texts: Iterable[str]) -> PromptSet:
    """Texts as a prompt set, each a document and so a cluster of its own.

    Args:
        name: Of the set.
        texts: One for each document.
    """
    prompts = (Prompt(text, clusters={"document": str(n)}) for n, text in enumerate(texts))
    return PromptSet(name, tuple(prompts), cluster_by=("document",))


def any_of(words: Sequence[int], generator: np.random.Generator) -> int:
    """One of some, as `generator.choice(words)` draws it, which takes ten times as long."""
    return words[int(generator.integers(len(words)))]


def bounds_of(shares: Matrix) -> list[float]:
    """Shares that sum to one, as `place_within` takes them."""
    sums = shares.cumsum()
    return (sums / sums[-1]).tolist()


def place_within(bounds: list[float], generator: np.random.Generator) -> int:
    """A number below so many, as `generator.choice(len(shares), p=shares)` draws it."""
    return bisect_right(bounds, generator.random())
