"""Which tokens a claim from weights is about: a sample, some by name, or those of prompts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np

from circuit_assert.errors import PromptError
from circuit_assert.prompts.base import Ints, Prompts, Tokenizer
from circuit_assert.prompts.tokenize import single_token


class Tokens(Protocol):
    """Some tokens of any model. Frozen dataclasses, which say who they are."""

    def numbers(self, tokenizer: Tokenizer) -> Ints:
        """Their numbers in one model."""
        ...


@dataclass(frozen=True)
class TokenSample:
    """Ordinary tokens drawn at random, so that what holds of them is a statement about all.

    Args:
        count: How many; all of them where there are fewer.
        seed: Draws them.
    """

    count: int
    seed: int

    def __str__(self) -> str:
        return f"{self.count} tokens, seed {self.seed}"

    def numbers(self, tokenizer: Tokenizer) -> Ints:
        """Their numbers, in random order."""
        ordinary = tokenizer.ordinary_tokens()
        return np.random.default_rng(self.seed).permutation(ordinary)[: self.count]


@dataclass(frozen=True)
class NamedTokens:
    """Tokens by their texts, in this order.

    Args:
        texts: Each one token, with its leading space.
        wanted_by: The claim type, for messages.
    """

    texts: tuple[str, ...]
    wanted_by: str

    def __str__(self) -> str:
        return f"{len(self.texts)} tokens from {self.texts[0]!r} to {self.texts[-1]!r}"

    def numbers(self, tokenizer: Tokenizer) -> Ints:
        """Their numbers.

        Raises:
            TokenError: when a text is not one ordinary token of the model.
        """
        found = [single_token(text, tokenizer, self.wanted_by) for text in self.texts]
        return np.array(found, np.int64)


@dataclass(frozen=True)
class AnswerTokens:
    """The first tokens of all answers and foils of some prompts, each once.

    Args:
        of: The prompts.
    """

    of: Prompts

    def __str__(self) -> str:
        return f"answers and foils of {self.of.name}"

    def numbers(self, tokenizer: Tokenizer) -> Ints:
        """Their numbers, in random order.

        Raises:
            PromptError: for prompts without answers or foils.
        """
        return _answers_and_foils(self.of, tokenizer).copy()


@lru_cache(maxsize=64)
def _answers_and_foils(of: Prompts, tokenizer: Tokenizer) -> Ints:
    """In random order; each head of a layer asks for those of the same prompts."""
    prompts = of.tokenize(tokenizer)
    if not len(prompts.answers) or not len(prompts.foils):
        raise PromptError(f"{of.name} need an answer and a foil each, or names to copy.")
    both = np.unique(np.concatenate([prompts.answers, prompts.foils]))
    return np.random.default_rng(0).permutation(both)


def token_sample(count: int = 4096, *, seed: int = 0) -> TokenSample:
    """Ordinary tokens of a model's vocabulary, drawn at random.

    Args:
        count: How many; all of them where there are fewer.
        seed: Draws them. Claims with one seed are about the same tokens.

    Raises:
        PromptError: for less than one token.
    """
    if count < 1:
        raise PromptError(f"a sample of {count} tokens is empty: give at least 20.")
    return TokenSample(count, seed)


def named_tokens(tokens: TokenSample | Sequence[str], claim: str) -> TokenSample | NamedTokens:
    """What a claim was given, as tokens.

    Args:
        tokens: A sample, or texts.
        claim: The claim type, for messages.

    Raises:
        PromptError: for no texts, for one text instead of several, or for one said twice.
    """
    if isinstance(tokens, TokenSample):
        return tokens
    texts = tuple(tokens)
    if isinstance(tokens, str) or not texts or len(set(texts)) < len(texts):
        raise PromptError(
            f"{claim} takes tokens=token_sample(…) or different texts, as [' one', ' two']; got "
            f"{tokens!r}."
        )
    return NamedTokens(texts, claim)
